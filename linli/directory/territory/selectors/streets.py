"""The streets of the ground, piece by piece."""

from __future__ import annotations

import shapely

from linli.directory.territory.models import StreetPiece
from linli.directory.territory.rules.streets import Piece


def street_pieces(*, area_path: str) -> list[Piece]:
    """The pieces of streets in an area and below, in the order of their import; one query."""
    rows = list(StreetPiece.objects.filter(area__path__startswith=area_path).order_by("id").values_list("area_id", "names", "line", "metres"))
    lines = shapely.from_wkb([bytes(row[2]) for row in rows]) if rows else []
    return [Piece(area, names, line, metres) for (area, names, _, metres), line in zip(rows, lines, strict=True)]
