"""The service menu of a playbook: what is refused, and the calendar that a point keeps."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from linli.directory.territory.playbook import ServicePointsSection, calendar_of_point
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.playbooks.rules import Sections

CALENDAR = CalendarSection.model_validate({"timezone": "Asia/Shanghai", "holidays": "CN", "hours": {"mon": ["09:00-17:00"]}})
NAMES = {"zh": "名", "en": "name"}


def section(**point: Any) -> ServicePointsSection:
    given = {"code": "a", "names": NAMES, "where": NAMES, "services": [{"code": "s", "names": NAMES}], **point}
    return ServicePointsSection.model_validate({"points": [given]})


def issues(found: ServicePointsSection) -> list[tuple[Any, ...]]:
    return [issue.path for issue in found.check(Sections({}))]


def test_a_plain_point_is_valid_and_keeps_the_calendar() -> None:
    found = section()
    assert issues(found) == [] and calendar_of_point(found.points[0], CALENDAR) is CALENDAR


def test_own_hours_and_open_holidays_change_the_calendar_and_nothing_else() -> None:
    point = section(hours={"sun": ["10:00-11:00"]}, holidays=True).points[0]
    kept = calendar_of_point(point, CALENDAR)
    assert (kept.holidays, kept.timezone, kept.hours.mon, len(kept.hours.sun)) == ("", "Asia/Shanghai", (), 1)


def test_what_cannot_be_is_said_where_it_stands() -> None:
    assert issues(section(hours={})) == [("points", 0, "hours")]
    assert issues(section(hours={"mon": ["09:00-12:00", "11:00-13:00"]})) == [("points", 0, "hours", "mon")]
    twice = [{"code": "s", "names": NAMES}, {"code": "s", "names": NAMES}]
    assert issues(section(services=twice)) == [("points", 0, "services", 0, "code")]


@pytest.mark.parametrize("wrong", [{"phone": "call me"}, {"services": []}, {"where": {"zh": "", "en": "x"}}])
def test_what_nobody_could_use_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        section(**wrong)
