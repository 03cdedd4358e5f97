"""What insight does by itself: marks the days that events touch, and counts marked days anew."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from linli.directory.territory.events import TerritoryImported
from linli.directory.territory.selectors.ground import NoTerritory
from linli.engines.matters.events import MatterEvent
from linli.engines.matters.selectors.facts import reported_days
from linli.insight.services import figures_zone, mark_all, mark_days, refresh_days
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.playbooks.events import PlaybookApplied
from linli.kernel.playbooks.selectors import NoPlaybook
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

SECONDS = 2.0


@subscribe("insight.mark_days", MatterEvent)
def mark_touched_days(deliveries: Sequence[Delivered[Any]]) -> None:
    """Handler of the outbox: the day of every matter that something happened to is counted anew soon."""
    ids = list({delivery.event.key for delivery in deliveries})
    mark_days(reported_days(ids=ids, timezone=str(figures_zone())))


@subscribe("insight.mark_all", TerritoryImported, PlaybookApplied)
def mark_every_day(deliveries: Sequence[Delivered[Any]]) -> None:
    """Handler of the outbox: areas may have moved, or days begin at another hour: everything is counted anew."""
    del deliveries
    try:
        mark_all()
    except (NoPlaybook, NoTerritory):
        return  # nothing can have been reported yet


def refresh_figures() -> int:
    """Count some of the marked days anew; true while more may wait."""
    with write():
        return refresh_days()


class Refresh:
    """The sweep. Under a flood of reports it rests nine times as long as it counted, so that counting takes a tenth of a core at most."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def __call__(self) -> None:
        began = time.monotonic()
        if began >= self._rests_until:
            refresh_figures()
            ended = time.monotonic()
            self._rests_until = ended + 9 * (ended - began)


_refresh = Refresh()


def rebuild_figures(told: Any = None) -> int:
    """Count everything anew; return the number of days. ``told`` is called with days done and days in all."""
    with write():
        days = mark_all()
    done = 0
    while counted := refresh_figures():
        done += counted
        if told is not None:
            told(min(done, days), days)
    return days


def register_sweeps() -> None:
    register_sweep("insight.refresh", SECONDS, _refresh)
