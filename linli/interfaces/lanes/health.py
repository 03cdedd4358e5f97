"""``/healthz`` (this process answers, and by which time it works), ``/readyz`` (it can do its work) and ``/metrics`` (Prometheus)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

from django.db import DatabaseError, connection
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

from linli.engines.matters.selectors.facts import open_count
from linli.interfaces.lanes.http import Send, respond, respond_json
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import now, remembered

REQUESTS = Counter("linli_lane_requests_total", "Requests answered by the hot lanes", ("lane", "status"))
SECONDS = Histogram("linli_lane_seconds", "Seconds until a lane answered", ("lane",), buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5))
VIEWERS = Gauge("linli_live_viewers", "Open live connections of this process")
OPEN = Gauge("linli_matters_open", "Open matters")
OVERDUE = Gauge("linli_matters_overdue", "Open matters whose promise has passed")
WAITING = Gauge("linli_events_waiting", "Events in the outbox that wait for their handlers")
DEAD = Gauge("linli_events_dead", "Deliveries that wait for a person")


def _ask() -> str:
    """Return what is missing for work, or an empty text. Closes its connection: it runs on a pool's thread."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM playbooks_activeplaybook")
            row = cursor.fetchone()
        return "" if row and row[0] else "no playbook applied"
    except DatabaseError as error:
        return str(error).strip().splitlines()[0]
    finally:
        connection.close()


def _measure() -> bytes:
    try:
        counted = open_count(actor=SYSTEM, at=now())
        OPEN.set(counted.open)
        OVERDUE.set(counted.overdue)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM events_outboxevent WHERE done_at IS NULL")
            WAITING.set((cursor.fetchone() or (0,))[0])
            cursor.execute("SELECT count(*) FROM events_delivery WHERE next_try_at IS NULL")
            DEAD.set((cursor.fetchone() or (0,))[0])
    finally:
        connection.close()
    return generate_latest(REGISTRY)


async def healthz(send: Send) -> None:
    await respond_json(send, 200, {"ok": True, "at": remembered()})


async def readyz(send: Send) -> None:
    missing = await asyncio.to_thread(_ask)
    await respond_json(send, 503 if missing else 200, {"ready": not missing, "missing": missing})


async def metrics(send: Send) -> None:
    await respond(send, 200, await asyncio.to_thread(_measure), content_type=CONTENT_TYPE_LATEST.encode())


class Timed:
    """Counts one request of a lane and how long it took."""

    def __init__(self, lane: str, send: Send) -> None:
        self._lane, self._send, self._status, self._began = lane, send, 500, time.perf_counter()

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        await self._send(message)

    def done(self) -> None:
        SECONDS.labels(self._lane).observe(time.perf_counter() - self._began)
        REQUESTS.labels(self._lane, str(self._status)).inc()
