"""The ``service_points`` section of a playbook: where residents are served in person, when, and for what (一点, SYSTEMS.md §3)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from linli.kernel.calendar.playbook import WEEKDAYS, CalendarSection, Week
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.refusal import N_


def _phone(text: str) -> str:
    if text and not re.fullmatch(r"\+?[0-9][0-9 -]{1,24}", text):
        raise ValueError(N_("a phone number of digits, spaces and dashes"))
    return text


Phone = Annotated[str, AfterValidator(_phone)]


class Service(Section):
    """One line of the menu: what is done, what to bring, how long it takes, what it costs."""

    code: str = Field(min_length=1, title="Code", json_schema_extra={"zh": "代码"})
    names: Text = Field(title="Names", json_schema_extra={"zh": "名称"})
    group: Text | None = Field(default=None, title="Group", json_schema_extra={"zh": "类别"})
    bring: tuple[Text, ...] = Field(default=(), title="What to bring", json_schema_extra={"zh": "需带材料"})
    takes: Text | None = Field(default=None, title="How long it takes", json_schema_extra={"zh": "办理时间"})
    fee: Text | None = Field(default=None, title="What it costs", json_schema_extra={"zh": "费用"})
    note: Text | None = Field(default=None, title="Note", json_schema_extra={"zh": "说明"})


class ServicePoint(Section):
    """A place with a counter. Without hours of its own it keeps those of the calendar, holidays and make-up workdays included."""

    code: str = Field(min_length=1, title="Code", json_schema_extra={"zh": "代码"})
    names: Text = Field(title="Names", json_schema_extra={"zh": "名称"})
    where: Text = Field(title="Where", json_schema_extra={"zh": "地点"})
    phone: Phone = Field(default="", title="Phone", json_schema_extra={"zh": "电话"})
    hours: Week | None = Field(default=None, title="Opening hours", json_schema_extra={"zh": "开放时间"}, description="empty: as the calendar")
    holidays: bool = Field(default=False, title="Open on public holidays", json_schema_extra={"zh": "节假日开放"})
    services: tuple[Service, ...] = Field(min_length=1, title="Services", json_schema_extra={"zh": "服务项目"})


class ServicePointsSection(Section):
    """The ``service_points`` section: the service menu that the portal shows."""

    points: tuple[ServicePoint, ...] = Field(default=(), title="Service points", json_schema_extra={"zh": "服务点"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Codes are given once, hours are in order, and a point is open at some time."""
        yield from _twice(("points",), [point.code for point in self.points])
        for place, point in enumerate(self.points):
            yield from _twice(("points", place, "services"), [service.code for service in point.services])
            if point.hours is None:
                continue
            if not any(point.hours.days()):
                yield Issue(("points", place, "hours"), N_("no day of the week has opening hours"), expected=N_("hours for one weekday at least"))
            for name, openings in zip(WEEKDAYS, point.hours.days(), strict=True):
                if any(later.start < earlier.end for earlier, later in pairwise(openings)):
                    path = ("points", place, "hours", name)
                    yield Issue(path, N_("opening hours overlap or are out of order"), expected=N_("earlier hours first, without overlap"))


def _twice(path: tuple[str | int, ...], codes: list[str]) -> Iterable[Issue]:
    for code, count in Counter(codes).items():
        if count > 1:
            yield Issue((*path, codes.index(code), "code"), N_("this code is given more than once"), expected=N_("each code once"))


def calendar_of_point(point: ServicePoint, calendar: CalendarSection) -> CalendarSection:
    """The calendar that a point keeps."""
    changed: dict[str, object] = {}
    if point.hours is not None:
        changed["hours"] = point.hours
    if point.holidays:
        changed |= {"holidays": "", "extra_holidays": ()}
    return calendar.model_copy(update=changed) if changed else calendar
