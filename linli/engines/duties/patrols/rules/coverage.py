"""What walked routes covered: metres of their legs, and households within reach, by area. Pure.

The base of length is that of the streets where an area has any (``rules/streets.py``), else of the routes themselves: straight legs from
checkpoint to checkpoint; a leg counts as walked when both its ends were met in one slot. Households are counted by building where buildings
have a point and a number, else by the share of the area's ground that lies within reach, as if homes were spread evenly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from linli.kernel.geo.rules import metres_between, metres_per_degree

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Leg:
    """A straight way between two checkpoints, in degrees; ``walked``: in the period that is asked about."""

    start: Point
    end: Point
    walked: bool

    @property
    def metres(self) -> float:
        return float(metres_between(*self.start, *self.end))


@dataclass(frozen=True, slots=True)
class Plot:
    """An area as far as coverage asks: outline, households, and its buildings (point, households)."""

    id: UUID
    outline: BaseGeometry | None
    households: int | None
    buildings: tuple[tuple[Point, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Covered:
    """One area. ``reached`` is None where its households are not known; ``by_building``: counted, not estimated from the ground.

    ``by_street``: the metres are those of its streets, not of the routes in it.
    """

    id: UUID
    metres: float
    walked: float
    households: int | None
    reached: int | None
    by_building: bool
    by_street: bool = False

    @property
    def left(self) -> float:
        return self.metres - self.walked


def legs_of(points: Sequence[Point], *, closed: bool) -> list[tuple[int, int]]:
    """Which checkpoints (by place) the legs of a route join: each to the next, and the last to the first on a way round."""
    pairs = [(place, place + 1) for place in range(len(points) - 1)]
    return [*pairs, (len(points) - 1, 0)] if closed and len(points) > 2 else pairs


def route_metres(points: Sequence[Point], *, closed: bool) -> float:
    """Length of a route along its legs, geodesic, in metres."""
    return sum(Leg(points[one], points[other], walked=False).metres for one, other in legs_of(points, closed=closed))


def walked_pairs(met: Iterable[tuple[UUID, int, UUID]]) -> Mapping[tuple[UUID, int], frozenset[UUID]]:
    """Check-ins (beat, slot, checkpoint) as the checkpoints that each slot met."""
    found: dict[tuple[UUID, int], set[UUID]] = {}
    for beat, slot, checkpoint in met:
        found.setdefault((beat, slot), set()).add(checkpoint)
    return {key: frozenset(there) for key, there in found.items()}


def coverage(plots: Sequence[Plot], legs: Sequence[Leg], met: Sequence[Point], *, reach: float) -> list[Covered]:
    """Each area's metres, walked metres and households within ``reach`` metres of a walked leg or a checkpoint that was met.

    A leg that crosses a border is shared between the areas by its length in each.
    """
    flat = _Plane(plots, legs, met)
    lines, lengths = [flat.line(leg) for leg in legs], [leg.metres for leg in legs]
    walked = [line for line, leg in zip(lines, legs, strict=True) if leg.walked]
    near = shapely.union_all([shapely.buffer(shape, reach) for shape in (*walked, *(flat.point(spot) for spot in met))])
    ways, reached = shapely.STRtree(lines), shapely.STRtree(shapely.get_parts(near))
    return [_covered(plot, flat, legs, ways, lengths, reached) for plot in plots]


class _Plane:
    """Degrees as metres in a plane that touches the middle of what is asked about."""

    def __init__(self, plots: Sequence[Plot], legs: Sequence[Leg], met: Sequence[Point]) -> None:
        spots = [*(leg.start for leg in legs), *(leg.end for leg in legs), *met]
        middle = float(np.mean([lat for _, lat in spots])) if spots else next((plot.outline.centroid.y for plot in plots if plot.outline is not None), 0.0)
        self._scale = np.array(metres_per_degree(middle))

    def shape(self, outline: BaseGeometry) -> BaseGeometry:
        found: BaseGeometry = shapely.transform(outline, lambda corners: corners * self._scale)
        return found

    def point(self, spot: Point) -> BaseGeometry:
        return self.shape(shapely.Point(spot))

    def line(self, leg: Leg) -> BaseGeometry:
        return self.shape(shapely.LineString([leg.start, leg.end]))


def _covered(
    plot: Plot, flat: _Plane, legs: Sequence[Leg], ways: shapely.STRtree, lengths: Sequence[float], near: shapely.STRtree,
) -> Covered:  # fmt: skip
    outline = flat.shape(plot.outline) if plot.outline is not None else None
    metres = walked = 0.0
    if outline is not None:
        for place in sorted(ways.query(outline, predicate="intersects").tolist()):
            line = ways.geometries[place]
            if line.length:
                own = lengths[place] * outline.intersection(line).length / line.length
                metres += own
                walked += own if legs[place].walked else 0.0
    homes = sum(number for _, number in plot.buildings)
    if homes:
        reached = sum(number for spot, number in plot.buildings if len(near.query(flat.point(spot), predicate="intersects")))
        return Covered(plot.id, metres, walked, homes, reached, by_building=True)
    if plot.households is None or outline is None or not outline.area:
        return Covered(plot.id, metres, walked, plot.households, None, by_building=False)
    parts = near.geometries[near.query(outline, predicate="intersects")]
    share = float(shapely.area(shapely.intersection(outline, parts)).sum()) / outline.area
    return Covered(plot.id, metres, walked, plot.households, round(plot.households * share), by_building=False)
