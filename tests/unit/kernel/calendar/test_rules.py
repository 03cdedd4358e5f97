"""The three clocks: due, elapsed, pauses, clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.calendar.rules import (
    BadTimeLimit,
    ClockUnit,
    EndsBeforeStart,
    NoWorkingTime,
    Opening,
    OutsideCalendar,
    Pause,
    TimeLimit,
    WorkingCalendar,
)

SHANGHAI, BOSTON = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
DAY = (Opening(540, 720), Opening(810, 1050))  # 09:00-12:00, 13:30-17:30: seven hours
WEEK = (DAY, DAY, DAY, DAY, DAY, (), ())
NIGHTS = (Opening(0, 240), Opening(1380, 1440))  # over the hours in which clocks change
SPRING = {date(2025, 1, 28) + timedelta(days=n) for n in range(8)}  # State Council: 28 January to 4 February 2025
MAKEUP = {date(2025, 1, 26), date(2025, 2, 8)}
CHINA = WorkingCalendar(zone=SHANGHAI, week=WEEK, holidays=SPRING, workdays=MAKEUP, first_year=2023, last_year=2027)
US = WorkingCalendar(zone=BOSTON, week=WEEK, first_year=2023, last_year=2027)
ROUND = WorkingCalendar(zone=BOSTON, week=(NIGHTS,) * 7, first_year=2023, last_year=2027)
CALENDARS = (CHINA, US, ROUND)
HOURS = (ClockUnit.URGENT_HOURS, ClockUnit.WORKING_HOURS)


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def limit(text: str) -> TimeLimit:
    return TimeLimit.parse(text)


calendars = st.sampled_from(CALENDARS)
units = st.sampled_from(list(ClockUnit))
amounts = st.integers(1, 60)
moments = st.datetimes(datetime(2024, 2, 1), datetime(2026, 3, 1)).map(lambda at: at.replace(tzinfo=UTC))
near_changes = st.one_of(  # within two days of the clock changes of 2025 in Boston
    st.integers(-172_800, 172_800).map(lambda seconds: datetime(2025, 3, 9, 7, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(-172_800, 172_800).map(lambda seconds: datetime(2025, 11, 2, 6, tzinfo=UTC) + timedelta(seconds=seconds)),
)
instants = moments | near_changes
spans = st.lists(st.tuples(instants, st.timedeltas(timedelta(0), timedelta(days=9))).map(lambda span: Pause(span[0], span[0] + span[1])), max_size=4)


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2025-03-03 16:45", "2 urgent hours", "2025-03-03 18:45"),
        ("2025-03-03 16:45", "2 working hours", "2025-03-04 10:15"),
        ("2025-03-03 11:00", "2 working hours", "2025-03-03 14:30"),
        ("2025-03-03 11:00", "1 working hour", "2025-03-03 12:00"),  # used up just at closing: due then
        ("2025-03-03 12:30", "1 working hour", "2025-03-03 14:30"),
        ("2025-03-07 20:00", "7 working hours", "2025-03-10 17:30"),
        ("2025-03-03 00:00", "1 working day", "2025-03-04 17:30"),
        ("2025-03-03 23:59", "1 working day", "2025-03-04 17:30"),
        ("2025-03-07 09:00", "1 working day", "2025-03-10 17:30"),  # Friday
        ("2025-03-08 09:00", "1 working day", "2025-03-10 17:30"),  # Saturday: from the next working day
        ("2025-01-24 10:00", "1 working day", "2025-01-26 17:30"),  # the Sunday that is worked for the festival
        ("2025-01-24 10:00", "3 working days", "2025-02-05 17:30"),  # over the whole festival
        ("2025-01-27 17:00", "1 working hour", "2025-02-05 09:30"),
        ("2025-02-07 17:00", "1 working hour", "2025-02-08 09:30"),  # the Saturday that is worked
    ],
)
def test_due(start: str, amount: str, due: str) -> None:
    assert CHINA.due(local(start), limit(amount)) == local(due)


def test_the_answer_is_the_same_in_whatever_zone_the_start_is_written() -> None:
    start = local("2025-03-03 16:45")
    assert CHINA.due(start, limit("4 working hours")) == CHINA.due(start.astimezone(BOSTON), limit("4 working hours"))


def test_working_days() -> None:
    assert [CHINA.is_working_day(date(2025, 1, day)) for day in (25, 26, 27, 28, 31)] == [False, True, True, False, False]
    assert not CHINA.is_open(local("2025-03-03 17:30")) and CHINA.is_open(local("2025-03-03 17:29")) and not CHINA.is_open(local("2025-03-03 12:30"))


@pytest.mark.parametrize(
    ("pauses", "amount", "due"),
    [
        ([("2025-03-03 10:00", "2025-03-03 11:00")], "2 urgent hours", "2025-03-03 12:00"),
        ([("2025-03-03 11:00", "2025-03-04 09:00")], "2 working hours", "2025-03-03 11:00"),  # used up as the pause begins
        ([("2025-03-03 10:00", "2025-03-04 10:00")], "2 working hours", "2025-03-04 11:00"),
        ([("2025-03-03 18:00", "2025-03-04 08:00")], "1 working day", "2025-03-04 17:30"),  # between two closing times
        ([("2025-03-04 10:00", "2025-03-04 11:00")], "1 working day", "2025-03-04 17:30"),
        ([("2025-03-04 10:00", "2025-03-05 10:00")], "1 working day", "2025-03-05 17:30"),
        ([("2025-03-04 17:30", "2025-03-05 10:00")], "1 working day", "2025-03-05 17:30"),  # paused just at the end
        ([("2025-03-04 10:00", "2025-03-05 10:00"), ("2025-03-05 09:00", "2025-03-07 17:30")], "1 working day", "2025-03-07 17:30"),
    ],
)
def test_due_after_pauses(pauses: list[tuple[str, str]], amount: str, due: str) -> None:
    given_pauses = [Pause(local(start), local(end)) for start, end in pauses]
    assert CHINA.due_after_pauses(local("2025-03-03 09:00"), limit(amount), given_pauses) == local(due)


def test_clock_changes_are_real_hours() -> None:
    before = local("2025-03-09 01:30", BOSTON)
    assert ROUND.due(before, limit("1 working hour")).astimezone(BOSTON) == local("2025-03-09 03:30", BOSTON)
    # 2 November: the hour from one to two comes twice, and the doors stand open through both.
    opened, closed = local("2025-11-02 00:00", BOSTON), local("2025-11-02 04:00", BOSTON)
    assert ROUND.elapsed(opened, closed, ClockUnit.WORKING_HOURS) == timedelta(hours=5)
    assert ROUND.elapsed(local("2025-03-09 00:00", BOSTON), local("2025-03-09 04:00", BOSTON), ClockUnit.WORKING_HOURS) == timedelta(hours=3)


def test_opening_hours_that_a_clock_change_skips_are_empty() -> None:
    gap = WorkingCalendar(zone=BOSTON, week=((Opening(135, 165),),) * 7, first_year=2025, last_year=2025)  # 02:15-02:45
    before = local("2025-03-08 12:00", BOSTON)
    assert gap.due(before, limit("1 working hour")) == local("2025-03-11 02:45", BOSTON)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 urgent hours", TimeLimit(2, ClockUnit.URGENT_HOURS)),
        ("1 Working Day", TimeLimit(1, ClockUnit.WORKING_DAYS)),
        ("4 working_hours", TimeLimit(4, ClockUnit.WORKING_HOURS)),
        ("2个紧急工作时", TimeLimit(2, ClockUnit.URGENT_HOURS)),
        ("4 工作小时", TimeLimit(4, ClockUnit.WORKING_HOURS)),
        ("15个工作日", TimeLimit(15, ClockUnit.WORKING_DAYS)),
    ],
)
def test_time_limits_are_read(text: str, expected: TimeLimit) -> None:
    assert limit(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0 working days", "-1 working days", "1.5 working hours", "2 urgent days", "2 days", "两天", "2", "working hours", "999999 working days"]
)
def test_what_is_not_a_time_limit_is_refused(text: str) -> None:
    with pytest.raises(BadTimeLimit):
        limit(text)


@given(amounts, units)
def test_a_limit_reads_back_as_written(amount: int, unit: ClockUnit) -> None:
    one = TimeLimit(amount, unit)
    assert limit(str(one)) == one == limit(one.in_chinese())


def test_nonsense_is_refused() -> None:
    with pytest.raises(BadTimeLimit):
        TimeLimit(0, ClockUnit.WORKING_DAYS)
    with pytest.raises(EndsBeforeStart):
        Pause(local("2025-03-04 10:00"), local("2025-03-04 09:00"))
    with pytest.raises(EndsBeforeStart):
        Opening(720, 540)
    with pytest.raises(EndsBeforeStart):
        CHINA.elapsed(local("2025-03-04 10:00"), local("2025-03-04 09:00"), ClockUnit.URGENT_HOURS)
    with pytest.raises(NoWorkingTime):
        WorkingCalendar(zone=SHANGHAI, week=((),) * 7, first_year=2025, last_year=2025)


@pytest.mark.parametrize("at", ["2022-12-31 23:59", "2028-01-01 00:00", "2027-12-31 18:00"])
@pytest.mark.parametrize("amount", ["1 working hour", "1 working day"])
def test_questions_beyond_the_years_are_refused(at: str, amount: str) -> None:
    with pytest.raises(OutsideCalendar):
        CHINA.due(local(at), limit(amount))


@given(calendars, instants, amounts, units)
def test_elapsed_is_the_inverse_of_due(calendar: WorkingCalendar, start: datetime, amount: int, unit: ClockUnit) -> None:
    due = calendar.due(start, TimeLimit(amount, unit))
    whole = timedelta(days=amount) if unit is ClockUnit.WORKING_DAYS else timedelta(hours=amount)
    assert calendar.elapsed(start, due, unit) == whole
    assert calendar.elapsed(start, max(due - timedelta(microseconds=1), start), unit) < whole


@given(calendars, instants, amounts, amounts, st.sampled_from(HOURS))
def test_hours_add_up(calendar: WorkingCalendar, start: datetime, first: int, second: int, unit: ClockUnit) -> None:
    both = calendar.due(start, TimeLimit(first + second, unit))
    assert calendar.due(calendar.due(start, TimeLimit(first, unit)), TimeLimit(second, unit)) == both


@given(calendars, instants, instants, amounts, amounts, units)
def test_later_starts_and_longer_limits_are_due_no_sooner(
    calendar: WorkingCalendar, one: datetime, other: datetime, amount: int, more: int, unit: ClockUnit
) -> None:
    early, late = sorted((one, other))
    assert calendar.due(early, TimeLimit(amount, unit)) <= calendar.due(late, TimeLimit(amount, unit))
    assert calendar.due(early, TimeLimit(amount, unit)) < calendar.due(early, TimeLimit(amount + more, unit))


@given(calendars, instants, amounts, st.sampled_from([ClockUnit.WORKING_HOURS, ClockUnit.WORKING_DAYS]))
def test_working_clocks_end_in_working_time(calendar: WorkingCalendar, start: datetime, amount: int, unit: ClockUnit) -> None:
    due = calendar.due(start, TimeLimit(amount, unit))
    assert due > start
    assert calendar.is_open(due - timedelta(microseconds=1))  # the last moment before it was open
    wall = (due - timedelta(microseconds=1)).astimezone(calendar.zone)
    assert calendar.is_working_day(wall.date())
    if unit is ClockUnit.WORKING_DAYS and calendar is not ROUND:  # that one opens as it closes, at midnight
        assert not calendar.is_open(due)


@given(calendars, instants, amounts, units, spans)
def test_pauses_are_not_measured(calendar: WorkingCalendar, start: datetime, amount: int, unit: ClockUnit, pauses: list[Pause]) -> None:
    one = TimeLimit(amount, unit)
    due = calendar.due_after_pauses(start, one, pauses)
    whole = timedelta(days=amount) if unit is ClockUnit.WORKING_DAYS else timedelta(hours=amount)
    assert due >= calendar.due(start, one) == calendar.due_after_pauses(start, one, [])
    assert calendar.elapsed(start, due, unit, pauses) == whole
    assert not any(pause.start < due < pause.end for pause in pauses)
    assert calendar.due_after_pauses(start, one, pauses[::-1]) == due


@given(calendars, instants, amounts, units, instants, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_one_pause_shifts_by_what_the_clock_would_have_measured(
    calendar: WorkingCalendar, start: datetime, amount: int, unit: ClockUnit, paused: datetime, length: timedelta
) -> None:
    pause = Pause(paused, paused + length)
    resumed = max(pause.end, start)
    due = calendar.due_after_pauses(start, TimeLimit(amount, unit), [pause])
    if unit is ClockUnit.URGENT_HOURS:
        before = calendar.due(start, TimeLimit(amount, unit))
        lost = resumed - max(pause.start, start) if max(pause.start, start) < before else timedelta(0)
        assert due == before + lost
    elif pause.end <= start:
        assert due == calendar.due(start, TimeLimit(amount, unit))


@given(calendars, instants, instants, instants, units)
def test_elapsed_grows_and_adds_up(calendar: WorkingCalendar, first: datetime, second: datetime, third: datetime, unit: ClockUnit) -> None:
    one, two, three = sorted((first, second, third))
    assert timedelta(0) <= calendar.elapsed(one, two, unit) <= calendar.elapsed(one, three, unit)
    if unit is not ClockUnit.WORKING_DAYS:
        assert calendar.elapsed(one, two, unit) + calendar.elapsed(two, three, unit) == calendar.elapsed(one, three, unit)


def test_the_next_change_is_the_end_of_these_hours_or_the_start_of_the_next() -> None:
    calendar = WorkingCalendar(zone=UTC, week=[(Opening(540, 720), Opening(780, 1020)), *[()] * 6], first_year=2026, last_year=2026)
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    changes = [(0, 540), (540, 720), (700, 720), (720, 780), (1020, 540 + 7 * 1440)]
    assert [calendar.next_change(monday + timedelta(minutes=at)) for at, _ in changes] == [monday + timedelta(minutes=then) for _, then in changes]
    assert calendar.next_change(datetime(2026, 12, 31, tzinfo=UTC)) is None
