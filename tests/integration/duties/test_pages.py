"""Duties in a browser's eyes: my day in two taps, the board of what was missed, and who finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import record_absence
from linli.directory.people.selectors import names_of
from linli.directory.people.services import link_user
from linli.engines.duties.models import Occurrence
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import DAY, HOUR, Town, town, visits

Desk = Callable[..., Client]


@pytest.fixture
def place(committed: None, tmp_path: Path) -> Town:
    found = town(tmp_path)
    found.case()
    found.derive()
    found.run(MONDAY + HOUR)
    at(MONDAY + HOUR)
    return found


@pytest.fixture
def desk(place: Town) -> Desk:
    def sign_in(level: str = "", grid: int = 0, *, role: str = "", language: str = "en") -> Client:
        with write():
            user = users.create_user(actor=SYSTEM, at=MONDAY, username=f"{level}{role}{grid}", password="a long enough password")
            if role:
                roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=role, area_path=place.community.grids[grid].path)
        if level:
            with write():
                link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(place.community.head(level, grid).id, MONDAY), user_id=user.pk)
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        client.force_login(user)
        return client

    return sign_in


def at(when: object) -> None:
    with write():
        set_clock(to=when)  # type: ignore[arg-type]


def visit() -> Occurrence:
    return Occurrence.objects.filter(rule="weekly_visit").earliest("opens_at")


def test_start_and_done_are_two_taps_and_the_story_tells_them(place: Town, desk: Desk) -> None:
    grid = desk("grid")
    page = grid.get("/console/duties").content.decode()
    assert "Weekly visit" in page and "G-0" in page and "To do now" in page
    one = f"/console/duties/{visit().id}"
    assert grid.post(f"{one}/start", {"back": "day"}, follow=True).status_code == 200
    assert "Done" in grid.post(f"{one}/finish", {"back": "day"}, follow=True).content.decode()
    story = grid.get(one).content.decode()
    assert "set out" in story and "carried it out" in story and visit().state == "done"
    assert grid.post(f"{one}/finish", {"note": ""}).status_code == 409


def test_a_form_that_is_not_filled_in_comes_back_with_the_reason(place: Town, desk: Desk) -> None:
    street = desk("street")
    monthly = Occurrence.objects.filter(rule="monthly_condolence").earliest("opens_at")
    one = f"/console/duties/{monthly.id}"
    assert street.post(f"{one}/finish", {"note": ""}).status_code == 400
    done = street.post(f"{one}/finish", {"note": "", "form_well": "yes"}, follow=True)
    assert done.status_code == 200 and "Written down." in done.content.decode()


def test_a_miss_is_on_the_board_the_same_day_for_the_person_and_the_level_above(place: Town, desk: Desk) -> None:
    missed = visit()
    place.run(missed.due_at)
    at(missed.due_at + HOUR)
    grid, street, district = desk("grid"), desk("street"), desk("district")
    for client in (grid, street, district):
        assert "Weekly visit" in client.get("/console/duties/missed?days=1").content.decode()
    one = f"/console/duties/{missed.id}"
    assert grid.post(f"{one}/explain", {"note": ""}).status_code == 400
    assert grid.post(f"{one}/explain", {"note": "住院"}, follow=True).status_code == 200
    assert grid.post(f"{one}/excuse", {"note": "可以"}).status_code == 403
    assert "reason accepted" in district.post(f"{one}/excuse", {"note": "可以"}, follow=True).content.decode()
    assert visit().state == "missed"


def test_who_has_nothing_to_do_with_duties_finds_none(place: Town, desk: Desk) -> None:
    one = f"/console/duties/{visit().id}"
    assert Client().get("/console/duties").status_code in (302, 403)
    other = desk("grid", 5)
    assert other.get(one).status_code == 404 and other.post(f"{one}/finish", {"note": ""}).status_code == 404
    member = desk(role="grid_member")
    assert member.get(one).status_code == 404  # private, and no clearance
    assert "Weekly visit" not in member.get("/console/duties/missed").content.decode()
    assert len(visits(visit().subject_id)) == 6


def test_the_pages_speak_chinese(place: Town, desk: Desk) -> None:
    page = desk("grid", language="zh-hans").get("/console/duties").content.decode()
    assert "每周探访" in page


def test_a_duty_says_why_it_came_to_whom_and_goes_back_when_the_first_answers(place: Town, desk: Desk) -> None:
    grid, street = desk("grid"), desk("street")
    one = f"/console/duties/{visit().id}"
    assert "else it goes to the next level" in grid.get(one).content.decode()
    handed = visit().hand_on_at
    assert handed is not None
    later = handed + HOUR
    place.run(later)
    at(later)
    for client in (grid, street):
        page = client.get(one).content.decode()
        assert "who did not answer in time; so it came a level up" in page and "else it goes" not in page
    assert "Weekly visit" in street.get("/console/duties").content.decode()
    assert grid.post(f"{one}/take", follow=True).status_code == 200
    assert "came a level up" not in grid.get(one).content.decode() and visit().level == 0
    person = organisation().appointee(place.community.head("grid").id, MONDAY)
    with write():
        record_absence(actor=SYSTEM, at=later, person_id=person, starts_at=later, ends_at=later + DAY, reason="leave")  # type: ignore[arg-type]
    place.run(later)
    name, page = names_of([person])[person], street.get(one).content.decode()  # type: ignore[list-item, index]
    assert f"stands in for {name}, who is away" in page
    place.run(later + DAY)
    at(later + DAY)
    assert "who is away" not in street.get(one).content.decode() and visit().person_id == person
