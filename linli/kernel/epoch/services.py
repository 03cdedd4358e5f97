"""Caches of configuration that cannot be stale at the moment of a write.

A writer holds a shared lock while it reads the epoch and writes; a change of configuration takes the same lock alone.
So a write that was decided on an old cache is refused here and decided again (DECIDED 5).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakSet

from django.db import connection

from linli.kernel.rows import together
from linli.kernel.writing import after_write, finish_with, gather, gathered

LOCK = 7_241_001  # advisory lock number of the configuration
CHANNEL = "linli_config"

_log = logging.getLogger(__name__)
_heard: int | None = None  # the epoch that this process was told of; None: nobody listens, ask the database
_hearing = threading.Lock()
_callbacks: list[Callable[[], None]] = []


def bump() -> None:
    """Say that configuration changed, inside the write that changes it; other processes hear it at commit.

    Call it before changing rows: writers that decided on the old configuration finish first, new ones wait.

    Raises:
        NoWrite: no write is open.
    """
    gather("epoch", [True])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("INSERT INTO epoch_configepoch (id, value) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET value = epoch_configepoch.value + 1")


def _announce(_bumps: Sequence[bool]) -> None:
    value = current()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(value)])
    after_write(partial(_changed, value))


def _changed(value: int) -> None:
    """This process's own change has committed: it need not wait to hear of it."""
    if _heard is not None:
        hear(value)
    else:
        _tell()


finish_with("epoch", _announce, order=10)


def changed_here() -> bool:
    """Whether the open write changes configuration: what it sees is not yet true for anyone else."""
    return bool(gathered("epoch"))


def on_change(callback: Callable[[], None]) -> None:
    """Call ``callback`` in this process after each change of configuration that it hears of (its own ones always)."""
    if callback not in _callbacks:
        _callbacks.append(callback)


def hear(value: int | None) -> None:
    """Take ``value`` as the committed epoch; None: news is no longer reliable, ask the database again."""
    global _heard
    with _hearing:
        news = value is None or _heard is None or value > _heard
        if value is None or news:
            _heard = value
    if news:
        _tell()


def _tell() -> None:
    for callback in _callbacks:
        try:
            callback()
        except Exception:  # one room's callback must not keep the news from the others
            _log.exception("a callback on a change of configuration failed")


def current() -> int:
    """The epoch as committed now, without a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM epoch_configepoch WHERE id = 1")
        row = cursor.fetchone()
    return int(row[0]) if row else 1


def hold() -> int:
    """The epoch, held still until the transaction ends: no configuration can change meanwhile."""
    with connection.cursor() as cursor, together(0):
        # Two statements, on one way: a statement's snapshot is older than a lock that it had to wait for.
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
        cursor.execute("SELECT value FROM epoch_configepoch WHERE id = 1")
        row = cursor.fetchone()
    return int(row[0]) if row else 1


T = TypeVar("T")


class Cached(Generic[T]):
    """A value built from configuration, rebuilt when the epoch has moved.

    ``get(epoch)`` with the epoch from :func:`hold` is exact. ``get()`` is for reading pages: where a listener runs
    (``tasks.run_listener``) it trusts the epoch last heard, at no query; elsewhere it asks the database. Both may be
    older than a change that commits at the same moment. Inside a write that changes configuration the value is built
    anew at each call and kept from others, since the write may yet fail.
    """

    _all: ClassVar[WeakSet[Cached[Any]]] = WeakSet()

    def __init__(self, build: Callable[[], T]) -> None:
        Cached._all.add(self)
        self._build = build
        self._lock = threading.Lock()
        self._value: tuple[int, T] | None = None

    def get(self, epoch: int | None = None) -> T:
        if changed_here():
            return self._build()
        heard = _heard if epoch is None else epoch
        wanted = current() if heard is None else heard
        held = self._value
        if held is None or not self._serves(held[0], wanted, exact=epoch is not None):
            with self._lock:
                held = self._value
                if held is None or not self._serves(held[0], wanted, exact=epoch is not None):
                    held = (wanted, self._build())
                    self._value = held
        return held[1]

    @staticmethod
    def _serves(held: int, wanted: int, *, exact: bool) -> bool:
        return held == wanted or (not exact and held > wanted)

    @classmethod
    def forget_all(cls) -> None:
        """Drop every cached value: this process now speaks to another database (tests)."""
        for cached in cls._all:
            cached._value = None
