"""When a duty recurs: cadences as plain values, and the windows of days that they make. Pure.

A window has a first and a last day and a key that does not depend on when or how far it was derived: so a rolling horizon
can be derived again and again and meets what it made before.

Cadences come in two sorts. *Shared* ones (RRULE, so many times a period) give every subject the same windows, which are made
once and then cut by the subject's own days. *Own* ones count from the subject: from its beginning, within its stay, around a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import count, islice
from typing import Protocol

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrule, rrulestr

from linli.engines.duties.rules.subjects import Span, SpanKind, Subject

ANCHOR = date(2001, 1, 1)  # a Monday: where rules that name no start begin to count; early enough for a replay of old years
DAY = timedelta(days=1)
STAY_DAYS = 7  # for what is due once in a stay: when the stay ends is not known while it lasts


class Period(StrEnum):
    """What "k times a …" counts in."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"

    def in_chinese(self) -> str:
        return {"week": "周", "month": "月", "quarter": "季度", "half_year": "半年", "year": "年"}[self.value]


class Unit(StrEnum):
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"

    def in_chinese(self) -> str:
        return {"days": "天", "weeks": "周", "months": "个月"}[self.value]


class DaysOff(StrEnum):
    """What becomes of a window that ends on a day off: as it is, to the working day after or before, or not at all if no day of it is worked."""

    KEEP = "keep"
    AFTER = "after"
    BEFORE = "before"
    SKIP = "skip"

    def in_chinese(self) -> str:
        return {"keep": "照常", "after": "顺延到下一个工作日", "before": "提前到上一个工作日", "skip": "不做"}[self.value]


@dataclass(frozen=True, slots=True)
class Window:
    """Days on which one occurrence may be carried out, both included; ``key`` names it among those of its rule and subject."""

    key: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Recurring:
    """An RRULE's days, each the beginning of ``days`` days."""

    rule: str
    days: int = 1
    since: date = ANCHOR


@dataclass(frozen=True, slots=True)
class TimesPer:
    """``times`` a period, spread evenly: the period is cut into as many windows."""

    times: int
    period: Period


@dataclass(frozen=True, slots=True)
class Phase:
    """Every ``every`` units, ``times`` times; None: for good."""

    every: int
    unit: Unit
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Phased:
    """Every X for N times, then every Y: counted from the subject's beginning, or from a day of its own (``since``)."""

    phases: tuple[Phase, ...]
    since: str = ""


@dataclass(frozen=True, slots=True)
class WithinStay:
    """During each stay ``code``: every ``every`` days from its first; None: once, within its first ``within`` days (a week if nothing is said)."""

    code: str
    every: int | None = None
    within: int | None = None


@dataclass(frozen=True, slots=True)
class AroundDay:
    """So many days before (negative), on (0) or after a day of the subject's own, with ``days`` days for it."""

    day: str
    offset: int = 0
    days: int = 1


Cadence = Recurring | TimesPer | Phased | WithinStay | AroundDay
SHARED = (Recurring, TimesPer)


class Workdays(Protocol):
    """What the working calendar tells: which days are worked."""

    def is_working_day(self, day: date) -> bool: ...


def shared_windows(cadence: Recurring | TimesPer, *, first: date, last: date, days_off: DaysOff, calendar: Workdays) -> tuple[Window, ...]:
    """Return the windows that touch the days from ``first`` to ``last``, the same for every subject."""
    found = _recurring(cadence, first, last) if isinstance(cadence, Recurring) else _times_per(cadence, first, last)
    return tuple(moved(found, first=first, last=last, days_off=days_off, calendar=calendar))


def own_windows(cadence: Cadence, subject: Subject, *, first: date, last: date, days_off: DaysOff, calendar: Workdays) -> tuple[Window, ...]:
    """Return the windows of a cadence that counts from the subject, those that touch the days from ``first`` to ``last``."""
    if isinstance(cadence, Phased):
        found = _phased(cadence, subject, last)
    elif isinstance(cadence, WithinStay):
        found = _within_stay(cadence, subject, last)
    else:
        assert isinstance(cadence, AroundDay)
        found = _around(cadence, subject)
    return tuple(moved(found, first=first, last=last, days_off=days_off, calendar=calendar))


def windows_of(cadence: Cadence, subject: Subject, *, first: date, last: date, days_off: DaysOff, calendar: Workdays) -> tuple[Window, ...]:
    """Return the subject's windows of one cadence that touch the days from ``first`` to ``last``: what is derived."""
    if isinstance(cadence, SHARED):
        found = shared_windows(cadence, first=first, last=last, days_off=days_off, calendar=calendar)
    else:
        found = own_windows(cadence, subject, first=first, last=last, days_off=days_off, calendar=calendar)
    return cut_all(found, subject, first=first, last=last)


def cut_all(windows: tuple[Window, ...], subject: Subject, *, first: date, last: date) -> tuple[Window, ...]:
    """Return the windows as far as the subject is active and not paused; those with no day left are gone."""
    if not subject.spans:
        return windows
    active, pauses = subject.of(SpanKind.ACTIVE), subject.of(SpanKind.PAUSE)
    kept = (cut(window, active=active, pauses=pauses) for window in windows)
    return tuple(window for window in kept if window is not None and window.first <= last and window.last >= first)


def cut(window: Window, *, active: Iterable[Span], pauses: Iterable[Span]) -> Window | None:
    """Return the window from the first to the last of its days that is active and not paused, or None where there is none."""
    first, last = window.first, window.last
    spans = tuple(active)
    if spans:
        met = [span for span in spans if span.first <= last and (span.last is None or span.last >= first)]
        if not met:
            return None
        first = max(first, met[0].first)
        last = last if met[-1].last is None else min(last, met[-1].last)
    held = tuple(pauses)
    while first <= last and (pause := next((span for span in held if span.holds(first)), None)):
        if pause.last is None:
            return None
        first = pause.last + DAY
    while first <= last and (pause := next((span for span in held if span.holds(last)), None)):
        last = pause.first - DAY
    if first > last:
        return None
    return window if (first, last) == (window.first, window.last) else Window(window.key, first, last)


def moved(windows: Iterable[Window], *, first: date, last: date, days_off: DaysOff, calendar: Workdays) -> Iterator[Window]:
    """Yield the windows as days off move them, those that then touch the days from ``first`` to ``last``."""
    reach = DAY * 31  # a day off moves a window no further; what lies beyond may lie beyond the calendar, too
    for window in windows:
        if window.first > last + reach or window.last < first - reach:
            continue
        end = _end(window, days_off=days_off, calendar=calendar)
        if end is None:
            continue
        begin = end if window.first == window.last and days_off is not DaysOff.KEEP else min(window.first, end)
        if begin <= last and end >= first:
            yield window if (begin, end) == (window.first, window.last) else Window(window.key, begin, end)


def _end(window: Window, *, days_off: DaysOff, calendar: Workdays) -> date | None:
    day = window.last
    if days_off is DaysOff.KEEP:
        return day
    if days_off is DaysOff.SKIP:
        days = (window.first + DAY * place for place in range((window.last - window.first).days + 1))
        return day if any(calendar.is_working_day(one) for one in days) else None
    step = DAY if days_off is DaysOff.AFTER else -DAY
    for _ in range(31):
        if calendar.is_working_day(day):
            return day
        day += step
    return window.last


def _recurring(cadence: Recurring, first: date, last: date) -> Iterator[Window]:
    reach = DAY * (cadence.days + 31)  # days off may move a window
    for day in _days_of(cadence, first - reach, last + DAY * 31):
        yield Window(day.isoformat(), day, day + DAY * (cadence.days - 1))


def recurrence(cadence: Recurring) -> rrule:
    """The library's own form of the rule."""
    made = rrulestr(cadence.rule.upper(), dtstart=datetime.combine(cadence.since, datetime.min.time()))  # days only: no zone
    assert isinstance(made, rrule)
    return made


@lru_cache(maxsize=256)
def _days_of(cadence: Recurring, first: date, last: date) -> tuple[date, ...]:
    low, high = (datetime.combine(day, datetime.min.time()) for day in (first, last))
    return tuple(found.date() for found in recurrence(cadence).between(low, high, inc=True))


def _times_per(cadence: TimesPer, first: date, last: date) -> Iterator[Window]:
    begin = _period_of(first - DAY * 31, cadence.period)
    while begin <= last + DAY * 31:
        following = _after(begin, cadence.period)
        length = (following - begin).days
        for number in range(cadence.times):
            opens = begin + DAY * (length * number // cadence.times)
            closes = begin + DAY * (length * (number + 1) // cadence.times) - DAY
            if opens <= closes:
                yield Window(f"{begin.isoformat()}/{number + 1}", opens, closes)
        begin = following


def _period_of(day: date, period: Period) -> date:
    if period is Period.WEEK:
        return day - DAY * day.weekday()
    months = {Period.MONTH: 1, Period.QUARTER: 3, Period.HALF_YEAR: 6, Period.YEAR: 12}[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _after(begin: date, period: Period) -> date:
    step = {
        Period.WEEK: relativedelta(weeks=1), Period.MONTH: relativedelta(months=1), Period.QUARTER: relativedelta(months=3),
        Period.HALF_YEAR: relativedelta(months=6), Period.YEAR: relativedelta(years=1),
    }[period]  # fmt: skip
    return begin + step


def _phased(cadence: Phased, subject: Subject, last: date) -> Iterator[Window]:
    for start in _starts(cadence, subject):
        begin, number = start, 0
        for phase in cadence.phases:
            anchor = begin
            for done in count(1) if phase.times is None else range(1, phase.times + 1):
                if begin > last:
                    return
                following = anchor + relativedelta(**{phase.unit.value: phase.every * done})  # type: ignore[arg-type]
                yield Window(f"{start.isoformat()}+{number}", begin, following - DAY)
                begin, number = following, number + 1


def _starts(cadence: Phased, subject: Subject) -> tuple[date, ...]:
    if cadence.since:
        day = subject.days.get(cadence.since)
        return (day,) if day else ()
    return tuple(span.first for span in subject.of(SpanKind.ACTIVE)) or (ANCHOR,)


def _within_stay(cadence: WithinStay, subject: Subject, last: date) -> Iterator[Window]:
    for stay in subject.of(SpanKind.STAY, cadence.code):
        if cadence.every is None:
            limit = stay.first + DAY * ((cadence.within or STAY_DAYS) - 1)
            yield Window(stay.first.isoformat(), stay.first, min(limit, stay.last or limit))
            continue
        end = stay.last if stay.last is not None else last + DAY * 31
        begin = stay.first
        for begin in islice(_every(stay.first, cadence.every), 3_700):
            if begin > min(end, last + DAY * 31):
                break
            yield Window(begin.isoformat(), begin, min(begin + DAY * (cadence.every - 1), stay.last or date.max))


def _every(begin: date, days: int) -> Iterator[date]:
    while True:
        yield begin
        begin += DAY * days


def _around(cadence: AroundDay, subject: Subject) -> Iterator[Window]:
    day = subject.days.get(cadence.day)
    if day is not None:
        begin = day + DAY * cadence.offset
        yield Window(day.isoformat(), begin, begin + DAY * (cadence.days - 1))
