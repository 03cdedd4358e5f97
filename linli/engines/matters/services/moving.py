"""Matters stay with their area when it moves in the tree."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection


def follow_areas(*, old_paths: Collection[str]) -> int:
    """Give the matters under these paths, ended ones included, the path that their area has now; return how many. One statement.

    A path says who may see a matter; who answers for it was decided when it came and is not changed. Safe to repeat.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE matters_matter m SET area_path = a.path FROM territory_area a WHERE a.id = m.area_id AND m.area_path = ANY(%s) AND m.area_path <> a.path",
            [list(old_paths)],
        )
        return int(cursor.rowcount)
