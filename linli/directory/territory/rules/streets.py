"""Streets: lines with a name, cut by the lowest areas, so that each metre lies in one of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from linli.directory.territory.rules.ground import AreaNode, Ground
from linli.kernel.geo.rules import metres_between

LEAST_METRES = 0.5  # what two drawings of one border leave of a line is no piece of a street


@dataclass(frozen=True, slots=True)
class Street:
    """A street as given: its names, and its line in parts (WGS 84, degrees)."""

    names: Mapping[str, str]
    parts: tuple[BaseGeometry, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a street that lies in one area."""

    area_id: UUID
    names: Mapping[str, str]
    line: BaseGeometry
    metres: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces of streets, and the metres of them that lie in no area."""

    pieces: tuple[Piece, ...]
    outside: float


def line_metres(lines: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Geodesic length of each line, in metres."""
    spots, owner = shapely.get_coordinates(lines, return_index=True)
    if len(spots) < 2:
        return np.zeros(len(lines))
    steps = np.asarray(metres_between(spots[:-1, 0].copy(), spots[:-1, 1].copy(), spots[1:, 0].copy(), spots[1:, 1].copy()))
    same = owner[:-1] == owner[1:]
    return np.bincount(owner[:-1][same], weights=steps[same], minlength=len(lines)).astype(np.float64)


def cut(streets: Iterable[Street], ground: Ground) -> Cut:
    """Cut every street by the lowest areas. On a shared border, and in an overlap, the area whose code sorts first has it."""
    areas = _lowest(ground)
    tree = shapely.STRtree([ground.polygon(area.id) for area in areas])
    names: list[Mapping[str, str]] = []
    parts: list[BaseGeometry] = []
    for street in streets:
        names += [street.names] * len(street.parts)
        parts += street.parts
    hits: dict[int, list[int]] = {}
    for part, place in zip(*tree.query(parts, predicate="intersects").tolist(), strict=True):
        hits.setdefault(part, []).append(place)
    found: list[tuple[int, UUID, BaseGeometry]] = []
    left: list[BaseGeometry] = []
    for number, line in enumerate(parts):
        rest = line
        for place in sorted(hits.get(number, ())):
            polygon = tree.geometries[place]
            found += [(number, areas[place].id, piece) for piece in _lines(shapely.intersection(rest, polygon))]
            rest = shapely.difference(rest, polygon)
        left += _lines(rest)
    lengths = line_metres([line for _, _, line in found])
    pieces = [
        Piece(area, names[number], line, round(float(metres), 3))
        for (number, area, line), metres in zip(found, lengths, strict=True)
        if metres >= LEAST_METRES
    ]  # fmt: skip
    return Cut(tuple(pieces), float(line_metres(left).sum()))


def _lowest(ground: Ground) -> list[AreaNode]:
    areas = [area for area in ground if not ground.children(area.id) and ground.polygon(area.id) is not None]
    return sorted(areas, key=lambda area: (-ground.depth(area.id), area.code))


def _lines(shape: BaseGeometry) -> list[BaseGeometry]:
    """The lines of what a cut leaves, joined where they go on; points where a line only touches are none."""
    lines = [part for part in shapely.get_parts(shape) if part.geom_type == "LineString" and not part.is_empty]
    return lines if len(lines) < 2 else list(shapely.get_parts(shapely.line_merge(shapely.MultiLineString(lines))))
