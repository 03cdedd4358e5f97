"""The playbook's ``calendar`` section: time zone, public holidays, opening hours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import BeforeValidator, Field, PlainSerializer

from linli.kernel.calendar.rules import DAY_MINUTES, BadTimeLimit, Opening, TimeLimit
from linli.kernel.playbooks.rules import Issue, Section, Sections
from linli.kernel.refusal import N_

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OPENING = re.compile(r"\s*([0-9]{1,2}):([0-5][0-9])\s*[-–—~至]\s*([0-9]{1,2}):([0-5][0-9])\s*")


def _opening(value: Any) -> Any:
    if isinstance(value, Opening):
        return value
    match = _OPENING.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(N_("opening hours such as 09:00-12:00"))
    start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if not start < end <= DAY_MINUTES:
        raise ValueError(N_("hours that end after they start, by 24:00; hours past midnight are cut in two"))
    return Opening(start, end)


def _limit(value: Any) -> Any:
    if isinstance(value, TimeLimit):
        return value
    try:
        return TimeLimit.parse(value if isinstance(value, str) else str(value))
    except BadTimeLimit:
        raise ValueError(N_("a time limit such as 2 urgent hours, 4 working hours or 5 working days")) from None


Hours = Annotated[Opening, BeforeValidator(_opening), PlainSerializer(str, return_type=str)]
Limit = Annotated[TimeLimit, BeforeValidator(_limit), PlainSerializer(str, return_type=str)]
"""A time limit as other sections write it: ``4 working hours`` (or ``4 working_hours``, ``4工作时``)."""


class Week(Section):
    """Opening hours of each weekday; a day left out is a day off."""

    mon: tuple[Hours, ...] = Field(default=(), title="Monday", json_schema_extra={"zh": "周一"})
    tue: tuple[Hours, ...] = Field(default=(), title="Tuesday", json_schema_extra={"zh": "周二"})
    wed: tuple[Hours, ...] = Field(default=(), title="Wednesday", json_schema_extra={"zh": "周三"})
    thu: tuple[Hours, ...] = Field(default=(), title="Thursday", json_schema_extra={"zh": "周四"})
    fri: tuple[Hours, ...] = Field(default=(), title="Friday", json_schema_extra={"zh": "周五"})
    sat: tuple[Hours, ...] = Field(default=(), title="Saturday", json_schema_extra={"zh": "周六"})
    sun: tuple[Hours, ...] = Field(default=(), title="Sunday", json_schema_extra={"zh": "周日"})

    def days(self) -> tuple[tuple[Opening, ...], ...]:
        """Monday to Sunday."""
        return tuple(getattr(self, name) for name in WEEKDAYS)


class CalendarSection(Section):
    """The ``calendar`` section of a playbook."""

    timezone: str = Field(title="Time zone", json_schema_extra={"zh": "时区"})
    holidays: str = Field(default="", title="Public holidays", json_schema_extra={"zh": "法定节假日"}, description="CN, US-MA, …; empty: none")
    hours: Week = Field(title="Opening hours", json_schema_extra={"zh": "工作时间"})
    makeup_hours: tuple[Hours, ...] = Field(default=(), title="Hours of a make-up workday", json_schema_extra={"zh": "调休上班日工作时间"})
    extra_holidays: tuple[date, ...] = Field(default=(), title="Extra holidays", json_schema_extra={"zh": "另加假日"})
    extra_workdays: tuple[date, ...] = Field(default=(), title="Extra workdays", json_schema_extra={"zh": "另加工作日"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Time zone and country exist, openings are in order, no date is given twice."""
        if self.timezone not in available_timezones():
            yield Issue(("timezone",), N_("there is no such time zone"), expected=N_("a name such as Asia/Shanghai"), known=available_timezones())
        if self.holidays and self.holidays not in holiday_codes():
            yield Issue(
                ("holidays",),
                N_("there is no holiday calendar of that code"),
                expected=N_("a country such as CN, or a part such as US-MA"),
                known=holiday_codes(),
            )
        if not any(self.hours.days()):
            yield Issue(("hours",), N_("no day of the week has opening hours"), expected=N_("hours for one weekday at least"))
        places: list[tuple[tuple[str, ...], tuple[Opening, ...]]] = [
            (("hours", name), openings) for name, openings in zip(WEEKDAYS, self.hours.days(), strict=True)
        ]
        for path, openings in [*places, (("makeup_hours",), self.makeup_hours)]:
            if any(later.start < earlier.end for earlier, later in pairwise(openings)):
                yield Issue(path, N_("opening hours overlap or are out of order"), expected=N_("earlier hours first, without overlap"))
        given = Counter([*self.extra_holidays, *self.extra_workdays])
        for name in ("extra_holidays", "extra_workdays"):
            for place, day in enumerate(getattr(self, name)):
                if given[day] > 1:
                    yield Issue((name, place), N_("this date is given more than once"), expected=N_("each date once, as a holiday or as a workday"))

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@lru_cache(maxsize=1)
def holiday_codes() -> frozenset[str]:
    """The codes that ``holidays`` takes: ``CN``, ``US``, ``US-MA``, …"""
    countries = holidays.list_supported_countries(include_aliases=False)
    return frozenset(countries) | {f"{country}-{part}" for country, parts in countries.items() for part in parts}
