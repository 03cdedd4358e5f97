"""Batch writes: many rows of one table in one prepared statement.

``INSERT … SELECT FROM unnest(…)`` keeps the statement's text the same whatever the number of rows, so that the
server plans it once; ``bulk_create`` writes one place per value and plans every length anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models


@lru_cache(maxsize=256)
def _insert_statement(model: type[models.Model], columns: tuple[str, ...]) -> tuple[str, tuple[int, ...]]:
    meta = model._meta
    names, arrays, json_places = [], [], []
    for place, name in enumerate(columns):  # names of concrete fields only
        field: Any = meta.get_field(name)
        kind = field.db_type(connection)
        names.append(f'"{field.column}"')
        if kind == "jsonb":
            json_places.append(place)
        arrays.append(f"%s::{str(kind).split('(')[0]}[]")
    return f'INSERT INTO "{meta.db_table}" ({", ".join(names)}) SELECT * FROM unnest({", ".join(arrays)})', tuple(json_places)


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert ``rows`` (each a value per name in ``columns``) in one round trip; return how many.

    Values of JSON fields are plain Python values. A violated constraint raises Django's ``IntegrityError``, and no
    row of the batch is written. ``ArrayField`` columns are not supported.
    """
    columns = tuple(columns)
    values = list(zip(*rows, strict=True))
    if not values:
        return 0
    statement, json_places = _insert_statement(model, columns)
    arrays = [list(column) for column in values]
    for place in json_places:
        arrays[place] = [None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in arrays[place]]
    with connection.cursor() as cursor:
        cursor.execute(statement, arrays)
    return len(arrays[0])
