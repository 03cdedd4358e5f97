"""Point → polygon in memory.

The ground is cut into small square cells once. A cell that lies wholly in one polygon, with no other polygon within the
border width, answers by one array look-up; a cell near a line holds the few polygons that can matter there, and these are
asked exactly. So the common case costs about a microsecond, and no answer is approximate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from linli.kernel.geo.rules.coordinates import metres_between, metres_per_degree, valid_point

BORDER_METRES = 5.0
_TOP = 64  # cells on a side of the first, coarse squares
_NOTHING = -1  # value of a cell with no polygon near; values below it name a list of candidates


class Placing(StrEnum):
    """How a point relates to the area that was found for it."""

    INSIDE = "inside"
    BORDER = "border"  # within the border width of another area
    OUTSIDE = "outside"  # in no area; the nearest was taken
    UNPLACED = "unplaced"  # no point was given


PLACINGS = tuple(Placing)  # the order of the codes in Hits.placing
_INSIDE, _BORDER, _OUTSIDE, _UNPLACED = range(4)


@dataclass(frozen=True, slots=True)
class Hit:
    """One point found: the polygon's number, how, and the metres to it (0 inside)."""

    index: int
    placing: Placing
    metres: float


@dataclass(frozen=True, slots=True)
class Hits:
    """Many points found, as arrays of equal length. ``index`` is -1 where the point was no point (NaN, out of range)."""

    index: NDArray[np.int32]
    placing: NDArray[np.uint8]  # places in PLACINGS
    metres: NDArray[np.float64]


class PolygonIndex:
    """Finds the polygon of a point.

    Args:
        polygons: valid polygons or multipolygons in degrees. Where polygons overlap, and on a shared line, the first in this
            order owns the point.
        border_metres: a point with another polygon this near (or, in no polygon, with its nearest this near) is ``border``.
        max_cells: bound of the cell table; a cell takes four bytes.

    Distances to decide on "near" are measured in a plane tangent at the middle of the polygons (0.1 % off ten kilometres
    from it); those given in ``metres`` are geodesic.
    """

    def __init__(self, polygons: Sequence[BaseGeometry], *, border_metres: float = BORDER_METRES, max_cells: int = 1_000_000) -> None:
        if not len(polygons):
            raise ValueError("an index needs at least one polygon")
        self._polygons: NDArray[Any] = np.array(polygons, dtype=object)
        shapely.prepare(self._polygons)
        west, south, east, north = shapely.total_bounds(self._polygons)
        self._middle = ((west + east) / 2, (south + north) / 2)
        self._scale = np.array(metres_per_degree(self._middle[1]))
        self._border = border_metres
        self._flat = shapely.transform(self._polygons, self._to_plane)
        shapely.prepare(self._flat)
        self._tree = shapely.STRtree(self._flat)
        self._inside = [Hit(number, Placing.INSIDE, 0.0) for number in range(len(self._polygons))]
        self._on_border = [Hit(number, Placing.BORDER, 0.0) for number in range(len(self._polygons))]
        self._build_cells(max_cells)

    def __len__(self) -> int:
        return len(self._polygons)

    def _to_plane(self, points: Any) -> Any:
        return (points - self._middle) * self._scale

    # -- building --

    def _build_cells(self, max_cells: int) -> None:
        margin = 2 * self._border + 1.0
        west, south, east, north = shapely.total_bounds(self._flat)
        west, south, east, north = west - margin, south - margin, east + margin, north + margin
        self._cell = max(((east - west) * (north - south) / max_cells) ** 0.5, 2 * self._border, 1.0)
        self._columns = max(_TOP, int(np.ceil((east - west) / self._cell / _TOP)) * _TOP)
        self._rows = max(_TOP, int(np.ceil((north - south) / self._cell / _TOP)) * _TOP)
        self._corner = (float(west), float(south))
        cells = np.full((self._rows, self._columns), _NOTHING, dtype=np.int32)
        lists: dict[tuple[int, ...], int] = {}
        column, row = (grid.ravel() for grid in np.meshgrid(np.arange(0, self._columns, _TOP), np.arange(0, self._rows, _TOP)))
        size = _TOP
        while len(column):
            column, row = self._settle(cells, lists, column, row, size)
            size //= 2
        self._table = cells.ravel()
        self._view = self._table.data  # one value costs a third of what the array's own indexing does
        self._lists = [(numbers, self._polygons[list(numbers)], self._flat[list(numbers)]) for numbers in lists]
        lengths = np.array([len(numbers) for numbers in lists], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        self._flat_lists = np.array([number for numbers in lists for number in numbers], dtype=np.int32)
        # From degrees straight to cells, in two multiplications.
        self._per_lon, self._per_lat = (float(value) for value in self._scale / self._cell)
        self._west = float(self._middle[0] + self._corner[0] / self._scale[0])
        self._south = float(self._middle[1] + self._corner[1] / self._scale[1])

    def _settle(
        self, cells: NDArray[np.int32], lists: dict[tuple[int, ...], int], column: NDArray[np.int64], row: NDArray[np.int64], size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Settle the squares that have one answer; return the others cut into four (or write them down as lists)."""
        left, bottom = self._corner[0] + column * self._cell, self._corner[1] + row * self._cell
        side, near = size * self._cell, self._border + 0.01
        around = shapely.box(left - near, bottom - near, left + side + near, bottom + side + near)
        square, polygon = self._tree.query(around)
        touching = shapely.intersects(self._flat[polygon], around[square])
        square, polygon = square[touching], polygon[touching]
        count = np.bincount(square, minlength=len(column))
        alone = count[square] == 1
        candidates, owners = square[alone], polygon[alone]
        left, bottom = left[candidates], bottom[candidates]
        whole = shapely.covers(self._flat[owners], shapely.box(left - 0.01, bottom - 0.01, left + side + 0.01, bottom + side + 0.01))
        self._fill(cells, column[candidates[whole]], row[candidates[whole]], size, owners[whole])
        open_ = count > 0
        open_[candidates[whole]] = False
        if size > 1:
            half = size // 2
            column, row = column[open_], row[open_]
            return (
                np.concatenate([column, column + half, column, column + half]),
                np.concatenate([row, row, row + half, row + half]),
            )
        keep = open_[square]
        square, polygon = square[keep], polygon[keep]
        order = np.lexsort((polygon, square))
        square, polygon = square[order], polygon[order]
        places, starts = np.unique(square, return_index=True)
        for place, numbers in zip(places, np.split(polygon, starts[1:]), strict=False):
            key = tuple(numbers.tolist())
            cells[row[place], column[place]] = _NOTHING - 1 - lists.setdefault(key, len(lists))
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)

    @staticmethod
    def _fill(cells: NDArray[np.int32], column: NDArray[np.int64], row: NDArray[np.int64], size: int, owners: NDArray[np.int64]) -> None:
        if size > 4:
            for c, r, owner in zip(column.tolist(), row.tolist(), owners.tolist(), strict=True):
                cells[r : r + size, c : c + size] = owner
            return
        for up in range(size):
            for across in range(size):
                cells[row + up, column + across] = owners

    # -- asking --

    def locate(self, lon: float, lat: float) -> Hit:
        """Find the polygon of one point: about a microsecond away from lines, tens of them near one or outside.

        Raises:
            BadPoint: not a place on Earth.
        """
        x, y = (lon - self._west) * self._per_lon, (lat - self._south) * self._per_lat
        if 0.0 <= x < self._columns and 0.0 <= y < self._rows:
            value = self._view[int(y) * self._columns + int(x)]
            if value >= 0:
                return self._inside[value]
            if value < _NOTHING:
                return self._ask(lon, lat, self._lists[_NOTHING - 1 - value])
        valid_point(lon, lat)
        return self._nearest(lon, lat)

    def _ask(self, lon: float, lat: float, candidates: tuple[tuple[int, ...], NDArray[Any], NDArray[Any]]) -> Hit:
        numbers, polygons, flat = candidates
        covers = shapely.intersects_xy(polygons, lon, lat)  # all candidates in one call: the call is what costs
        place = int(covers.argmax())
        if not covers[place]:
            return self._nearest(lon, lat)
        owner = numbers[place]
        if len(numbers) > 1:
            point = shapely.Point((lon - self._middle[0]) * self._scale[0], (lat - self._middle[1]) * self._scale[1])
            if np.count_nonzero(shapely.dwithin(flat, point, self._border)) > 1:  # the owner is one of them
                return self._on_border[owner]
        return self._inside[owner]

    def _nearest(self, lon: float, lat: float) -> Hit:
        index, metres = self._nearest_many(np.array([[lon, lat]]))
        distance = float(metres[0])
        return Hit(int(index[0]), Placing.BORDER if distance <= self._border else Placing.OUTSIDE, distance)

    def _nearest_many(self, points: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        flat = shapely.points(self._to_plane(points))
        point, polygon = self._tree.query_nearest(flat, all_matches=True)
        order = np.lexsort((polygon, point))  # the first polygon of those equally near
        point, first = np.unique(point[order], return_index=True)
        index = polygon[order][first].astype(np.int32)
        foot = shapely.get_coordinates(shapely.get_point(shapely.shortest_line(self._flat[index], flat[point]), 0)) / self._scale + self._middle
        return index, np.asarray(metres_between(foot[:, 0], foot[:, 1], points[:, 0], points[:, 1]))

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> Hits:
        """Find many points at once; the same answers as :meth:`locate`. What is no point gets index -1, ``unplaced``."""
        lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        if lon.shape != lat.shape or lon.ndim != 1:
            raise ValueError("longitudes and latitudes are two lists of equal length")
        known = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
        with np.errstate(invalid="ignore"):
            x, y = (lon - self._west) * self._per_lon, (lat - self._south) * self._per_lat
            within = known & (x >= 0) & (x < self._columns) & (y >= 0) & (y < self._rows)
        value = np.full(len(lon), _NOTHING, dtype=np.int32)
        value[within] = self._table[y[within].astype(np.int64) * self._columns + x[within].astype(np.int64)]
        index = np.where(value >= 0, value, np.int32(-1)).astype(np.int32)
        placing = np.where(value >= 0, np.uint8(_INSIDE), np.uint8(_UNPLACED)).astype(np.uint8)
        metres = np.zeros(len(lon))
        near = np.flatnonzero(value < _NOTHING)
        if len(near):
            self._ask_many(lon, lat, near, value[near], index, placing)
        lost = np.flatnonzero(known & (index < 0))
        if len(lost):
            index[lost], metres[lost] = self._nearest_many(np.column_stack([lon[lost], lat[lost]]))
            placing[lost] = np.where(metres[lost] <= self._border, _BORDER, _OUTSIDE)
        return Hits(index, placing, metres)

    def _ask_many(
        self,
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        near: NDArray[np.int64],
        values: NDArray[np.int32],
        index: NDArray[np.int32],
        placing: NDArray[np.uint8],
    ) -> None:
        """Ask every candidate of every point near a line, as one list of pairs; writes into ``index`` and ``placing``."""
        lists = _NOTHING - 1 - values.astype(np.int64)
        lengths = self._starts[lists + 1] - self._starts[lists]
        which = np.repeat(np.arange(len(near)), lengths)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        polygon = self._flat_lists[np.repeat(self._starts[lists], lengths) + offset]
        point = near[which]
        covers = shapely.intersects_xy(self._polygons[polygon], lon[point], lat[point])
        owned, first = np.unique(which[covers], return_index=True)  # candidates are in order: the first owns
        owner = np.full(len(near), -1, dtype=np.int32)
        owner[owned] = polygon[covers][first]
        others = (owner[which] >= 0) & (polygon != owner[which])
        flat = shapely.points(self._to_plane(np.column_stack([lon[near], lat[near]])))
        close = shapely.dwithin(self._flat[polygon[others]], flat[which[others]], self._border)
        border = np.zeros(len(near), dtype=bool)
        border[which[others][close]] = True
        index[near] = owner
        placing[near] = np.where(owner < 0, _UNPLACED, np.where(border, _BORDER, _INSIDE))
