"""The listener that long-running processes keep, so that reading pages need not ask for the epoch."""

from __future__ import annotations

import threading

import psycopg

from linli.kernel.epoch.services import CHANNEL, hear
from linli.kernel.listening import listen


def run_listener(stop: threading.Event, *, every: float = 5.0) -> None:
    """Keep this process's idea of the configuration epoch fresh until ``stop`` is set.

    A notification arrives within milliseconds of the commit; should one be lost, the epoch is read every ``every``
    seconds. While the server cannot be reached, ``Cached.get()`` asks the database as if nobody listened.
    """
    try:
        for held in listen([CHANNEL], stop, every=every):
            hear(None if held is None else _epoch(held))
    finally:
        hear(None)


def start_listener(stop: threading.Event) -> threading.Thread:
    """Run :func:`run_listener` in a thread of this process; it ends with ``stop`` or with the process."""
    thread = threading.Thread(target=run_listener, args=(stop,), name="linli-config", daemon=True)
    thread.start()
    return thread


def _epoch(held: psycopg.Connection[tuple[object, ...]]) -> int:
    row = held.execute("SELECT value FROM epoch_configepoch WHERE id = 1").fetchone()
    return int(str(row[0])) if row else 1
