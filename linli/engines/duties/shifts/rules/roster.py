"""What a roster keeps to, by hand or proposed: cover, rest, skills, pairs at night, new with experienced, not too much for one.

The same six rules are checked here in plain words (:func:`broken_rules`) and given to the solver (``solve.py``); tests hold them
against each other.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from uuid import UUID

Assignment = Mapping[UUID, frozenset[UUID]]  # people by shift


class RosterRule(StrEnum):
    """A rule of a roster; the ones that make it impossible are named by these."""

    COVER = "cover"
    AVAILABLE = "available"
    REST = "rest"
    SKILLS = "skills"
    PAIRS = "pairs"
    NEW = "new"
    MOST = "most"


@dataclass(frozen=True, slots=True)
class Limits:
    """The community's numbers.

    Attributes:
        rest: between the end of one shift and the beginning of the next of one person.
        most: shifts of one person a week, of whatever team.
        night_from, night_until: a shift that shares time with this span of a day is at night.
    """

    rest: timedelta = timedelta(hours=8)
    most: int = 3
    night_from: time = time(22)
    night_until: time = time(6)


@dataclass(frozen=True, slots=True)
class Slot:
    """One shift to be staffed: ``skills`` says of how many people each is asked for; ``week``: the Monday of the week that it counts in."""

    id: UUID
    starts: datetime
    ends: datetime
    least: int
    most: int
    skills: Mapping[str, int] = field(default_factory=dict)
    night: bool = False
    week: date = date.min


@dataclass(frozen=True, slots=True)
class Volunteer:
    """One person: skills, whether new, shifts carried over from past months for fairness, and shifts that are impossible for them.

    ``held``: by week, the shifts that they have besides those of the roster: behind them already, or of another team.
    """

    id: UUID
    skills: frozenset[str] = frozenset()
    new: bool = False
    carried: int = 0
    away: frozenset[UUID] = frozenset()
    held: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a roster breaks: in which shift, and by whom where it is one person."""

    rule: RosterRule
    slot: UUID
    person: UUID | None = None


def at_night(starts: datetime, ends: datetime, *, limits: Limits, zone: tzinfo) -> bool:
    """Whether a shift shares time with the night of the place."""
    day = starts.astimezone(zone).date() - timedelta(days=1)
    while day <= ends.astimezone(zone).date():
        begin = datetime.combine(day, limits.night_from, zone)
        end = datetime.combine(day + timedelta(days=limits.night_until <= limits.night_from), limits.night_until, zone)
        if starts < end and begin < ends:
            return True
        day += timedelta(days=1)
    return False


def week_of(moment: datetime, *, zone: tzinfo) -> date:
    """The Monday of the week of the place that a moment lies in: a shift counts in the week in which it begins."""
    day = moment.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def too_close(first: Slot, second: Slot, *, rest: timedelta) -> bool:
    """Whether nobody can do both: they overlap, or leave less than the rest between them."""
    return first.starts < second.ends + rest and second.starts < first.ends + rest


def broken_rules(slots: Sequence[Slot], people: Iterable[Volunteer], roster: Assignment, *, limits: Limits) -> list[Broken]:
    """Every rule that a roster breaks, in the order of its shifts. A hand-made roster may be kept with them; they are shown."""
    known = {person.id: person for person in people}
    found: list[Broken] = []
    own: dict[UUID, list[Slot]] = defaultdict(list)
    for slot in sorted(slots, key=lambda slot: (slot.starts, slot.id)):
        there = [known[person] for person in sorted(roster.get(slot.id, frozenset())) if person in known]
        if not slot.least <= len(there) <= slot.most:
            found.append(Broken(RosterRule.COVER, slot.id))
        if slot.night and len(there) == 1:
            found.append(Broken(RosterRule.PAIRS, slot.id, there[0].id))
        for skill, wanted in sorted(slot.skills.items()):
            if sum(skill in person.skills for person in there) < wanted:
                found.append(Broken(RosterRule.SKILLS, slot.id))
                break
        if there and all(person.new for person in there):
            found.append(Broken(RosterRule.NEW, slot.id))
        for person in there:
            if slot.id in person.away:
                found.append(Broken(RosterRule.AVAILABLE, slot.id, person.id))
            if any(too_close(slot, other, rest=limits.rest) for other in own[person.id]):
                found.append(Broken(RosterRule.REST, slot.id, person.id))
            own[person.id].append(slot)
            if person.held.get(slot.week, 0) + sum(other.week == slot.week for other in own[person.id]) > limits.most:
                found.append(Broken(RosterRule.MOST, slot.id, person.id))
    return found


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which fewer people stand than are asked for."""

    starts: datetime
    ends: datetime


def cover_gaps(shifts: Iterable[tuple[datetime, datetime, int]], *, since: datetime, until: datetime, wanted: int = 1) -> list[Gap]:
    """The spans of ``[since, until)`` in which fewer than ``wanted`` people are on duty, of shifts (start, end, how many), in order.

    Source: 24-hour cover computed and gaps shown (SYSTEMS.md 4, 控).
    """
    edges: dict[datetime, int] = defaultdict(int)
    for starts, ends, number in shifts:
        begin, end = max(starts, since), min(ends, until)
        if begin < end and number > 0:
            edges[begin] += number
            edges[end] -= number
    edges[since] += 0
    edges[until] += 0
    gaps: list[Gap] = []
    standing = 0
    moments = sorted(moment for moment in edges if since <= moment <= until)
    for begin, end in itertools.pairwise(moments):
        standing += edges[begin]
        if standing >= wanted:
            continue
        if gaps and gaps[-1].ends == begin:
            gaps[-1] = Gap(gaps[-1].starts, end)
        else:
            gaps.append(Gap(begin, end))
    return gaps
