"""The register's lines: one erasure each, as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Something erased: ``kind`` says what (``room.what``), ``subject`` which one."""

    kind: str
    subject: UUID
    at: datetime

    @property
    def key(self) -> tuple[str, UUID]:
        return self.kind, self.subject


def line_of(stone: Tombstone) -> str:
    """The register's line of an erasure, without its end."""
    return json.dumps({"kind": stone.kind, "subject": str(stone.subject), "at": stone.at.isoformat()}, separators=(",", ":"))


def read_lines(lines: Iterable[str]) -> tuple[list[Tombstone], int]:
    """Return the erasures of a register, each once, and how many lines are not readable (the last one may be cut by a crash)."""
    found: dict[tuple[str, UUID], Tombstone] = {}
    unreadable = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            stone = Tombstone(str(given["kind"]), UUID(given["subject"]), datetime.fromisoformat(given["at"]))
        except (ValueError, KeyError, TypeError):
            unreadable += 1
            continue
        found.setdefault(stone.key, stone)
    return list(found.values()), unreadable
