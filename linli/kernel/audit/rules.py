"""How the chain is hashed: pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

GENESIS = bytes(32)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def entry_hash(
    position: int,
    at: datetime,
    recorded_at: datetime,
    actor: str,
    action: str,
    subject_type: str,
    subject: UUID,
    from_state: str,
    to_state: str,
    details: str,
) -> bytes:
    """Return sha256 over the entry's fields, each preceded by its length so that no two entries read alike."""
    parts = (str(position), _instant(at), _instant(recorded_at), actor, action, subject_type, subject.hex, from_state, to_state, details)
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()


def link_hash(previous: bytes, seq: int, count: int, recorded_at: datetime, digest: bytes) -> bytes:
    """Return sha256 over the previous link's hash and this link's own facts."""
    return hashlib.sha256(previous + f"{seq}:{count}:{_instant(recorded_at)}:".encode() + digest).digest()
