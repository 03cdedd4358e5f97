"""Matters of some classes within some days: how many there were to settle, and how many were closed on which day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from linli.engines.matters.models import Matter
from linli.kernel.calendar.selectors import working_calendar


def closed_within(area_path: str, classes: Sequence[str], since: datetime, until: datetime) -> tuple[int, Mapping[date, int]]:
    """How many public or internal matters of the classes were open or came up between two instants, and how many were closed on which local day. One query."""
    zone = working_calendar().zone
    rows = Matter.objects.filter(area_path__startswith=area_path, class_code__in=classes, reported_at__lte=until).exclude(closed_at__lt=since)
    rows = rows.exclude(state__in=("merged", "refused"))
    closed = Counter(at.astimezone(zone).date() for at in rows.filter(closed_at__lte=until).values_list("closed_at", flat=True) if at)
    return rows.count(), closed
