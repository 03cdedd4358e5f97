"""Hearing NOTIFY: a connection of its own that waits for news on channels and survives the server's restarts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier

_log = logging.getLogger(__name__)

BREATH = 0.5  # seconds between looks at ``stop``
DRIVER_OPTIONS = frozenset({"server_side_binding", "prepare_threshold", "pool", "isolation_level", "assume_role"})


def direct_connection() -> psycopg.Connection[tuple[object, ...]]:
    """Open a session of its own, in autocommit, past any pooler (``DATABASE_DIRECT_URL``, else the database's own address)."""
    if settings.DATABASE_DIRECT_URL:
        return psycopg.connect(settings.DATABASE_DIRECT_URL, autocommit=True)
    held = connection.settings_dict
    keep_alive = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}  # a peer that vanished is noticed
    options = {name: value for name, value in held["OPTIONS"].items() if name not in DRIVER_OPTIONS}
    return psycopg.connect(
        host=held["HOST"] or None,
        port=held["PORT"] or None,
        dbname=held["NAME"],
        user=held["USER"] or None,
        password=held["PASSWORD"] or None,
        autocommit=True,
        **{**keep_alive, **options},
    )


def listen(channels: Sequence[str], stop: threading.Event, *, every: float = 5.0) -> Iterator[psycopg.Connection[tuple[object, ...]] | None]:
    """Yield each time there may be news, until ``stop`` is set.

    Yields the listening connection (free for short queries) at the start, at each notification (several at once count
    as one), and after ``every`` seconds without any, because a notification is a hint and never the only way. While
    the server cannot be reached it yields None once a loss, and tries again.
    """
    pause = BREATH
    while not stop.is_set():
        try:
            with direct_connection() as held:
                for channel in channels:
                    held.execute(SQL("LISTEN {}").format(Identifier(channel)))
                pause = BREATH
                yield held
                heard_at = time.monotonic()
                while not stop.is_set():
                    news = list(held.notifies(timeout=BREATH, stop_after=1))
                    if news or time.monotonic() - heard_at >= every:
                        yield held
                        heard_at = time.monotonic()
        except psycopg.OperationalError as error:
            _log.warning("listening on %s was cut off: %s", ", ".join(channels), error)
            yield None
            stop.wait(pause)
            pause = min(pause * 2, 10.0)
