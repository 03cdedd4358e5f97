"""Attempts at a door: what may be noted, and when to try again. An attempt is not a visit; a door is ended once. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar

from linli.kernel.refusal import N_, Kind, Refusal

CLOCKS_DIFFER = timedelta(minutes=5)


class Outcome(StrEnum):
    """How an attempt went; only the first leaves the door open."""

    NOT_HOME = "not_home"
    DONE = "done"
    REFUSED = "refused"
    LEAFLET = "leaflet"


FINAL = frozenset({Outcome.DONE, Outcome.REFUSED, Outcome.LEAFLET})
WAYS = {True: (Outcome.DONE, Outcome.NOT_HOME, Outcome.REFUSED), False: (Outcome.DONE,)}  # what is noted of a door, and of another target


class DayPart(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Advice(StrEnum):
    """What to do about a door: try at any hour, try then, leave a leaflet as the last resort, nothing more."""

    ANY_TIME = "any_time"
    THEN = "then"
    LEAFLET = "leaflet"
    NOTHING = "nothing"


class EndedAlready(Refusal):
    code: ClassVar[str] = "campaigns.ended_already"
    message: ClassVar[str] = N_("This target has its result already.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NothingToTakeBack(Refusal):
    code: ClassVar[str] = "campaigns.nothing_to_take_back"
    message: ClassVar[str] = N_("Nothing that you noted here stands any more.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class OutsideCampaign(Refusal):
    code: ClassVar[str] = "campaigns.outside"
    message: ClassVar[str] = N_("An attempt lies within the campaign's days, and not in the future.")
    field: ClassVar[str] = "at"


class LeafletTooEarly(Refusal):
    code: ClassVar[str] = "campaigns.leaflet_too_early"
    message: ClassVar[str] = N_("A leaflet is the last resort: first try %(tries)s times.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt, at a local time."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Retry:
    """How doors are tried: at most ``tries`` times, ``least_hours`` apart, in these parts of the day (local, the first one begins the day)."""

    tries: int = 3
    least_hours: int = 20
    parts: tuple[tuple[DayPart, time, time], ...] = (
        (DayPart.MORNING, time(9), time(12)), (DayPart.AFTERNOON, time(14), time(18)), (DayPart.EVENING, time(18), time(21)),
    )  # fmt: skip

    def part_of(self, moment: datetime) -> DayPart:
        """The part that a local time belongs to: the last one that has begun, before the first one the first."""
        begun = [part for part, begins, _ends in self.parts if begins <= moment.time()]
        return begun[-1] if begun else self.parts[0][0]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to do about a door, and for ``THEN`` from when on, in which part of which day."""

    advice: Advice
    day: date | None = None
    part: DayPart | None = None
    not_before: datetime | None = None


def check_attempt(tries: Sequence[Try], wish: Try, *, retry: Retry, first: date, last: date, now: datetime) -> None:
    """Let an attempt be noted. Old news of a closed door is taken even after its end: it happened before.

    Raises:
        OutsideCampaign, EndedAlready, LeafletTooEarly.
    """
    check_when(wish.at, first=first, last=last, now=now)
    end = next((one for one in tries if one.outcome in FINAL), None)
    if end is not None and (wish.outcome in FINAL or wish.at >= end.at):
        raise EndedAlready
    if wish.outcome is Outcome.LEAFLET and len(tries) < retry.tries:
        raise LeafletTooEarly(tries=retry.tries)


def check_when(moment: datetime, *, first: date, last: date, now: datetime) -> None:
    """Let something be said of a door at this local time. Raises: OutsideCampaign."""
    if not first <= moment.date() <= last or moment > now + CLOCKS_DIFFER:
        raise OutsideCampaign


def suggest(tries: Sequence[Try], *, retry: Retry, now: datetime, last: date) -> Suggestion:
    """When to try a door again: another part of the day and another weekday than before, as long as there is one.

    ``now`` and the tries are local. After ``retry.tries`` closed doors, or when no time is left, a leaflet is the last resort.
    """
    if any(one.outcome in FINAL for one in tries):
        return Suggestion(Advice.NOTHING)
    if now.date() > last:
        return Suggestion(Advice.NOTHING)
    if not tries:
        return Suggestion(Advice.ANY_TIME, now.date())
    if len(tries) >= retry.tries:
        return Suggestion(Advice.LEAFLET, now.date())
    parts = {retry.part_of(one.at) for one in tries}
    weekdays = {one.at.weekday() for one in tries}
    rested = max(one.at for one in tries) + timedelta(hours=retry.least_hours)
    slots = list(_slots(max(now, rested), retry=retry, last=last))
    fits = (
        lambda slot: slot[1] not in parts and slot[0].weekday() not in weekdays,
        lambda slot: slot[1] not in parts,
        lambda slot: slot[0].weekday() not in weekdays,
        bool,
    )
    for fit in fits:
        for slot in slots:
            if fit(slot):
                return Suggestion(Advice.THEN, slot[0], slot[1], slot[2])
    return Suggestion(Advice.LEAFLET, now.date())


def _slots(start: datetime, *, retry: Retry, last: date) -> Iterator[tuple[date, DayPart, datetime]]:
    """The parts of the coming two weeks in which a door can still be tried from ``start`` on, each with its earliest moment."""
    for number in range(15):
        day = start.date() + timedelta(days=number)
        if day > last:
            return
        for part, begins, ends in retry.parts:
            earliest = max(start, datetime.combine(day, begins, start.tzinfo))
            if earliest < datetime.combine(day, ends, start.tzinfo):
                yield day, part, earliest
