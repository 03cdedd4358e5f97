"""Noting erasures, and carrying them out again after a restore.

The table is the truth: its row commits with the erasure. The file ``erasures.log`` in the data folder is a copy that
outlives the database; it is written after each commit and completed by a sweep, and a restore reads it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings

from linli.kernel.clock.services import machine_now
from linli.kernel.erasures.models import Erasure
from linli.kernel.erasures.rules import Tombstone, line_of, read_lines
from linli.kernel.writing import after_write

FILE = "erasures.log"
Eraser = Callable[[Sequence[UUID], datetime], int]

_erasers: dict[str, Eraser] = {}


def register_eraser(kind: str, eraser: Eraser) -> None:
    """Say how things of a kind are erased again: ``eraser(subjects, at)`` returns how many it still found. Safe to repeat."""
    _erasers[kind] = eraser


def note_erasures(*, kind: str, subjects: Iterable[UUID], at: datetime) -> None:
    """Note, in the write that erases them, what must not come back."""
    stones = [Tombstone(kind, subject, at) for subject in dict.fromkeys(subjects)]
    if not stones:
        return
    _insert(stones)
    after_write(partial(_append, stones))


def replay_erasures(*, stones: Sequence[Tombstone], at: datetime) -> dict[str, int]:
    """Erase again what the register names, inside a write; return how many were found by kind.

    Raises:
        LookupError: a kind that nobody erases: the register is of a newer version.
    """
    by_kind: dict[str, list[UUID]] = defaultdict(list)
    for stone in stones:
        by_kind[stone.kind].append(stone.subject)
    unknown = by_kind.keys() - _erasers.keys()
    if unknown:
        raise LookupError(f"nobody erases {', '.join(sorted(unknown))}")
    found = {kind: _erasers[kind](subjects, at) for kind, subjects in sorted(by_kind.items())}
    _insert(stones)
    return found


def complete_file() -> int:
    """Add to the file what the table holds and it does not; return how many lines. A crash between commit and line is mended here."""
    path = register_path()
    known: set[tuple[str, UUID]] = set()
    if path.exists():
        known = {stone.key for stone in read_lines(path.read_text(errors="replace").splitlines())[0]}
    rows = Erasure.objects.order_by("id").values_list("kind", "subject", "at").iterator()
    missing = [stone for stone in (Tombstone(*row) for row in rows) if stone.key not in known]
    if missing:
        _append(missing)
    return len(missing)


def register_path() -> Path:
    """Where the file is: beside the database, in the data folder."""
    return Path(settings.DATA) / FILE


def _insert(stones: Sequence[Tombstone]) -> None:
    recorded_at = machine_now()
    rows = [Erasure(kind=stone.kind, subject=stone.subject, at=stone.at, recorded_at=recorded_at) for stone in stones]
    Erasure.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def _append(stones: Sequence[Tombstone]) -> None:
    with open(os.open(register_path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as handle:
        handle.write("".join(f"{line_of(stone)}\n" for stone in stones))
        handle.flush()
        os.fsync(handle.fileno())
