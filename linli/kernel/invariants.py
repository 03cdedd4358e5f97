"""Invariants stated over the whole database: what breaks one, and the first of them. For the ``check`` commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

SHOWN = 20  # offending ids shown for each statement


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement that does not hold: how many break it, and the first of them."""

    statement: str
    count: int
    ids: tuple[UUID, ...]


def found(statement: str, ids: Sequence[UUID]) -> list[Finding]:
    """The finding of what was found by other means than a query; none where nothing was."""
    return [Finding(statement, len(ids), tuple(ids[:SHOWN]))] if ids else []


def broken(statements: Iterable[tuple[str, str]], *, at: datetime) -> list[Finding]:
    """Return the statements that do not hold.

    Args:
        statements: each with a query for the ids that break it; ``%(at)s`` in it is the time that is asked about.
    """
    findings = []
    with connection.cursor() as cursor:
        for statement, query in statements:
            cursor.execute(f"SELECT count(*), (array_agg(id ORDER BY id))[1:{SHOWN}] FROM ({query}) AS broken (id)", {"at": at})
            row = cursor.fetchone()
            if row and row[0]:
                findings.append(Finding(statement, row[0], tuple(row[1])))
    return findings
