"""When a duty recurs: windows that do not depend on when they were derived."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.engines.duties.rules.cadence import (
    ANCHOR,
    AroundDay,
    Cadence,
    DaysOff,
    Period,
    Phase,
    Phased,
    Recurring,
    TimesPer,
    Unit,
    WithinStay,
    windows_of,
)
from linli.engines.duties.rules.cadence_check import (
    BadRecurrence,
    CountsFromNowhere,
    NeverEnds,
    NeverFires,
    NumberOutside,
    TooOften,
    checked,
)
from linli.engines.duties.rules.subjects import Span, SpanKind, Subject
from linli.kernel.refusal import Refusal

DAY = timedelta(days=1)
START = date(2026, 3, 2)  # a Monday


class Weekdays:
    """Worked from Monday to Friday."""

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5


def subject(*spans: Span, **days: date) -> Subject:
    return Subject("care_case", UUID(int=1), UUID(int=2), "G-1", spans=spans, days=days)


def windows(cadence: Cadence, who: Subject | None = None, *, first: date = START, days: int = 35, off: DaysOff = DaysOff.KEEP) -> list[tuple[date, date]]:
    found = windows_of(cadence, who or subject(), first=first, last=first + DAY * days, days_off=off, calendar=Weekdays())
    return [(window.first, window.last) for window in found]


RULES = ["FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=15", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=DAILY;INTERVAL=3"]
FEW = st.builds(Phase, st.integers(1, 9), st.sampled_from(Unit), st.integers(1, 4))
ENDLESS = st.builds(Phase, st.integers(5, 40), st.sampled_from(Unit))
OFTEN = st.one_of(st.none(), st.integers(1, 9))
cadences = st.one_of(
    st.builds(Recurring, st.sampled_from(RULES), st.integers(1, 10)),
    st.builds(TimesPer, st.integers(1, 6), st.sampled_from(Period)),
    st.builds(Phased, st.tuples(FEW, ENDLESS)),
    st.builds(WithinStay, st.just("hospital"), OFTEN, OFTEN),
    st.builds(AroundDay, st.just("release"), st.integers(-30, 60), st.integers(1, 5)),
)
lives = st.builds(
    lambda first, stay, length, pause, rest: subject(
        Span(SpanKind.ACTIVE, START + DAY * first),
        Span(SpanKind.STAY, START + DAY * stay, START + DAY * (stay + length), "hospital"),
        Span(SpanKind.PAUSE, START + DAY * pause, START + DAY * (pause + rest), reason="away"),
        release=START + DAY * stay,
    ),
    st.integers(-200, 40), st.integers(-20, 50), st.integers(0, 40), st.integers(-20, 60), st.integers(0, 30),
)  # fmt: skip


@given(cadence=cadences, who=lives, off=st.sampled_from(DaysOff), a=st.integers(-60, 60), b=st.integers(0, 60), c=st.integers(0, 60))
def test_a_window_does_not_depend_on_the_horizon_it_was_derived_in(cadence: Cadence, who: Subject, off: DaysOff, a: int, b: int, c: int) -> None:
    def derived(first: date, last: date) -> set[object]:
        return set(windows_of(cadence, who, first=first, last=last, days_off=off, calendar=Weekdays()))

    first, middle, last = START + DAY * a, START + DAY * (a + b), START + DAY * (a + b + c)
    assert derived(first, last) == derived(first, middle) | derived(middle, last)


@given(cadence=cadences, who=lives, off=st.sampled_from(DaysOff))
def test_windows_have_keys_of_their_own_run_forward_and_touch_the_horizon(cadence: Cadence, who: Subject, off: DaysOff) -> None:
    last = START + DAY * 35
    found = windows_of(cadence, who, first=START, last=last, days_off=off, calendar=Weekdays())
    assert len({window.key for window in found}) == len(found)
    assert all(window.first <= window.last and window.first <= last and window.last >= START for window in found)


@given(cadence=cadences, who=lives)
def test_nothing_begins_or_ends_in_a_pause_or_before_there_was_anyone(cadence: Cadence, who: Subject) -> None:
    (active,), (pause,) = who.of(SpanKind.ACTIVE), who.of(SpanKind.PAUSE)
    for window in windows_of(cadence, who, first=START, last=START + DAY * 60, days_off=DaysOff.KEEP, calendar=Weekdays()):
        assert active.holds(window.first) and active.holds(window.last)
        assert not pause.holds(window.first) and not pause.holds(window.last)


@given(times=st.integers(1, 28), period=st.sampled_from([Period.MONTH, Period.QUARTER, Period.HALF_YEAR, Period.YEAR]), year=st.integers(2000, 2050))
def test_k_times_a_period_fill_the_period_without_gap_or_overlap(times: int, period: Period, year: int) -> None:
    first, last = date(year, 1, 1), date(year, 12, 31)
    found = windows(TimesPer(times, period), first=first, days=(last - first).days)
    assert found[0][0] == first and found[-1][1] == last
    assert all(later[0] - earlier[1] == DAY for earlier, later in pairwise(found))
    per_year = {Period.MONTH: 12, Period.QUARTER: 4, Period.HALF_YEAR: 2, Period.YEAR: 1}[period]
    assert len(found) == times * per_year


def test_weekly_for_four_times_then_monthly() -> None:
    who = subject(Span(SpanKind.ACTIVE, START))
    found = windows(Phased((Phase(7, Unit.DAYS, 4), Phase(1, Unit.MONTHS))), who, days=80)
    assert [first for first, _ in found] == [START, START + DAY * 7, START + DAY * 14, START + DAY * 21, date(2026, 3, 30), date(2026, 4, 30)]


def test_in_hospital_is_during_the_stay_and_ends_with_it() -> None:
    stay = Span(SpanKind.STAY, START + DAY, START + DAY * 9, "hospital")
    assert windows(WithinStay("hospital", every=4), subject(stay)) == [
        (START + DAY, START + DAY * 4), (START + DAY * 5, START + DAY * 8), (START + DAY * 9, START + DAY * 9),
    ]  # fmt: skip
    assert windows(WithinStay("hospital", within=3), subject(stay)) == [(START + DAY, START + DAY * 3)]


def test_on_the_day_before_it_and_after_it() -> None:
    who = subject(release=START + DAY * 10)
    assert windows(AroundDay("release", -7, 3), who) == [(START + DAY * 3, START + DAY * 5)]
    assert windows(AroundDay("release"), who) == [(START + DAY * 10, START + DAY * 10)]
    assert windows(AroundDay("release"), subject()) == []


def test_days_off_move_or_drop_what_falls_on_them() -> None:
    sundays = Recurring("FREQ=WEEKLY;BYDAY=SU")
    assert windows(sundays, days=8)[0] == (START + DAY * 6, START + DAY * 6)
    assert windows(sundays, days=8, off=DaysOff.AFTER)[-1] == (START + DAY * 7, START + DAY * 7)
    assert windows(sundays, days=8, off=DaysOff.BEFORE) == [(START + DAY * 4, START + DAY * 4)]
    assert windows(sundays, days=8, off=DaysOff.SKIP) == []


@pytest.mark.parametrize(
    ("cadence", "refusal"),
    [
        (Recurring("FREQ=HOURLY"), BadRecurrence),
        (Recurring("every monday"), BadRecurrence),
        (Recurring("FREQ=WEEKLY;BYDAY=XX"), BadRecurrence),
        (Recurring("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"), NeverFires),
        (Recurring("FREQ=DAILY\nRRULE:FREQ=DAILY"), BadRecurrence),
        (Recurring("FREQ=DAILY;UNTIL=20260101", since=START), NeverFires),
        (Recurring("FREQ=WEEKLY;INTERVAL=0"), NumberOutside),
        (Recurring("FREQ=WEEKLY;INTERVAL=-1"), NumberOutside),
        (Recurring("FREQ=MONTHLY;BYMONTHDAY=0"), NumberOutside),
        (Recurring("FREQ=MONTHLY;BYMONTHDAY=1,32"), NumberOutside),
        (Recurring("FREQ=DAILY;INTERVAL=7;BYDAY=TU"), NeverFires),  # from a Monday on
        (Recurring("FREQ=DAILY;BYDAY=MO,TU;BYSETPOS=2"), NeverFires),
        (Recurring("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29"), NeverFires),
        (Recurring("FREQ=DAILY;COUNT=5"), CountsFromNowhere),
        (Recurring("FREQ=DAILY;UNTIL=20990101"), CountsFromNowhere),
        (TimesPer(10, Period.WEEK), TooOften),
        (TimesPer(29, Period.MONTH), TooOften),
        (Phased((Phase(7, Unit.DAYS), Phase(1, Unit.MONTHS))), NeverEnds),
    ],
)
def test_a_cadence_that_never_comes_round_or_never_ends_is_refused(cadence: Cadence, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        checked(cadence)


def test_a_rule_that_is_over_is_no_fault_and_makes_no_more() -> None:
    over = checked(Recurring("FREQ=DAILY;UNTIL=20260305", since=START))
    assert len(windows(over)) == 4 and windows(over, first=START + DAY * 30) == []
    assert checked(Recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")) and checked(TimesPer(7, Period.WEEK))


SOME = st.integers(-40, 400).map(str)
rrules = st.builds(
    lambda freq, parts: ";".join([f"FREQ={freq}", *(f"{name}={value}" for name, value in parts.items())]),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.dictionaries(st.sampled_from(["INTERVAL", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT"]), SOME, max_size=3),
)


@settings(deadline=timedelta(seconds=5))
@given(rule=rrules, since=st.sampled_from([ANCHOR, START, date(2024, 2, 29)]))
def test_whatever_rule_is_written_it_is_refused_or_has_windows_and_nothing_hangs(rule: str, since: date) -> None:
    try:
        cadence = checked(Recurring(rule, since=since))
    except Refusal:
        return
    assert windows(cadence, first=since, days=366 * 400)


def test_once_in_a_stay_is_asked_for_while_it_lasts_and_does_not_move_when_it_ends() -> None:
    open_stay, closed = (Span(SpanKind.STAY, START + DAY, last, "hospital") for last in (None, START + DAY * 20))
    assert windows(WithinStay("hospital"), subject(open_stay)) == windows(WithinStay("hospital"), subject(closed)) == [(START + DAY, START + DAY * 7)]
    assert windows(WithinStay("hospital"), subject(Span(SpanKind.STAY, START, START + DAY, "hospital"))) == [(START, START + DAY)]


class NoYears:
    """A working calendar that covers this year only."""

    def is_working_day(self, day: date) -> bool:
        assert day.year == START.year
        return True


def test_a_day_far_beyond_the_calendar_stops_nothing() -> None:
    who = subject(release=date(2206, 3, 2))
    assert windows_of(AroundDay("release"), who, first=START, last=START + DAY * 35, days_off=DaysOff.AFTER, calendar=NoYears()) == ()
