"""How much of the streets was walked along. Pure.

A piece of a street is divided into straight bits of at most 20 m. A bit was walked when its middle lies within 20 m of a walked leg and it runs
within 30° of the leg's direction: a street that a leg crosses was not walked. A leg is the straight way between two checkpoints that were
met in one slot; nothing else says where anybody was, and nothing else is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from linli.engines.duties.patrols.rules.coverage import Covered, Leg, Point
from linli.kernel.geo.rules import metres_per_degree

BIT_METRES, BESIDE_METRES, TURN_DEGREES = 20.0, 20.0, 30.0
_SAME_SPOT = 0.01  # metres; what is shorter has no direction


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one piece, all of it walked or none, as points in degrees."""

    walked: bool
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Unwalked:
    """A street of which nothing was walked: its names and its metres."""

    names: Mapping[str, str]
    metres: float


@dataclass(frozen=True, slots=True)
class Walked:
    """The bits of pieces, in the order of the pieces: which piece and which straight stretch each is of, its ends (degrees), its share, its state."""

    pieces: int
    piece: NDArray[np.int64]
    stretch: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    share: NDArray[np.float64]
    walked: NDArray[np.bool_]

    def shares(self) -> NDArray[np.float64]:
        """Of each piece, the share of its length that was walked."""
        return np.bincount(self.piece, weights=self.share * self.walked, minlength=self.pieces).clip(0.0, 1.0)

    def runs(self) -> Iterator[Run]:
        """The bits joined again where neighbours of one piece share their state."""
        if not len(self.piece):
            return
        new = np.flatnonzero((np.diff(self.piece) != 0) | (np.diff(self.walked.astype(np.int8)) != 0)) + 1
        bends = np.append(True, np.diff(self.stretch) != 0)
        for first, last in zip([0, *new], [*new, len(self.piece)], strict=True):
            kept = [first, *(first + 1 + np.flatnonzero(bends[first + 1 : last]))]
            corners = np.vstack([self.start[kept], self.end[last - 1 : last]])
            yield Run(bool(self.walked[first]), tuple(map(tuple, corners.tolist())))


def walked_along(lines: Sequence[BaseGeometry], legs: Sequence[Leg]) -> Walked:
    """Divide lines (degrees) into bits and say which of them lie along a walked leg."""
    corners, owner = shapely.get_coordinates(lines, return_index=True)
    here = np.flatnonzero(owner[:-1] == owner[1:])
    scale = np.array(metres_per_degree(float(corners[:, 1].mean()))) if len(corners) else np.ones(2)
    begin, way = corners[here], (corners[here + 1] - corners[here])
    length = np.hypot(*(way * scale).T)
    count = np.maximum(1, np.ceil(length / BIT_METRES)).astype(np.int64)
    stretch = np.repeat(np.arange(len(here)), count)
    step = np.arange(len(stretch)) - np.repeat(np.cumsum(count) - count, count)
    start = begin[stretch] + way[stretch] * (step / count[stretch])[:, None]
    end = begin[stretch] + way[stretch] * ((step + 1) / count[stretch])[:, None]
    piece = owner[here][stretch].astype(np.int64)
    metres = length[stretch] / count[stretch]
    whole = np.bincount(piece, weights=metres, minlength=len(lines))[piece]
    share = np.divide(metres, whole, out=np.zeros_like(metres), where=whole > 0)
    return Walked(len(lines), piece, stretch, start, end, share, _along((start + end) / 2 * scale, (way * scale)[stretch], legs, scale))


def by_streets(found: Sequence[Covered], pieces: Iterable[tuple[UUID, float, float]]) -> list[Covered]:
    """The areas with the metres of their streets, given as (area, metres, walked share) a piece; an area without streets stays as it is."""
    sums: dict[UUID, tuple[float, float]] = {}
    for area, metres, share in pieces:
        whole, walked = sums.get(area, (0.0, 0.0))
        sums[area] = (whole + metres, walked + metres * share)
    return [replace(one, metres=sums[one.id][0], walked=sums[one.id][1], by_street=True) if one.id in sums else one for one in found]


def unwalked(pieces: Iterable[tuple[Mapping[str, str], float, float]]) -> tuple[Unwalked, ...]:
    """The streets, by their names, of which no piece was walked at all, longest first; pieces are (names, metres, walked share)."""
    sums: dict[tuple[tuple[str, str], ...], tuple[float, bool]] = {}
    for names, metres, share in pieces:
        key = tuple(sorted(names.items()))
        whole, walked = sums.get(key, (0.0, False))
        sums[key] = (whole + metres, walked or share > 0)
    found = [Unwalked(dict(key), whole) for key, (whole, walked) in sums.items() if not walked]
    return tuple(sorted(found, key=lambda one: (-one.metres, sorted(one.names.items()))))


def _along(
    middles: NDArray[np.float64], ways: NDArray[np.float64], legs: Sequence[Leg], scale: NDArray[np.float64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Which bits, by middle and direction (metres in the plane), lie along a walked leg."""
    walked = np.zeros(len(middles), dtype=bool)
    ends = np.array([(leg.start, leg.end) for leg in legs if leg.walked], dtype=float).reshape(-1, 2, 2) * scale
    turns = ends[:, 1] - ends[:, 0]
    far = np.hypot(*turns.T)
    ends, turns, far = ends[far > _SAME_SPOT], turns[far > _SAME_SPOT], far[far > _SAME_SPOT]
    if not len(ends) or not len(middles):
        return walked
    tree = shapely.STRtree(shapely.points(middles))
    leg, bit = tree.query(shapely.linestrings(ends), predicate="dwithin", distance=BESIDE_METRES)
    along = np.abs((ways[bit] * turns[leg]).sum(axis=1)) >= np.cos(np.radians(TURN_DEGREES)) * np.hypot(*ways[bit].T) * far[leg]
    walked[bit[along]] = True
    return walked
