"""The calendar section, and China's holidays against the State Council's announcements."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.calendar.rules import TimeLimit
from linli.kernel.calendar.selectors import calendar_of
from linli.kernel.playbooks.rules import Sections

HOURS = {day: ["09:00-12:00", "13:30-17:30"] for day in ("mon", "tue", "wed", "thu", "fri")}


def section(**given: Any) -> CalendarSection:
    return CalendarSection.model_validate({"timezone": "Asia/Shanghai", "holidays": "CN", "hours": HOURS, **given})


def days(*spans: str) -> set[date]:
    """``02-18..02-24`` and single days of a year given first."""
    year, found = spans[0], set()
    for span in spans[1:]:
        first, _, last = span.partition("..")
        day, end = (date.fromisoformat(f"{year}-{text}") for text in (first, last or first))
        while day <= end:
            found.add(day)
            day += timedelta(days=1)
    return found


# General Office of the State Council: 国办发明电〔2014〕28号 and the notice on 3 September 2015; 〔2023〕7号; 〔2024〕12号.
ANNOUNCED = [
    (
        days("2015", "01-01..01-03", "02-18..02-24", "04-04..04-06", "05-01..05-03", "06-20..06-22", "09-03..09-05", "09-26..09-27", "10-01..10-07"),
        days("2015", "01-04", "02-15", "02-28", "09-06", "10-10"),
    ),
    (
        days("2024", "01-01", "02-10..02-17", "04-04..04-06", "05-01..05-05", "06-08..06-10", "09-15..09-17", "10-01..10-07"),
        days("2024", "02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"),
    ),
    (
        days("2025", "01-01", "01-28..02-04", "04-04..04-06", "05-01..05-05", "05-31..06-02", "10-01..10-08"),
        days("2025", "01-26", "02-08", "04-27", "09-28", "10-11"),
    ),
]


@pytest.mark.parametrize(("off", "worked"), ANNOUNCED, ids=["2015", "2024", "2025"])
def test_china_works_and_rests_as_the_state_council_announced(off: set[date], worked: set[date]) -> None:
    calendar = calendar_of(section())
    year = min(off).year
    day = date(year, 1, 1)
    while day.year == year:
        assert calendar.is_working_day(day) == (day in worked or (day.weekday() < 5 and day not in off)), day
        day += timedelta(days=1)


def test_a_make_up_workday_has_the_hours_of_a_weekday_or_its_own() -> None:
    friday_evening = datetime(2025, 2, 7, 12, tzinfo=UTC)  # 20:00 in Shanghai; Saturday the 8th is worked
    for makeup, due in (([], "2025-02-08T17:30+08:00"), (["08:00-15:00"], "2025-02-08T15:00+08:00")):
        assert calendar_of(section(makeup_hours=makeup)).due(friday_evening, TimeLimit.parse("1 working day")) == datetime.fromisoformat(due)


def test_the_playbooks_own_days_win() -> None:
    calendar = calendar_of(section(extra_holidays=["2025-03-03", "2025-01-26"], extra_workdays=["2025-10-01"]))
    assert [calendar.is_working_day(day) for day in (date(2025, 3, 3), date(2025, 1, 26), date(2025, 10, 1))] == [False, False, True]


def test_other_countries_and_their_parts() -> None:
    calendar = calendar_of(section(timezone="America/New_York", holidays="US-MA"))
    assert not calendar.is_working_day(date(2015, 4, 20))  # Patriots' Day, kept in Massachusetts
    assert calendar_of(section(timezone="America/New_York", holidays="US")).is_working_day(date(2015, 4, 20))
    assert calendar_of(section(holidays="")).is_working_day(date(2025, 1, 29))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"timezone": "Asia/Shanghia"}, ("timezone",)),
        ({"holidays": "XX"}, ("holidays",)),
        ({"holidays": "US-XX"}, ("holidays",)),
        ({"hours": {}}, ("hours",)),
        ({"hours": {"mon": ["13:00-17:00", "09:00-12:00"]}}, ("hours", "mon")),
        ({"hours": {"mon": ["09:00-12:00", "11:00-17:00"]}}, ("hours", "mon")),
        ({"extra_holidays": ["2025-03-03", "2025-03-03"]}, ("extra_holidays", 0)),
        ({"extra_holidays": ["2025-03-03"], "extra_workdays": ["2025-03-03"]}, ("extra_workdays", 0)),
    ],
)
def test_what_contradicts_itself_is_found(given: dict[str, Any], path: tuple[str | int, ...]) -> None:
    one = section(**given)
    assert path in [issue.path for issue in one.check(Sections({"calendar": one}))]


@pytest.mark.parametrize("hours", ["9-12", "12:00-09:00", "09:00-24:30", "22:00-06:00", "09:60-10:00", 9, None])
def test_opening_hours_that_cannot_be_read_are_refused(hours: object) -> None:
    with pytest.raises(ValidationError):
        section(hours={"mon": [hours]})


def test_a_good_section_has_no_issues() -> None:
    one = section(hours={**HOURS, "sat": ["00:00-24:00"]})
    assert not list(one.check(Sections({"calendar": one})))
