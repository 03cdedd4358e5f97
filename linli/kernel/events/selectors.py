"""Reading the outbox: what waits, what is dead, and the live tail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from linli.kernel.actor import Asking
from linli.kernel.events.models import Delivery, OutboxEvent
from linli.kernel.events.rules import Tail
from linli.kernel.events.services import RETRY, handlers

_OUTBOX, _DELIVERY = OutboxEvent._meta.db_table, Delivery._meta.db_table
_COLUMNS = "seq, topic, key, at, recorded_at, data"  # of :class:`Recent`


# -- the live tail ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recent:
    """An event as stored, for whoever only looks: ``data`` holds its own fields as plain JSON values."""

    seq: int
    topic: str
    key: UUID
    at: datetime
    recorded_at: datetime
    data: dict[str, Any]


def recent_events(after_seq: int, limit: int = 500, *, holes: Sequence[int] = ()) -> list[Recent]:
    """Events numbered above ``after_seq`` (the first ``limit``), and those of ``holes`` that have appeared; by number.

    Numbers are drawn before commit: one below the last seen may still appear. :func:`follow` keeps account of that.
    For the program itself; whoever shows them to people asks access.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""(SELECT {_COLUMNS} FROM {_OUTBOX} WHERE seq > %s ORDER BY seq LIMIT %s)
                UNION ALL (SELECT {_COLUMNS} FROM {_OUTBOX} WHERE seq = ANY(%s) AND seq <= %s) ORDER BY seq""",
            [after_seq, limit, list(holes), after_seq],
        )
        return [_recent(row) for row in cursor.fetchall()]


def _recent(row: tuple[Any, ...]) -> Recent:
    seq, topic, key, at, recorded_at, data = row
    return Recent(seq, topic, key, at, recorded_at, orjson.loads(data))


def events_since(at: datetime, limit: int = 500) -> list[Recent]:
    """What was recorded at or after ``at`` (the machine's time), by number; of more than ``limit`` events, the last.

    For the program itself; whoever shows them to people asks access.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM (SELECT {_COLUMNS} FROM {_OUTBOX} ORDER BY seq DESC LIMIT %s) AS last WHERE recorded_at >= %s ORDER BY seq",
            [limit, at],
        )
        return [_recent(row) for row in cursor.fetchall()]


def latest_seq() -> int:
    """The highest number committed so far; 0 in an empty outbox."""
    last = OutboxEvent.objects.order_by("-seq").values_list("seq", flat=True).first()
    return last or 0


def follow(tail: Tail, *, at: datetime, limit: int = 500) -> tuple[Tail, list[Recent]]:
    """What appeared since ``tail``, late commits included, and the tail to go on from. ``at`` is the machine's time.

    Begin with ``Tail(latest_seq())``, or with the number that a viewer saw last.
    """
    found = recent_events(tail.seq, limit, holes=[seq for seq, _ in tail.holes])
    return tail.after([event.seq for event in found], at), found


# -- what waits -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HandlerStatus:
    """``retrying``: failed and will be tried again; ``behind``: wait for an earlier event of their key; ``dead``: wait for a person."""

    name: str
    known: bool
    retrying: int = 0
    behind: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How the outbox stands: ``waiting`` events not yet taken to their handlers, and since when."""

    waiting: int
    waiting_since: datetime | None
    handlers: tuple[HandlerStatus, ...]

    @property
    def dead(self) -> int:
        return sum(handler.dead for handler in self.handlers)


def outbox_status() -> OutboxStatus:
    """Counts only, for the operator's screen and metrics."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), min(recorded_at) FROM {_OUTBOX} WHERE done_at IS NULL")
        waiting, since = cursor.fetchone()
        cursor.execute(
            f"""SELECT handler, count(next_try_at) FILTER (WHERE attempts > 0), count(next_try_at) FILTER (WHERE attempts = 0),
                       count(*) FILTER (WHERE next_try_at IS NULL)
                FROM {_DELIVERY} GROUP BY handler"""
        )
        counts = {row[0]: row[1:] for row in cursor.fetchall()}
    known = handlers()
    return OutboxStatus(waiting, since, tuple(HandlerStatus(name, name in known, *counts.get(name, ())) for name in sorted({*known, *counts})))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a handler could not take; ``behind`` later events of the same key wait for it."""

    id: int
    handler: str
    seq: int
    topic: str
    key: UUID
    at: datetime
    attempts: int
    error: str
    behind: int


def dead_letters(actor: Asking, *, limit: int = 200) -> list[DeadLetter]:
    """Dead letters, oldest event first, in one query.

    Raises:
        Forbidden: ``actor`` lacks ``events.retry``.
    """
    actor.require(RETRY)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT d.id, d.handler, o.seq, o.topic, o.key, o.at, d.attempts, d.error,
                       (SELECT count(*) FROM {_DELIVERY} AS b WHERE b.handler = d.handler AND b.key = d.key AND b.event_id > d.event_id)
                FROM {_DELIVERY} AS d JOIN {_OUTBOX} AS o ON o.seq = d.event_id WHERE d.next_try_at IS NULL ORDER BY d.event_id, d.handler LIMIT %s""",
            [limit],
        )
        return [DeadLetter(*row) for row in cursor.fetchall()]
