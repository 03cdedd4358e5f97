"""The clock of duties: what begins, is handed on, is missed; and who answers now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from linli.engines.duties.events import DutiesPassed, DutyEvent
from linli.engines.duties.rules.task import Hop, State, Task, Verb, dropped, resumed, settle
from linli.engines.duties.services.frame import held_frame
from linli.engines.duties.services.rows import audit_entry, events_of, locked_tasks, store_tasks
from linli.kernel.audit.services import Entry, record
from linli.kernel.events.services import publish

CLOCK = "system:clock"


def run_clocks(ids: Sequence[UUID], *, at: datetime) -> int:
    """Settle these duties as of ``at``; return how many changed. Called by the sweep, safe to repeat."""
    frame = held_frame()
    changed: dict[UUID, Task] = {}
    entries: list[Entry] = []
    events: list[DutyEvent] = []
    for task in locked_tasks(ids, skip_locked=True).values():
        after, hops = settle(task, rule=frame.rule(task.policy_id, task.rule), world=frame.under(task.policy_id), at=at)
        if hops:
            changed[task.id] = after
            told(hops, entries=entries, events=events)
    store_tasks(changed.values(), frame=frame, at=at)
    record(entries)
    publish(events)
    return len(changed)


def told(hops: Sequence[Hop], *, entries: list[Entry], events: list[DutyEvent]) -> None:
    """Add what the clock did to what is recorded and told; that a duty began is neither."""
    for hop in hops:
        if hop.verb is not Verb.OPENED:
            entries.append(audit_entry(hop.before, hop.after, verb=hop.verb, actor=CLOCK, at=hop.at))
            events.extend(events_of(hop.before, hop.after, verb=hop.verb, actor=CLOCK, at=hop.at))


def due_duties(*, at: datetime, limit: int = 1_000, without: Collection[UUID] = ()) -> list[UUID]:
    """Return the duties whose clocks change something by ``at``, the longest overdue first; ``without`` those that failed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM duties_occurrence WHERE wake_at <= %s AND id <> ALL(%s::uuid[]) ORDER BY wake_at LIMIT %s", [at, list(without), limit])
        return [row[0] for row in cursor.fetchall()]


def pass_on(*, at: datetime) -> int:
    """Give open duties to who holds their posts now, where that is somebody else since; return how many passed.

    Absence, vacancy and return do this by themselves, for all of a post's duties at once; both people are told.
    """
    frame = held_frame()
    with connection.cursor() as cursor:
        cursor.execute("SELECT post_id, person_id, count(*) FROM duties_occurrence WHERE state = 'open' GROUP BY post_id, person_id ORDER BY post_id")
        held = cursor.fetchall()
    passed = [(post, person, now, count) for post, person, count in held if (now := frame.holder(post, at)) != person]
    if not passed:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE duties_occurrence o SET person_id = given.now FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS given (post, was, now)"
            " WHERE o.state = 'open' AND o.post_id = given.post AND o.person_id = given.was",
            [list(column) for column in list(zip(*passed, strict=True))[:3]],
        )
        moved = int(cursor.rowcount)
    record([
        Entry(at=at, actor=CLOCK, action="duties.passed", subject_type="post", subject=post, details={"count": count}) for post, _, _, count in passed
    ])  # fmt: skip
    publish([DutiesPassed(key=post, at=at, from_person=person, to_person=now, count=count) for post, person, now, count in passed])
    return moved


def drop_ended(*, at: datetime) -> int:
    """Ask no more for begun duties whose subject has ended: neither done nor missed; return how many. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id FROM duties_occurrence o JOIN duties_subjectrecord s ON s.id = o.subject_id"
            " WHERE s.ended_at IS NOT NULL AND s.stale AND o.state IN ('planned', 'open') AND o.opens_at <= %s",
            [at],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return _drop(ids, at=at)


def drop_paused(subject_id: UUID, *, first: date, last: date | None, at: datetime) -> int:
    """Ask no more for begun duties of a subject that end within its pause, if the pause has begun; return how many.

    If the pause ends before they would have, deriving asks for them again (:func:`resume`).
    """
    frame = held_frame()
    if first > frame.day_of(at):
        return 0
    until = None if last is None else frame.moment(last + timedelta(days=1), 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM duties_occurrence WHERE subject_id = %s AND state IN ('planned', 'open') AND opens_at <= %s AND due_at <= coalesce(%s, due_at)",
            [subject_id, at, until],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return _drop(ids, at=at)


def resume(ids: Sequence[UUID], *, at: datetime) -> int:
    """Ask again for dropped duties that are wanted after all; return how many. What was done of them stays. Safe to repeat."""
    frame = held_frame()
    before = [task for task in locked_tasks(ids).values() if task.state is State.DROPPED]
    after = [resumed(task, rule=frame.rule(task.policy_id, task.rule), world=frame.under(task.policy_id), at=at) for task in before]
    store_tasks(after, frame=frame, at=at)
    record([audit_entry(was, now, verb=Verb.RESUMED, actor=CLOCK, at=at) for was, now in zip(before, after, strict=True)])
    return len(after)


def _drop(ids: Sequence[UUID], *, at: datetime) -> int:
    frame = held_frame()
    changed: list[Task] = []
    entries: list[Entry] = []
    events: list[DutyEvent] = []
    for task in locked_tasks(ids).values():
        settled, hops = settle(task, rule=frame.rule(task.policy_id, task.rule), world=frame.under(task.policy_id), at=at)
        told(hops, entries=entries, events=events)
        if settled.state is State.OPEN:
            after = dropped(settled)
            entries.append(audit_entry(settled, after, verb=Verb.DROPPED, actor=CLOCK, at=at))
            settled = after
        changed.append(settled)
    store_tasks(changed, frame=frame, at=at)
    record(entries)
    publish(events)
    return len(changed)
