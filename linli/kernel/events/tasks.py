"""The dispatcher: takes events from the outbox to their handlers (DECIDED 15), and clears away what is done.

Any number of dispatchers may run, in any number of processes. A partition is worked on by one at a time, so that the
order per key holds; a handler's effects and the mark that its events are handled are one transaction, so that a
dispatcher killed anywhere leaves either both or none.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import InterfaceError, OperationalError, connection
from pydantic import TypeAdapter

from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now, now
from linli.kernel.events.models import PARTITIONS, Delivery, OutboxEvent
from linli.kernel.events.rules import next_try
from linli.kernel.events.services import CHANNEL, Delivered, Event, Handler, event_type, handlers
from linli.kernel.listening import listen
from linli.kernel.rows import insert_rows
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import attempt, write

CLAIM = 7_241_003  # advisory lock class of partitions
KEEP = timedelta(days=7)  # how long handled events stay: live viewers and people looking into a fault read them
PURGE = 5_000  # rows a statement

_OUTBOX, _DELIVERY = OutboxEvent._meta.db_table, Delivery._meta.db_table
_COLUMNS = "o.seq, o.topic, o.key, o.at, o.recorded_at, o.data::text"
_log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """An event as it stands in the outbox; ``delivery`` and ``attempts`` where it has failed, or stood behind a failure."""

    seq: int
    topic: str
    key: UUID
    at: datetime
    recorded_at: datetime
    data: str
    delivery: int = 0
    attempts: int = 0


def run_dispatcher(stop: threading.Event, *, limit: int = 500, every: float = 2.0) -> None:
    """Dispatch whenever something is published, until ``stop`` is set; retries are looked for every ``every`` seconds.

    A database that cannot be reached is waited for.
    """
    try:
        for held in listen([CHANNEL], stop, every=every):
            try:
                while held is not None and not stop.is_set() and dispatch_once(limit):
                    pass
            except (OperationalError, InterfaceError) as error:
                _log.warning("dispatching was cut off: %s", error)
                connection.close()
    finally:
        connection.close()


def dispatch_once(limit: int = 500) -> int:
    """Take up to ``limit`` events of each partition to their handlers; return how many moved on. 0: nothing is due, or others have it."""
    done = 0
    for partition, names in _busy():
        done += sum(_retry(handler, partition, limit) for name, handler in handlers().items() if name in names)
        done += _deliver(partition, limit)
    return done


def register_sweeps() -> None:
    """Handled events are cleared away every hour."""
    register_sweep("events.purge", 3600, purge_outbox)


def purge_outbox(*, keep: timedelta = KEEP) -> int:
    """Remove events that were handled longer ago than ``keep``; return how many. Those with a delivery open stay."""
    removed = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""DELETE FROM {_OUTBOX} WHERE seq IN (
                    SELECT seq FROM {_OUTBOX} AS o WHERE done_at < %s AND NOT EXISTS (SELECT FROM {_DELIVERY} WHERE event_id = o.seq) ORDER BY seq LIMIT %s)""",
                [machine_now() - keep, PURGE],
            )
            count = int(cursor.rowcount)
            removed += count
            if count < PURGE:
                return removed


# -- claiming ---------------------------------------------------------------------------------------------------------


def _busy() -> list[tuple[int, list[str]]]:
    """Partitions with something to do, each with the handlers that have something to try again."""
    return _rows(
        f"""SELECT p, names FROM generate_series(0, %s) AS p,
                   LATERAL (SELECT ARRAY(SELECT DISTINCT handler FROM {_DELIVERY} WHERE partition = p AND next_try_at <= %s)) AS due (names)
                   LEFT JOIN LATERAL (SELECT true FROM {_OUTBOX} WHERE partition = p AND done_at IS NULL LIMIT 1) AS fresh (found) ON true
            WHERE found OR names <> '{{}}'""",
        [PARTITIONS - 1, machine_now()],
    )


def _claim(partition: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [CLAIM, partition])
        return bool(cursor.fetchone()[0])


def _rows(statement: str, parameters: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _waiting(statement: str, parameters: list[Any]) -> list[Waiting]:
    """Rows in binary: reading a time as text costs ten times as much, and every event has two."""
    assert connection.connection is not None
    with connection.wrap_database_errors, connection.connection.cursor(binary=True) as cursor:
        cursor.execute(statement, parameters)
        return [Waiting(*row) for row in cursor.fetchall()]


# -- new events -------------------------------------------------------------------------------------------------------


def _deliver(partition: int, limit: int) -> int:
    try:
        with write():
            return _deliver_new(partition, limit)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # Not a handler's own failure, which is dealt with inside: something it left behind fails at the commit. Each
        # event then goes to each handler in a write of its own, where the one at fault shows.
        _log.exception("a batch could not be committed; its events are delivered one by one")
    with write():
        return _park(partition, limit)


def _new(partition: int, limit: int) -> list[Waiting]:
    return _waiting(f"SELECT {_COLUMNS} FROM {_OUTBOX} AS o WHERE partition = %s AND done_at IS NULL ORDER BY seq LIMIT %s", [partition, limit])


def _deliver_new(partition: int, limit: int) -> int:
    if not _claim(partition):
        return 0
    events = _new(partition, limit)
    if not events:
        return 0
    at = machine_now()
    waiting: dict[str, set[UUID]] = defaultdict(set)
    keys = list({event.key for event in events})
    for name, key in _rows(f"SELECT DISTINCT handler, key FROM {_DELIVERY} WHERE partition = %s AND key = ANY(%s)", [partition, keys]):
        waiting[name].add(key)
    undelivered: list[tuple[Any, ...]] = []
    for handler in handlers().values():
        topics = handler.topics()
        run = Run(handler, waiting[handler.name])
        run.deliver([event for event in events if event.topic in topics])
        undelivered += [(event.seq, handler.name, event.key, partition, 1, error, next_try(1, at)) for event, error in run.failed]
        undelivered += [(event.seq, handler.name, event.key, partition, 0, "", at) for event in run.behind]
    _settle(events, undelivered, at)
    return len(events)


def _park(partition: int, limit: int) -> int:
    """Turn new events into deliveries, to be tried one by one."""
    if not _claim(partition):
        return 0
    events = _new(partition, limit)
    at = machine_now()
    rows: list[tuple[Any, ...]] = []
    for handler in handlers().values():
        topics = handler.topics()
        rows += [(event.seq, handler.name, event.key, partition, 0, "", at) for event in events if event.topic in topics]
    _settle(events, rows, at)
    return len(events)


def _settle(events: Sequence[Waiting], undelivered: Sequence[tuple[Any, ...]], at: datetime) -> None:
    insert_rows(Delivery, ("event", "handler", "key", "partition", "attempts", "error", "next_try_at"), undelivered)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {_OUTBOX} SET done_at = %s WHERE seq = ANY(%s)", [at, [event.seq for event in events]])


# -- retries ----------------------------------------------------------------------------------------------------------


def _retry(handler: Handler, partition: int, limit: int) -> int:
    tried: list[Waiting] = []
    try:
        with write():
            if not _claim(partition):
                return 0
            tried = _due(handler, partition, limit)
            if not tried:
                return 0
            run = Run(handler, set())
            run.deliver(tried)
            _mark_failed(handler, run.failed)
            kept = {event.seq for event, _ in run.failed} | {event.seq for event in run.behind}
            Delivery.objects.filter(id__in=[event.delivery for event in tried if event.seq not in kept]).delete()
            return len(tried) - len(run.behind)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not tried:
            raise
        if len(tried) > 1:
            return _retry(handler, partition, 1)
        _log.exception("the event cannot be committed by %s", handler.name)
        with write():
            if _claim(partition):
                _mark_failed(handler, [(event, _said(error)) for event in tried])
        return len(tried)


def _due(handler: Handler, partition: int, limit: int) -> list[Waiting]:
    """Deliveries to try now, in order: of a key whose first one pauses or is dead, none."""
    at = machine_now()
    return _waiting(
        f"""SELECT {_COLUMNS}, d.id, d.attempts FROM {_DELIVERY} AS d JOIN {_OUTBOX} AS o ON o.seq = d.event_id
            WHERE d.partition = %s AND d.handler = %s AND d.next_try_at <= %s AND NOT EXISTS (
                SELECT FROM {_DELIVERY} AS b WHERE b.handler = d.handler AND b.key = d.key AND (b.next_try_at IS NULL OR b.next_try_at > %s))
            ORDER BY d.event_id LIMIT %s""",
        [partition, handler.name, at, at, limit],
    )


def _mark_failed(handler: Handler, failed: Sequence[tuple[Waiting, str]]) -> None:
    at = machine_now()
    for event, error in failed:  # few: each has a pause of its own
        again = next_try(event.attempts + 1, at)
        Delivery.objects.filter(id=event.delivery).update(attempts=event.attempts + 1, error=error, next_try_at=again)
        if again is None:
            details = {"handler": handler.name, "seq": event.seq, "topic": event.topic, "error": error.partition(":")[0]}
            record([Entry(at=at, actor="system:dispatcher", action="events.dead", subject_type="event", subject=event.key, details=details)])


# -- handling ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Run:
    """One handler over one batch. ``stopped`` holds keys whose events wait behind an earlier one."""

    handler: Handler
    stopped: set[UUID]
    failed: list[tuple[Waiting, str]] = field(default_factory=list)
    behind: list[Waiting] = field(default_factory=list)

    def deliver(self, events: Sequence[Waiting]) -> None:
        """Hand over ``events`` at once; where that fails, halve them until what fails stands alone."""
        ready = [event for event in events if event.key not in self.stopped] if self.stopped else events
        if len(ready) < len(events):
            self.behind += [event for event in events if event.key in self.stopped]
        if not ready:
            return
        try:
            with attempt():
                self.handler.handle(_rebuilt(ready))
        except Exception as error:
            if connection.needs_rollback or connection.closed_in_transaction:
                raise  # the transaction itself is lost, not this part of it
            if len(ready) > 1:
                middle = len(ready) // 2
                self.deliver(ready[:middle])
                self.deliver(ready[middle:])
                return
            _log.warning("the handler %s failed on event %s (%s)", self.handler.name, ready[0].seq, ready[0].topic, exc_info=error)
            self.failed.append((ready[0], _said(error)))
            self.stopped.add(ready[0].key)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:1000].replace("\x00", "")


def _rebuilt(rows: Sequence[Waiting]) -> list[Delivered[Event]]:
    """The declared events of outbox rows, in the same order."""
    by_topic: dict[str, list[Waiting]] = defaultdict(list)
    for row in rows:
        by_topic[row.topic].append(row)
    events: dict[int, Event] = {}
    for topic, group in by_topic.items():
        kind: Any = event_type(topic)
        if kind is None:
            raise LookupError(f"no event is declared for the topic {topic!r}")
        values = _adapter(kind).validate_python([{**orjson.loads(row.data), "key": row.key, "at": row.at} for row in group])
        events.update(zip((row.seq for row in group), values, strict=True))
    handled_at = now()
    return [Delivered(row.seq, events[row.seq], row.recorded_at, handled_at) for row in rows]


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Iterable[Event]]:
    return TypeAdapter(list[kind])  # type: ignore[valid-type]
