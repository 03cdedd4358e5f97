"""Publishing events into the outbox."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection

from linli.kernel.clock.services import machine_now
from linli.kernel.events.models import PARTITIONS, OutboxEvent
from linli.kernel.ids import new_id
from linli.kernel.rows import insert_rows
from linli.kernel.writing import finish_with, gather

CHANNEL = "linli_outbox"


@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event. A domain declares its own in ``events.py``: frozen, with a ``topic`` and plain JSON values.

    Attributes:
        topic: stable name, ``domain.what_happened``.
        key: what order is kept for.
        at: when it happened.
    """

    topic: ClassVar[str] = ""
    key: UUID
    at: datetime


def publish(events: Sequence[Event]) -> None:
    """Add events to the open write; they are delivered after it commits."""
    gather("events", list(events))


def _data(event: Event) -> dict[str, Any]:
    return {f.name: getattr(event, f.name) for f in dataclasses.fields(event) if f.name not in ("key", "at")}


def _append(events: list[Event]) -> None:
    recorded_at = machine_now()
    insert_rows(
        OutboxEvent,
        ("id", "topic", "key", "partition", "at", "recorded_at", "data"),
        [(new_id(), event.topic, event.key, event.key.int % PARTITIONS, event.at, recorded_at, _data(event)) for event in events],
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


finish_with("events", _append, order=50)
