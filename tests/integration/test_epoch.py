"""Caches of configuration and the clock's offset: exact at a write, cheap for pages, never from a write that failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from linli.kernel.clock.services import forget, machine_now, now, set_clock
from linli.kernel.epoch import services as epoch
from linli.kernel.epoch.services import Cached
from linli.kernel.epoch.tasks import start_listener
from linli.kernel.writing import NoWrite, attempt, write

LONG = timedelta(days=400)


@pytest.fixture
def built() -> Iterator[tuple[Cached[int], list[int]]]:
    """A cached value and how often it was built."""
    builds: list[int] = []

    def build() -> int:
        builds.append(1)
        return len(builds)

    yield Cached(build), builds
    epoch.hear(None)


def bump() -> None:
    with write():
        epoch.bump()


@pytest.mark.django_db
def test_a_change_rebuilds_once(built: tuple[Cached[int], list[int]]) -> None:
    cached, _ = built
    assert (cached.get(), cached.get()) == (1, 1)
    bump()
    assert (cached.get(), cached.get(), cached.get(epoch.hold())) == (2, 2, 2)


@pytest.mark.django_db
def test_where_a_listener_runs_pages_ask_nothing(built: tuple[Cached[int], list[int]], django_assert_num_queries: Any) -> None:
    cached, _ = built
    epoch.hear(epoch.current())
    cached.get()
    with django_assert_num_queries(0):
        cached.get()
    bump()
    with django_assert_num_queries(0):
        assert cached.get() == 2, "this process's own change is known at once"
    epoch.hear(epoch.current() + 1)
    assert cached.get() == 3
    epoch.hear(epoch.current())
    assert cached.get() == 3, "late news does not go back"


@pytest.mark.django_db
def test_a_failed_change_leaves_nothing_in_the_cache(built: tuple[Cached[int], list[int]]) -> None:
    cached, builds = built
    before = cached.get()
    with pytest.raises(KeyError), write():
        epoch.bump()
        assert cached.get() != before, "the write sees what it changed"
        raise KeyError
    assert cached.get() == before
    with write():
        with pytest.raises(KeyError), attempt():
            epoch.bump()
            raise KeyError
        assert cached.get() == before
    assert len(builds) == 2


@pytest.mark.django_db
def test_a_change_belongs_to_a_write() -> None:
    with pytest.raises(NoWrite):
        epoch.bump()


@pytest.mark.django_db
def test_the_clock_moves_with_its_write_and_not_without() -> None:
    assert abs(now() - machine_now()) < timedelta(minutes=1)
    with pytest.raises(KeyError), write():
        set_clock(by=LONG)
        assert now() - machine_now() > LONG / 2
        raise KeyError
    assert abs(now() - machine_now()) < timedelta(minutes=1)
    with write():
        moved = set_clock(to=machine_now() + LONG)
        moved = set_clock(by=LONG)
    assert abs(moved - now()) < timedelta(minutes=1) and now() - machine_now() > LONG * 1.9


def test_a_long_running_process_hears_of_changes_made_elsewhere(committed: str, django_db_blocker: Any, built: tuple[Cached[int], list[int]]) -> None:
    cached, _ = built
    stop, heard = threading.Event(), threading.Semaphore(0)
    callback = heard.release
    epoch.on_change(callback)
    try:
        with django_db_blocker.unblock():
            listener = start_listener(stop)
            assert heard.acquire(timeout=30), "it learns the epoch when it starts"
            assert (cached.get(), abs(now() - machine_now()) < timedelta(minutes=1)) == (1, True)
            with connection.cursor() as cursor:  # as another process does it: no callback of this one runs
                cursor.execute("INSERT INTO clock_clocksetting (id, \"offset\") VALUES (1, interval '400 days')")
                cursor.execute("UPDATE epoch_configepoch SET value = value + 1")
                cursor.execute("INSERT INTO epoch_configepoch (id, value) VALUES (1, 2) ON CONFLICT DO NOTHING")
                cursor.execute("SELECT pg_notify('linli_config', '')")
            assert heard.acquire(timeout=30)
            assert cached.get() == 2 and now() - machine_now() > LONG / 2
            stop.set()
            listener.join(30)
            assert not listener.is_alive() and epoch._heard is None, "without a listener the database is asked again"
    finally:
        stop.set()
        epoch._callbacks.remove(callback)
        forget()
