"""How the chain is hashed and checked: pure.

An entry's hash is sha256 over the compact UTF-8 JSON array of its fields in the order of :data:`ENTRY_FIELDS`, times in
UTC; so anyone can compute it again with a few lines of any language (docs/adr/0003-audit-chain.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

GENESIS = bytes(32)
ENTRY_FIELDS = ("position", "at", "actor", "action", "subject_type", "subject", "from_state", "to_state", "details")


def entry_hash(values: Sequence[Any]) -> bytes:
    """Return sha256 over the values of :data:`ENTRY_FIELDS`, the time in UTC.

    JSON quotes every text, so that no two different entries read alike.
    """
    return hashlib.sha256(orjson.dumps(values)).digest()


def links_digest(entry_hashes: Iterable[bytes]) -> bytes:
    """Return sha256 over the hashes of a link's entries, in order."""
    return hashlib.sha256(b"".join(entry_hashes)).digest()


def link_hash(previous: bytes, seq: int, count: int, recorded_at: datetime, digest: bytes) -> bytes:
    """Return sha256 over the previous link's hash, the text ``seq:count:recorded_at:`` and the digest of the entries."""
    instant = recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(previous + f"{seq}:{count}:{instant}:".encode() + digest).digest()


# -- checking ---------------------------------------------------------------------------------------------------------


class FaultKind(StrEnum):
    """What can be wrong with a chain."""

    ENTRY_CHANGED = "entry changed"
    ENTRY_MISSING = "entry missing"
    ENTRY_ADDED = "entry added"
    ENTRIES_REPLACED = "entries replaced"
    LINK_CHANGED = "link changed"
    LINK_MOVED = "link moved"
    LINK_MISSING = "link missing"
    HEAD_DIFFERS = "published head differs"
    HEAD_LOST = "published head lost"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing found wrong: the link, the position of the entry where it is one entry, and what it is."""

    kind: FaultKind
    link: int
    position: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        place = f"link {self.link}" if self.position is None else f"entry {self.link}/{self.position}"
        return f"{place}: {self.kind}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class Link:
    """One link as stored."""

    seq: int
    recorded_at: datetime
    count: int
    digest: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's end at some moment. Published outside, it shows later that the chain up to there was not rewritten."""

    seq: int
    hash: str
    recorded_at: datetime | None = None


@dataclass(slots=True)
class Checker:
    """Walks links and their entries in order and stops at the first fault; holds the hashes of one link at a time.

    Attributes:
        seq, previous: the link that is trusted to begin with, and its hash (0 and :data:`GENESIS`: the whole chain).
        anchors: hashes (hex) by seq, as they were published outside.
        links, entries: how many were found in order.
    """

    seq: int = 0
    previous: bytes = GENESIS
    anchors: Mapping[int, str] = field(default_factory=dict)
    links: int = 0
    entries: int = 0

    def walk(self, links: Iterable[Link], stored: Iterable[Sequence[Any]]) -> Fault | None:
        """Check ``links`` (by seq) against ``stored`` (link, recorded_at, hash, *ENTRY_FIELDS; by link and position).

        A link is believed when its hash follows from the one before; only then are its entries held against it, so
        that what is named is what was touched. Rewriting a link *and its hash* shows at the next link.
        """
        rows = iter(stored)
        row = next(rows, None)
        sha256, dumps = hashlib.sha256, orjson.dumps  # entry_hash, spelled out where it runs millions of times
        for link in links:
            seq = link.seq
            if seq != self.seq + 1:
                return Fault(FaultKind.LINK_MISSING, self.seq + 1, detail="" if seq == self.seq + 2 else f"up to {seq - 1}")
            if link_hash(self.previous, seq, link.count, link.recorded_at, link.digest) != link.hash:
                return Fault(FaultKind.LINK_CHANGED, seq, detail="or the one before it, with its hash made anew")
            mine: list[bytes] = []
            for place in range(link.count):
                if row is None or row[0] != seq or row[3] != place or row[1] != link.recorded_at or sha256(dumps(row[3:])).digest() != row[2]:
                    return _entry_fault(link, place, row)
                mine.append(row[2])
                row = next(rows, None)
            if row is not None and row[0] <= seq:
                return _entry_fault(link, link.count, row)
            if links_digest(mine) != link.digest:
                return Fault(FaultKind.ENTRIES_REPLACED, seq, detail="with their hashes made anew")
            if self.anchors.get(seq, link.hash.hex()) != link.hash.hex():
                return Fault(FaultKind.HEAD_DIFFERS, seq, detail="the chain up to here has been rewritten")
            self.seq, self.previous = seq, link.hash
            self.links += 1
            self.entries += len(mine)
        if row is not None:
            return Fault(FaultKind.ENTRY_ADDED, row[0], row[3], "its link does not exist")
        lost = [seq for seq in self.anchors if seq > self.seq]
        if lost:
            return Fault(FaultKind.HEAD_LOST, min(lost), detail=f"the chain ends at {self.seq}")
        return None


def _entry_fault(link: Link, place: int, row: Sequence[Any] | None) -> Fault:
    """What is wrong where the entry at ``place`` of ``link`` should stand (or nothing more, at the end) and ``row`` was found."""
    if row is None or row[0] > link.seq:
        return Fault(FaultKind.ENTRY_MISSING, link.seq, place)
    seq, position = row[0], row[3]
    if seq < link.seq:
        return Fault(FaultKind.ENTRY_ADDED, seq, position, "its link does not exist")
    if position < place or place >= link.count:
        return Fault(FaultKind.ENTRY_ADDED, seq, position)
    if position > place:
        return Fault(FaultKind.ENTRY_MISSING, seq, place)
    return Fault(FaultKind.ENTRY_CHANGED, seq, position)


def moved_from(link: Link, neighbours: Sequence[Link]) -> int | None:
    """The place that a link with a wrong hash was made for, if it is among its neighbours' places; else None."""
    previous = [GENESIS, *(other.hash for other in neighbours)]
    for seq in sorted({other.seq for other in neighbours} - {link.seq}):
        if any(link_hash(before, seq, link.count, link.recorded_at, link.digest) == link.hash for before in previous):
            return seq
    return None
