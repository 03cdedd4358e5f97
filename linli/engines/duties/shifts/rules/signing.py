"""Signing up, waiting, swapping and cancelling: what is allowed when. A table of states, and the gates. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from linli.kernel.refusal import N_, Kind, Refusal


class Part(StrEnum):
    """Somebody's part in a shift."""

    SIGNED = "signed"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    SWAPPED = "swapped"


TRANSITIONS: dict[Part, frozenset[Part]] = {
    Part.SIGNED: frozenset({Part.CANCELLED, Part.SWAPPED}),
    Part.WAITING: frozenset({Part.SIGNED, Part.CANCELLED}),
    Part.CANCELLED: frozenset(),
    Part.SWAPPED: frozenset(),
}


class ShiftOver(Refusal):
    code: ClassVar[str] = "shifts.over"
    message: ClassVar[str] = N_("This shift has begun already, or was called off.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class SignedAlready(Refusal):
    code: ClassVar[str] = "shifts.signed_already"
    message: ClassVar[str] = N_("You are in this shift already.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NotReady(Refusal):
    code: ClassVar[str] = "shifts.not_ready"
    message: ClassVar[str] = N_("Shifts of this team are for members who have passed its courses; %(missing)s is missing or over.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


class NotOfTheTeam(Refusal):
    code: ClassVar[str] = "shifts.not_of_the_team"
    message: ClassVar[str] = N_("Shifts of this team are for its members.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


class TooLittleRest(Refusal):
    code: ClassVar[str] = "shifts.too_little_rest"
    message: ClassVar[str] = N_("Between two shifts there are %(hours)s hours of rest; another of yours is too near.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class EnoughThisWeek(Refusal):
    code: ClassVar[str] = "shifts.enough_this_week"
    message: ClassVar[str] = N_("One person takes at most %(most)s shifts a week; in the week of this one you have %(held)s already.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class CutOffPassed(Refusal):
    code: ClassVar[str] = "shifts.cut_off_passed"
    message: ClassVar[str] = N_("So shortly before the shift a captain has to release you; or offer it for a swap.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NotIn(Refusal):
    code: ClassVar[str] = "shifts.not_in"
    message: ClassVar[str] = N_("You are not in this shift.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Window:
    """A shift as far as signing up asks: when, how many places, how long before it one can leave by oneself."""

    starts: datetime
    ends: datetime
    most: int
    cut_off: timedelta
    called_off: bool = False


def sign(
    window: Window, *, taken: int, at: datetime, in_it: bool, missing: tuple[str, ...], own: Iterable[tuple[datetime, datetime]], rest: timedelta,
    held: int, most_a_week: int,
) -> Part:  # fmt: skip
    """What signing up gives: a place, or one on the waiting list. ``held``: shifts of the person in that week, of whatever team.

    Raises:
        ShiftOver, SignedAlready, NotReady, TooLittleRest, EnoughThisWeek.
    """
    if window.called_off or at >= window.starts:
        raise ShiftOver
    if in_it:
        raise SignedAlready
    if missing:
        raise NotReady(missing=", ".join(missing))
    if any(starts < window.ends + rest and window.starts < ends + rest for starts, ends in own):
        raise TooLittleRest(hours=int(rest.total_seconds() // 3600))
    if held >= most_a_week:
        raise EnoughThisWeek(most=most_a_week, held=held)
    return Part.SIGNED if taken < window.most else Part.WAITING


def leave(window: Window, part: Part | None, *, at: datetime, by_captain: bool = False) -> Part:
    """What leaving gives.

    Raises:
        NotIn, ShiftOver, CutOffPassed: whoever only waits, and whom a captain releases, may leave until it begins.
    """
    if part is None or Part.CANCELLED not in TRANSITIONS[part]:
        raise NotIn
    if at >= window.starts:
        raise ShiftOver
    if part is Part.SIGNED and not by_captain and at > window.starts - window.cut_off:
        raise CutOffPassed
    return Part.CANCELLED
