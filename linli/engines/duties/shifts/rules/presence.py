"""Being there: when somebody came to a shift and went, who is missing, and how long one was there. Pure.

An arrival is the earliest that is told, a leaving the latest. So it does not matter in which order news comes in, or how often:
what is told twice changes nothing, and somebody who tapped *finished* too soon taps it again when going.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from linli.kernel.refusal import N_, Kind, Refusal

NOTE_MOST = 500
MARGIN_MOST = 120  # minutes: what a playbook may ask for at most, so that the database can hold it


class Presence(StrEnum):
    """How somebody stands to their shift at an instant."""

    AHEAD = "ahead"
    EXPECTED = "expected"
    MISSING = "missing"
    THERE = "there"
    GONE = "gone"


class MissAnswer(StrEnum):
    """Where somebody's missing stands. It stays on record in each of them."""

    OPEN = "open"
    CAME = "came"
    EXCUSED = "excused"


class TooEarly(Refusal):
    code: ClassVar[str] = "shifts.too_early"
    message: ClassVar[str] = N_("One arrives at most %(minutes)s minutes before a shift begins.")
    field: ClassVar[str] = "at"


class NotBegun(Refusal):
    code: ClassVar[str] = "shifts.not_begun"
    message: ClassVar[str] = N_("This shift has not begun: it cannot be finished yet.")
    field: ClassVar[str] = "at"


class Ended(Refusal):
    code: ClassVar[str] = "shifts.ended"
    message: ClassVar[str] = N_("This shift was over by then. If you were there, your captain can note it.")
    field: ClassVar[str] = "at"


class LongOver(Refusal):
    code: ClassVar[str] = "shifts.long_over"
    message: ClassVar[str] = N_("This shift had been over for more than %(minutes)s minutes: its end counts as the going.")
    field: ClassVar[str] = "at"


class CalledOff(Refusal):
    code: ClassVar[str] = "shifts.is_called_off"
    message: ClassVar[str] = N_("This shift was called off.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NotArrived(Refusal):
    code: ClassVar[str] = "shifts.not_arrived"
    message: ClassVar[str] = N_("Say first that you are here.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class LeftBeforeArrival(Refusal):
    code: ClassVar[str] = "shifts.left_before_arrival"
    message: ClassVar[str] = N_("This lies before the arrival.")
    field: ClassVar[str] = "at"


class MissAnswered(Refusal):
    code: ClassVar[str] = "shifts.miss_answered"
    message: ClassVar[str] = N_("This was answered already, or they came.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class MissNoteMissing(Refusal):
    code: ClassVar[str] = "shifts.miss_note_missing"
    message: ClassVar[str] = N_("Say in a few words how it was, at most %(most)s characters.")
    field: ClassVar[str] = "note"


@dataclass(frozen=True, slots=True)
class Span:
    """A shift's time. ``margin``: how long before and after it coming and going still belong to it. ``grace``: after how long one is missing."""

    starts: datetime
    ends: datetime
    margin: timedelta
    grace: timedelta
    called_off: bool = False

    @property
    def missing_from(self) -> datetime:
        """From when on whoever has not come is missing; in a shift shorter than the grace, when it ends."""
        return min(self.starts + self.grace, self.ends)


def arrive(span: Span, arrived: datetime | None, when: datetime) -> datetime:
    """When somebody came, after it is told that they came at ``when``.

    Raises:
        CalledOff, TooEarly, Ended.
    """
    _held(span)
    if when < span.starts - span.margin:
        raise TooEarly(minutes=_minutes(span.margin))
    if when >= span.ends:
        raise Ended
    return when if arrived is None else min(arrived, when)


def leave(span: Span, arrived: datetime | None, left: datetime | None, when: datetime) -> datetime:
    """When somebody went, after it is told that they went at ``when``.

    Raises:
        CalledOff, NotArrived, NotBegun, LeftBeforeArrival, LongOver.
    """
    _held(span)
    if arrived is None:
        raise NotArrived
    if when < span.starts:
        raise NotBegun
    if when < arrived:
        raise LeftBeforeArrival
    if when > span.ends + span.margin:
        raise LongOver(minutes=_minutes(span.margin))
    return when if left is None else max(left, when)


def presence(span: Span, arrived: datetime | None, left: datetime | None, *, at: datetime) -> Presence:
    """How somebody who signed up stands to the shift at ``at``. Who never said that they went is gone with its end."""
    if arrived is not None and arrived <= at:
        return Presence.GONE if at >= span.ends or (left is not None and left <= at) else Presence.THERE
    if at < span.starts:
        return Presence.AHEAD
    return Presence.EXPECTED if at < span.missing_from else Presence.MISSING


def minutes_there(ends: datetime, arrived: datetime, left: datetime | None) -> int:
    """Whole minutes from coming to going, or to the shift's end where nobody said that they went."""
    return int(((left or ends) - arrived).total_seconds() // 60)


def answer(now: MissAnswer, wanted: MissAnswer, note: str, *, arrived: bool) -> str:
    """The note of an answer, in one form.

    Raises:
        MissAnswered: it was answered, or they came by themselves. MissNoteMissing (too long counts as well).
    """
    if now is not MissAnswer.OPEN or wanted is MissAnswer.OPEN or arrived:
        raise MissAnswered
    said = " ".join(note.split())
    if not said or len(said) > NOTE_MOST:
        raise MissNoteMissing(most=NOTE_MOST)
    return said


def _held(span: Span) -> None:
    if span.called_off:
        raise CalledOff


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
