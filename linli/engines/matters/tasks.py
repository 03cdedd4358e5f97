"""What the engine does by itself: the backstop's sweep, and the index of words and likes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from linli.engines.matters.events import MatterReported, MatterTouched
from linli.engines.matters.services.act import due_matters, time_out
from linli.engines.matters.services.likes import index_matters
from linli.kernel.clock.services import now
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.sweeps import register_sweep, work_off

BATCH = 500


def sweep(at: datetime | None = None) -> int:
    """Move up every matter whose clock ran out by ``at`` (else by the program's clock); return how many moved.

    Idempotent: any number of sweeps may run at once, and a sweep that never ran changes nothing but when the hop is
    written down (it takes effect at its deadline).
    """
    until = at or now()
    return work_off(due=lambda failed: due_matters(at=until, limit=BATCH, without=failed), settle=lambda batch: time_out(batch, at=until), what="matter")


@subscribe("matters.words", MatterReported, MatterTouched)
def index_reported(deliveries: Sequence[Delivered[MatterReported | MatterTouched]]) -> None:
    """Handler of the outbox: search words and merge suggestions of what was reported or touched."""
    wanted = list({delivery.event.key for delivery in deliveries if delivery.event.verb in ("report", "redact", "correct")})
    if wanted:
        index_matters(wanted)


def register_sweeps() -> None:
    """The backstop looks every second: a deadline that passes is acted on within two."""
    register_sweep("matters.backstop", 1.0, sweep)
