"""A week of the desk: which one an address asks for, and its gaps in the cover as they are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.http import Http404, HttpRequest
from django.utils import timezone

from linli.engines.duties.shifts.rules.roster import Gap
from linli.kernel.clock.services import now

WEEK = timedelta(days=7)
DrawnGap = tuple[int, int, str]  # minute of the day, minutes, words


def week_asked(request: HttpRequest) -> date:
    """The Monday of the week that a form or an address names; none named: this week's."""
    given = request.POST.get("week") or request.GET.get("week") or ""
    try:
        day = date.fromisoformat(given) if given else timezone.localdate(now())
    except ValueError:
        raise Http404 from None
    if not 2000 <= day.year <= 2100:
        raise Http404
    return day - timedelta(days=day.weekday())


def midnight(day: date) -> datetime:
    """When a day begins where the community is."""
    return timezone.make_aware(datetime.combine(day, time()))


def drawn_week(gaps: Iterable[Gap], monday: date) -> list[tuple[date, list[DrawnGap]]]:
    """The seven days of a week, each with its gaps."""
    held = list(gaps)
    return [(day, _drawn(held, day)) for day in (monday + timedelta(days=number) for number in range(7))]


def _drawn(gaps: list[Gap], day: date) -> list[DrawnGap]:
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    found = []
    for gap in gaps:
        starts, ends = max(gap.starts, begin), min(gap.ends, end)
        if starts < ends:
            words = f"{timezone.localtime(starts):%H:%M}–{'24:00' if ends == end else f'{timezone.localtime(ends):%H:%M}'}"
            found.append((int((starts - begin).total_seconds() // 60), int((ends - starts).total_seconds() // 60), words))
    return found
