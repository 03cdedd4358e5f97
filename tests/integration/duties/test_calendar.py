"""The desk's calendar, the list behind a day, who was visited where, and what a private calendar address says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.calendar import duties_between, duty_days, visit_coverage
from linli.engines.duties.selectors.desk import my_day
from linli.engines.duties.selectors.feed import feed_duties
from linli.kernel.access.rules import SYSTEM, Forbidden
from tests.factories import MONDAY
from tests.integration.duties.made import DAY, DUTIES, HOUR, Town, did
from tests.integration.duties.test_pages import desk, place

__all__ = ["desk", "place"]

Desk = Callable[..., Client]
MARCH = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
CALENDAR, LIST, COVERAGE = "/console/duties/calendar", "/console/duties/calendar/list", "/console/duties/coverage"


def weekly(grid: int = 0) -> Occurrence:
    return Occurrence.objects.filter(rule="weekly_visit", subject__label=f"G-{grid}").earliest("opens_at")


def test_a_month_counts_by_day_and_kind_in_one_query(place: Town) -> None:
    place.case(1)
    place.derive()
    place.run(MONDAY + HOUR)
    did(Verb.FINISH, weekly(), actor=place.actor(), at=MONDAY + 2 * HOUR)
    with CaptureQueriesContext(connection) as asked:
        days = duty_days(actor=SYSTEM, **MARCH)
    assert sum("duties_occurrence" in query["sql"] for query in asked.captured_queries) == 1
    sunday = {one.kind: one for one in days if one.day == date(2026, 3, 8)}
    assert (sunday["visit"].ahead, sunday["visit"].done, sunday["visit"].missed) == (1, 1, 0)
    assert sum(one.total for one in days if one.kind == "patrol") == len(place.community.grids) * 4  # four Wednesdays
    assert duty_days(actor=SYSTEM, kinds=frozenset({"meeting"}), **MARCH) == ()
    own = duty_days(actor=place.actor(grid=1), mine=True, kinds=frozenset({"visit"}), **MARCH)
    assert (own[0].day, own[0].total) == (date(2026, 3, 8), 1)
    assert duty_days(actor=SYSTEM, area=place.community.grids[5], kinds=frozenset({"visit"}), **MARCH) == ()
    with pytest.raises(Forbidden):
        duty_days(actor=place.actor().within("elsewhere/"), **MARCH)


def test_coverage_says_of_areas_what_became_of_their_visits(place: Town) -> None:
    place.case(1)
    place.derive()
    late = weekly().due_at + HOUR
    place.run(MONDAY + HOUR)
    did(Verb.REFUSE, weekly(1), actor=place.actor(grid=1), at=MONDAY + 2 * HOUR)
    place.run(late)
    did(Verb.FINISH, weekly(), actor=place.actor(), at=late)
    found = {one.code: one for one in visit_coverage(actor=SYSTEM, first=date(2026, 3, 2), last=date(2026, 3, 8))}
    first, second = (found[place.community.grids[number].code] for number in (0, 1))
    assert (first.done, first.late, first.missed, first.share) == (0, 1, 0, 100)
    assert (second.refused, second.total, second.share) == (1, 1, 100)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_from_the_month_to_the_day_and_to_the_duty(place: Town, desk: Desk, language: str) -> None:
    grid = desk("grid", language=language)
    page = grid.get(f"{CALENDAR}?day=2026-03-10").content.decode()
    address = next(one for one in re.findall(r'href="([^"]+list[^"]+)"', page) if "first=2026-03-08" in one and "kind=visit" in one)
    listed = grid.get(address.replace("&amp;", "&")).content.decode()
    assert str(weekly().id) in listed
    week = grid.get(f"{CALENDAR}?view=week&day=2026-03-04&kind=patrol")
    assert week.status_code == 200 and "2026-03-04" in week.content.decode()
    covered = grid.get(f"{COVERAGE}?first=2026-03-01&last=2026-03-31").content.decode()
    assert "<path" in covered and "G-0" not in covered.replace("G-0/", "")
    assert all("datetime.date" not in text for text in (page, listed, covered))  # no value of the view's stands in the frame


def test_as_many_questions_for_many_as_for_few(place: Town, desk: Desk) -> None:
    street = desk("street")
    for address in (f"{CALENDAR}?day=2026-03-10", f"{LIST}?first=2026-03-01&last=2026-03-31", f"{COVERAGE}?day=2026-03-10"):
        street.get(address)
        with CaptureQueriesContext(connection) as few:
            assert street.get(address).status_code == 200
        for _ in range(3):
            place.case()
        place.derive()
        place.run(MONDAY + 2 * HOUR)
        with CaptureQueriesContext(connection) as many:
            street.get(address)
        assert len(many) <= len(few), address


@pytest.mark.parametrize(
    "asked", ["view=year", "kind=party", "day=soon", "day=0001-01-01", "state=happy", "page=-1", "area=nowhere", "first=2026-03-09&last=2026-03-01"]
)
def test_what_an_address_asks_in_vain_is_said(place: Town, desk: Desk, asked: str) -> None:
    assert desk("grid").get(f"{LIST}?{asked}").status_code == 400


def test_those_who_may_not_see_duties_are_refused_and_private_ones_are_not_counted(place: Town, desk: Desk) -> None:
    for path in (CALENDAR, LIST, COVERAGE):
        assert Client().get(path).status_code == 302
    other = desk("grid", 5).get(f"{LIST}?first=2026-03-01&last=2026-03-31").content.decode()
    assert str(weekly().id) not in other


def test_the_feed_says_what_and_how_many_and_nothing_of_anybody(place: Town) -> None:
    place.case()
    place.derive()
    head = organisation().holder(place.community.head("grid").id, MONDAY).person_id
    with CaptureQueriesContext(connection) as asked:
        found = feed_duties(person_id=head, at=MONDAY + HOUR)
    assert sum("duties_occurrence" in query["sql"] for query in asked.captured_queries) == 1
    assert not any(one.rule == "weekly_visit" for one in found)  # private: called by its kind
    (visits, *_) = [one for one in found if one.kind == "visit" and not one.names]
    assert (visits.day, visits.count, visits.rule) == (date(2026, 3, 8), 2, "")
    assert set(vars(type(visits))["__slots__"]) == {"kind", "rule", "names", "day", "count"}
    assert any(one.rule == "grid_round" and one.names["en"] == "Grid round" for one in found)
    assert feed_duties(person_id=head, at=MONDAY + 60 * DAY) == []


@pytest.mark.parametrize(("language", "words"), [("en", "Visit: 1 to be done by today"), ("zh-hans", "走访")])
def test_a_private_address_names_no_private_duty_and_the_page_says_what_it_shows(place: Town, desk: Desk, language: str, words: str) -> None:
    page = desk("grid", language=language).post("/volunteer/feed").content.decode()
    assert ("private duties are called by their kind only" in page) == (language == "en")
    address = page[page.index("/volunteer/calendar/") :].partition(".ics")[0] + ".ics"
    shown = Client(HTTP_ACCEPT_LANGUAGE=language).get(address).content.decode().replace("\r\n ", "")
    assert words in shown and "Weekly visit" not in shown and "每周探访" not in shown and "weekly_visit" not in shown and "G-0" not in shown


def test_a_duty_until_midnight_belongs_to_its_own_day(place: Town) -> None:
    place.rules(DUTIES.replace("days_off: after", "days_off: after\n      hours: 00:00-24:00"))
    wednesday = date(2026, 3, 4)
    counted = {(one.day, one.kind): one.total for one in duty_days(actor=SYSTEM, **MARCH) if one.kind == "patrol"}
    assert {day.weekday() for day, _ in counted} == {2} and counted[wednesday, "patrol"] == len(place.community.grids)
    page = duties_between(actor=SYSTEM, at=MONDAY, first=wednesday, last=wednesday, kinds=frozenset({"patrol"}))
    assert page.total == len(place.community.grids)
    assert duties_between(actor=SYSTEM, at=MONDAY, first=wednesday + DAY, last=wednesday + DAY, kinds=frozenset({"patrol"})).total == 0
    head = organisation().holder(place.community.head("grid").id, MONDAY).person_id
    assert {one.day.weekday() for one in feed_duties(person_id=head, at=MONDAY) if one.rule == "grid_round"} == {2}
    place.run(MONDAY + 2 * DAY)
    assert my_day(actor=place.actor(), at=MONDAY + 2 * DAY).today == 1
