"""The background worker: sweeps on time and on call, jobs done, failures survived, a prompt stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from linli.config import worker
from linli.kernel import sweeps
from linli.kernel.sweeps import Sweep, register_sweep, wake_sweep
from linli.kernel.writing import write


@pytest.fixture
def own_sweeps(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sweep]:
    table: dict[str, Sweep] = {}
    monkeypatch.setattr(sweeps, "_registered", table)
    return table


@pytest.fixture
def running(committed: str, own_sweeps: dict[str, Sweep], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts a worker in this process; it must stop within ten seconds."""
    monkeypatch.setattr(worker, "FIRST_PAUSE", 0.05)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_worker, args=(stop,))
    yield thread.start
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


class Counter:
    """A sweep that can be waited for; it asks the database, as sweeps do."""

    def __init__(self) -> None:
        self.runs = threading.Semaphore(0)
        self.fails: list[Exception] = []
        self.pids: list[int] = []

    def __call__(self) -> None:
        try:
            if self.fails:
                raise self.fails.pop()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pids.append(cursor.fetchone()[0])
        finally:
            self.runs.release()

    def ran(self, times: int = 1) -> bool:
        return all(self.runs.acquire(timeout=20) for _ in range(times))


def test_a_sweep_is_registered_once(own_sweeps: dict[str, Sweep]) -> None:
    one, other = Counter(), Counter()
    register_sweep("test.one", 5, one)
    register_sweep("test.one", 5, one)
    with pytest.raises(ValueError, match="two sweeps"):
        register_sweep("test.one", 5, other)
    with pytest.raises(ValueError, match="positive"):
        register_sweep("test.two", 0, other)
    assert [sweep.name for sweep in sweeps.registered_sweeps()] == ["test.one"]


def test_sweeps_run_on_time_on_call_and_while_more_waits(running: Any, own_sweeps: dict[str, Sweep]) -> None:
    often, called = Counter(), Counter()
    left = [True, True]

    def more() -> bool:
        called()
        return left.pop() if left else False

    register_sweep("test.often", 0.05, often)
    register_sweep("test.called", 3600, more)
    running()
    assert often.ran(3) and called.ran(3)
    for _ in range(3):  # the first may be answered by the look that is taken when listening begins
        with write():
            wake_sweep("test.called")
        assert called.ran()


def test_a_failing_sweep_is_run_again_and_logged_in_one_line(running: Any, own_sweeps: dict[str, Sweep], caplog: pytest.LogCaptureFixture) -> None:
    counter = Counter()
    counter.fails = [RuntimeError("one\ntwo"), RuntimeError("one\ntwo")]
    register_sweep("test.fails", 0.05, counter)
    running()
    assert counter.ran(3)
    lines = [record.getMessage() for record in caplog.records if record.name == "linli.worker" and record.getMessage().startswith("test.fails")]
    assert len(lines) == 2 and all("\n" not in line and line.startswith("test.fails: RuntimeError: one two") for line in lines)


def test_a_lost_connection_is_made_again(running: Any, committed: str, own_sweeps: dict[str, Sweep]) -> None:
    counter, called = Counter(), Counter()
    register_sweep("test.often", 0.05, counter)
    register_sweep("test.called", 3600, called)
    running()
    assert counter.ran(2) and called.ran()
    with psycopg.connect(committed, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    before = counter.pids[-1]
    for _ in range(200):
        assert counter.ran()
        if counter.pids[-1] != before:
            break
    assert counter.pids[-1] != before
    assert called.ran(), "the listener came back and asked every sweep to look again"


def test_the_process_works_off_jobs_and_stops_on_sigterm(committed: str, tmp_path: Path) -> None:
    from procrastinate.contrib.django import app

    connections.close_all()
    job = app.configure_task("files.discard").defer(timestamp=0)
    environment = {**os.environ, "DATABASE_URL": committed, "LINLI_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
    process = subprocess.Popen([sys.executable, "-m", "linli.config.worker"], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        with psycopg.connect(committed, autocommit=True) as listener:
            for _ in range(600):
                rows = listener.execute("SELECT status FROM procrastinate_jobs WHERE id = %s", (job,)).fetchall()
                if not rows:
                    break
                list(listener.notifies(timeout=0.2))
            assert rows == [], "the job was done and removed"
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in said and "ERROR" not in said
