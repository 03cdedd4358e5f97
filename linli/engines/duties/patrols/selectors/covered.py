"""What patrols covered in a period: length of the streets (or of the routes) and households, by area."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.streets import street_pieces
from linli.directory.territory.selectors.things import homes
from linli.engines.duties.patrols.models import CheckIn, Checkpoint, Route
from linli.engines.duties.patrols.playbook import READ, patrols_section
from linli.engines.duties.patrols.rules.coverage import Covered, Leg, Plot, Point, coverage, legs_of, walked_pairs
from linli.engines.duties.patrols.rules.streets import Run, Unwalked, by_streets, unwalked, walked_along
from linli.kernel.access.rules import Actor, contains
from linli.kernel.access.selectors import in_scope


@dataclass(frozen=True, slots=True)
class Coverage:
    """Areas with what was covered of each, the legs, checkpoints and streets behind it, and the sums.

    ``metres`` and ``walked`` sum the streets of the areas that have any; where none has (``by_street`` false), the legs of all routes.
    ``bare``: how many areas are without streets while others have them; their routes are in none of the sums, only in their own rows.
    ``never``: the streets of which nothing was walked.
    ``households`` and ``reached`` sum the areas whose households are known; ``estimated``: some of them by their ground.
    """

    areas: tuple[tuple[AreaNode, Covered], ...]
    legs: tuple[Leg, ...]
    met: tuple[Point, ...]
    spots: tuple[Point, ...]
    streets: tuple[Run, ...]
    never: tuple[Unwalked, ...]
    by_street: bool
    bare: int
    metres: float
    walked: float
    households: int
    reached: int
    estimated: bool
    reach: int


def covered(*, actor: Actor, since: datetime, until: datetime, area_path: str = "") -> Coverage:
    """What the routes of an area covered in ``[since, until)``, by its lowest areas, where the actor has ``patrols.read``.

    Five queries and the ground in memory. Length is that of the streets of an area, else of the routes in it; see ``rules/streets.py``.

    Raises:
        Forbidden.
    """
    actor.require_somewhere(READ)
    scopes = actor.scopes(READ)
    routes = list(Route.objects.filter(in_scope(scopes, confidentiality=""), _touching(area_path), retired_at=None, team__disbanded_at=None))
    points: dict[UUID, list[Checkpoint]] = defaultdict(list)
    for checkpoint in Checkpoint.objects.filter(route__in=routes, retired_at=None).order_by("place"):
        points[checkpoint.route_id].append(checkpoint)
    rows = CheckIn.objects.filter(checkpoint__route__in=routes, checkpoint__retired_at=None, at__gte=since, at__lt=until)
    met = list(rows.values_list("beat_id", "slot", "checkpoint_id"))
    legs, there = _legs(routes, points, met), {checkpoint for _, _, checkpoint in met}
    spots = {one.id: (one.lon, one.lat) for ones in points.values() for one in ones}
    plots, areas = _plots(actor, area_path)
    reach = patrols_section().reach_metres
    near = [spot for key, spot in spots.items() if key in there]
    found = coverage(plots, legs, near, reach=reach)
    known = [one for one in found if one.reached is not None]
    own = {plot.id for plot in plots}
    pieces = [piece for piece in street_pieces(area_path=area_path) if piece.area_id in own]
    along = walked_along([piece.line for piece in pieces], legs)
    shares = along.shares().tolist()
    found = by_streets(found, ((piece.area_id, piece.metres, share) for piece, share in zip(pieces, shares, strict=True)))
    measured = [one for one in found if one.by_street]
    whole = [(one.metres, one.walked) for one in measured] or [(leg.metres, leg.metres if leg.walked else 0.0) for leg in legs]
    shown = [(area, one) for area, one in zip(areas, found, strict=True)]
    shown.sort(key=lambda row: (-row[1].left, (row[1].reached or 0) - (row[1].households or 0), row[0].path))
    return Coverage(
        areas=tuple(shown), legs=tuple(legs), met=tuple(near), spots=tuple(spots.values()), streets=tuple(along.runs()),
        never=unwalked((piece.names, piece.metres, share) for piece, share in zip(pieces, shares, strict=True)),
        by_street=bool(measured), bare=len(found) - len(measured) if measured else 0,
        metres=sum(metres for metres, _ in whole), walked=sum(walked for _, walked in whole), households=sum(one.households or 0 for one in known),
        reached=sum(one.reached or 0 for one in known), estimated=any(not one.by_building for one in known), reach=reach,
    )  # fmt: skip


def _touching(area_path: str) -> Q:
    """Routes of an area, of one below it, or of one above it: a community's team walks in its grids."""
    above = ["/".join(area_path.split("/")[:count]) + "/" for count in range(1, area_path.count("/") + 1)]
    return Q(area_path__startswith=area_path) | Q(area_path__in=above)


def _legs(routes: list[Route], points: dict[UUID, list[Checkpoint]], met: list[tuple[UUID, int, UUID]]) -> list[Leg]:
    together = set(walked_pairs(met).values())
    found = []
    for route in routes:
        here = points[route.id]
        for one, other in legs_of([(spot.lon, spot.lat) for spot in here], closed=route.closed):
            ends = {here[one].id, here[other].id}
            found.append(Leg((here[one].lon, here[one].lat), (here[other].lon, here[other].lat), any(ends <= slot for slot in together)))
    return found


def _plots(actor: Actor, area_path: str) -> tuple[list[Plot], list[AreaNode]]:
    land, scopes = ground(), actor.scopes(READ)
    lowest = [area for area in land if not land.children(area.id) and area.path.startswith(area_path)]
    areas = [area for area in lowest if any(contains(scope.area_path, area.path) for scope in scopes)]
    buildings: dict[UUID, list[tuple[Point, int]]] = defaultdict(list)
    for area_id, lon, lat, households in homes(area_path=area_path):
        buildings[area_id].append(((lon, lat), households))
    return [Plot(area.id, land.polygon(area.id), area.households, tuple(buildings[area.id])) for area in areas], areas
