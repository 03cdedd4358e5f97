"""Writing the audit chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from linli.kernel.audit.models import AuditEntry, AuditLink
from linli.kernel.audit.rules import ENTRY_FIELDS, GENESIS, entry_hash, links_digest
from linli.kernel.rows import json_text, recordset, recordset_text, together
from linli.kernel.writing import finish_with, gather

HEAD_LOCK = 7_241_002  # advisory lock number of the chain's head


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done. ``subject`` and ``actor`` are pseudonyms; ``details`` holds codes and numbers, never personal data."""

    at: datetime
    actor: str
    action: str
    subject_type: str
    subject: UUID
    from_state: str = ""
    to_state: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def record(entries: Sequence[Entry]) -> None:
    """Add entries to the open write; they become one link of the chain when it commits.

    Raises:
        NoWrite: no write is open.
        ValueError: a time without a zone.
        TypeError: details that have no plain JSON form.
    """
    gather("audit", [_values(entry) for entry in entries])


def _values(entry: Entry) -> tuple[Any, ...]:
    """The entry's hashed fields but for its position."""
    at = entry.at
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError("an audit entry needs a time with its zone")
        at = at.astimezone(UTC)
    details = json_text(entry.details) if entry.details else "{}"
    return (at, entry.actor, entry.action, entry.subject_type, entry.subject, entry.from_state, entry.to_state, details)


def _append(gathered: list[tuple[Any, ...]]) -> None:
    rows = []
    hashes = []
    for position, values in enumerate(gathered):
        fields = (position, *values)
        digest = entry_hash(fields)
        hashes.append(digest)
        rows.append((*fields, digest))
    text = recordset_text(rows, len(rows[0]))
    digest = links_digest(hashes)
    # Two statements: a statement's snapshot is older than a lock that it had to wait for. They travel together: from the
    # lock to the commit nobody else can append, so no time is spent on the way.
    with connection.cursor() as cursor, together(len(rows)):
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HEAD_LOCK])
        cursor.execute(_statement(), [GENESIS, len(rows), digest, str(len(rows)), digest, text])


@cache
def _statement() -> str:
    """The link and its entries in one statement; the link's hash is that of ``rules.link_hash``, made where the head is known."""
    columns, source = recordset(AuditEntry, (*ENTRY_FIELDS, "hash"))
    links, entries = AuditLink._meta.db_table, AuditEntry._meta.db_table
    return f"""
        WITH head AS (SELECT seq, hash FROM {links} ORDER BY seq DESC LIMIT 1),
        fresh AS (
            SELECT coalesce((SELECT seq FROM head), 0) + 1 AS seq, coalesce((SELECT hash FROM head), %s::bytea) AS previous,
                   clock_timestamp() AS recorded_at
        ),
        link AS (
            INSERT INTO {links} (seq, recorded_at, count, digest, hash)
            SELECT seq, recorded_at, %s::int, %s::bytea, sha256(previous || convert_to(
                seq || ':' || %s::text || ':' || to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00:', 'UTF8'
            ) || %s::bytea)
            FROM fresh RETURNING seq, recorded_at
        )
        INSERT INTO {entries} (link, recorded_at, {columns}) SELECT link.seq, link.recorded_at, given.* FROM link, {source}"""


finish_with("audit", _append, order=100)
