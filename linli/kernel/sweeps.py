"""Sweeps: short, idempotent passes over due rows, run again and again by the worker (DECIDED 11).

A room says what to run and how often; the worker (``linli.config.worker``) runs each sweep in a thread and with a
connection of its own. Slow and rare work belongs to the job queue instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from linli.kernel.writing import write

CHANNEL = "linli_sweep"
_log = logging.getLogger(__name__)
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


def work_off(*, due: Callable[[Collection[UUID]], Sequence[UUID]], settle: Callable[[Sequence[UUID]], int], what: str) -> int:
    """Settle everything that is due, a batch a write; return how many changed.

    Where a batch fails, its halves are tried until what fails stands alone and is left: one must not hold up the rest.

    Args:
        due: the next batch, without those named. ``settle``: settles a batch inside a write, safe to repeat.
        what: how the log names one of them.
    """
    moved, failed = 0, set[UUID]()
    while batch := due(failed):
        done = _in_halves(batch, settle, failed, what)
        moved += done
        if done == 0 and not failed.intersection(batch):  # others hold them: they are being settled
            break
    return moved


def _in_halves(batch: Sequence[UUID], settle: Callable[[Sequence[UUID]], int], failed: set[UUID], what: str) -> int:
    try:
        with write():
            return settle(batch)
    except (InterfaceError, OperationalError):
        raise  # the database itself: the next sweep tries again
    except Exception:
        if len(batch) == 1:
            _log.exception("the clock of %s %s cannot be settled", what, batch[0])
            failed.update(batch)
            return 0
        middle = len(batch) // 2
        return _in_halves(batch[:middle], settle, failed, what) + _in_halves(batch[middle:], settle, failed, what)


def registered_sweeps() -> tuple[Sweep, ...]:
    """All sweeps, in the order of registration."""
    return tuple(_registered.values())


def wake_sweep(name: str) -> None:
    """Have a sweep run as soon as the open transaction commits (at once outside one), in whichever process it lives."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, name])
