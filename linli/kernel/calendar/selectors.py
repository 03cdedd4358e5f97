"""The working calendar of a playbook. Safe on the hot path: made once, then memory."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from uuid import UUID

import holidays

from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.calendar.rules import WorkingCalendar
from linli.kernel.playbooks.selectors import active_playbook, playbook_version

FIRST_YEAR, LAST_YEAR = 2000, 2059


@lru_cache(maxsize=8)
def _public_days(code: str) -> tuple[frozenset[date], frozenset[date]]:
    """Public holidays and make-up workdays of a code; they take most of a calendar's making, and several calendars share them."""
    if not code:
        return frozenset(), frozenset()
    country, _, part = code.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=range(FIRST_YEAR, LAST_YEAR + 2), expand=False)
    return frozenset(found), frozenset(found.weekend_workdays)


@lru_cache(maxsize=64)
def calendar_of(section: CalendarSection) -> WorkingCalendar:
    """The calendar that a section describes, for the years 2000 to 2059.

    Public holidays and China's make-up workdays (from 2001) come from the ``holidays`` package; days that the State
    Council has not announced yet are the package's estimate, without make-up workdays: give them in the playbook
    (``extra_holidays``, ``extra_workdays``, which win over the package) when they are announced.
    """
    days, makeup = _public_days(section.holidays)
    return WorkingCalendar(
        zone=section.zone(),
        week=section.hours.days(),
        holidays=(days - frozenset(section.extra_workdays)) | frozenset(section.extra_holidays),
        workdays=(makeup - frozenset(section.extra_holidays)) | frozenset(section.extra_workdays),
        makeup=section.makeup_hours,
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
    )


@lru_cache(maxsize=64)
def calendar_of_version(version_id: UUID) -> WorkingCalendar:
    """The calendar of the playbook version that a record began with."""
    return calendar_of(playbook_version(version_id).section(CalendarSection))


def working_calendar(epoch: int | None = None) -> WorkingCalendar:
    """The calendar of the playbook that holds now; ``epoch`` as for ``active_playbook``."""
    return calendar_of_version(active_playbook(epoch).version_id)
