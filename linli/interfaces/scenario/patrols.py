"""Patrols in a story: routes with checkpoints, rounds that somebody walks, missed slots answered, and what has to be so of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import organisation
from linli.engines.duties.patrols.rules.answers import Answer
from linli.engines.duties.patrols.rules.codes import Shown
from linli.engines.duties.patrols.selectors.check import broken_invariants
from linli.engines.duties.patrols.selectors.covered import covered
from linli.engines.duties.patrols.selectors.team import MissLine, miss_board, route_codes, route_page, team_patrol
from linli.engines.duties.patrols.services.misses import answer_miss
from linli.engines.duties.patrols.services.proofs import Proof
from linli.engines.duties.patrols.services.rounds import check_in, finish_round, start_round
from linli.engines.duties.patrols.services.routes import NewCheckpoint, NewRoute, add_checkpoint, make_route
from linli.engines.duties.patrols.tasks import sweep_signs, sweep_slots
from linli.engines.duties.shifts.selectors.rosters import board
from linli.engines.duties.shifts.tasks import sweep_missing
from linli.interfaces.scenario.duties import grid_of_story
from linli.interfaces.scenario.teams import TeamTelling
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.playbooks.rules import Section
from linli.kernel.playbooks.selectors import active_playbook

DayText = Annotated[str, Field(pattern=r"^D[0-9]{1,3}$", description="day of the story: D9")]
When = Annotated[str, Field(pattern=r"^D[0-9]{1,3} ([01][0-9]|2[0-3]):[0-5][0-9]$", description="day of the story and time: D1 09:30")]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
APART = 0.0004  # degrees between two checkpoints of a story: some forty metres


class RoutePart(Section):
    """A route with printed codes is made for a team, round the middle of grid ``grid``, by one of its members (else by the station)."""

    name: str
    team: str
    checkpoints: list[str] = Field(min_length=1)
    grid: int = 0
    shift: str = Field(default="", description="the weekly shift that walks it; empty: every one")
    minutes: int | None = None
    closed: bool = False
    person: str = ""
    refused: str = ""


class RoundPart(Section):
    """Somebody walks a route and comes back, a checkpoint a minute: a volunteer (``person``), or whoever has the first post of ``role`` in a grid.

    ``happened``: the phone had no signal, the news comes now. ``old_codes``: with a photograph of the codes of a fortnight ago.
    """

    route: str
    person: str = ""
    role: str = ""
    grid: int = 0
    meets: list[str] | None = Field(default=None, description="left out: every checkpoint")
    happened: When | None = None
    old_codes: bool = False
    refused: str = ""


class AnswerPart(Section):
    """A missed slot (1: the first of its shift) is answered, by a member of the team (else by the station)."""

    route: str
    day: DayText
    slot: int = Field(ge=1)
    answer: Answer
    person: str = ""
    words: str = ""
    refused: str = ""


class ExpectPatrol(Section):
    """What has to be so of a route: of its slots that ended on ``day``, else of all so far; its rounds are those of the last seven days."""

    route: str
    day: DayText | None = None
    missed: int | None = None
    open: int | None = None
    forgiven: int | None = None
    cleared: int | None = Field(default=None, description="missed as it seemed, until late news came")
    staffed: int | None = Field(default=None, description="least number of people who stood in a shift whose slot was missed")
    rounds: int | None = None
    met: int | None = Field(default=None, description="checkpoints met on these rounds")
    alone: int | None = Field(default=None, description="volunteers out alone, for whose signs the team waits")
    covered: int | None = Field(default=None, description="percent of the ways of all routes around that were walked since the first day")


class PatrolTelling:
    """The patrols' part of a story; teams, people and days are those of the teams' part."""

    def __init__(self, teams: TeamTelling, *, first: datetime) -> None:
        self._teams, self._first = teams, first
        self._routes: dict[str, tuple[UUID, UUID, dict[str, UUID]]] = {}  # name → route, team, checkpoints by name

    def steps(self) -> Mapping[str, Callable[[Any, datetime], list[str]]]:
        """What each thing of a step does: with the part and the time; says what was otherwise."""
        acts: dict[str, Callable[[Any, datetime], list[str] | None]] = {"route": self._route, "round": self._round, "answer_slot": self._answer}
        return {**{name: self._teams.refusing(act) for name, act in acts.items()}, "expect_patrol": self._expect}

    def run(self, at: datetime) -> None:
        """What the worker does meanwhile: who is missing noted, slots judged, silent volunteers told of."""
        sweep_missing(at)
        sweep_slots(at)
        sweep_signs(at)

    def broken(self, at: datetime) -> list[str]:
        return [f"{finding.count} times not so: {finding.statement}" for finding in broken_invariants(actor=SYSTEM, at=at)]

    # -- steps -------------------------------------------------------------------------------------------------------

    def _route(self, wanted: RoutePart, at: datetime) -> None:
        team, area = self._teams.team(wanted.team)
        actor = self._teams.resident(wanted.person, at) if wanted.person else self._teams.manager(area)
        template = None
        if wanted.shift:
            page = team_patrol(actor=SYSTEM, at=at, team_id=team)
            template = next(one.id for one in page.templates if one.names["zh"] == wanted.shift)
        names = {"zh": wanted.name, "en": wanted.name}
        new = NewRoute(names, template, wanted.minutes, closed=wanted.closed)
        route = make_route(actor=actor, at=at, team_id=team, route=new)
        lon, lat = grid_of_story(wanted.grid).centre or (0.0, 0.0)
        spots = {}
        for place, name in enumerate(wanted.checkpoints):
            spot = NewCheckpoint({"zh": name, "en": name}, lon + place % 2 * APART, lat + place // 2 * APART, Shown.SHEET)
            spots[name] = add_checkpoint(actor=actor, at=at, route_id=route, checkpoint=spot)
        self._routes[wanted.name] = route, team, spots

    def _round(self, wanted: RoundPart, at: datetime) -> None:
        route, _team, spots = self._routes[wanted.route]
        actor = self._head(wanted.role, wanted.grid, at) if wanted.role else self._teams.resident(wanted.person, at)
        sets_out = self._teams.moment(wanted.happened) if wanted.happened else at
        key = f"{wanted.route}-{wanted.person or wanted.role}-{sets_out.isoformat()}"
        handed_in = lambda when: {"actor": actor, "at": max(at, when), "happened_at": when}  # noqa: E731
        start_round(**handed_in(sets_out), route_id=route, key=key)
        names = list(spots) if wanted.meets is None else wanted.meets
        for place, name in enumerate(names, start=1):
            when = sets_out + place * MINUTE
            hangs = {spot.id: code.token for spot, code in route_codes(actor=SYSTEM, at=at, route_id=route, of=when - 14 * DAY * wanted.old_codes)}
            check_in(**handed_in(when), proof=Proof(code=hangs[spots[name]]), key=f"{key}-{name}")
        finish_round(**handed_in(sets_out + (len(names) + 1) * MINUTE))

    def _answer(self, wanted: AnswerPart, at: datetime) -> list[str]:
        _route, team, _spots = self._routes[wanted.route]
        found = next((line for line in self._missed(wanted.route, wanted.day, at) if self._slot(team, line) == wanted.slot), None)
        if found is None:
            return [f"slot {wanted.slot} was not missed"]
        actor = self._teams.resident(wanted.person, at) if wanted.person else self._teams.manager(self._teams.area(team))
        answer_miss(actor=actor, at=at, miss_id=found.id, wanted=wanted.answer, words=wanted.words)
        return []

    def _head(self, role: str, grid: int, at: datetime) -> Actor:
        """Whoever answers at the first post of the role there, with what the role may do."""
        area = grid_of_story(grid)
        post = organisation().first_of(role, area.id)
        assert post is not None, f"nobody is {role} there"
        access = active_playbook().section(DirectorySection).access_roles().get(role, role)
        person = organisation().holder(post.id, at).person_id
        return Actor(f"user:scenario-{role}", ActorKind.USER, person_id=person, grants=(role_grant(access, post.area_path),), post_ids=frozenset({post.id}))

    # -- expectations ------------------------------------------------------------------------------------------------

    def _expect(self, wanted: ExpectPatrol, at: datetime) -> list[str]:
        found = dict(self._of_route(wanted, at))
        asked = wanted.model_dump(exclude_none=True, exclude={"route", "day"})
        return [f"{name} is {found[name]}, expected {value}" for name, value in asked.items() if found[name] != value]

    def _of_route(self, wanted: ExpectPatrol, at: datetime) -> Iterator[tuple[str, Any]]:
        route, team, _spots = self._routes[wanted.route]
        lines = self._missed(wanted.route, wanted.day, at)
        standing = [line for line in lines if not line.cleared]
        yield "missed", len(standing)
        yield "open", sum(line.state is Answer.OPEN for line in standing)
        yield "forgiven", sum(line.state is Answer.FORGIVEN for line in standing)
        yield "cleared", len(lines) - len(standing)
        yield "staffed", min((line.staffed for line in standing), default=None)
        page = team_patrol(actor=SYSTEM, at=at, team_id=team)
        walked = [line for line in page.rounds if line.route == route_page(actor=SYSTEM, at=at, route_id=route).route.names]
        here = [line for line in walked if wanted.day is None or self._teams.day_of(line.started_at) == wanted.day]
        yield "rounds", len(here)
        yield "met", sum(line.met for line in here)
        yield "alone", len(page.alone)
        if wanted.covered is not None:
            sums = covered(actor=SYSTEM, since=self._first, until=at + MINUTE)
            yield "covered", round(100 * sums.walked / sums.metres) if sums.metres else None

    def _missed(self, route: str, day: str | None, at: datetime) -> list[MissLine]:
        since = self._teams.moment(f"{day} 00:00") if day else self._first
        board = miss_board(actor=SYSTEM, since=since, until=since + DAY if day else at + MINUTE)
        return [line for line in board.lines if line.route["zh"] == route]

    def _slot(self, team: UUID, line: MissLine) -> int:
        """Which slot of its shift a missed one is, from 1."""
        week = board(actor=SYSTEM, at=line.ends_at, team_id=team, since=line.starts_at - DAY, until=line.ends_at)
        begins = next(shift.starts_at for shift in week.shifts if shift.starts_at <= line.starts_at and line.ends_at <= shift.ends_at)
        return 1 + round((line.starts_at - begins) / (line.ends_at - line.starts_at))
