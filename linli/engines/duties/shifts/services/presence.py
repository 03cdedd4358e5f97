"""Coming to a shift and going, who is missing by the grace and what a captain says to it, and the times that are forgotten.

What is counted is when a thing happened, however late the phone was on line. A write that holds a shift and a beat holds the shift first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db.models import Q

from linli.engines.duties.rules.task import when_happened
from linli.engines.duties.shifts.events import ShiftArrived, ShiftLeft, ShiftMissAnswered, ShiftMissed
from linli.engines.duties.shifts.models import Shift, ShiftMiss, ShiftPart
from linli.engines.duties.shifts.playbook import ShiftsSection, shifts_section
from linli.engines.duties.shifts.rules import presence as rules
from linli.engines.duties.shifts.rules.presence import CalledOff, MissAnswer, Span, minutes_there
from linli.engines.duties.shifts.rules.signing import NotIn, Part
from linli.engines.duties.shifts.services.rosters import held_shift, led, own_person
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import update_rows

FORGET_AT_ONCE = 5_000
SHIFTS = Actor.system("shifts")


class NoSuchMiss(Refusal):
    code: ClassVar[str] = "shifts.no_such_miss"
    message: ClassVar[str] = N_("Nobody is missing there.")
    kind: ClassVar[Kind] = Kind.MISSING


def span_of(shift: Shift, section: ShiftsSection | None = None) -> Span:
    """A shift's time as its rules want it, by the numbers that hold now."""
    numbers = section or shifts_section()
    margin, grace = timedelta(minutes=numbers.margin_minutes), timedelta(minutes=numbers.grace_minutes)
    return Span(shift.starts_at, shift.ends_at, margin, grace, called_off=shift.called_off_at is not None)


def arrive(*, actor: Actor, at: datetime, shift_id: UUID, happened_at: datetime | None = None, person_id: UUID | None = None) -> bool:
    """Be there, for oneself; a captain says it for somebody without a phone. Return whether this was news: told again it changes nothing.

    The earliest arrival that is told counts. One that was in time clears what was missed, however late its news.

    Raises:
        NotSignedIn, NotOfTheTeam, NoSuchShift, Forbidden (for somebody else, by nobody who leads the team), FromTheFuture.
        CalledOff, NotIn, TooEarly, Ended.
    """
    person = person_id or own_person(actor)
    when = when_happened(at, happened_at)
    shift = held_shift(shift_id)
    if person != actor.person_id:
        led(actor, at, shift.team_id)
    return _arrive(shift, _part(shift, person), by=actor.id, at=at, when=when)


def leave(*, actor: Actor, at: datetime, shift_id: UUID, happened_at: datetime | None = None, person_id: UUID | None = None) -> bool:
    """Go, for oneself; a captain says it for somebody without a phone, or who said it too soon. Return whether this was news.

    The latest going that is told counts; who says nothing is gone with the shift's end.

    Raises:
        NotSignedIn, NotOfTheTeam, NoSuchShift, Forbidden (for somebody else, by nobody who leads the team), FromTheFuture.
        CalledOff, NotIn, NotArrived, NotBegun, LeftBeforeArrival, LongOver.
    """
    person = person_id or own_person(actor)
    when = when_happened(at, happened_at)
    shift = held_shift(shift_id)
    if person != actor.person_id:
        led(actor, at, shift.team_id)
    row = _part(shift, person)
    if row.minutes is not None:  # long ago: what is kept of it is how long it was
        return False
    left = rules.leave(span_of(shift), row.arrived_at, row.left_at, when)
    if left == row.left_at:
        return False
    ShiftPart.objects.filter(id=row.id).update(left_at=left)
    _note(when, actor.id, "leave", shift.id)
    publish([ShiftLeft(key=shift.id, at=when, team=shift.team_id)])
    return True


def there_by_round(*, shift_id: UUID, person_id: UUID, round_id: UUID, at: datetime, when: datetime) -> None:
    """Whoever sets out on a round of a shift has come to it. It is the round that the audit log names (ADR 17).

    A round that sets out within the patrol's grace after the shift says nothing of the shift.
    """
    shift = held_shift(shift_id)
    if when < shift.ends_at:
        _arrive(shift, _part(shift, person_id), by=f"round:{round_id}", at=at, when=when)


def _part(shift: Shift, person: UUID) -> ShiftPart:
    if shift.called_off_at is not None:
        raise CalledOff
    row = ShiftPart.objects.filter(shift=shift, person_id=person, state=Part.SIGNED.value).first()
    if row is None:
        raise NotIn
    return row


def _arrive(shift: Shift, row: ShiftPart, *, by: str, at: datetime, when: datetime) -> bool:
    if row.minutes is not None:
        return False
    span = span_of(shift)
    arrived = rules.arrive(span, row.arrived_at, when)
    if arrived == row.arrived_at:
        return False
    if when >= span.missing_from:
        look([shift.id], at=when)  # what is due by the clock comes first
    ShiftPart.objects.filter(id=row.id).update(arrived_at=arrived)
    _note(when, by, "arrive", shift.id)
    publish([ShiftArrived(key=shift.id, at=when, team=shift.team_id)])
    if ShiftMiss.objects.filter(part=row, cleared_at=None, at__gt=arrived).update(cleared_at=at):
        publish([ShiftMissAnswered(key=shift.id, at=at, team=shift.team_id, answer="cleared")])
    return True


def look(shift_ids: Sequence[UUID], *, at: datetime) -> int:
    """Note who has not come to these shifts, whose grace is over by ``at``; return how many shifts were seen to, each once. Six queries a batch."""
    section = shifts_section()
    due = Shift.objects.filter(_due(section, at), id__in=list(shift_ids), looked=False, called_off_at=None)
    shifts = {shift.id: shift for shift in due.select_for_update(of=("self",), skip_locked=True).order_by("starts_at", "id")}
    absent = ShiftPart.objects.filter(shift__in=shifts, state=Part.SIGNED.value, arrived_at=None, minutes=None).order_by("id")
    misses = [
        ShiftMiss(id=new_id(), shift=shifts[row.shift_id], part=row, at=span_of(shifts[row.shift_id], section).missing_from, recorded_at=machine_now())
        for row in absent
    ]
    ShiftMiss.objects.bulk_create(misses)
    Shift.objects.filter(id__in=shifts).update(looked=True)
    counts = Counter(miss.shift_id for miss in misses)
    for shift_id, count in counts.items():
        _note(at, SHIFTS.id, "missed", shift_id, count=count)
    publish([ShiftMissed(key=shift_id, at=at, team=shifts[shift_id].team_id, count=count) for shift_id, count in counts.items()])
    return len(shifts)


def due_looks(*, at: datetime, limit: int, without: Collection[UUID]) -> list[UUID]:
    """Shifts whose grace is over by ``at`` and that were not looked at, however long ago, the oldest first; one look at an index of those."""
    due = Shift.objects.filter(_due(shifts_section(), at), looked=False, called_off_at=None).exclude(id__in=without)
    return list(due.order_by("starts_at", "id").values_list("id", flat=True)[:limit])


def _due(section: ShiftsSection, at: datetime) -> Q:
    return Q(starts_at__lte=at) & (Q(starts_at__lte=at - timedelta(minutes=section.grace_minutes)) | Q(ends_at__lte=at))


def answer_miss(*, actor: Actor, at: datetime, miss_id: UUID, wanted: MissAnswer, words: str, came_at: datetime | None = None) -> None:
    """Say of somebody missing that they came after all (at ``came_at``, else when the shift began), or that they are excused. The miss stays.

    Raises:
        NoSuchMiss, Forbidden, MissAnswered (or they came by themselves), MissNoteMissing; FromTheFuture, TooEarly, Ended: with ``came_at``.
    """
    found = ShiftMiss.objects.filter(id=miss_id, part__isnull=False).values_list("shift_id", flat=True).first()
    if found is None:
        raise NoSuchMiss
    shift = held_shift(found)
    led(actor, at, shift.team_id)
    row = ShiftMiss.objects.select_related("part").get(id=miss_id)
    assert row.part is not None
    said = rules.answer(MissAnswer(row.state), wanted, words, arrived=row.part.arrived_at is not None)
    if wanted is MissAnswer.CAME:
        arrived = rules.arrive(span_of(shift), None, when_happened(at, came_at or shift.starts_at))
        ShiftPart.objects.filter(id=row.part.id).update(arrived_at=arrived)
    ShiftMiss.objects.filter(id=row.id).update(state=wanted.value, note=said, answered_by=actor.person_id, answered_at=at)
    _note(at, actor.id, "answer_miss", shift.id, after=wanted.value)
    publish([ShiftMissAnswered(key=shift.id, at=at, team=shift.team_id, answer=wanted.value)])


def forget_times(*, at: datetime) -> int:
    """Forget when people came and went longer ago than the playbook's days, and who was missing; return how many parts. What is left are minutes.

    Who was not there is no longer in that shift at all: its miss stays, of nobody.
    """
    before = at - timedelta(days=shifts_section().times_days)
    old = ShiftPart.objects.filter(state=Part.SIGNED.value, minutes=None, ends_at__lt=before, shift__looked=True)
    rows = list(old.order_by("ends_at", "id").values_list("id", "ends_at", "arrived_at", "left_at")[:FORGET_AT_ONCE])
    ShiftMiss.objects.filter(part__in=[row[0] for row in rows]).update(part=None, note="", answered_by=None)
    update_rows(
        ShiftPart, ("id", "minutes", "arrived_at", "left_at"), [(key, minutes_there(ends, came, left), None, None) for key, ends, came, left in rows if came]
    )
    ShiftPart.objects.filter(id__in=[key for key, _ends, came, _left in rows if came is None]).delete()
    return len(rows)


def _note(at: datetime, actor: str, action: str, shift_id: UUID, *, after: str = "", **details: object) -> None:
    record([Entry(at=at, actor=actor, action=f"shifts.{action}", subject_type="shift", subject=shift_id, to_state=after, details=details)])
