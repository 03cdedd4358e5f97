"""Batch writes: many rows of one table in one prepared statement.

``INSERT … SELECT FROM unnest(…)`` keeps the statement's text the same whatever the number of rows, so that the
server plans it once; ``bulk_create`` writes one place per value and plans every length anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection, models


def _column(model: type[models.Model], name: str) -> tuple[str, str]:
    """Return the column's name and its database type without its size."""
    field: Any = model._meta.get_field(name)
    return field.column, str(field.db_type(connection)).split("(")[0]


def _json_places(kinds: Sequence[str]) -> tuple[int, ...]:
    return tuple(place for place, kind in enumerate(kinds) if kind == "jsonb")


@lru_cache(maxsize=256)
def _insert_statement(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, tuple[Any, ...], tuple[int, ...]]:
    """Return the statement, the constants of the columns that are not named, and the places of JSON columns."""
    columns = [_column(model, name) for name in names]
    constants: list[Any] = []
    filled: list[tuple[str, str]] = []
    for field in model._meta.concrete_fields:
        if field.name not in names and field.has_default() and not field.auto_created and not field.primary_key:
            filled.append(_column(model, field.name))
            value = field.get_default()
            constants.append(orjson.dumps(value).decode() if filled[-1][1] == "jsonb" else value)
    targets = ", ".join(f'"{column}"' for column, _ in [*columns, *filled])
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    tail = "".join(f", %s::{kind}" for _, kind in filled)
    statement = f'INSERT INTO "{model._meta.db_table}" ({targets}) SELECT given.*{tail} FROM unnest({arrays}) AS given'
    return statement, tuple(constants), _json_places([kind for _, kind in columns])


@lru_cache(maxsize=256)
def _update_statement(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, tuple[int, ...]]:
    columns = [_column(model, name) for name in names]
    key, *changed = columns
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    listed = ", ".join(f'"{column}"' for column, _ in columns)
    sets = ", ".join(f'"{column}" = given."{column}"' for column, _ in changed)
    table = f'"{model._meta.db_table}"'
    return f'UPDATE {table} SET {sets} FROM unnest({arrays}) AS given ({listed}) WHERE {table}."{key[0]}" = given."{key[0]}"', _json_places(
        [kind for _, kind in columns]
    )


def _arrays(rows: Iterable[Sequence[Any]], json_places: tuple[int, ...]) -> list[list[Any]]:
    arrays = [list(column) for column in zip(*rows, strict=True)]
    if arrays:
        for place in json_places:
            arrays[place] = [None if value is None else orjson.dumps(value, default=str).decode() for value in arrays[place]]
    return arrays


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert ``rows`` (each a value per name in ``columns``) in one round trip; return how many.

    Columns that are not named get their model's default. Values of JSON fields are plain Python values. A violated
    constraint raises Django's ``IntegrityError``, and no row of the batch is written. Array columns are not supported.
    """
    statement, constants, json_places = _insert_statement(model, tuple(columns))
    arrays = _arrays(rows, json_places)
    if not arrays:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(statement, [*constants, *arrays])
    return len(arrays[0])


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Set the later ``columns`` of the rows named by the first one, in one round trip; return how many were found."""
    statement, json_places = _update_statement(model, tuple(columns))
    arrays = _arrays(rows, json_places)
    if not arrays:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(statement, arrays)
        return int(cursor.rowcount)
