"""Where matters come from, and at which hours: counts of places and times over a period, and the records behind a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Q, QuerySet

from linli.engines.matters.models import Matter
from linli.engines.matters.rules.states import State
from linli.engines.matters.selectors.queue import COLUMNS, QueueRow, row_of, visible
from linli.engines.matters.services.frame import frame
from linli.kernel.access.rules import Actor

USUAL_DAYS = 28
MOST = 200


@dataclass(frozen=True, slots=True)
class Pattern:
    """Of which matters: reported in an area from a moment on, of a class or of all (``class_code`` empty)."""

    area_path: str
    since: datetime
    class_code: str = ""


def by_square(*, actor: Actor, of: Pattern) -> list[tuple[int, int, int]]:
    """Return (square, reported, still open) of what the actor may see; merged and refused reports do not count. One query."""
    actor.require_somewhere("matters.read")
    counted = _of(actor, of).values("cell").annotate(count=Count("id"), left=Count("id", filter=Q(closed_at=None))).order_by()
    return [(cell, count, left) for cell, count, left in counted.values_list("cell", "count", "left") if cell is not None]


def of_squares(*, actor: Actor, at: datetime, of: Pattern, squares: Sequence[int]) -> list[QueueRow]:
    """Return the records behind some squares, the latest first, 200 at most. One query."""
    actor.require_somewhere("matters.read")
    found = _of(actor, of).filter(cell__in=list(squares)).order_by("-reported_at", "-id").values(*COLUMNS)[:MOST]
    return [row_of(values, land=frame(), at=at, order="reported_at") for values in found]


def _of(actor: Actor, of: Pattern) -> QuerySet[Matter]:
    matters = visible(actor).filter(cell__isnull=False, reported_at__gte=of.since, area_path__startswith=of.area_path)
    matters = matters.exclude(state__in=[State.MERGED.value, State.REFUSED.value])
    return matters.filter(class_code=of.class_code) if of.class_code else matters


def usual_by_hour(*, actor: Actor, at: datetime, area_path: str = "") -> tuple[float, ...]:
    """Return how many matters an hour of the day usually brings: 24 means over the 28 whole days before ``at``,
    of the hours that end at the same minute as ``at``'s, the hour 24 hours ago first. One query."""
    actor.require("matters.read", area_path=area_path)
    start = at - timedelta(days=USUAL_DAYS)
    everywhere = area_path in ("", frame().ground.root.path)  # then the index of times tells all
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mod(floor(extract(epoch FROM reported_at - %s::timestamptz) / 3600)::bigint, 24), count(*) FROM matters_matter"
            f" WHERE reported_at >= %s AND reported_at < %s{'' if everywhere else ' AND starts_with(area_path, %s)'} GROUP BY 1",
            [start, start, at] if everywhere else [start, start, at, area_path],
        )
        counted = dict(cursor.fetchall())
    return tuple(counted.get(hour, 0) / USUAL_DAYS for hour in range(24))
