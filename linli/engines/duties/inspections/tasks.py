"""What place ledgers do by themselves: places are drawn, and contacts forgotten."""

from __future__ import annotations

from datetime import datetime

from linli.directory.territory.selectors import ground_or_none
from linli.engines.duties.inspections.playbook import keeps_ledgers
from linli.engines.duties.inspections.services.draws import draw_due
from linli.engines.duties.inspections.services.leaves import forget_due
from linli.kernel.clock.services import now
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write


def draw(at: datetime | None = None) -> int:
    """Draw what is due today."""
    if not keeps_ledgers() or ground_or_none() is None:
        return 0
    with write():
        draw_due(at=at or now())
    return 0


def forget(at: datetime | None = None) -> int:
    """Forget contacts whose days are over; return how many, so that the rest follows at once."""
    with write():
        return forget_due(at=at or now())


def register_sweeps() -> None:
    register_sweep("inspections.draws", 600.0, draw)
    register_sweep("inspections.contacts", 3600.0, forget)
