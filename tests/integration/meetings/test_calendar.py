"""Meetings in the desk's calendar: by hand or of a duty, once each, with a way to their page."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.engines.duties import tasks as duties
from linli.engines.duties.meetings.models import Meeting, SeatRow
from linli.engines.duties.meetings.selectors.calendar import duties_with_meetings, meeting_days, meetings_between
from linli.engines.duties.meetings.services.agenda import call_off, convene
from linli.engines.duties.selectors.calendar import duties_between, duty_days
from linli.kernel.writing import write
from tests.factories import MONDAY, person
from tests.integration.meetings.made import FRIDAY, Meeters, meeting_town
from tests.integration.meetings.test_pages import at, said, sign_in

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = {"since": MONDAY - HOUR, "until": MONDAY + 7 * DAY}
CALENDAR, LIST = "/console/duties/calendar", "/console/duties/calendar/list"


@pytest.fixture
def town(db: None, tmp_path: Path) -> Meeters:
    made = meeting_town(tmp_path)
    at(MONDAY + HOUR)
    made.convened()
    return made


def hearing(town: Meeters, starts_at: Any) -> Meeting:
    with write():
        made = convene(actor=town.secretary(), at=MONDAY, kind="hearing", area_id=town.street.id, starts_at=starts_at)
    return Meeting.objects.get(id=made)


def test_days_count_what_is_held_missed_and_called_off_in_one_query(town: Meeters) -> None:
    secretary = town.secretary()
    for hours in (0, 1, 2):
        hearing(town, FRIDAY + DAY + hours * HOUR)
    with write():
        call_off(actor=secretary, at=MONDAY, meeting_id=Meeting.objects.filter(kind="hearing").latest("starts_at").id, why="停电")
    friday = town.convened()
    town.held(friday)
    town.publish(friday)
    with CaptureQueriesContext(connection) as asked:
        days = {one.day: one for one in meeting_days(actor=secretary, **WEEK)}
    assert sum("meetings_meeting" in query["sql"] for query in asked.captured_queries) == 1
    assert {day: (one.total, one.held, one.missed, one.off) for day, one in days.items()} == {
        date(2026, 3, 6): (1, 1, 0, 0), date(2026, 3, 7): (2, 0, 0, 1),
    }  # fmt: skip
    lines = meetings_between(actor=secretary, at=MONDAY, **WEEK)
    assert [line.state for line in lines] == ["published", "planned", "planned", "called_off"]
    assert meeting_days(actor=secretary, **WEEK, area_path=town.town.community.streets[1].path) == []
    assert meeting_days(actor=person("street_duty", town.town.community.streets[1].path), since=FRIDAY, until=FRIDAY + 3 * DAY)[0].total == 1  # its own


def test_those_who_sit_in_it_find_it_among_theirs(town: Meeters) -> None:
    chair = town.secretary()
    mine = meetings_between(actor=chair, at=MONDAY, mine=True, **WEEK)
    assert mine and all(SeatRow.objects.filter(meeting=line.id, post__in=chair.post_ids).exists() for line in mine)
    assert not meetings_between(actor=person("street_duty", town.street.path), at=MONDAY, mine=True, **WEEK)  # holds no post


def test_a_meeting_stands_for_its_duty_and_a_missed_one_is_counted_once(town: Meeters) -> None:
    secretary, friday = town.secretary(), {"first": date(2026, 3, 6), "last": date(2026, 3, 6), "kinds": frozenset({"meeting"})}
    (alone,) = duty_days(actor=secretary, **friday)
    assert alone.total == 1
    assert duty_days(actor=secretary, **friday, without=duties_with_meetings(actor=secretary)) == ()
    assert duties_between(actor=secretary, at=MONDAY, **friday, without=duties_with_meetings(actor=secretary)).total == 0
    later = {**friday, "first": date(2026, 3, 13), "last": date(2026, 3, 13)}  # not convened yet: the duty is there
    assert duty_days(actor=secretary, **later, without=duties_with_meetings(actor=secretary))[0].total == 1
    duties.sweep(MONDAY + 6 * DAY)
    (day,) = meeting_days(actor=secretary, **WEEK)
    assert (day.total, day.missed) == (1, 1)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_from_the_month_the_week_and_the_list_to_the_meeting(town: Meeters, language: str) -> None:
    friday, made = Meeting.objects.get(kind="hard_cases", area_id=town.street.id), hearing(town, FRIDAY + HOUR)
    off = hearing(town, FRIDAY + 2 * HOUR)
    with write():
        call_off(actor=town.secretary(), at=MONDAY, meeting_id=off.id, why="礼堂停电")
    desk = sign_in(town, "street")
    desk.cookies["django_language"] = language
    month = said(desk.get(f"{CALENDAR}?day=2026-03-04"))
    address = next(one for one in re.findall(r'href="([^"]+list[^"]+)"', month) if "first=2026-03-06" in one and "kind=meeting" in one)
    entry = month[month.index(address) :]
    assert "<b>2</b>" in entry[: entry.index("</a>")] and ("1 called off" if language == "en" else "1 次已取消") in entry[: entry.index("</a>")]
    listed = said(desk.get(address.replace("&amp;", "&")))
    week = said(desk.get(f"{CALENDAR}?view=week&day=2026-03-04"))
    for page in (listed, week):
        assert all(page.count(f"/console/meetings/{one.id}") == 1 for one in (friday, made, off))
        assert ("Open hearing" if language == "en" else "公开听证会") in page
    assert "礼堂停电" in listed and f"/console/duties/{friday.occurrence_id}" not in listed
    assert f"/console/meetings/{friday.id}" not in said(desk.get(f"{CALENDAR}?view=week&day=2026-03-04&kind=shift"))


def test_who_may_not_see_meetings_finds_their_duties_alone(town: Meeters) -> None:
    head = sign_in(town, "grid")  # of one grid: the street's meeting is not theirs to see
    week = said(head.get(f"{CALENDAR}?view=week&day=2026-03-04"))
    assert "/console/meetings/" not in week.replace('href="/console/meetings"', "")


def test_as_many_questions_for_many_as_for_few(town: Meeters) -> None:
    desk = sign_in(town, "street")
    for address in (f"{CALENDAR}?day=2026-03-04", f"{CALENDAR}?view=week&day=2026-03-04", f"{LIST}?first=2026-03-06&last=2026-03-06"):
        desk.get(address)
        with CaptureQueriesContext(connection) as few:
            assert desk.get(address).status_code == 200
        for hours in range(3):
            hearing(town, FRIDAY + timedelta(hours=hours, minutes=len(address)))
        with CaptureQueriesContext(connection) as many:
            desk.get(address)
        assert len(many) <= len(few), address


def test_what_the_calendar_and_the_figures_filter_by_has_an_index(town: Meeters) -> None:
    for where, index in (
        ("due_at >= now() AND due_at < now() + interval '30 days'", "occurrence_due"),
        ("done_at > now() - interval '7 days'", "occurrence_done"),
        ("refused_at > now() - interval '7 days'", "occurrence_refused"),
        (f"post_id = '{NO_POST}' AND (state = 'open' OR (state = 'planned' AND opens_at <= now()))", "occurrence_to_do"),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN SELECT 1 FROM duties_occurrence WHERE {where}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert index in plan, plan


NO_POST = "00000000-0000-0000-0000-000000000000"
