"""Fixtures.

``django_db`` tests run in a transaction that is rolled back. ``committed`` tests need real commits (races, constraints at
commit, NOTIFY): each gets a database of its own, cloned from the template.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import WORKER, clone_database, drop_database


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The worker's database is there already: cloned, not migrated."""


@pytest.fixture
def committed(django_db_blocker: Any) -> Iterator[str]:
    """A database of the test's own, with real commits; gives its URL (for other processes)."""
    from django.db import connection, connections

    name = f"linli_{WORKER}_own"
    url = clone_database(name)
    with django_db_blocker.unblock():
        connections.close_all()
        before = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = name
        _forget_caches()
        try:
            yield url
        finally:
            connections.close_all()
            connection.settings_dict["NAME"] = before
            _forget_caches()
            drop_database(name)


def _forget_caches() -> None:
    from linli.kernel.clock.services import forget
    from linli.kernel.epoch.services import Cached, hear

    forget()
    Cached.forget_all()
    hear(None)


@pytest.fixture(autouse=True)
def _same_environment() -> Iterator[None]:
    """A command that a test runs in this process names its data folder in the environment: no other test sees that."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """No test sees configuration that another one cached."""
    _forget_caches()
    yield
