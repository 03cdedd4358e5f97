"""Invented patrols: a route along streets of its busiest grid, walked for a month of evenings; and one walk that goes on now."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import shapely

from linli.directory.teams.selectors import teams as team_lines
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.streets import street_pieces
from linli.engines.duties.patrols.rules.answers import Answer
from linli.engines.duties.patrols.rules.codes import ROTATING, Shown
from linli.engines.duties.patrols.selectors.team import route_page, team_patrol
from linli.engines.duties.patrols.services.misses import answer_miss
from linli.engines.duties.patrols.services.proofs import Position, Proof, code_of
from linli.engines.duties.patrols.services.rounds import check_in, finish_round, start_round
from linli.engines.duties.patrols.services.routes import NewCheckpoint, NewRoute, add_checkpoint, hang_tag, make_route
from linli.engines.duties.patrols.tasks import sweep_slots
from linli.engines.duties.shifts.selectors.rosters import ShiftLine, board
from linli.engines.duties.shifts.services.publishing import publish_roster
from linli.engines.duties.shifts.services.rosters import NewTemplate, lay_template
from linli.interfaces.cli.inventing.stage import SEED, Stage
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.geo.rules import Placing, metres_per_degree
from linli.kernel.writing import write

TEAM = "evening-patrol"
INSIDE = 8.0  # metres from the middle of the street
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TAG = "04D3E5F1A2B380"  # of the demo's own; no chip has it
# Names, and how each shows itself; they lie round the grid in this order.
SPOTS: tuple[tuple[str, str, Shown], ...] = (
    ("小区东门", "East gate", Shown.SHEET),
    ("岗亭", "Guard room", Shown.DISPLAY),
    ("学校门口", "School gate", Shown.SHEET),
    ("水泵房", "Pump room", Shown.TAG),
    ("河边步道", "River walk", Shown.POSITION),
    ("小广场", "Little square", Shown.SHEET),
)
REASONS = ("暴雨，改在岗亭值守。", "临时协助疏导交通，少走了两个点。", "队员身体不适，已另行补巡。")


def walk_patrols(stage: Stage, people: Sequence[UUID]) -> None:
    """Lay a route along the streets of the busiest grid and have the month's evening shifts walk it; two of ``people`` are out just now."""
    chance, since, at = random.Random(SEED), stage.start, stage.at  # noqa: S311 - has to be the same every time
    team = next(line.id for line in team_lines(actor=SYSTEM) if line.code == TEAM)
    route = _route(team, stage.grids[0], since)
    slots = 0
    for line in board(actor=SYSTEM, at=at, team_id=team, since=since, until=at).shifts:
        if line.ends_at <= at and not line.called_off and line.people:
            for hour in range((line.ends_at - line.starts_at) // HOUR):
                slots += 1
                _walk_slot(route, line, hour, slots, chance)
    sweep_slots(at)
    _answer(team, people[0], at)
    _walk_now(team, route, at, people[:2])
    sweep_slots(at)


def _route(team: UUID, grid: AreaNode, at: datetime) -> UUID:
    """A way round that keeps to the streets on the grid's edge, and comes back across it."""
    with write():
        route = make_route(actor=SYSTEM, at=at, team_id=team, route=NewRoute({"zh": "望潮路环线", "en": "Wangchao Road round"}, closed=True))
        for (zh, en, shown), (lon, lat) in zip(SPOTS, _way(grid), strict=False):
            spot = add_checkpoint(actor=SYSTEM, at=at, route_id=route, checkpoint=NewCheckpoint({"zh": zh, "en": en}, lon, lat, shown))
            if shown is Shown.TAG:
                hang_tag(actor=SYSTEM, at=at, checkpoint_id=spot, tag=TAG)
    return route


def _way(grid: AreaNode) -> Iterator[tuple[float, float]]:
    """Neighbouring bends of the grid's edge, a little inside of it, where most of the way lies along streets; of a grid without an outline the middle."""
    outline, land = ground().polygon(grid.id), ground()
    if outline is None:
        yield grid.centre or (0.0, 0.0)
        return
    per = np.array(metres_per_degree(outline.centroid.y))
    streets = shapely.transform(shapely.MultiLineString([piece.line for piece in street_pieces(area_path="")]), lambda corners: corners * per)
    inner = shapely.buffer(shapely.transform(outline, lambda corners: corners * per), -INSIDE, join_style="mitre")
    edge = shapely.get_exterior_ring(max(shapely.get_parts(inner), key=lambda part: part.area))
    bends = shapely.get_coordinates(shapely.simplify(edge, INSIDE / 2))[:-1]
    sides = shapely.linestrings(np.stack([bends, np.roll(bends, -1, axis=0)], axis=1))
    along = np.where(shapely.distance(shapely.line_interpolate_point(sides, 0.5, normalized=True), streets) < 2 * INSIDE, shapely.length(sides), 0.0)
    first = max(range(len(bends)), key=lambda place: sum(along[(place + step) % len(bends)] for step in range(len(SPOTS) - 1)))
    for place in range(min(len(SPOTS), len(bends))):
        lon, lat = (bends[(first + place) % len(bends)] / per).tolist()
        if land.locate(lon, lat).how is not Placing.OUTSIDE:
            yield lon, lat


def _walk_slot(route: UUID, line: ShiftLine, hour: int, number: int, chance: random.Random) -> None:
    """A round an hour; every fifth is cut short, every eleventh is not walked."""
    if number % 11 == 0:
        return
    walker, _name = line.people[hour % len(line.people)]
    sets_out = line.starts_at + hour * HOUR + chance.randrange(4, 14) * MINUTE
    _walk(route, walker, sets_out, spots=2 if number % 5 == 0 else len(SPOTS), chance=chance)


def _walk(route: UUID, walker: UUID, sets_out: datetime, *, spots: int, chance: random.Random, back: bool = True) -> None:
    """One round in one write, as a phone that had no signal would hand it in."""
    actor, when = _of(walker), sets_out
    points = route_page(actor=SYSTEM, at=sets_out, route_id=route).checkpoints[:spots]
    with write():
        start_round(actor=actor, at=sets_out, route_id=route, key=f"demo-{sets_out:%F %H:%M}")
        for point in points:
            when += chance.randrange(3, 7) * MINUTE
            proof = Proof(tag=TAG) if point.shown == Shown.TAG else Proof(checkpoint=point.id)
            if point.shown in ROTATING:
                proof = Proof(code=code_of(point, when).token)
            check_in(actor=actor, at=when, proof=proof, key=f"demo-{when:%F %H:%M}", position=Position(point.lon, point.lat))
        if back:
            finish_round(actor=actor, at=when + 4 * MINUTE)


def _answer(team: UUID, captain: UUID, at: datetime) -> None:
    """The captain has answered the older half of what was missed lately; the rest waits."""
    misses = team_patrol(actor=SYSTEM, at=at, team_id=team).misses
    for line, reason in zip(misses[len(misses) // 2 :], REASONS, strict=False):
        with write():
            answer_miss(actor=_of(captain), at=min(at, line.ends_at + 12 * HOUR), miss_id=line.id, wanted=Answer.FORGIVEN, words=reason)


def _walk_now(team: UUID, route: UUID, at: datetime, people: Sequence[UUID]) -> None:
    """Two of the team are out: a shift beside the weekly ones began half an hour ago, and the first of them has met two checkpoints."""
    zone = working_calendar().zone
    starts = (at - HOUR / 2).astimezone(zone).replace(second=0, microsecond=0)
    before = starts - HOUR
    names = {"zh": "临时加巡", "en": "Extra walk"}
    extra = NewTemplate(names, (starts.weekday(),), starts.time(), 240, 2, 3, starts.date(), starts.date())
    with write():
        lay_template(actor=SYSTEM, at=before, team_id=team, template=extra)
    lines = board(actor=SYSTEM, at=before, team_id=team, since=starts, until=starts + MINUTE).shifts
    own = next(line for line in lines if line.names == names)
    taken = {person for line in board(actor=SYSTEM, at=at, team_id=team, since=at - 6 * HOUR, until=at + 6 * HOUR).shifts for person, _name in line.people}
    if not taken.intersection(people):
        with write():
            publish_roster(actor=SYSTEM, at=before, team_id=team, roster={own.id: frozenset(people)}, shown={})
        _walk(route, people[0], starts + 5 * MINUTE, spots=2, chance=random.Random(0), back=False)  # noqa: S311 - the same every time


def _of(person: UUID) -> Actor:
    return Actor("system:demo", ActorKind.SYSTEM, person_id=person)
