"""The write: one transaction that holds state, audit entries and events together, or none of them.

Entry points (interfaces, tasks, the event dispatcher) open it; services only add to it::

    with write():
        report_matters(...)

Audit and events are gathered and written once, last, so that the head of the audit chain is locked briefly.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from linli.kernel.rows import together

_log = logging.getLogger(__name__)


@dataclass
class Unit:
    """What one transaction has gathered: lists by kind, and who writes each kind at the end."""

    gathered: dict[str, list[Any]] = field(default_factory=dict)


_unit: ContextVar[Unit | None] = ContextVar("linli_unit", default=None)
_finishers: dict[str, Callable[[list[Any]], None]] = {}
_order: dict[str, int] = {}
_AFTER = "after the write"


class NoWrite(RuntimeError):
    """A service was called outside :func:`write`, or a write inside another: a programming error, never a user's."""


def finish_with(kind: str, finisher: Callable[[list[Any]], None], *, order: int) -> None:
    """Register who writes the gathered items of ``kind``, once, just before commit; a higher ``order`` writes later."""
    _finishers[kind] = finisher
    _order[kind] = order
    for name in sorted(_finishers, key=_order.__getitem__):  # keep the table itself in order: every write walks it
        _finishers[name] = _finishers.pop(name)


def gather(kind: str, items: Sequence[Any]) -> None:
    """Add items of ``kind`` to the open write.

    Raises:
        NoWrite: no write is open.
        LookupError: nobody is registered to write this kind.
    """
    unit = _unit.get()
    if unit is None:
        raise NoWrite("services run inside write()")
    if kind not in _finishers and kind != _AFTER:
        raise LookupError(f"nobody writes gathered {kind!r}")
    unit.gathered.setdefault(kind, []).extend(items)


def gathered(kind: str) -> Sequence[Any]:
    """What the open write holds of ``kind`` so far; empty where there is no write."""
    unit = _unit.get()
    return () if unit is None else unit.gathered.get(kind, ())


def after_write(callback: Callable[[], None]) -> None:
    """Call ``callback`` once the open write has committed; not if it, or the attempt it belongs to, is taken back.

    For things of this process alone (a cache to drop). What must not be lost is an event.

    Raises:
        NoWrite: no write is open.
    """
    gather(_AFTER, [callback])


@contextlib.contextmanager
def write() -> Iterator[None]:
    """Open the transaction of one write. Writes do not nest: the entry point decides what belongs together.

    Raises:
        NoWrite: a write is already open.
        RuntimeError: some other transaction is open around it; its commit would not be a commit.
    """
    if _unit.get() is not None:
        raise NoWrite("a write is already open: entry points open it, services never do")
    unit = Unit()
    token = _unit.set(unit)
    try:
        with transaction.atomic(durable=True):
            yield
            if any(unit.gathered.get(kind) for kind in _finishers):
                with together(sum(len(items) for kind, items in unit.gathered.items() if kind in _finishers)):
                    for kind, finisher in _finishers.items():
                        items = unit.gathered.pop(kind, None)
                        if items:
                            finisher(items)
            forgotten = {kind for kind, items in unit.gathered.items() if items} - {_AFTER}
            if forgotten:
                raise LookupError(f"gathered too late to be written: {', '.join(sorted(forgotten))}")
    finally:
        _unit.reset(token)
    for callback in unit.gathered.get(_AFTER, ()):
        try:
            callback()
        except Exception:  # the write is committed: its caller must not take it for failed
            _log.exception("a callback after the write failed")


@contextlib.contextmanager
def attempt() -> Iterator[None]:
    """A part of a write that may fail alone: on an exception its rows, audit entries and events are taken back."""
    unit = _unit.get()
    if unit is None:
        raise NoWrite("an attempt is part of write()")
    lengths = {kind: len(items) for kind, items in unit.gathered.items()}
    # Savepoints named by depth: a name for each would make each a new prepared statement, and push useful ones out.
    connection.savepoint_state = len(connection.savepoint_ids)
    try:
        with transaction.atomic():
            yield
    except BaseException:
        for kind, items in unit.gathered.items():
            del items[lengths.get(kind, 0) :]
        raise
