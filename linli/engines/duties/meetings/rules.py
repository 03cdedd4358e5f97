"""Meetings, pure: what stands on an agenda, when minutes can be closed, what an action needs. No Django, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from linli.kernel.refusal import N_, Kind, Refusal

CLOCKS_DIFFER = timedelta(minutes=5)
TEXT_MOST = 4_000
WHY_MOST = 200
MINUTES_MOST = 20_000
WHAT_MOST = 400
FARTHEST = timedelta(days=366)  # an action is due within a year


class Came(StrEnum):
    """How a seat was taken."""

    PRESENT = "present"
    DEPUTY = "deputy"
    ABSENT = "absent"


class Source(StrEnum):
    """What put an item on the agenda: an open matter, an open action of an earlier meeting, a person."""

    MATTER = "matter"
    ACTION = "action"
    HAND = "hand"


class Becomes(StrEnum):
    MATTER = "matter"
    DUTY = "duty"


class Why(StrEnum):
    """Why a matter comes before a meeting; the gravest is said."""

    REOPENED = "reopened"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    OPEN = "open"


class MinutesClosed(Refusal):
    code: ClassVar[str] = "meetings.minutes_closed"
    message: ClassVar[str] = N_("These minutes are published. What has to be added goes into an addendum.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class CalledOff(Refusal):
    code: ClassVar[str] = "meetings.called_off"
    message: ClassVar[str] = N_("This meeting is called off. Convene another one.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class DecidedAlready(Refusal):
    code: ClassVar[str] = "meetings.decided_already"
    message: ClassVar[str] = N_("Something was decided or written down at this meeting: it was held. Publish its minutes.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NoReason(Refusal):
    code: ClassVar[str] = "meetings.no_reason"
    message: ClassVar[str] = N_("Say why it is called off: everybody who was invited is told.")
    field: ClassVar[str] = "why"


class NotPublishedYet(Refusal):
    code: ClassVar[str] = "meetings.not_published_yet"
    message: ClassVar[str] = N_("An addendum is for published minutes; these can still be changed.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NotHeldYet(Refusal):
    code: ClassVar[str] = "meetings.not_held_yet"
    message: ClassVar[str] = N_("Minutes are published after the meeting was held: say when it began; that cannot lie in the future.")
    field: ClassVar[str] = "held_at"


class NobodyCame(Refusal):
    code: ClassVar[str] = "meetings.nobody_came"
    message: ClassVar[str] = N_("Say who was there: at least one seat was taken.")
    field: ClassVar[str] = "seats"


class NothingWritten(Refusal):
    code: ClassVar[str] = "meetings.nothing_written"
    message: ClassVar[str] = N_("Nothing is written down yet: a decision, an action or a few words of minutes.")
    field: ClassVar[str] = "minutes"


class TooLong(Refusal):
    code: ClassVar[str] = "meetings.too_long"
    message: ClassVar[str] = N_("The text is %(length)s characters long; at most %(most)s are kept.")


class NothingToDo(Refusal):
    code: ClassVar[str] = "meetings.nothing_to_do"
    message: ClassVar[str] = N_("Say in a few words what is to be done.")
    field: ClassVar[str] = "what"


class BadDay(Refusal):
    code: ClassVar[str] = "meetings.bad_day"
    message: ClassVar[str] = N_("An action is due on a day between today and a year from now.")
    field: ClassVar[str] = "due_on"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One way onto an agenda; what is given has to be so together, empty fields ask nothing.

    Attributes:
        only: a state that brings a matter up: suspended, overdue, reopened; None: any open one.
        level: a level of the chain; a matter at it or above comes up.
    """

    kinds: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    only: Why | None = None
    level: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may come onto an agenda; ``ref`` is the matter's or the action's id. Nobody's words, no address."""

    source: Source
    ref: UUID
    names: Mapping[str, str]
    place: Mapping[str, str]
    confidentiality: int
    code: str = ""
    why: Why = Why.OPEN


@dataclass(frozen=True, slots=True)
class Standing:
    """An item that stands on the agenda; ``touched``: something was decided or written about it."""

    id: UUID
    source: Source
    ref: UUID | None
    touched: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """What has to change on an agenda; ``left``: how many matters had no room."""

    add: tuple[Candidate, ...]
    drop: tuple[UUID, ...]
    left: int


def gathered(standing: Sequence[Standing], candidates: Sequence[Candidate], *, most: int) -> Gathered:
    """What has to change so that an agenda holds every open action and up to ``most`` matters, the first candidates first.

    Said twice, nothing changes. Nothing goes that was decided about, and nothing that a person put there.
    """
    wanted: dict[tuple[Source, UUID], Candidate] = {}
    for one in candidates:
        wanted.setdefault((one.source, one.ref), one)
    there = {(item.source, item.ref) for item in standing if item.ref is not None}
    drop = tuple(
        item.id for item in standing if item.source is not Source.HAND and not item.touched and item.ref is not None and (item.source, item.ref) not in wanted
    )
    staying = sum(1 for item in standing if item.source is Source.MATTER and item.id not in drop)
    fresh = [one for key, one in wanted.items() if key not in there]
    matters = [one for one in fresh if one.source is Source.MATTER]
    room = max(0, most - staying)
    actions = [one for one in fresh if one.source is Source.ACTION]
    return Gathered((*actions, *matters[:room]), drop, len(matters[room:]))


def check_closing(*, closed_at: datetime | None, held_at: datetime | None, came: int, written: int, at: datetime) -> datetime:
    """Let minutes be published; return when the meeting was held.

    Raises:
        MinutesClosed, NotHeldYet, NobodyCame, NothingWritten.
    """
    if closed_at is not None:
        raise MinutesClosed
    if held_at is None or held_at > at + CLOCKS_DIFFER:
        raise NotHeldYet
    if came < 1:
        raise NobodyCame
    if written < 1:
        raise NothingWritten
    return min(held_at, at)


def check_calling_off(why: str, *, written: int) -> str:
    """Let a meeting be called off; return the reason as it is kept. ``written``: how many decisions, actions and minutes there are.

    Raises:
        DecidedAlready, NoReason, TooLong.
    """
    if written:
        raise DecidedAlready
    tidy = check_text(why, most=WHY_MOST)
    if not tidy:
        raise NoReason
    return tidy


def check_text(text: str, *, most: int = TEXT_MOST) -> str:
    """The text without what stands around it. Raises ``TooLong``."""
    tidy = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(tidy) > most:
        raise TooLong(length=len(tidy), most=most)
    return tidy


def check_action(what: str, due_on: date, *, today: date) -> str:
    """What is to be done, as it is kept. Raises ``NothingToDo``, ``TooLong``, ``BadDay``."""
    tidy = check_text(what, most=WHAT_MOST)
    if not tidy:
        raise NothingToDo
    if not today <= due_on <= today + FARTHEST:
        raise BadDay
    return tidy
