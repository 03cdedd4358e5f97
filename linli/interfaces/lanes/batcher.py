"""Gathers reports that arrive together into one write.

One thread owns one database connection. While it commits a batch, the next one gathers; each report is answered only
after its commit. A batch that fails as a whole is split until the poisonous report stands alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.services.report import ReportReceipt, report_matters
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.epoch import services as epoch
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

log = logging.getLogger("linli.lanes")

MOST = 256  # reports in one write
GATHER_SECONDS = 0.001  # how long a lone report waits for company
PAUSES = (0.05, 0.5, 1.5, 3.0)  # seconds between tries while the database comes back: a crashed one needs a moment
WAITING_MOST = 4096  # reports that may wait; more are told to come back

Answer = ReportReceipt | Refusal
Identify = Callable[[datetime, int], Actor]


class TooBusy(Refusal):
    code = "lanes.too_busy"
    message = N_("Too many reports at once; nothing was stored. Please try again in a moment.")
    kind = Kind.LIMIT


class NotStored(Refusal):
    code = "lanes.not_stored"
    message = N_("The report could not be stored. Please try again.")
    kind = Kind.LIMIT


@dataclass(slots=True)
class _Waiting:
    request: ReportRequest
    identify: Identify  # who sends it; asked in the batching thread, where the database is
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Answer]


class Batcher:
    """Takes reports from the event loop and writes them in batches on a thread of its own."""

    def __init__(self) -> None:
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(WAITING_MOST)
        self._thread = threading.Thread(target=self._run, name="linli-batcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    async def report(self, request: ReportRequest, *, identify: Identify) -> Answer:
        """Return the receipt after its commit, or the refusal."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        try:
            self._queue.put_nowait(_Waiting(request, identify, loop, future))
        except queue.Full:
            return TooBusy()
        return await future

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                connection.close()
                return
            batch, ending = self._gather(first)
            try:
                _answer(batch, self._write(batch))
            except Exception:  # the thread must outlive any surprise: every waiting report gets an answer
                log.exception("a batch of %s reports failed", len(batch))
                connection.close()
                _answer(batch, [NotStored() for _ in batch])
            if ending:
                connection.close()
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        deadline = time.perf_counter() + GATHER_SECONDS
        while len(batch) < MOST:
            try:
                left = deadline - time.perf_counter()
                more = self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return batch, True
            batch.append(more)
        return batch, False

    def _write(self, batch: list[_Waiting]) -> list[Answer]:
        cut_off: list[list[Answer]] = []  # what earlier tries would have answered: one may be committed, though it could not say so
        again = True
        for pause in (*PAUSES, None):
            answers: list[Answer] = [NotStored() for _ in batch]
            try:
                for earlier in cut_off:
                    if _committed(earlier):
                        return earlier
                _write_once(batch, answers)
                return answers
            except (InterfaceError, OperationalError):
                if not _connected():
                    connection.close()
                    cut_off.append(answers)
                    if pause is not None:
                        time.sleep(pause)
                elif again:  # a lock or a limit; the database is there
                    again = False
                else:
                    return self._split(batch)
            except Exception:  # a poisonous report must not take those beside it along, whatever it trips over
                return self._split(batch)
        log.error("the database cannot be reached; %s reports are not stored", len(batch))
        return [NotStored() for _ in batch]

    def _split(self, batch: list[_Waiting]) -> list[Answer]:
        if len(batch) == 1:
            log.exception("a report could not be stored")
            return [NotStored()]
        middle = len(batch) // 2
        return [*self._write(batch[:middle]), *self._write(batch[middle:])]


def _connected() -> bool:
    return connection.connection is not None and not connection.connection.closed


def _committed(answers: list[Answer]) -> bool:
    """Whether the write that gave these answers is in the database after all: it holds all of them or none."""
    receipt = next((answer for answer in answers if isinstance(answer, ReportReceipt) and not answer.repeated), None)
    if receipt is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM matters_matter WHERE id = %s", [receipt.matter_id])
        row = cursor.fetchone()
    return bool(row and row[0])


def _write_once(batch: list[_Waiting], answers: list[Answer]) -> None:
    """Write the batch and fill in the answers, which hold once this returns."""
    with write():
        at = now()
        held = epoch.hold()
        groups: dict[str, tuple[Actor, list[int]]] = {}
        for place, waiting in enumerate(batch):
            try:
                actor = waiting.identify(at, held)
            except Refusal as refusal:
                answers[place] = refusal
                continue
            groups.setdefault(actor.id, (actor, []))[1].append(place)
        for _, (actor, places) in sorted(groups.items()):  # in one order, so that two batches with the same keys wait for each other
            for place, answer in zip(places, report_matters([batch[place].request for place in places], actor=actor, at=at), strict=True):
                answers[place] = answer


def _answer(batch: list[_Waiting], answers: list[Answer]) -> None:
    """Hand the answers to their event loops, one call per loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer], Answer]]] = {}
    for waiting, answer in zip(batch, answers, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, answer))
    for loop, pairs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # that loop has ended: nobody waits there any more
            loop.call_soon_threadsafe(_resolve, pairs)


def _resolve(pairs: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, answer in pairs:
        if not future.done():
            future.set_result(answer)
