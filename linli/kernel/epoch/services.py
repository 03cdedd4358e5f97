"""Caches of configuration that cannot be stale at the moment of a write.

A writer holds a shared lock while it reads the epoch and writes; a change of configuration takes the same lock alone.
So a write that was decided on an old cache is refused here and decided again (DECIDED 5).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakSet

from django.db import connection

LOCK = 7_241_001  # advisory lock number of the configuration
CHANNEL = "linli_config"


def bump() -> None:
    """Say that configuration changed, inside the transaction that changes it; other processes hear it at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("INSERT INTO epoch_configepoch (id, value) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET value = epoch_configepoch.value + 1")
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def current() -> int:
    """The epoch as committed now, without a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM epoch_configepoch WHERE id = 1")
        row = cursor.fetchone()
    return int(row[0]) if row else 1


def hold() -> int:
    """The epoch, held still until the transaction ends: no configuration can change meanwhile."""
    with connection.cursor() as cursor:
        # Two statements: a statement's snapshot is older than a lock that it had to wait for.
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
        cursor.execute("SELECT value FROM epoch_configepoch WHERE id = 1")
        row = cursor.fetchone()
    return int(row[0]) if row else 1


T = TypeVar("T")


class Cached(Generic[T]):
    """A value built from configuration, rebuilt when the epoch has moved.

    ``get(epoch)`` with the epoch from :func:`hold` is exact; ``get()`` asks the database for the epoch and may be
    older than a change that commits at the same moment, which is right for reading pages.
    """

    _all: ClassVar[WeakSet[Cached[Any]]] = WeakSet()

    def __init__(self, build: Callable[[], T]) -> None:
        Cached._all.add(self)
        self._build = build
        self._lock = threading.Lock()
        self._value: tuple[int, T] | None = None

    def get(self, epoch: int | None = None) -> T:
        wanted = current() if epoch is None else epoch
        held = self._value
        if held is None or held[0] != wanted:
            with self._lock:
                held = self._value
                if held is None or held[0] != wanted:
                    held = (wanted, self._build())
                    self._value = held
        return held[1]

    @classmethod
    def forget_all(cls) -> None:
        """Drop every cached value: this process now speaks to another database (tests)."""
        for cached in cls._all:
            cached._value = None
