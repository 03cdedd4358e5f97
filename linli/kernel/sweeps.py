"""Sweeps: short, idempotent passes over due rows, run again and again by the worker (DECIDED 11).

A room says what to run and how often; the worker (``linli.config.worker``) runs each sweep in a thread and with a
connection of its own. Slow and rare work belongs to the job queue instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

CHANNEL = "linli_sweep"
Work = Callable[[], bool | int | None]


@dataclass(frozen=True, slots=True)
class Sweep:
    """``function`` opens its own writes, may run twice at once, and returns something true when more work waits."""

    name: str
    seconds: float
    function: Work


_registered: dict[str, Sweep] = {}


def register_sweep(name: str, seconds: float, function: Work) -> None:
    """Have ``function`` run every ``seconds`` (and at once when it returned something true, or was woken).

    Raises:
        ValueError: the name is taken by another function, or the time is not positive.
    """
    if seconds <= 0:
        raise ValueError("a sweep needs a positive number of seconds")
    sweep = Sweep(name, seconds, function)
    if _registered.setdefault(name, sweep) != sweep:
        raise ValueError(f"two sweeps are named {name!r}")


def registered_sweeps() -> tuple[Sweep, ...]:
    """All sweeps, in the order of registration."""
    return tuple(_registered.values())


def wake_sweep(name: str) -> None:
    """Have a sweep run as soon as the open transaction commits (at once outside one), in whichever process it lives."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, name])
