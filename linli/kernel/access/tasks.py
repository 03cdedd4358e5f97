"""What access forgets on time."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session

from linli.kernel.access.models import CacheEntry
from linli.kernel.access.services.codes import sweep_codes
from linli.kernel.access.services.limits import sweep_limits
from linli.kernel.clock.services import machine_now, now
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

SECONDS = 3600


def sweep(*, at: datetime, machine_at: datetime) -> int:
    """Delete what is past its time; return how many rows went.

    Args:
        at: the program's time, for sign-in codes, limits and the salts of past days.
        machine_at: the machine's, by which sessions and the sign-in library's counts end.
    """
    with write():
        gone = sweep_codes(at=at) + sweep_limits(at=at)
        for expired in (Session.objects.filter(expire_date__lt=machine_at), CacheEntry.objects.filter(expires__lt=machine_at)):
            gone += expired.delete()[0]
        return gone


def forget() -> None:
    """The sweep as the worker runs it."""
    sweep(at=now(), machine_at=machine_now())


def register_sweeps() -> None:
    """Forgetting is done every hour."""
    register_sweep("access.forget", SECONDS, forget)
