"""Clock arithmetic of time limits: three clocks, working time, pause and resume. Pure; instants in, instants out.

The three clocks follow GB/T 30428.8 (FIELD.md, *Standards*): **urgent hours** run day and night; **working hours** run
within opening hours; **working days** are counted by their ends.

All three are read as measures over time. The first two grow evenly (always, or while open); the third makes one tick at
the end of each working day. A limit is met while its measure from the start is not used up; what falls into a pause is
not measured. So one definition answers due, elapsed and pauses alike.

The calendar's tables are integers (microseconds since 1970, UTC), made once; every question is one or two bisections.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from linli.kernel.refusal import N_, Kind, Refusal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000  # microseconds
HOUR = 60 * MINUTE
DAY_MINUTES = 1440


class ClockUnit(StrEnum):
    """What a time limit counts."""

    URGENT_HOURS = "urgent_hours"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"


_URGENT_HOURS, _WORKING_HOURS, _WORKING_DAYS = ClockUnit  # plain names: looking a member up costs more than a bisection


class BadTimeLimit(Refusal):
    code = "calendar.bad_time_limit"
    message = N_("%(given)s is not a time limit. Write a whole number from 1 and a unit, such as: 2 urgent hours, 4 working hours, 5 working days.")


class OutsideCalendar(Refusal):
    code = "calendar.outside"
    message = N_("The working calendar covers the years %(first)s to %(last)s only.")


class EndsBeforeStart(Refusal):
    code = "calendar.ends_before_start"
    message = N_("A span of time ends before it starts.")


class NoWorkingTime(Refusal):
    code = "calendar.no_working_time"
    message = N_("The calendar has no working day at all.")
    kind = Kind.CONFLICT


_ENGLISH = re.compile(r"\s*([1-9][0-9]{0,4})\s*(urgent|working)[ _](hour|day)s?\s*", re.IGNORECASE)
_CHINESE = re.compile(r"\s*([1-9][0-9]{0,4})\s*个?(紧急工作|紧急|工作)(小?时|日)\s*")
_CHINESE_UNITS = {"紧急时": ClockUnit.URGENT_HOURS, "工作时": ClockUnit.WORKING_HOURS, "工作日": ClockUnit.WORKING_DAYS}


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """``amount`` of one clock's ``unit``; a whole number from 1."""

    amount: int
    unit: ClockUnit

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise BadTimeLimit(given=f"{self.amount} {self.unit}")

    def __str__(self) -> str:
        words = self.unit.replace("_", " ")
        return f"{self.amount} {words[:-1] if self.amount == 1 else words}"

    def in_chinese(self) -> str:
        """``4个工作时``, in the terms of GB/T 30428.8."""
        return f"{self.amount}个" + {_URGENT_HOURS: "紧急工作时", _WORKING_HOURS: "工作时", _WORKING_DAYS: "工作日"}[self.unit]

    @classmethod
    def parse(cls, text: str) -> TimeLimit:
        """Read ``2 urgent hours``, ``1 working day``, ``4 working_hours``, ``2紧急工作时``, ``4工作时`` or ``5个工作日``.

        Raises:
            BadTimeLimit: anything else.
        """
        if english := _ENGLISH.fullmatch(text):
            amount, kind, span = english.groups()
            named = {str(unit): unit for unit in ClockUnit}.get(f"{kind}_{span}s".lower())
            if named is not None:
                return cls(int(amount), named)
        if chinese := _CHINESE.fullmatch(text):
            amount, kind, span = chinese.groups()
            found = _CHINESE_UNITS.get(kind[:2] + span[-1])
            if found is not None:
                return cls(int(amount), found)
        raise BadTimeLimit(given=text)


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Opening hours within one day, in minutes from local midnight: 0 ≤ start < end ≤ 1440."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY_MINUTES:
            raise EndsBeforeStart

    def __str__(self) -> str:
        return f"{self.start // 60:02}:{self.start % 60:02}-{self.end // 60:02}:{self.end % 60:02}"


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stands from ``start`` until just before ``end`` (a tick at ``end`` counts)."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise EndsBeforeStart


class WorkingCalendar:
    """Working time of one place over a range of years; immutable once made.

    Args:
        zone: the place's time zone; clock changes are respected.
        week: opening hours of Monday to Sunday, each in order and without overlap; an empty day is a day off.
        holidays: dates off whatever their weekday.
        workdays: dates worked whatever their weekday (make-up workdays, 调休上班); wins over ``holidays``.
        makeup: opening hours of a workday whose weekday is off; empty = those of the week's first working day.
        first_year, last_year: years covered; questions beyond are refused with :class:`OutsideCalendar`.

    Opening hours are walked by the wall clock: open from the first moment that it shows the opening time until the first
    moment that it shows the closing time. A wall time that a clock change skips counts as the moment of the change.
    """

    __slots__ = ("_before", "_closes", "_days", "_ends", "_midnights", "_starts", "_used", "first_year", "last_year", "zone")

    def __init__(
        self,
        *,
        zone: tzinfo,
        week: Sequence[Sequence[Opening]],
        holidays: Collection[date] = frozenset(),
        workdays: Collection[date] = frozenset(),
        makeup: Sequence[Opening] = (),
        first_year: int,
        last_year: int,
    ) -> None:
        self.zone, self.first_year, self.last_year = zone, first_year, last_year
        usual = tuple(makeup) or next((tuple(day) for day in week if day), ())
        if not usual:
            raise NoWorkingTime
        self._starts: list[int] = []  # opening moments, in order
        self._ends: list[int] = []  # their closing moments
        self._before: list[int] = [0]  # open microseconds before each opening; one more for the total
        self._closes: list[int] = []  # the tick of each working day
        self._used: list[int] = []  # working days up to and including each date
        self._days: set[int] = set()  # ordinals of working dates
        first, last = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
        self._midnights = [_moment(date.fromordinal(ordinal), 0, zone) for ordinal in range(first, last + 2)]
        for place, ordinal in enumerate(range(first, last + 1)):
            day = date.fromordinal(ordinal)
            openings = tuple(week[day.weekday()])
            if day in workdays:
                openings = openings or usual
            elif day in holidays:
                openings = ()
            if openings:
                self._days.add(ordinal)
                self._add_day(day, self._midnights[place], self._midnights[place + 1], openings)
            self._used.append(len(self._closes))

    def _add_day(self, day: date, midnight: int, next_midnight: int, openings: Sequence[Opening]) -> None:
        even = next_midnight - midnight == DAY_MINUTES * MINUTE  # no clock change: plain sums
        close = 0
        for opening in openings:
            start = midnight + opening.start * MINUTE if even else _moment(day, opening.start, self.zone)
            close = midnight + opening.end * MINUTE if even else _moment(day, opening.end, self.zone)
            if start < close:
                self._starts.append(start)
                self._ends.append(close)
                self._before.append(self._before[-1] + close - start)
        self._closes.append(close)

    # -- questions --------------------------------------------------------------------------------------------------

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        """The moment at which ``limit`` is used up when its clock starts at ``start`` (aware); in UTC.

        Urgent hours: ``start`` + hours. Working hours: counted within opening hours; what is used up just at closing time
        is due then, not at the next opening. Working days: the end (last closing time) of the N-th working day *after*
        the local date of ``start``: the day itself never counts, whatever the hour, and a start on a day off counts
        from the next working day (the common reading of GB/T 30428.8).

        Raises:
            OutsideCalendar: the start or the end lies beyond the calendar's years.
        """
        gap = start - EPOCH
        moment = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
        if limit.unit is _URGENT_HOURS:
            return EPOCH + timedelta(microseconds=moment + limit.amount * HOUR)
        if limit.unit is _WORKING_DAYS:
            return EPOCH + timedelta(microseconds=self._reach(self._origin(moment, _WORKING_DAYS) + limit.amount, _WORKING_DAYS))
        # The hot path, written out: the measure at the start, and the moment that has so much more.
        if not self._midnights[0] <= moment < self._midnights[-1]:
            raise self._outside()
        place = bisect_right(self._starts, moment) - 1
        target = limit.amount * HOUR
        if place >= 0:
            target += self._before[place] + min(moment, self._ends[place]) - self._starts[place]
        if target > self._before[-1]:
            raise self._outside()
        place = bisect_left(self._before, target) - 1
        return EPOCH + timedelta(microseconds=self._starts[place] + target - self._before[place])

    def elapsed(self, start: datetime, end: datetime, unit: ClockUnit, pauses: Iterable[Pause] = ()) -> timedelta:
        """What the clock measured from ``start`` to ``end``, outside ``pauses``; the inverse of :meth:`due`.

        Hours give their exact length. Working days give whole days, as ``timedelta(days=n)``: the ends of working days
        after the date of ``start`` that have been reached.

        Raises:
            EndsBeforeStart: ``end`` lies before ``start``.
            OutsideCalendar: as for :meth:`due`.
        """
        begun, ended = _micro(start), _micro(end)
        if ended < begun:
            raise EndsBeforeStart
        reach = self._measure(ended, unit) - self._origin(begun, unit)
        for pause_start, pause_end in _merged(pauses, begun):
            lost = self._until(min(pause_end, ended), unit, begun) - self._until(min(pause_start, ended), unit, begun)
            if unit is _WORKING_DAYS and pause_start <= ended < pause_end:
                lost += self._measure(ended, unit) - self._until(ended, unit, begun)  # a tick at the very end, while paused
            reach -= max(lost, 0)
        reach = max(reach, 0)
        return timedelta(days=reach) if unit is _WORKING_DAYS else timedelta(microseconds=reach)

    def due_after_pauses(self, start: datetime, limit: TimeLimit, pauses: Iterable[Pause]) -> datetime:
        """As :meth:`due`, not counting what falls into ``pauses`` (any order, may overlap).

        Hours move by the counted time in the pause. A working day is lost when its end falls into a pause; a pause that
        begins and ends between two closing times moves nothing.
        """
        begun, unit = _micro(start), limit.unit
        target = self._origin(begun, unit) + (limit.amount if unit is _WORKING_DAYS else limit.amount * HOUR)
        moment = self._reach(target, unit)
        for pause_start, pause_end in _merged(pauses, begun):
            if pause_start > moment or (pause_start == moment and unit is not _WORKING_DAYS):
                break
            target += max(self._until(pause_end, unit, begun) - self._until(pause_start, unit, begun), 0)
            moment = self._reach(target, unit)
        return EPOCH + timedelta(microseconds=moment)

    def is_working_day(self, day: date) -> bool:
        """Whether ``day`` is worked: not a day off of the week nor a holiday, or a make-up workday."""
        if not self.first_year <= day.year <= self.last_year:
            raise self._outside()
        return day.toordinal() in self._days

    def is_open(self, at: datetime) -> bool:
        """Whether ``at`` lies within opening hours (the closing moment does not)."""
        moment = _micro(at)
        self._check(moment)
        place = bisect_right(self._starts, moment) - 1
        return place >= 0 and moment < self._ends[place]

    def next_change(self, at: datetime) -> datetime | None:
        """When it closes, if it is open at ``at``; else when it opens next. None after the last opening of the calendar."""
        moment = _micro(at)
        self._check(moment)
        place = bisect_right(self._starts, moment) - 1
        if place >= 0 and moment < self._ends[place]:
            return EPOCH + timedelta(microseconds=self._ends[place])
        return EPOCH + timedelta(microseconds=self._starts[place + 1]) if place + 1 < len(self._starts) else None

    # -- the measures -----------------------------------------------------------------------------------------------

    def _origin(self, start: int, unit: ClockUnit) -> int:
        """The measure from which a clock that starts at ``start`` counts: for days, that of its whole date."""
        if unit is _WORKING_DAYS:
            place = bisect_right(self._midnights, start) - 1
            if not 0 <= place < len(self._used):
                raise self._outside()
            return self._used[place]
        return self._measure(start, unit)

    def _measure(self, moment: int, unit: ClockUnit) -> int:
        """The measure up to and including ``moment``."""
        if unit is _URGENT_HOURS:
            return moment
        self._check(moment)
        if unit is _WORKING_DAYS:
            return bisect_right(self._closes, moment)
        place = bisect_right(self._starts, moment) - 1
        if place < 0:
            return 0
        open_since = min(moment, self._ends[place]) - self._starts[place]
        return self._before[place] + open_since

    def _until(self, moment: int, unit: ClockUnit, begun: int) -> int:
        """The measure before ``moment`` (a tick at it excluded), not below the origin of ``begun``."""
        if unit is not _WORKING_DAYS:
            return self._measure(moment, unit)
        self._check(moment)
        return max(bisect_left(self._closes, moment), self._origin(begun, unit))

    def _reach(self, target: int, unit: ClockUnit) -> int:
        """The first moment at which the measure is ``target``."""
        if unit is _URGENT_HOURS:
            return target
        if unit is _WORKING_DAYS:
            if target > len(self._closes):
                raise self._outside()
            return self._closes[target - 1]
        if target > self._before[-1]:
            raise self._outside()
        place = bisect_left(self._before, target) - 1
        return self._starts[place] + target - self._before[place]

    def _check(self, moment: int) -> None:
        if not self._midnights[0] <= moment < self._midnights[-1]:
            raise self._outside()

    def _outside(self) -> OutsideCalendar:
        return OutsideCalendar(first=self.first_year, last=self.last_year)


def _micro(at: datetime) -> int:
    gap = at - EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def _moment(day: date, minutes: int, zone: tzinfo) -> int:
    """The first moment at which the wall clock of ``zone`` shows that date and time, or passes it by a jump."""
    wall = datetime.combine(day, datetime.min.time(), tzinfo=zone) + timedelta(minutes=minutes)
    before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    assert before is not None and after is not None
    naive = wall.replace(tzinfo=UTC)
    if after > before:  # the clock jumped over it: find the moment of the jump, to the second
        early, late = _micro(naive - after) // 1_000_000, _micro(naive - before) // 1_000_000
        while early < late:
            middle = (early + late) // 2
            if datetime.fromtimestamp(middle, zone).utcoffset() == before:
                early = middle + 1
            else:
                late = middle
        return late * 1_000_000
    return _micro(naive - before)


def _merged(pauses: Iterable[Pause], begun: int) -> list[tuple[int, int]]:
    """Pauses as moments in order, joined where they touch, cut at ``begun``."""
    spans = sorted((max(_micro(pause.start), begun), max(_micro(pause.end), begun)) for pause in pauses)
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    assert all(earlier[1] < later[0] for earlier, later in pairwise(merged))
    return merged
