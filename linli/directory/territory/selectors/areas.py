"""Areas as maps and checks want them."""

from __future__ import annotations

from typing import Any

import shapely

from linli.directory.territory.rules import Ground
from linli.directory.territory.selectors.ground import ground
from linli.kernel.geo.rules import Flaw, check_areas, metres_per_degree


def area_features(*, level: str, within: str = "", detail_metres: float = 2.0) -> dict[str, Any]:
    """Areas of a level as a GeoJSON FeatureCollection (WGS 84), those below the path ``within`` only.

    Each feature's properties: ``id``, ``code``, ``path``, ``names``, ``households``. Outlines are simplified to
    ``detail_metres`` on a shared mesh, so that neighbours stay joined; areas without an outline are points. Public.
    """
    known = ground()
    areas = [area for area in known.of_level(level) if area.path.startswith(within)]
    drawn = [area for area in areas if known.polygon(area.id) is not None]
    outlines = [known.polygon(area.id) for area in drawn]
    if outlines and detail_metres > 0:
        outlines = list(shapely.coverage_simplify(outlines, detail_metres / metres_per_degree(outlines[0].centroid.y)[1]))  # type: ignore[union-attr]
    shapes = {area.id: shapely.set_precision(outline, 1e-6) for area, outline in zip(drawn, outlines, strict=True)}
    features = []
    for area in areas:
        shape = shapes.get(area.id)
        if shape is None and area.centre is None:
            continue
        geometry = shapely.geometry.mapping(shape) if shape is not None else {"type": "Point", "coordinates": area.centre}
        properties = {"id": str(area.id), "code": area.code, "path": area.path, "names": dict(area.names), "households": area.households}
        features.append({"type": "Feature", "id": str(area.id), "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "features": features}


def territory_flaws(known: Ground | None = None) -> dict[str, tuple[Flaw, ...]]:
    """Crossed outlines, overlaps and gaps of each level, top down; areas are named by code."""
    known = known or ground()
    found = {}
    for level in known.levels:
        outlines = {area.code: outline for area in known.of_level(level) if (outline := known.polygon(area.id)) is not None}
        found[level] = tuple(check_areas(outlines))
    return found
