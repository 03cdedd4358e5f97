"""The wall in a real browser against the running program: what happens reaches it within two seconds, by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Browser, Route, expect

from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, community, report
from tests.journeys.serving import Served, serving, staff

LIANQIN = Path(__file__).resolve().parents[2] / "playbooks" / "lianqin" / "playbook.yaml"
WALL = (1920, 1080)
OPEN = "#part-now .stat__value >> nth=0"


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=LIANQIN)
    staff(town, ("district", 0), ("street", 0))
    report(town)
    with serving(browser, committed, town) as served:
        yield served


def test_an_event_reaches_an_open_wall_within_two_seconds(house: Served) -> None:
    wall = house.sign_in("district", to="/command/", size=WALL)
    expect(wall.locator("[data-live-state=open]")).to_be_visible()
    expect(wall.locator(OPEN)).to_have_text("1")
    wall.wait_for_timeout(500)  # the connection has said hello; what comes now is news
    waits = []
    for number in range(2, 7):  # the quickest counts: this machine may be busy with other tests
        report(house.town, grid=number)
        committed = time.monotonic()
        expect(wall.locator(OPEN)).to_have_text(str(number), timeout=20_000)
        waits.append(time.monotonic() - committed)
    assert min(waits) < 2.0, waits
    # It stays connected, and a figure leads to its records.
    wall.locator("#part-now a.stat").first.click()
    wall.wait_for_url("**/console/?view=area*")
    expect(wall.locator("table[data-keys] tbody tr")).to_have_count(6)
    assert house.complaints == []


def test_what_happened_before_the_wall_was_connected_or_while_it_was_cut_off_is_shown(house: Served) -> None:
    wall = house.sign_in("district", to="/console/", size=WALL)  # elsewhere: what is held below is this wall's one connection
    held: list[Route] = []
    wall.route("**/live/command*", lambda route: held.append(route))  # noqa: PLW0108 - what playwright is given must take an attribute
    wall.goto(f"{house.address}/command/", wait_until="domcontentloaded")
    expect(wall.locator(OPEN)).to_have_text("1")
    report(house.town, grid=2)  # the page is there, and does not listen yet
    while not held:
        wall.wait_for_timeout(20)
    held.pop().continue_()
    expect(wall.locator("[data-live-state=open]")).to_be_visible()
    expect(wall.locator(OPEN)).to_have_text("2")
    wall.wait_for_timeout(500)
    with connection.cursor() as cursor:  # the database's news are cut off, and something happens meanwhile
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN %'")
        assert cursor.fetchall()
    report(house.town, grid=3)
    expect(wall.locator(OPEN)).to_have_text("3")
    assert house.complaints == []


def test_nobody_listens_without_the_right_or_with_an_age_that_is_none(house: Served) -> None:
    page = house.visit("/accounts/login/")
    assert page.request.get(f"{house.address}/live/command").status == 403
    wall = house.sign_in("district", to="/command/", size=WALL)
    for age in ("soon", "-1", "nan", "inf"):
        assert wall.request.get(f"{house.address}/live/command?age={age}").status == 400
