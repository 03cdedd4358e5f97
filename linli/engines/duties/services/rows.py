"""How a task and its check-ins become rows, audit entries and events: column lists in one place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.datetime import TimestamptzLoader

from linli.engines.duties.events import DutyCameBack, DutyDone, DutyEvent, DutyExcused, DutyHandedOn, DutyMissed, DutyRefused
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import State, Task, Verb
from linli.engines.duties.services.frame import Frame
from linli.kernel.access.rules import Confidentiality
from linli.kernel.audit.services import Entry
from linli.kernel.rows import update_rows

TASK_FIELDS = tuple(Task.__dataclass_fields__)
COLUMN = {"policy_id": "policy", "area_id": "area", "post_id": "post", "first_post_id": "first_post"}
_STORED = {"policy_id": "policy"}
_READ = f"SELECT {', '.join(_STORED.get(name, name) for name in TASK_FIELDS)} FROM duties_occurrence WHERE id = ANY(%s::uuid[]) ORDER BY id"
_LOCK = _READ + " FOR NO KEY UPDATE"
_CHANGING = tuple(name for name in TASK_FIELDS if name not in ("id", "policy_id", "rule", "area_id", "area_path", "confidentiality", "opens_at", "due_at"))
_values = attrgetter(*_CHANGING)
_STATE, _CONFIDENTIALITY = TASK_FIELDS.index("state"), TASK_FIELDS.index("confidentiality")
CHECK_IN_COLUMNS = (
    "id", "occurrence", "version", "visit", "verb", "actor", "post", "at", "recorded_at", "note", "form", "files", "there", "sender", "key",
)  # fmt: skip
_EVENT: dict[Verb, type[DutyEvent]] = {
    Verb.HANDED_ON: DutyHandedOn,
    Verb.MISSED: DutyMissed,
    Verb.FINISH: DutyDone,
    Verb.REFUSE: DutyRefused,
    Verb.EXCUSE: DutyExcused,
}


def locked_tasks(ids: Iterable[UUID], *, skip_locked: bool = False) -> dict[UUID, Task]:
    """Return the facts of these occurrences and keep them locked until the transaction ends, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)  # the driver's own: the session's zone is UTC
        cursor.execute(_LOCK + (" SKIP LOCKED" if skip_locked else ""), ["{" + ",".join(map(str, set(ids))) + "}"])
        found = cursor.fetchall()
    return {row[0]: _task(list(row)) for row in found}


def _task(values: list[Any]) -> Task:
    values[_STATE] = State(values[_STATE])
    values[_CONFIDENTIALITY] = Confidentiality(values[_CONFIDENTIALITY])
    return Task(*values)


def store_tasks(tasks: Collection[Task], *, frame: Frame, at: datetime) -> None:
    """Write changed tasks back in one statement, with who answers for the open ones now."""
    held: dict[UUID, UUID] = {}
    for task in tasks:
        if task.post_id not in held:
            held[task.post_id] = frame.holder(task.post_id, at)
    update_rows(
        Occurrence,
        ("id", *(COLUMN.get(name, name) for name in _CHANGING), "wake_at", "person"),
        [(task.id, *_values(task), task.wake_at, held[task.post_id]) for task in sorted(tasks, key=lambda task: task.id)],
    )


def audit_entry(before: Task, after: Task, *, verb: Verb, actor: str, at: datetime) -> Entry:
    """Return the chain's entry: codes and numbers only."""
    return Entry(
        at=at,
        actor=actor,
        action=f"duties.{verb.value}",
        subject_type="duty",
        subject=after.id,
        from_state=before.state.value,
        to_state=after.state.value,
        details={"rule": after.rule, "level": after.level, "post": str(after.post_id), "version": after.version},
    )


def events_of(before: Task, after: Task, *, verb: Verb, actor: str, at: datetime) -> Sequence[DutyEvent]:
    """Return what others hear of the step: nothing of a duty that merely began or was started."""
    found: list[DutyEvent] = []
    values: dict[str, Any] = {
        "key": after.id, "at": at, "rule": after.rule, "post": after.post_id, "from_post": before.post_id, "area_path": after.area_path,
        "confidentiality": int(after.confidentiality), "actor": actor, "version": after.version, "due_at": after.due_at,
    }  # fmt: skip
    if verb is not Verb.HANDED_ON and after.post_id != before.post_id and before.state is not State.PLANNED:
        found.append(DutyCameBack(**values))
    if verb is Verb.FINISH:
        found.append(DutyDone(**values, late=after.missed_at is not None))
    elif verb in _EVENT:
        found.append(_EVENT[verb](**values))
    return found
