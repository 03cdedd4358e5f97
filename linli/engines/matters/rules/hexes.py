"""Counts by square gathered to hexagons, for pictures of where matters come from. Pure; places and hours, never persons.

Hexagons are those of H3; squares those of ``intake.cell_of`` (about 200 m). A square belongs to the hexagon that holds its
middle, so every count leads back to exactly its records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import h3

from linli.engines.matters.rules.intake import CELL_DEGREES

COLUMNS = 20  # bits of a square's number that count eastwards
FINEST, COARSEST = 9, 4
ACROSS = {9: 0.06, 8: 0.45, 7: 1.2, 6: 3.0, 5: 8.0}  # degrees of a window that hexagons of a resolution fill well


def resolution_for(degrees: float) -> int:
    """Return the resolution whose hexagons fill a window of so many degrees with some dozens across."""
    return next((resolution for resolution, most in ACROSS.items() if degrees <= most), COARSEST)


def hex_of_square(cell: int, resolution: int) -> str:
    """Return the hexagon that holds the middle of a square."""
    lat = ((cell >> COLUMNS) + 0.5) * CELL_DEGREES - 90
    lon = ((cell & ((1 << COLUMNS) - 1)) + 0.5) * CELL_DEGREES - 180
    return h3.latlng_to_cell(lat, lon, resolution)


def gathered(counts: Iterable[tuple[int, int, int]], resolution: int) -> dict[str, tuple[int, int]]:
    """Sum rows of (square, all, open) by hexagon."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for cell, count, still_open in counts:
        sums = found[hex_of_square(cell, resolution)]
        sums[0] += count
        sums[1] += still_open
    return {name: (count, still_open) for name, (count, still_open) in found.items()}


def outline(name: str) -> list[list[float]]:
    """Return a hexagon as a closed ring of longitude and latitude."""
    ring = [[round(lon, 6), round(lat, 6)] for lat, lon in h3.cell_to_boundary(name)]
    return [*ring, ring[0]]


def is_hex(name: str) -> bool:
    return h3.is_valid_cell(name) and COARSEST <= h3.get_resolution(name) <= FINEST


def squares_in(name: str) -> list[int]:
    """Return the squares whose middle lies in a hexagon."""
    ring = h3.cell_to_boundary(name)
    lats, lons = [lat for lat, _ in ring], [lon for _, lon in ring]
    rows = range(int((min(lats) + 90) / CELL_DEGREES), int((max(lats) + 90) / CELL_DEGREES) + 1)
    columns = range(int((min(lons) + 180) / CELL_DEGREES), int((max(lons) + 180) / CELL_DEGREES) + 1)
    resolution = h3.get_resolution(name)
    squares = ((row << COLUMNS) | column for row in rows for column in columns)
    return [cell for cell in squares if hex_of_square(cell, resolution) == name]
