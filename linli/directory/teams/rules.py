"""Teams: the gates to taking part, the terms of captains, and how much the teams do by themselves. Pure.

Sources: three teams and four entries (三队四进), captains' system (SYSTEMS.md 1); member organisations (2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from linli.kernel.refusal import N_, Kind, Refusal


class UnknownTeamKind(Refusal):
    code: ClassVar[str] = "teams.unknown_kind"
    message: ClassVar[str] = N_("The playbook knows no such kind of team: %(given)s.")
    field: ClassVar[str] = "kind"


class UnknownVenue(Refusal):
    code: ClassVar[str] = "teams.unknown_venue"
    message: ClassVar[str] = N_("The playbook knows no such venue: %(given)s.")
    field: ClassVar[str] = "venue"


class UnknownCourse(Refusal):
    code: ClassVar[str] = "teams.unknown_course"
    message: ClassVar[str] = N_("The playbook knows no such course: %(given)s.")
    field: ClassVar[str] = "course"


class ConsentMissing(Refusal):
    code: ClassVar[str] = "teams.consent_missing"
    message: ClassVar[str] = N_("Taking part is voluntary and public in the team: say that you agree.")
    field: ClassVar[str] = "consent"


class NotRecruiting(Refusal):
    code: ClassVar[str] = "teams.not_recruiting"
    message: ClassVar[str] = N_("This team takes nobody in at the moment.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NotTrained(Refusal):
    code: ClassVar[str] = "teams.not_trained"
    message: ClassVar[str] = N_("A captain has passed the team's courses; %(missing)s is missing or over.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "person"


class TermTooLong(Refusal):
    code: ClassVar[str] = "teams.term_too_long"
    message: ClassVar[str] = N_("A captain's term lies ahead and lasts at most %(days)s days.")
    field: ClassVar[str] = "ends_on"


@dataclass(frozen=True, slots=True)
class TeamKind:
    """A kind of team: its names, what it does, the courses that it asks for, and the longest term of its captains."""

    code: str
    names: Mapping[str, str]
    duties: Mapping[str, str]
    courses: tuple[str, ...] = ()
    term_days: int = 365
    captains: int = 6


@dataclass(frozen=True, slots=True)
class Passed:
    """A course that somebody passed; ``until`` of None: for good."""

    course: str
    on: date
    until: date | None = None

    def holds(self, day: date) -> bool:
        return self.on <= day and (self.until is None or day <= self.until)


def missing_courses(kind: TeamKind, passed: Iterable[Passed], *, day: date) -> tuple[str, ...]:
    """The courses of the kind that somebody has not passed, or whose time is over, in the playbook's order."""
    held = {one.course for one in passed if one.holds(day)}
    return tuple(course for course in kind.courses if course not in held)


def check_consent(agreed: bool) -> None:
    """Raises: ConsentMissing."""
    if not agreed:
        raise ConsentMissing


def check_term(kind: TeamKind, *, starts: datetime, ends: datetime, missing: tuple[str, ...]) -> None:
    """Let a captain's term pass.

    Raises:
        NotTrained: a course is missing. TermTooLong: it does not lie ahead, or is longer than the kind allows.
    """
    if missing:
        raise NotTrained(missing=", ".join(missing))
    if not starts < ends <= starts + timedelta(days=kind.term_days + 1):
        raise TermTooLong(days=kind.term_days)


@dataclass(frozen=True, slots=True)
class Session:
    """One activity for the figures."""

    kind: str
    venue: str
    self_led: bool
    attendances: int = 0
    leaflets: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """Figures of activities: how many, how many of them led by the team itself, who came, what was handed out."""

    sessions: int = 0
    self_led: int = 0
    attendances: int = 0
    leaflets: int = 0

    def with_(self, session: Session) -> Cell:
        return Cell(self.sessions + 1, self.self_led + session.self_led, self.attendances + session.attendances, self.leaflets + session.leaflets)

    @property
    def share(self) -> int:
        """Activities led without staff, in whole per cent, rounded down; 0 where there was none."""
        return self.self_led * 100 // self.sessions if self.sessions else 0


def matrix(sessions: Iterable[Session]) -> dict[tuple[str, str], Cell]:
    """Figures by (kind of team, venue); with "" for either: the sums over all of them."""
    cells: dict[tuple[str, str], Cell] = {}
    for session in sessions:
        for key in ((session.kind, session.venue), (session.kind, ""), ("", session.venue), ("", "")):
            cells[key] = cells.get(key, Cell()).with_(session)
    return cells
