"""The schema of ``scenario.yaml``: steps at their times, and what has to be so afterwards. Checked like a playbook."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from linli.engines.matters.rules.states import State, Verb
from linli.interfaces.scenario.campaigns import ExpectCampaign, StartPart, TryPart
from linli.interfaces.scenario.care import CareAct, CarePart
from linli.interfaces.scenario.duties import CheckInPart, ExpectDuty, SubjectPart
from linli.interfaces.scenario.inspections import ExpectDraw, ExpectPlace, ExpectRound, InspectPart, LeafPart, PlacePart
from linli.interfaces.scenario.meetings import ExpectMeeting, HoldPart
from linli.interfaces.scenario.patrols import AnswerPart, ExpectPatrol, RoundPart, RoutePart
from linli.interfaces.scenario.team_parts import (
    ActivityPart,
    CaptainPart,
    CoursePart,
    ExpectMessage,
    ExpectTeam,
    MemberPart,
    RosterPart,
    ShiftPart,
    SignPart,
    TeamPart,
)
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.playbooks.rules.problems import Place, Problem
from linli.kernel.playbooks.rules.source import read_source
from linli.kernel.playbooks.rules.validation import validate_as
from linli.kernel.refusal import N_, Refusal

When = Annotated[str, Field(pattern=r"^D[0-9]{1,3} ([01][0-9]|2[0-3]):[0-5][0-9]$", description="day of the story and time: D1 09:30")]
Span = tuple[float, float]


class BadStory(Refusal):
    """``problems`` says everything that is wrong with the file."""

    code = "scenario.bad"
    message = N_("The scenario has %(count)s problems. The first: %(first)s")

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(count=len(self.problems), first=self.problems[0].sentence() if self.problems else "")


class Report(Section):
    """Somebody reports in grid ``grid`` of the demo territory (numbered from 0); without a grid there is no place."""

    name: str
    class_code: str = Field(alias="class")
    condition: str = ""
    grid: int | None = 0
    text: str
    source: str = "web"


class Act(Section):
    """A person with ``role`` at the matter's own area of that role's level does ``verb``; ``refused`` is the refusal's code if one has to come."""

    matter: str
    verb: Verb
    role: str
    text: str = ""
    reason: str = ""
    into: str = ""
    until: When | None = None
    refused: str = ""


class WhistlePart(Section):
    """Departments are called to report in."""

    matter: str
    role: str
    units: list[str] = Field(min_length=1)
    reason: str


class ReportIn(Section):
    matter: str
    unit: str
    role: str
    answer: str


class Rate(Section):
    """The reporter says how it went."""

    matter: str
    stars: int = Field(ge=1, le=5)
    solved: bool
    comment: str = ""


class Absent(Section):
    """Whoever holds the first post of ``role`` for the grid is away."""

    role: str
    grid: int = 0
    until: When
    reason: str


class Expect(Section):
    """What has to be so: of one matter, or of all (without ``matter``)."""

    matter: str | None = None
    state: State | None = None
    level: str | None = None
    owner: str | None = Field(default=None, description="role of the accountable post")
    held_by: str | None = Field(default=None, description="role of the post whose holder answers for it now")
    answered: bool | None = None
    overdue: bool | None = None
    reopenings: int | None = None
    whistles_open: int | None = None
    reporters: int | None = None
    due: When | None = None


class Generate(Section):
    """Records of a fixed seed: so many reports over so many days; ``solved`` is the share that each level solves of what reaches it."""

    seed: int
    reports: int = Field(ge=1, le=100_000)
    days: int = Field(ge=1, le=366)
    solved: dict[str, float]


class Figures(Section):
    """Bounds of figures over everything so far; and the invariants over the whole database."""

    funnel: dict[str, Span] = Field(default_factory=dict)
    on_time: Span | None = None
    solved_rate: Span | None = None
    invariants: Literal["hold"] | None = None


class Step(Section):
    """One step of the story: a time, and one thing."""

    at: When
    note: str = ""
    report: Report | None = None
    act: Act | None = None
    whistle: WhistlePart | None = None
    report_in: ReportIn | None = None
    rate: Rate | None = None
    absent: Absent | None = None
    generate: Generate | None = None
    expect: Expect | None = None
    figures: Figures | None = None
    subject: SubjectPart | None = None
    check_in: CheckInPart | None = None
    expect_duty: ExpectDuty | None = None
    hold: HoldPart | None = None
    expect_meeting: ExpectMeeting | None = None
    place: PlacePart | None = None
    leaf: LeafPart | None = None
    inspect: InspectPart | None = None
    expect_place: ExpectPlace | None = None
    expect_round: ExpectRound | None = None
    expect_draw: ExpectDraw | None = None
    care: CarePart | None = None
    care_act: CareAct | None = None
    team: TeamPart | None = None
    member: MemberPart | None = None
    course: CoursePart | None = None
    captain: CaptainPart | None = None
    shift: ShiftPart | None = None
    roster: RosterPart | None = None
    sign: SignPart | None = None
    activity: ActivityPart | None = None
    expect_team: ExpectTeam | None = None
    expect_message: ExpectMessage | None = None
    route: RoutePart | None = None
    round: RoundPart | None = None
    answer_slot: AnswerPart | None = None
    expect_patrol: ExpectPatrol | None = None
    campaign: StartPart | None = None
    attempt: TryPart | None = None
    expect_campaign: ExpectCampaign | None = None

    def things(self) -> dict[str, Section]:
        """What the step does or expects, by name."""
        return {name: thing for name in type(self).model_fields if name not in ("at", "note") and (thing := getattr(self, name)) is not None}


class Head(Section):
    title: Text
    playbook: str
    territory: Literal["demo"] = "demo"
    starts: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Story(Section):
    """The whole file."""

    scenario: Head
    steps: list[Step] = Field(min_length=1)

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Steps go forward in time, each does something, and names only what was reported before."""
        last, known = (0, ""), set[str]()
        for place, step in enumerate(self.steps):
            day, _, clock = step.at.partition(" ")
            if (int(day[1:]), clock) < last:
                yield Issue(("steps", place, "at"), N_("a step may not lie before the one above it"))
            last = (int(day[1:]), clock)
            for name, thing in step.things().items():
                if isinstance(thing, InspectPart | CareAct) and thing.raises:
                    known.add(thing.raises)
                if isinstance(thing, Report | SubjectPart | CarePart | PlacePart | TeamPart | StartPart):
                    known.add(thing.name)
                    continue
                if isinstance(thing, RoutePart):
                    known.add(thing.name)
                if isinstance(thing, HoldPart):
                    known |= {action.name for action in thing.actions}
                for field in ("matter", "into", "subject", "place", "case", "team", "campaign", "route"):
                    named = getattr(thing, field, None)
                    if named and named not in known:
                        yield Issue(("steps", place, name, field), N_("nothing of this name was reported before"), given=named, known=known)


def load_story(path: Path) -> Story:
    """Read and check a scenario.

    Raises:
        BadStory: with every problem found.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadStory([Problem(Place(str(path), 1, 1), (), N_("the file cannot be read: %(why)s"), params={"why": error.strerror or "?"})]) from None
    root, problems = read_source(raw, str(path))
    if root is not None:
        found, more = validate_as(Story, root)
        problems = [*problems, *more]
        if found is not None and not problems:
            return found
    raise BadStory(problems)
