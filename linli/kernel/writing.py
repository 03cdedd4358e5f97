"""The write: one transaction that holds state, audit entries and events together, or none of them.

Entry points (interfaces, tasks, the event dispatcher) open it; services only add to it::

    with write():
        report_matters(...)

Audit and events are gathered and written once, last, so that the head of the audit chain is locked briefly.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction


@dataclass
class Unit:
    """What one transaction has gathered: lists by kind, and who writes each kind at the end."""

    gathered: dict[str, list[Any]] = field(default_factory=dict)


_unit: ContextVar[Unit | None] = ContextVar("linli_unit", default=None)
_finishers: dict[str, tuple[int, Callable[[list[Any]], None]]] = {}


class NoWrite(RuntimeError):
    """A service was called outside :func:`write`: a programming error, never a user's."""


def finish_with(kind: str, finisher: Callable[[list[Any]], None], *, order: int) -> None:
    """Register who writes the gathered items of ``kind``, once, just before commit; a higher ``order`` writes later."""
    _finishers[kind] = (order, finisher)


def gather(kind: str, items: list[Any]) -> None:
    """Add items of ``kind`` to the open write.

    Raises:
        NoWrite: no write is open.
    """
    unit = _unit.get()
    if unit is None:
        raise NoWrite("services run inside write()")
    unit.gathered.setdefault(kind, []).extend(items)


@contextlib.contextmanager
def write() -> Iterator[None]:
    """Open the transaction of one write. Writes do not nest: the entry point decides what belongs together."""
    if _unit.get() is not None:
        raise NoWrite("a write is already open: entry points open it, services never do")
    unit = Unit()
    token = _unit.set(unit)
    try:
        with transaction.atomic():
            yield
            for _, kind in sorted((order, kind) for kind, (order, _) in _finishers.items()):
                items = unit.gathered.pop(kind, [])
                if items:
                    _finishers[kind][1](items)
    finally:
        _unit.reset(token)


@contextlib.contextmanager
def attempt() -> Iterator[None]:
    """A part of a write that may fail alone: on an exception its rows, audit entries and events are taken back."""
    unit = _unit.get()
    if unit is None:
        raise NoWrite("an attempt is part of write()")
    lengths = {kind: len(items) for kind, items in unit.gathered.items()}
    try:
        with transaction.atomic():
            yield
    except BaseException:
        for kind, items in unit.gathered.items():
            del items[lengths.get(kind, 0) :]
        raise
