"""Areas as one drawing with a shade for a share: no tiles, no script, and every area a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians
from uuid import UUID

import shapely

from linli.directory.territory.selectors import ground

SIZE = 1000  # units of the drawing's longer side
DETAIL = 1.5  # units to which outlines are simplified
STEPS = (40, 60, 80, 95, 100)  # a share below the first is the palest


@dataclass(frozen=True, slots=True)
class Drawn:
    """One area's outline as a path in a drawing of 1,000 by 1,000; ``step``: 0 (least) to 5 (all)."""

    area_id: UUID
    path: str
    step: int


def drawn(shares: Sequence[tuple[UUID, int]]) -> list[Drawn]:
    """Return the outlines of these areas, those that have one, fitted into the drawing together."""
    land = ground()
    outlines = [(key, share, outline) for key, share in shares if (outline := land.polygon(key)) is not None]
    if not outlines:
        return []
    west, south, east, north = shapely.total_bounds([outline for _, _, outline in outlines])
    narrow = cos(radians((south + north) / 2))
    scale = SIZE / max((east - west) * narrow, north - south, 1e-6)
    left, top = (SIZE - (east - west) * narrow * scale) / 2, (SIZE - (north - south) * scale) / 2
    found = []
    for key, share, outline in outlines:
        flat = shapely.transform(outline, lambda points: (points - [west, north]) * [narrow * scale, -scale] + [left, top])
        found.append(Drawn(key, _path(flat.simplify(DETAIL)), sum(share >= step for step in STEPS)))
    return found


def _path(shape: shapely.Geometry) -> str:
    parts = []
    for polygon in getattr(shape, "geoms", [shape]):
        for ring in (polygon.exterior, *polygon.interiors):
            parts.append("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in ring.coords[:-1]) + "Z")
    return "".join(parts)
