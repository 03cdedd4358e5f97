"""How a case, its steps and its reports become rows: column lists in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.datetime import TimestamptzLoader

from linli.engines.matters.events import MatterEnded, MatterEvent, MatterMoved, MatterTouched
from linli.engines.matters.models import Matter, Step
from linli.engines.matters.rules.case import FIELDS as CASE_FIELDS
from linli.engines.matters.rules.case import Case, case_from
from linli.engines.matters.rules.clocks import next_wake
from linli.engines.matters.rules.policy import Policy
from linli.engines.matters.rules.states import ENDED, State
from linli.kernel.access.rules import Confidentiality
from linli.kernel.audit.services import Entry
from linli.kernel.ids import new_id
from linli.kernel.rows import insert_rows, update_rows

# A case's fields (CASE_FIELDS) are the matter's columns of the same name, but for the playbook version ("policy").
COLUMN = {
    "policy_id": "policy",
    "accountable_post_id": "accountable_post",
    "handler_post_id": "handler_post",
    "area_id": "area",
    "merged_into_id": "merged_into",
}
CASE_COLUMNS = tuple(COLUMN.get(name, name) for name in CASE_FIELDS)
_case_values = attrgetter(*CASE_FIELDS)
_READ = (
    "SELECT " + ", ".join(f'"{"policy" if name == "policy_id" else name}"' for name in CASE_FIELDS) + " FROM matters_matter"
    " WHERE id = ANY(%s::uuid[]) ORDER BY id"
)
_LOCK = _READ + " FOR NO KEY UPDATE"  # what refers to a matter may be written meanwhile
_STATE, _CONFIDENTIALITY = CASE_FIELDS.index("state"), CASE_FIELDS.index("confidentiality")
STEP_COLUMNS = (
    "id", "matter", "version", "verb", "from_state", "to_state", "level", "post", "actor", "reason", "text", "data", "at", "recorded_at", "sender", "key",
)  # fmt: skip
_CHANGING = tuple(
    name
    for name in CASE_FIELDS
    if name not in ("id", "audit_ref", "policy_id", "reported_at")
)  # fmt: skip
_changing_values = attrgetter(*_CHANGING)


def locked_cases(ids: Iterable[UUID], *, skip_locked: bool = False) -> dict[UUID, Case]:
    """Return the facts of these matters and keep them locked until the transaction ends, in the order of their ids.

    Read without model instances, which cost more than the rules that follow (seen: 60 µs a matter against 15).
    """
    return _cases(_LOCK + (" SKIP LOCKED" if skip_locked else ""), ids)


def read_cases(ids: Iterable[UUID]) -> dict[UUID, Case]:
    """Return the facts of these matters as they are now, held by nobody: for looking ahead, never for writing."""
    return _cases(_READ, ids)


def _cases(statement: str, ids: Iterable[UUID]) -> dict[UUID, Case]:
    wanted = "{" + ",".join(map(str, set(ids))) + "}"
    with connection.cursor() as cursor:
        cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)  # the driver's own: the session's zone is UTC
        cursor.execute(statement, [wanted])
        found = cursor.fetchall()
    return {row[0]: case_from(_read(list(row))) for row in found}


def _read(values: list[Any]) -> list[Any]:
    values[_STATE] = State(values[_STATE])
    values[_CONFIDENTIALITY] = Confidentiality(values[_CONFIDENTIALITY])
    return values


def case_row(case: Case) -> tuple[Any, ...]:
    """Return the case's values in the order of ``CASE_COLUMNS``."""
    row: tuple[Any, ...] = _case_values(case)
    return row


def store_cases(cases: Sequence[tuple[Case, Policy]]) -> None:
    """Write changed cases back in one statement."""
    update_rows(
        Matter,
        ("id", *(COLUMN.get(name, name) for name in _CHANGING), "wake_at"),
        [(case.id, *_changing_values(case), next_wake(case, policy=policy)) for case, policy in cases],
    )


def insert_steps(rows: Sequence[tuple[Any, ...]]) -> None:
    insert_rows(Step, STEP_COLUMNS, rows)


def step_row(
    case: Case,
    *,
    verb: str,
    from_state: str,
    actor: str,
    at: datetime,
    recorded_at: datetime,
    reason: str = "",
    text: str = "",
    data: dict[str, Any] | None = None,
    sender: str | None = None,
    key: str | None = None,
) -> tuple[Any, ...]:
    """Return the row of one step, as the case stands after it."""
    return (
        new_id(), case.id, case.version, verb, from_state, case.state.value, case.level, case.accountable_post_id, actor, reason, text, data or {},
        at, recorded_at, sender, key,
    )  # fmt: skip


def audit_entry(case: Case, *, verb: str, from_state: str, actor: str, at: datetime) -> Entry:
    """Return the chain's entry: the matter's pseudonym, codes and numbers only (DECIDED 13)."""
    return Entry(
        at=at,
        actor=actor,
        action=f"matters.{verb}",
        subject_type="matter",
        subject=case.audit_ref,
        from_state=from_state,
        to_state=case.state.value,
        details={"level": case.level, "post": str(case.accountable_post_id), "version": case.version},
    )


def event_of(case: Case, *, before: Case, verb: str, from_state: str, actor: str, at: datetime) -> MatterEvent:
    """Return the event that tells what the step did."""
    moved = (before.state, before.level, before.accountable_post_id, before.handler_post_id) != (
        case.state, case.level, case.accountable_post_id, case.handler_post_id,
    )  # fmt: skip
    kind: type[MatterEvent] = MatterMoved if moved else MatterTouched
    if case.state in ENDED and before.state not in ENDED:
        kind = MatterEnded
    return event(kind, case, verb=verb, from_state=from_state, actor=actor, at=at)


def event(kind: type[MatterEvent], case: Case, *, verb: str, from_state: str, actor: str, at: datetime) -> MatterEvent:
    return kind(
        key=case.id,
        at=at,
        verb=verb,
        from_state=from_state,
        to_state=case.state.value,
        level=case.level,
        post=str(case.accountable_post_id),
        area_path=case.area_path,
        confidentiality=case.confidentiality,
        actor=actor,
        version=case.version,
    )
