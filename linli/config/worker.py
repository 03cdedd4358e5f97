"""The background worker: ``python -m linli.config.worker``.

One process holds the event dispatcher, the sweeps (a thread and a connection each), and the job queue for slow and
periodic work. Each part starts again by itself after a failure, with a growing pause; SIGTERM and SIGINT stop all.
Any number of workers may run against one database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import django

from linli.config.web import exit_with_parent

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds between a failure and the next start of the part that failed
STOP_WITHIN = 20.0  # seconds that running work is given to end
RESCUE_SECONDS = 60  # how often jobs of workers that died are looked for
logger = logging.getLogger("linli.worker")


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


class Part:
    """One part of the worker in a thread of its own: run again after a failure, until the worker stops."""

    def __init__(self, name: str, run: Callable[[threading.Event], None], stop: threading.Event) -> None:
        self.name, self._run, self._stop = name, run, stop
        self.thread = threading.Thread(target=self._live, name=name, daemon=True)

    def _live(self) -> None:
        from django.db import connections

        pause = FIRST_PAUSE
        while not self._stop.is_set():
            started, failure = time.monotonic(), None
            try:
                self._run(self._stop)
            except Exception as error:
                failure = error
                logger.debug("%s failed", self.name, exc_info=True)
            finally:
                connections.close_all()
            if failure is None:
                self._stop.wait(0.05)  # a part that ends at once must not take the processor
                continue
            if time.monotonic() - started > LONGEST_PAUSE:
                pause = FIRST_PAUSE  # it had worked meanwhile
            logger.error("%s: %s; again in %.1f s", self.name, _one_line(failure), pause)
            self._stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


class SweepPart(Part):
    """One sweep. It runs when its time has come, when it is woken, and at once again while it says that more waits."""

    def __init__(self, name: str, seconds: float, function: Callable[[], object], stop: threading.Event) -> None:
        super().__init__(name, self._sweep, stop)
        self._seconds, self._function = seconds, function
        self._woken = threading.Event()

    def wake(self) -> None:
        self._woken.set()

    def _sweep(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._woken.clear()
            if not self._function():
                self._woken.wait(self._seconds)


def _listen(parts: dict[str, SweepPart]) -> Callable[[threading.Event], None]:
    """Hear of sweeps that are to run at once. The connection is its own: it bypasses any pooler of the application."""
    from psycopg import sql

    from linli.kernel.listening import direct_connection
    from linli.kernel.sweeps import CHANNEL

    def run(stop: threading.Event) -> None:
        with direct_connection() as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            for part in parts.values():
                part.wake()  # what was said while nobody listened
            while not stop.is_set():
                for notification in connection.notifies(timeout=0.5, stop_after=1):
                    if notification.payload in parts:
                        parts[notification.payload].wake()

    return run


def _job_queue(stop: threading.Event) -> None:
    """Run procrastinate's worker with its own asynchronous connections until ``stop``."""
    from procrastinate.contrib.django import app

    async def live() -> None:
        queue = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
        async with queue.open_async():
            task = asyncio.create_task(
                queue.run_worker_async(install_signal_handlers=False, shutdown_graceful_timeout=STOP_WITHIN / 2, delete_jobs="successful")
            )
            rescued = 0.0
            while not task.done() and not stop.is_set():
                await asyncio.wait([task], timeout=0.2)
                rescued -= 0.2
                if rescued <= 0:
                    rescued = RESCUE_SECONDS
                    for job in await queue.job_manager.get_stalled_jobs():
                        logger.warning("jobs: %s was cut short and is tried again", job.task_name)
                        await queue.job_manager.retry_job(job)
            if not task.done():
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if not stop.is_set():
            raise RuntimeError("the job queue's connection was lost")

    asyncio.run(live())


def run_worker(stop: threading.Event) -> None:
    """Run everything that works in the background until ``stop`` is set; returns when all of it has ended.

    Work that does not end in time is left to the process's end: sweeps and handlers are idempotent, and a notice that
    is cut short is flagged (see the notices room).
    """
    from linli.interfaces.lanes.mqtt import devices_are_heard, listen_to_devices
    from linli.kernel.epoch.tasks import run_listener
    from linli.kernel.events.tasks import run_dispatcher
    from linli.kernel.sweeps import registered_sweeps

    sweeps = {sweep.name: SweepPart(sweep.name, sweep.seconds, sweep.function, stop) for sweep in registered_sweeps()}
    parts = [
        Part("configuration", run_listener, stop),
        Part("events", run_dispatcher, stop),
        *sweeps.values(),
        Part("wake", _listen(sweeps), stop),
        Part("jobs", _job_queue, stop),
        *([Part("devices", listen_to_devices, stop)] if devices_are_heard() else []),
    ]
    for part in parts:
        part.thread.start()
    logger.debug("worker: %d sweeps, events and jobs", len(sweeps))
    stop.wait()
    for sweep in sweeps.values():
        sweep.wake()
    for part in parts:
        part.thread.join(STOP_WITHIN)
        if part.thread.is_alive():
            logger.error("%s did not stop within %.0f s", part.name, STOP_WITHIN)


def main() -> None:
    """Start Django and the worker; SIGTERM and SIGINT stop it, a second one at once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    exit_with_parent()
    os.nice(15)  # people who report and read come before what can wait a moment
    logging.getLogger("procrastinate.blueprints").setLevel(logging.ERROR)  # it takes a program started with -m for a mistake
    django.setup()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines hold addresses that are keys
    logging.getLogger("httpx").setLevel(logging.WARNING)  # so do its lines, as part of the URL
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    run_worker(stop)


if __name__ == "__main__":
    main()
