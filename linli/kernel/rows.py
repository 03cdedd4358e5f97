"""Batch writes: many rows of one table in one prepared statement.

The rows travel as one JSON text and the server unfolds them (``json_to_recordset``). The statement's text is the same
whatever the number of rows, so it is planned once; and one text is far cheaper to make in Python than an array per
column (seen: 6 µs a row of 13 columns, against 40) or one place per value, as ``bulk_create`` writes.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from django.db import connection, models
from django.utils.functional import Promise

CHUNK = 5_000  # rows a statement: bounds the memory of an import
TOGETHER = 200  # rows that surely fit into a socket's buffer


def plain(value: Any) -> Any:
    """What JSON cannot say by itself, in the form that PostgreSQL and Pydantic read back; for ``orjson``'s ``default``.

    Raises:
        TypeError: a value that has no plain form (a model instance, say): it would be stored as its Python name.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, Decimal | Promise):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, timedelta):
        return f"P{value.days}DT{value.seconds}.{value.microseconds:06}S"
    raise TypeError(f"{type(value).__name__} has no plain JSON form")


def json_text(value: Any) -> str:
    """The one JSON text of ``value``: compact, keys sorted, UTF-8; equal values give equal texts."""
    return orjson.dumps(value, default=plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def recordset(model: type[models.Model], names: Sequence[str]) -> tuple[str, str]:
    """Return SQL: the quoted columns of the fields ``names``, and the set of rows (``given``) that one JSON parameter unfolds to.

    The parameter's text comes from :func:`recordset_text`.
    """
    fields = [model._meta.get_field(name) for name in names]
    kinds = ", ".join(f'"{_key(place)}" {_kind(field)}' for place, field in enumerate(fields))
    return ", ".join(f'"{_column(field)}"' for field in fields), f"json_to_recordset(%s::json) AS given ({kinds})"


def recordset_text(rows: Iterable[Sequence[Any]], width: int) -> str:
    """The JSON parameter for :func:`recordset`: an object a row, with short keys.

    Raises:
        ValueError: a row that has not ``width`` values.
        TypeError: a value with no plain form.
    """
    keys = [_key(place) for place in range(width)]
    return orjson.dumps([dict(zip(keys, row, strict=True)) for row in rows], default=plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _key(place: int) -> str:
    return chr(97 + place) if place < 26 else f"a{place}"


def _column(field: Any) -> str:
    return str(field.column)


def _kind(field: Any) -> str:
    # Without its length: a cast to varchar(5) would cut what is too long, an assignment refuses it.
    return re.sub(r"[(][^)]*[)]", "", field.db_type(connection))


def _chunks(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


@lru_cache(maxsize=256)
def _insert_statement(model: type[models.Model], names: tuple[str, ...], once: tuple[str, ...] = ()) -> tuple[str, tuple[Any, ...]]:
    """Return the statement, and the constants of the columns that are not named."""
    columns, source = recordset(model, names)
    constants: list[Any] = []
    casts = ""
    for field in model._meta.concrete_fields:
        if field.name in names or field.primary_key or not field.has_default():
            continue
        if callable(field.default) and field.default not in (dict, list):
            raise ValueError(f"name the column {field.name}: its default is made anew for each row")
        value = field.get_default()
        constants.append(json_text(value) if _kind(field) == "jsonb" and value is not None else value)
        columns += f', "{_column(field)}"'
        casts += f", %s::{_kind(field)}"
    unless = f" ON CONFLICT ({', '.join(once)}) DO NOTHING" if once else ""
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT given.*{casts} FROM {source}{unless}', tuple(constants)


@lru_cache(maxsize=256)
def _update_statement(model: type[models.Model], names: tuple[str, ...]) -> str:
    _, source = recordset(model, names)
    key, *changed = [_column(model._meta.get_field(name)) for name in names]
    sets = ", ".join(f'"{column}" = given."{_key(place)}"' for place, column in enumerate(changed, start=1))
    table = f'"{model._meta.db_table}"'
    return f'UPDATE {table} SET {sets} FROM {source} WHERE {table}."{key}" = given."{_key(0)}"'


@contextlib.contextmanager
def together(rows: int) -> Iterator[None]:
    """Send the statements of the block, which carry ``rows`` rows, without waiting for each other's answers; an error is raised when the block ends.

    For statements whose results nobody reads. Inside a transaction. Many rows are sent one statement after the other: in pipeline mode
    psycopg 3.3 flushes once and then waits for an answer, which never comes where the rest of a long statement is still to be sent.
    """
    if rows > TOGETHER:
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, once: tuple[str, ...] = ()) -> int:
    """Insert ``rows`` (each a value per field name in ``columns``), one statement per 5,000 rows; return how many.

    Fields that are not named get their model's default. Values are plain Python values: UUID, aware datetime, date,
    timedelta, Decimal, bytes, enum members, and for JSON and array fields dicts and lists; a float that is not a
    number is stored as NULL. A violated constraint raises Django's ``IntegrityError``; run in a transaction, so that
    no row is left.

    Args:
        once: columns of a unique constraint; rows that are there already by these are left out (one that a neighbour is
            just writing is waited for). Give the rows in the order of these columns, or two writers may lock each other.

    Raises:
        TypeError: a value with no plain form.
        ValueError: a row whose length is not that of ``columns``, or an unnamed field whose default differs per row.
    """
    columns = tuple(columns)
    statement, constants = _insert_statement(model, columns, once)
    written = 0
    for chunk in _chunks(rows):
        with connection.cursor() as cursor:
            cursor.execute(statement, [*constants, recordset_text(chunk, len(columns))])
            written += cursor.rowcount if once else len(chunk)
    return written


def update_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Set the later ``columns`` of the rows named by the first one, one statement per 5,000 rows; return how many were found.

    Values and refusals are those of :func:`insert_rows`.
    """
    columns = tuple(columns)
    found = 0
    for chunk in _chunks(rows):
        with connection.cursor() as cursor:
            cursor.execute(_update_statement(model, columns), [recordset_text(chunk, len(columns))])
            found += cursor.rowcount
    return found
