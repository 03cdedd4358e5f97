"""What lies in an area stays with it when it moves in the tree."""

from __future__ import annotations

from collections.abc import Collection

from django.apps import apps
from django.db import connection, models

from linli.directory.territory.models import Area


def placed_models() -> list[type[models.Model]]:
    """Every table whose rows name their area and keep its path beside it; a new room's are among them by having both."""
    return [model for model in apps.get_models() if _names(model).get("area") is Area and "area_path" in _names(model)]


def follow_areas(*, old_paths: Collection[str]) -> int:
    """Give whatever lies under these paths, ended things included, the path that their area has now; return how many rows.

    One statement a table, safe to repeat. A path says who may see a row; who answers for it was decided when it came and is not changed.
    """
    moved = 0
    with connection.cursor() as cursor:
        for model in placed_models():
            cursor.execute(
                f'UPDATE "{model._meta.db_table}" AS r SET area_path = a.path FROM "{Area._meta.db_table}" AS a'
                " WHERE a.id = r.area_id AND r.area_path = ANY(%s) AND r.area_path <> a.path",
                [list(old_paths)],
            )
            moved += cursor.rowcount
    return moved


def _names(model: type[models.Model]) -> dict[str, object]:
    return {field.name: field.related_model for field in model._meta.concrete_fields}
