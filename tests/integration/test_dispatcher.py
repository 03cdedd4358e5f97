"""The dispatcher with real commits: killed, in parallel, woken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import connection

from linli.kernel.events import services
from linli.kernel.events.models import Delivery, OutboxEvent
from linli.kernel.events.rules import Tail
from linli.kernel.events.selectors import follow
from linli.kernel.events.services import Delivered, Event, publish, subscribe
from linli.kernel.events.tasks import dispatch_once, run_dispatcher
from linli.kernel.ids import new_id
from linli.kernel.listening import direct_connection
from linli.kernel.writing import write

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Counted(Event):
    topic: ClassVar[str] = "test_dispatcher.counted"
    number: int = 0


@pytest.fixture
def ledger(committed: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with a table for effects, and no handler."""
    monkeypatch.setattr(services, "_handlers", {})
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE effect (place bigserial, key uuid, number int, worker text)")
    yield committed


def effects() -> list[tuple[UUID, int, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, number, worker FROM effect ORDER BY place")
        return cursor.fetchall()


def apply(deliveries: Sequence[Delivered[Counted]], worker: str = "") -> None:
    """The handler's effect: a row an event."""
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO effect (key, number, worker) VALUES (%s, %s, %s)", [(d.event.key, d.event.number, worker) for d in deliveries])


def count(keys: Sequence[UUID], numbers: Sequence[int]) -> None:
    with write():
        publish([Counted(key=key, at=AT, number=number) for number in numbers for key in keys])


KILLED = """
import os, signal
import django
django.setup()
from tests.integration import test_dispatcher as here

@here.subscribe("effects", here.Counted)
def handle(deliveries):
    here.apply(deliveries, "killed")
    os.kill(os.getpid(), signal.SIGKILL)

here.dispatch_once()
"""


def test_a_dispatcher_killed_between_effect_and_commit_leaves_nothing_and_all_is_delivered_once(ledger: str) -> None:
    keys = [new_id() for _ in range(5)]
    count(keys, [1, 2])
    environment = {**os.environ, "DATABASE_URL": ledger, "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, cwd=ROOT, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert effects() == [] and OutboxEvent.objects.filter(done_at=None).count() == 10
    subscribe("effects", Counted)(apply)
    # The server may need a moment to see that the dead one's session, and its claim, are gone.
    stop = threading.Event()
    timer = threading.Timer(20, stop.set)
    timer.start()
    while not stop.is_set() and OutboxEvent.objects.filter(done_at=None).exists():
        dispatch_once()
    timer.cancel()
    assert sorted((key, number) for key, number, _ in effects()) == sorted((key, number) for key in keys for number in (1, 2))


def test_two_dispatchers_at_once_keep_the_order_of_each_key(ledger: str, django_db_blocker: Any) -> None:
    keys = [new_id() for _ in range(24)]
    start = threading.Barrier(3)
    done = threading.Event()
    failures: list[BaseException] = []
    subscribe("effects", Counted)(lambda deliveries: apply(deliveries, threading.current_thread().name))

    def work() -> None:
        try:
            start.wait()
            while not (done.is_set() and dispatch_once(7) == 0):
                dispatch_once(7)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, name=name) for name in ("one", "two")]
    with django_db_blocker.unblock():
        for worker in workers:
            worker.start()
        start.wait()
        for number in range(20):
            count(keys, [number])
        done.set()
        for worker in workers:
            worker.join(60)
        while dispatch_once():  # what the last to leave held while the other looked
            pass
    assert failures == []
    seen: dict[UUID, list[int]] = defaultdict(list)
    for key, number, _ in effects():
        seen[key].append(number)
    assert dict(seen) == {key: list(range(20)) for key in keys}
    assert not Delivery.objects.exists()


def test_a_running_dispatcher_is_woken_by_a_publication(ledger: str, django_db_blocker: Any) -> None:
    handled = threading.Event()
    stop = threading.Event()

    @subscribe("effects", Counted)
    def handle(deliveries: Sequence[Delivered[Counted]]) -> None:
        handled.set()

    with django_db_blocker.unblock():
        runner = threading.Thread(target=run_dispatcher, args=(stop,), kwargs={"every": 3600.0})
        runner.start()
        try:
            listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%' AND state = 'idle'"
            with connection.cursor() as cursor:
                for _ in range(1000):
                    cursor.execute(listening)
                    if cursor.fetchone()[0]:
                        break
            count([new_id()], [1])
            assert handled.wait(30), "without the notification it would come an hour later"
        finally:
            stop.set()
            runner.join(30)
    assert not runner.is_alive()


def test_a_viewer_sees_events_that_commit_out_of_order(ledger: str) -> None:
    def insert(to: Any, number: int) -> None:
        to.execute(
            "INSERT INTO events_outboxevent (id, topic, key, partition, at, recorded_at, data)"
            " VALUES (gen_random_uuid(), 'x', gen_random_uuid(), 0, now(), now(), jsonb_build_object('n', %s::int))",
            [number],
        )

    with direct_connection() as early, direct_connection() as late:
        early.execute("BEGIN")
        insert(early, 1)
        insert(late, 2)
        tail, seen = follow(Tail(0), at=AT)
        assert [event.data["n"] for event in seen] == [2]
        early.execute("COMMIT")
        tail, seen = follow(tail, at=AT)
        assert [event.data["n"] for event in seen] == [1]
        assert follow(tail, at=AT)[1] == []
