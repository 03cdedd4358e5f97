"""What a step of a story may say of teams and shifts, and what may be expected of them."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from linli.engines.duties.shifts.rules.roster import RosterRule
from linli.kernel.playbooks.rules import Section

DayText = Annotated[str, Field(pattern=r"^D-?[0-9]{1,3}$", description="day of the story: D9")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MANAGER = "station_duty"


class TeamPart(Section):
    """A team is founded in the community of grid ``grid``, by somebody with ``role``; with ``organisation``, a body that joins in is entered first."""

    name: str
    kind: str
    grid: int = 0
    role: str = MANAGER
    organisation: Literal["enterprise", "school", "other"] | None = None
    refused: str = ""


class MemberPart(Section):
    """A resident asks to take part in ``team`` and is taken in (``accept``), or leaves it."""

    team: str
    person: str
    agreed: bool = True
    accept: bool = True
    core: bool = False
    leaves: bool = False
    refused: str = ""


class CoursePart(Section):
    """Members pass a course on the day of the step."""

    team: str
    people: list[str] = Field(min_length=1)
    course: str
    refused: str = ""


class CaptainPart(Section):
    """A member is appointed captain until a day, or takes over from one."""

    team: str
    person: str
    until: DayText
    takes_over: str | None = None
    refused: str = ""


class ShiftPart(Section):
    """A weekly shift of a team, laid out from the day of the step on."""

    team: str
    name: str
    weekdays: list[Weekday] = Field(default_factory=lambda: list(WEEKDAYS), min_length=1)
    begins: time
    minutes: int
    least: int
    most: int
    skills: dict[str, int] = Field(default_factory=dict)
    refused: str = ""


class RosterPart(Section):
    """A roster is proposed for the week of a day and published; or no roster keeps to the rules, and ``impossible`` are those named."""

    team: str
    week: DayText
    impossible: list[RosterRule] = Field(default_factory=list)


class SignPart(Section):
    """A member signs up for the team's first shift (called ``shift``) of a day, leaves it, offers the place, takes a colleague's; is there, or has finished.

    ``excuse``: of ``person``, who was missing, the captain ``by`` (else the station) says ``words``; ``came``: that they came after all.
    """

    team: str
    person: str
    day: DayText
    shift: str
    verb: Literal["sign", "leave", "offer", "take", "arrive", "finish", "excuse", "came"] = "sign"
    happened: str | None = Field(default=None, pattern=r"^D[0-9]{1,3} [0-9]{2}:[0-9]{2}$", description="of an arrival or a finish that is told later")
    by: str = ""
    words: str = ""
    part: Literal["signed", "waiting"] | None = None
    refused: str = ""


class ActivityPart(Section):
    """A team held an activity at a venue today; ``times`` of the same."""

    team: str
    venue: str
    topic: str
    attendances: int = 0
    leaflets: int = 0
    self_led: bool = False
    times: int = Field(default=1, ge=1, le=1000)
    refused: str = ""


class ExpectMessage(Section):
    """How many messages to volunteers somebody has had by now, and what the latest says."""

    person: str
    times: int
    says: str = ""


class ExpectTeam(Section):
    """What has to be so of one team, of its week's roster, of one of its members, or (without ``team``) of the matrix team × venue."""

    team: str | None = None
    members: int | None = None
    captains: int | None = None
    recruiting: bool | None = None
    week: DayText | None = None
    uncovered: int | None = Field(default=None, description="hours of the week in which nobody stands")
    broken: list[RosterRule] | None = Field(default=None, description="rules that the week's roster breaks")
    alone_at_night: bool | None = None
    person: str | None = None
    shifts_behind: int | None = None
    hours: float | None = Field(default=None, description="hours that the person was there")
    missing: int | None = Field(default=None, description="people who did not come to shifts of the week, as it stands")
    kind: str = ""
    venue: str = ""
    sessions: int | None = None
    self_led_share: int | None = None
    attendances: int | None = None
    leaflets: int | None = None
