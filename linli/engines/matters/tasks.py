"""What the engine does by itself: the backstop's sweep, and the index of words and likes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import InterfaceError, OperationalError

from linli.engines.matters.events import MatterReported, MatterTouched
from linli.engines.matters.services.act import due_matters, time_out
from linli.engines.matters.services.likes import index_matters
from linli.kernel.clock.services import now
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

BATCH = 500
_log = logging.getLogger(__name__)


def sweep(at: datetime | None = None) -> int:
    """Move up every matter whose clock ran out by ``at`` (else by the program's clock); return how many moved.

    Idempotent: any number of sweeps may run at once, and a sweep that never ran changes nothing but when the hop is
    written down (it takes effect at its deadline).
    """
    moved, failed = 0, set[UUID]()
    until = at or now()
    while True:
        due = due_matters(at=until, limit=BATCH, without=failed)
        if not due:
            return moved
        done = _time_out(due, until, failed)
        moved += done
        if done == 0 and not failed.intersection(due):  # others hold them: they are being settled
            return moved


def _time_out(due: Sequence[UUID], until: datetime, failed: set[UUID]) -> int:
    """Settle these in one write; where it fails, in halves, until what fails stands alone: one must not hold up the rest."""
    try:
        with write():
            return time_out(due, at=until)
    except (InterfaceError, OperationalError):
        raise  # the database itself: the next sweep tries again
    except Exception:
        if len(due) == 1:
            _log.exception("the clock of matter %s cannot be settled", due[0])
            failed.update(due)
            return 0
        middle = len(due) // 2
        return _time_out(due[:middle], until, failed) + _time_out(due[middle:], until, failed)


@subscribe("matters.words", MatterReported, MatterTouched)
def index_reported(deliveries: Sequence[Delivered[MatterReported | MatterTouched]]) -> None:
    """Handler of the outbox: search words and merge suggestions of what was reported or touched."""
    wanted = list({delivery.event.key for delivery in deliveries if delivery.event.verb in ("report", "redact", "correct")})
    if wanted:
        index_matters(wanted)


def register_sweeps() -> None:
    """The backstop looks every second: a deadline that passes is acted on within two."""
    register_sweep("matters.backstop", 1.0, sweep)
