"""Matters counted by square of the map, and squares gathered to groups for a window and a zoom. Pure.

Squares are those of ``intake.cell_of``, about 200 m: a public map never shows more than the square (DECIDED 9).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linli.engines.matters.rules.intake import CELL_DEGREES

COLUMNS = 20  # bits of a cell's number that count squares eastwards
TILE = 512  # pixels of the whole earth at zoom 0 (Web Mercator as MapLibre counts it)
APART = 56.0  # pixels between two groups, at least about
MOST = 400  # groups in one answer
Box = tuple[float, float, float, float]  # west, south, east, north in degrees


@dataclass(frozen=True, slots=True)
class Squares:
    """Counts by square: three arrays of one length."""

    cells: NDArray[np.int64]
    counts: NDArray[np.int64]
    overdue: NDArray[np.int64]

    @classmethod
    def of(cls, rows: list[tuple[int, int, int]]) -> Squares:
        """From rows of (cell, count, overdue)."""
        array = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return cls(array[:, 0], array[:, 1], array[:, 2])


@dataclass(frozen=True, slots=True)
class Group:
    """Some squares as one mark on the map: its middle, how many matters and how many of them overdue.

    ``cell`` is the square's number where the group is one square, else None; ``box`` holds all of its squares.
    """

    lon: float
    lat: float
    count: int
    overdue: int
    cell: int | None
    box: Box


def grouped(squares: Squares, *, box: Box, zoom: float, most: int = MOST) -> list[Group]:
    """Return the groups of the squares in a window, the largest first, so that marks stand about 56 pixels apart.

    Two, four, eight … squares a side become one group as the map moves out, and further where there would be more than
    ``most`` groups.
    """
    rows, columns = squares.cells >> COLUMNS, squares.cells & ((1 << COLUMNS) - 1)
    west, south, east, north = box
    inside = (
        (rows >= math.floor((south + 90) / CELL_DEGREES))
        & (rows <= math.floor((north + 90) / CELL_DEGREES))
        & (columns >= math.floor((west + 180) / CELL_DEGREES))
        & (columns <= math.floor((east + 180) / CELL_DEGREES))
    )
    rows, columns, counts, overdue, cells = rows[inside], columns[inside], squares.counts[inside], squares.overdue[inside], squares.cells[inside]
    if not len(rows):
        return []
    pixels = CELL_DEGREES * TILE * 2.0**zoom / 360
    step = max(0, math.ceil(math.log2(APART / pixels)))
    while True:
        keys, place = np.unique(((rows >> step) << COLUMNS) | (columns >> step), return_inverse=True)
        if len(keys) <= most:
            break
        step += 1
    total = np.bincount(place, counts, len(keys))
    late = np.bincount(place, overdue, len(keys))
    lat = np.bincount(place, counts * (rows + 0.5), len(keys)) / total * CELL_DEGREES - 90
    lon = np.bincount(place, counts * (columns + 0.5), len(keys)) / total * CELL_DEGREES - 180
    single = np.bincount(place, minlength=len(keys)) == 1
    one = np.zeros(len(keys), np.int64)
    one[place] = cells
    groups = []
    for number in np.argsort(-total, kind="stable"):
        members = np.flatnonzero(place == number) if not single[number] else [int(np.flatnonzero(place == number)[0])]
        groups.append(
            Group(
                lon=round(float(lon[number]), 5),
                lat=round(float(lat[number]), 5),
                count=int(total[number]),
                overdue=int(late[number]),
                cell=int(one[number]) if single[number] else None,
                box=_box(rows[members], columns[members]),
            )
        )
    return groups


def _box(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Box:
    return (
        round(float(columns.min()) * CELL_DEGREES - 180, 5),
        round(float(rows.min()) * CELL_DEGREES - 90, 5),
        round(float(columns.max() + 1) * CELL_DEGREES - 180, 5),
        round(float(rows.max() + 1) * CELL_DEGREES - 90, 5),
    )
