"""What is wrong with a set of areas that should tile the ground: crossed outlines, overlaps, gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from linli.kernel.geo.rules.coordinates import area_square_metres


class FlawKind(StrEnum):
    SELF_INTERSECTION = "self_intersection"
    OVERLAP = "overlap"
    GAP = "gap"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One finding: the areas by name, how much ground in m² (0 where that means nothing), and a point to look at."""

    kind: FlawKind
    areas: tuple[str, ...]
    square_metres: float
    lon: float
    lat: float
    reason: str = ""


def _spot(geometry: BaseGeometry) -> tuple[float, float]:
    if geometry.is_empty:
        return 0.0, 0.0
    point = geometry.representative_point()
    return round(point.x, 6), round(point.y, 6)


def check_areas(areas: Mapping[str, BaseGeometry], *, least_square_metres: float = 1.0) -> list[Flaw]:
    """Report crossed or empty outlines, pairs that overlap, and holes that no area covers.

    Args:
        areas: name → polygon in degrees; meant to tile the ground without overlap (one level of a territory).
        least_square_metres: overlaps and gaps below this are rounding of the drawing and are left out.

    Areas with a crossed outline are reported and kept out of the other two checks.
    """
    flaws: list[Flaw] = []
    sound: dict[str, BaseGeometry] = {}
    for name, polygon in areas.items():
        if polygon.is_empty or polygon.geom_type not in ("Polygon", "MultiPolygon"):
            flaws.append(Flaw(FlawKind.EMPTY, (name,), 0.0, *_spot(polygon), reason=polygon.geom_type))
        elif not polygon.is_valid:
            flaws.append(Flaw(FlawKind.SELF_INTERSECTION, (name,), 0.0, *_spot(shapely.make_valid(polygon)), reason=shapely.is_valid_reason(polygon)))
        else:
            sound[name] = polygon
    if sound:
        names, polygons = list(sound), np.array(list(sound.values()), dtype=object)
        tree = shapely.STRtree(polygons)
        flaws += _overlaps(names, polygons, tree, least_square_metres)
        flaws += _gaps(names, polygons, tree, least_square_metres)
    return flaws


def _overlaps(names: list[str], polygons: Any, tree: shapely.STRtree, least: float) -> list[Flaw]:
    left, right = tree.query(polygons, predicate="intersects")
    left, right = left[left < right], right[left < right]
    shared = shapely.intersection(polygons[left], polygons[right])
    found = []
    for one, other, common in zip(left, right, shared, strict=True):
        if common.area > 0 and (size := area_square_metres(_polygonal(common))) >= least:
            found.append(Flaw(FlawKind.OVERLAP, (names[one], names[other]), round(size, 1), *_spot(common)))
    return found


def _gaps(names: list[str], polygons: Any, tree: shapely.STRtree, least: float) -> list[Flaw]:
    found = []
    for part in shapely.get_parts(shapely.union_all(polygons)):
        for ring in part.interiors:
            hole = shapely.Polygon(ring)
            if (size := area_square_metres(hole)) >= least:
                around = tuple(names[number] for number in sorted(tree.query(hole, predicate="intersects")))
                found.append(Flaw(FlawKind.GAP, around, round(size, 1), *_spot(hole)))
    return found


def _polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """The polygons of a geometry, without the lines and points that repairs and intersections leave behind."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    return shapely.MultiPolygon([polygon for part in parts for polygon in shapely.get_parts(part)])


def repaired(polygon: BaseGeometry) -> BaseGeometry:
    """A valid polygon of the same ground (``make_valid``, lines and points dropped); may be empty."""
    return _polygonal(shapely.make_valid(polygon))
