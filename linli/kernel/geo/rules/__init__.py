"""Geography, pure: coordinates, the polygon index, geometry checks. Points are (longitude, latitude) in degrees."""

from linli.kernel.geo.rules.checks import Flaw, FlawKind, check_areas, repaired
from linli.kernel.geo.rules.coordinates import (
    BadPoint,
    UnknownDatum,
    area_square_metres,
    coarse_point,
    from_bd09,
    from_gcj02,
    in_china,
    metres_between,
    metres_per_degree,
    to_bd09,
    to_gcj02,
    valid_point,
)
from linli.kernel.geo.rules.index import Hit, Hits, Placing, PolygonIndex

__all__ = [
    "BadPoint",
    "Flaw",
    "FlawKind",
    "Hit",
    "Hits",
    "Placing",
    "PolygonIndex",
    "UnknownDatum",
    "area_square_metres",
    "check_areas",
    "coarse_point",
    "from_bd09",
    "from_gcj02",
    "in_china",
    "metres_between",
    "metres_per_degree",
    "repaired",
    "to_bd09",
    "to_gcj02",
    "valid_point",
]
