"""A drawing of what was covered: outlines, streets, legs and checkpoints as plain SVG, from the same values as the table beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import shapely

from linli.directory.territory.rules import Ground
from linli.engines.duties.patrols.rules.coverage import Leg, Point
from linli.engines.duties.patrols.rules.streets import Run
from linli.engines.duties.patrols.selectors.covered import Coverage
from linli.kernel.geo.rules import metres_per_degree

WIDTH, LEAST_HEIGHT, MOST_HEIGHT, EDGE = 800, 300, 700, 24


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths and points in the picture's own units; ``outlines``: path and share of households reached, in steps of 0 to 4."""

    width: int
    height: int
    outlines: tuple[tuple[str, int], ...]
    streets_walked: str
    streets_left: str
    walked: str
    left: str
    met: tuple[tuple[int, int], ...]
    unmet: tuple[tuple[int, int], ...]


def drawn(found: Coverage, land: Ground) -> Drawing | None:
    """The drawing around the routes, or where there are none around the streets; None where there is nothing to draw."""
    spots = list(found.spots) or [spot for run in found.streets for spot in run.points]
    if not spots:
        return None
    frame = _Frame(spots)
    met = set(found.met)
    outlines = []
    for area, one in found.areas:
        outline = land.polygon(area.id)
        if outline is not None and outline.intersects(frame.window):
            share = (one.reached or 0) / one.households if one.households else 0.0
            outlines.append((frame.area(outline.intersection(frame.window)), min(4, int(share * 4 + 0.999)) if share else 0))
    return Drawing(
        WIDTH, frame.height, tuple(outlines), frame.streets(found.streets, walked=True), frame.streets(found.streets, walked=False),
        frame.legs(leg for leg in found.legs if leg.walked), frame.legs(leg for leg in found.legs if not leg.walked),
        tuple(frame.at(spot) for spot in found.spots if spot in met), tuple(frame.at(spot) for spot in found.spots if spot not in met),
    )  # fmt: skip


class _Frame:
    """The window around some points, and where a point of it lies in the picture."""

    def __init__(self, spots: list[Point]) -> None:
        west, south, east, north = shapely.MultiPoint(spots).bounds
        per_lon, per_lat = metres_per_degree((south + north) / 2)
        wide = max((east - west) * per_lon, 200.0)
        high = max((north - south) * per_lat, 100.0)
        self._scale = min((WIDTH - 2 * EDGE) / wide, (MOST_HEIGHT - 2 * EDGE) / high)
        self.height = int(min(max(high * self._scale + 2 * EDGE, LEAST_HEIGHT), MOST_HEIGHT))
        self._middle = ((west + east) / 2, (south + north) / 2)
        self._per = (per_lon * self._scale, per_lat * self._scale)
        half = (WIDTH / 2 / self._per[0], self.height / 2 / self._per[1])
        self.window = shapely.box(self._middle[0] - half[0], self._middle[1] - half[1], self._middle[0] + half[0], self._middle[1] + half[1])

    def at(self, spot: Point) -> tuple[int, int]:
        return round((spot[0] - self._middle[0]) * self._per[0] + WIDTH / 2), round(self.height / 2 - (spot[1] - self._middle[1]) * self._per[1])

    def _way(self, spots: list[Point]) -> str:
        return "M" + "L".join(f"{x} {y}" for x, y in map(self.at, spots))

    def legs(self, legs: Iterable[Leg]) -> str:
        return "".join(self._way([leg.start, leg.end]) for leg in legs)

    def streets(self, runs: Iterable[Run], *, walked: bool) -> str:
        wanted = [run.points for run in runs if run.walked == walked]
        lines = (
            shapely.linestrings([spot for points in wanted for spot in points], indices=[number for number, points in enumerate(wanted) for _ in points])
            if wanted
            else []
        )
        seen = shapely.intersects(self.window, lines)
        return "".join(self._way(list(points)) for points, inside in zip(wanted, seen, strict=True) if inside)

    def area(self, outline: shapely.Geometry) -> str:
        rings = [part.exterior for part in shapely.get_parts(outline) if part.geom_type == "Polygon"]
        return "".join(self._way([(x, y) for x, y, *_ in ring.coords]) + "Z" for ring in rings)
