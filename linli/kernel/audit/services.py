"""Writing the audit chain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from linli.kernel.audit import rules
from linli.kernel.audit.models import AuditEntry, AuditLink
from linli.kernel.clock.services import machine_now
from linli.kernel.ids import new_id
from linli.kernel.rows import insert_rows
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
    """Add entries to the open write; they become one link of the chain when it commits."""
    gather("audit", list(entries))


def _append(entries: list[Entry]) -> None:
    recorded_at = machine_now()
    rows: list[tuple[Any, ...]] = []
    for position, entry in enumerate(entries):
        details = orjson.dumps(dict(entry.details), option=orjson.OPT_SORT_KEYS, default=str).decode()
        values = (entry.at, recorded_at, entry.actor, entry.action, entry.subject_type, entry.subject, entry.from_state, entry.to_state, details)
        rows.append((new_id(), position, *values, rules.entry_hash(position, *values)))
    digest = hashlib.sha256(b"".join(row[-1] for row in rows)).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HEAD_LOCK])
        cursor.execute("SELECT seq, hash FROM audit_auditlink ORDER BY seq DESC LIMIT 1")
        head = cursor.fetchone()
    seq, previous = (head[0] + 1, bytes(head[1])) if head else (1, rules.GENESIS)
    insert_rows(
        AuditEntry,
        ("id", "position", "at", "recorded_at", "actor", "action", "subject_type", "subject", "from_state", "to_state", "details", "hash", "link"),
        [(*row, seq) for row in rows],
    )
    link_hash = rules.link_hash(previous, seq, len(rows), recorded_at, digest)
    insert_rows(AuditLink, ("seq", "recorded_at", "count", "digest", "hash"), [(seq, recorded_at, len(rows), digest, link_hash)])


finish_with("audit", _append, order=100)
