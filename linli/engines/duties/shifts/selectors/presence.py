"""Who is there: of a roster, of one's own shifts and hours, of a desk's area; and who is missing, in the words of a notice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from linli.directory.people.selectors import names_of
from linli.directory.teams.selectors import team_fact
from linli.directory.teams.services import is_captain
from linli.engines.duties.shifts.models import Shift, ShiftMiss, ShiftPart
from linli.engines.duties.shifts.playbook import MANAGE, READ, shifts_section
from linli.engines.duties.shifts.rules.presence import MissAnswer, Presence, Span, minutes_there, presence
from linli.engines.duties.shifts.rules.roster import at_night
from linli.engines.duties.shifts.rules.signing import Part
from linli.engines.duties.shifts.services.presence import span_of
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope
from linli.kernel.calendar.selectors import working_calendar

THERE = Q(state=Part.SIGNED.value) & (Q(arrived_at__isnull=False) | Q(minutes__isnull=False))  # parts of those who came


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to a shift that they signed up for.

    Attributes:
        late: they came after the grace, and that is on record. ``miss_id``: of their missing, where it stands and nobody has answered it.
        answer: what was said to it, with the note and by whom ("" once that is forgotten).
    """

    presence: Presence
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    late: bool = False
    miss_id: UUID | None = None
    answer: MissAnswer = MissAnswer.OPEN
    note: str = ""
    by: str = ""


def standings(shifts: Iterable[Shift], parts: Iterable[ShiftPart], *, at: datetime) -> dict[UUID, dict[UUID, Standing]]:
    """By shift and person, of those parts that have a place in it; two queries."""
    section = shifts_section()
    spans = {shift.id: span_of(shift, section) for shift in shifts}
    misses = {miss.part_id: miss for miss in ShiftMiss.objects.filter(shift__in=spans, part__isnull=False)}
    names = names_of(miss.answered_by_id for miss in misses.values() if miss.answered_by_id)
    found: dict[UUID, dict[UUID, Standing]] = defaultdict(dict)
    for part in parts:
        if part.state == Part.SIGNED:
            found[part.shift_id][part.person_id] = _standing(spans[part.shift_id], part, misses.get(part.id), names, at)
    return found


def _standing(span: Span, part: ShiftPart, miss: ShiftMiss | None, names: Mapping[UUID, str], at: datetime) -> Standing:
    if part.minutes is not None:
        return Standing(Presence.GONE)
    now = presence(span, part.arrived_at, part.left_at, at=at)
    if miss is None or miss.cleared_at is not None:
        return Standing(now, part.arrived_at, part.left_at)
    answer = MissAnswer(miss.state)
    unanswered = miss.id if answer is MissAnswer.OPEN and part.arrived_at is None else None
    by = names.get(miss.answered_by_id, "") if miss.answered_by_id else ""
    late = part.arrived_at is not None and part.arrived_at >= miss.at
    return Standing(now, part.arrived_at, part.left_at, late, unanswered, answer, miss.note, by)


@dataclass(frozen=True, slots=True)
class OwnPresence:
    """A shift that somebody has a place in, as they stand to it.

    Attributes:
        colleagues: how many others have a place in it; ``there``: how many of them are there now.
        night: it shares time with the night, in which nobody stands alone.
    """

    id: UUID
    names: dict[str, str]
    team: dict[str, str]
    span: Span
    standing: Standing
    colleagues: int
    there: int
    night: bool


def own_presence(*, actor: Actor, at: datetime, since: datetime, until: datetime) -> list[OwnPresence]:
    """The shifts in ``[since, until)`` that the actor has a place in, running ones too, in order; the same few queries for many."""
    if actor.person_id is None:
        return []
    own = ShiftPart.objects.filter(person_id=actor.person_id, state=Part.SIGNED.value, starts_at__lt=until, ends_at__gt=since, shift__called_off_at=None)
    return _presences(own, at)


def own_presence_in(shift_ids: Collection[UUID], *, actor: Actor, at: datetime) -> dict[UUID, OwnPresence]:
    """How the actor stands to these shifts, of those that they have a place in."""
    if actor.person_id is None:
        return {}
    own = ShiftPart.objects.filter(person_id=actor.person_id, state=Part.SIGNED.value, shift__in=shift_ids, shift__called_off_at=None)
    return {one.id: one for one in _presences(own, at)}


def _presences(own: QuerySet[ShiftPart], at: datetime) -> list[OwnPresence]:
    rows = list(own.select_related("shift__template", "shift__team").order_by("starts_at", "id"))
    shifts = [row.shift for row in rows]
    others: dict[UUID, list[ShiftPart]] = defaultdict(list)
    mine = {row.id for row in rows}
    for part in ShiftPart.objects.filter(shift__in=shifts, state=Part.SIGNED.value):
        if part.id not in mine:
            others[part.shift_id].append(part)
    found, section, zone = standings(shifts, rows, at=at), shifts_section(), working_calendar().zone
    limits = section.limits()
    return [
        OwnPresence(
            row.shift_id, row.shift.template.names, row.shift.team.names, span_of(row.shift, section), found[row.shift_id][row.person_id],
            len(others[row.shift_id]),
            sum(presence(span_of(row.shift, section), one.arrived_at, one.left_at, at=at) is Presence.THERE for one in others[row.shift_id]),
            at_night(row.starts_at, row.ends_at, limits=limits, zone=zone),
        )
        for row in rows
    ]  # fmt: skip


def own_hours(*, actor: Actor, at: datetime) -> tuple[int, int]:
    """How many shifts the actor was there for and has gone from, and how many minutes together; what one signed up for and did not come to is not in it.

    Counted from coming to going, or to the shift's end where nobody said that they went.
    """
    if actor.person_id is None:
        return 0, 0
    rows = ShiftPart.objects.filter(THERE, Q(ends_at__lte=at) | Q(left_at__lte=at), person_id=actor.person_id, shift__called_off_at=None)
    spans = list(rows.values_list("ends_at", "arrived_at", "left_at", "minutes"))
    return len(spans), sum((minutes or 0) if came is None else minutes_there(ends, came, left) for ends, came, left, minutes in spans)


# -- for those who lead -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunningShift:
    """A shift that runs now: how many have a place in it, how many are there, how many are missing."""

    id: UUID
    names: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    signed: int
    there: int
    missing: int


def running_shifts(*, actor: Actor, at: datetime, team_id: UUID) -> list[RunningShift]:
    """The team's shifts that run now, for its captains and those who may see its rosters; empty for others."""
    if not is_captain(team_id, actor.person_id, at) and not any(actor.may(permission, area_path=team_fact(team_id).area_path) for permission in (READ, MANAGE)):
        return []
    rows = Shift.objects.filter(team_id=team_id, starts_at__lte=at, ends_at__gt=at, called_off_at=None)
    shifts = list(rows.select_related("template").order_by("starts_at", "id"))
    found = standings(shifts, ShiftPart.objects.filter(shift__in=shifts), at=at)
    lines = []
    for shift in shifts:
        stand = [one.presence for one in found[shift.id].values()]
        lines.append(
            RunningShift(shift.id, shift.template.names, shift.starts_at, shift.ends_at, len(stand), stand.count(Presence.THERE), stand.count(Presence.MISSING))
        )
    return lines


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A shift that people were missing from: names of those who have not come and of whom nothing was said, how many were missing, and are answered for."""

    shift_id: UUID
    names: dict[str, str]
    team: dict[str, str]
    code: str
    starts_at: datetime
    ends_at: datetime
    open: tuple[str, ...]
    missing: int
    late: int
    excused: int
    came: int


def missing_board(*, actor: Actor, since: datetime, until: datetime, limit: int = 100) -> list[MissingLine]:
    """Shifts with people missing from ``[since, until)`` on, of the teams whose rosters the actor may see, the newest first; three queries.

    By shift, never by person: who comes seldom is nobody's list.
    """
    seen = in_scope(actor.scopes(READ), path="shift__team__area_path", confidentiality="")
    return _lines(ShiftMiss.objects.filter(seen, at__gte=since, at__lt=until, cleared_at=None), limit)


def missing_briefs(shift_ids: Collection[UUID]) -> dict[UUID, MissingLine]:
    """Who is missing from these shifts still, in the words of a notice."""
    return {line.shift_id: line for line in _lines(ShiftMiss.objects.filter(shift__in=shift_ids, cleared_at=None), len(shift_ids))}


def _lines(rows: QuerySet[ShiftMiss], limit: int) -> list[MissingLine]:
    misses: dict[UUID, list[ShiftMiss]] = defaultdict(list)
    newest = rows.order_by("-at", "-shift_id").values_list("shift_id", "at").distinct()[:limit]  # of one shift all are missing from the same instant
    for miss in rows.filter(shift__in=[shift_id for shift_id, _at in newest]).select_related("shift__template", "shift__team", "part").order_by("-at", "-id"):
        misses[miss.shift_id].append(miss)
    names = names_of(miss.part.person_id for group in misses.values() for miss in group if miss.part is not None and _open(miss))
    lines = []
    for group in misses.values():
        shift = group[0].shift
        waiting = tuple(sorted(names.get(miss.part.person_id, "") for miss in group if miss.part is not None and _open(miss)))
        states = [miss.state for miss in group]
        late = sum(miss.state == MissAnswer.OPEN and miss.part is not None and miss.part.arrived_at is not None for miss in group)
        lines.append(
            MissingLine(
                shift.id, shift.template.names, shift.team.names, shift.team.code, shift.starts_at, shift.ends_at, waiting, len(group), late,
                states.count(MissAnswer.EXCUSED.value), states.count(MissAnswer.CAME.value),
            )
        )  # fmt: skip
    return lines


def _open(miss: ShiftMiss) -> bool:
    return miss.state == MissAnswer.OPEN and miss.part is not None and miss.part.arrived_at is None and miss.part.minutes is None
