"""The main loop in one browser against the running program: reported, solved on the spot or run out and moved up, told, rated; live on the wall."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.engines.matters.models import Matter, Report
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, community
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_console import DESK, LIANQIN, PHONE, open_act, send

OPEN = "#part-now .stat__value >> nth=0"


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=LIANQIN)
    staff(town, ("grid", 0), ("street", 0), ("district", 0))
    with serving(browser, committed, town, supervised=True) as served:
        yield served


def report_here(resident: Page, house: Served, words: str) -> str:
    """Report a dark street lamp where the resident stands, in three steps; return the tracking code."""
    resident.goto(f"{house.address}/report")
    resident.locator("[data-here]").click()
    expect(resident.locator("[data-where-told] .where")).to_be_visible()
    resident.locator("#id_text").fill(words)
    resident.locator("[data-choose-class='C-0118']").click()
    resident.locator("input[name=condition][value=out]").check()
    resident.locator(".send button[name=send], .send button").first.click()
    if "/report/done/" not in resident.url and resident.locator("button[name=send]").count():
        resident.locator("button[name=send]").first.click()  # what is near was shown; it is another one
    resident.wait_for_url("**/report/done/*")
    return resident.url.rsplit("/", 1)[1]


def rate(resident: Page, house: Served, tracking: str, *, stars: int, solved: bool, words: str) -> None:
    resident.goto(f"{house.address}/track/{tracking}")
    resident.locator(f"label[for=stars-{stars}]").click()
    resident.locator(f"input[name=solved][value={'yes' if solved else 'no'}]").check()
    resident.locator("#id_comment").fill(words)
    resident.locator("#rate button").click()
    expect(resident.locator(".note--success")).to_be_visible()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_reported_seen_solved_or_moved_up_by_the_clock_told_and_rated(house: Served, language: str) -> None:
    lon, lat = house.town.point(0)
    wall = house.sign_in("district", to="/command/", size=(1920, 1080), language=language)
    expect(wall.locator("[data-live-state=open]")).to_be_visible()

    # A resident reports on the portal, and the wall knows it.
    resident = house.visit("/", language=language, size=PHONE, geolocation={"longitude": lon, "latitude": lat}, permissions=["geolocation"])
    first = report_here(resident, house, "路灯不亮，晚上看不清路")
    matter = Matter.objects.get()
    assert matter.area_path == house.town.grids[0].path
    expect(wall.locator(OPEN)).to_have_text("1")

    # The grid head finds it first in the own queue, on a phone, and solves it on the spot.
    grid = house.sign_in("grid", language=language, size=PHONE)
    grid.locator("table[data-keys] a").first.click()
    grid.wait_for_url(f"**/console/matters/{matter.code}")
    assert grid.locator("#do-solve").get_attribute("open") is not None  # the next step stands open
    grid.locator("#do-solve textarea").fill("灯头松了，已拧紧，亮了")
    send(grid, "solve")
    expect(grid.locator("h1 + .badge")).to_contain_text("已结案" if language != "en" else "Closed")
    expect(wall.locator(OPEN)).to_have_text("0")
    matter.refresh_from_db()
    assert (matter.state, matter.closed_level) == ("closed", 0)

    # The resident reads the outcome and is satisfied.
    resident.goto(f"{house.address}/track/{first}")
    expect(resident.locator("main")).to_contain_text("灯头松了，已拧紧，亮了")
    rate(resident, house, first, stars=5, solved=True, words="谢谢")
    assert Report.objects.get().rating == 5

    # Another one is noted, and nobody solves it: the clock runs out, and the street gets it by itself.
    second = report_here(resident, house, "又一盏路灯不亮")
    matter = Matter.objects.get(closed_at=None)
    grid.goto(f"{house.address}/console/matters/{matter.code}")
    open_act(grid, "note")
    grid.locator("#do-note textarea").fill("灯杆没电，要专业队伍")
    send(grid, "note")
    expect(grid.locator("#story .timeline__item")).to_have_count(2)
    street = house.sign_in("street", language=language, size=DESK)
    expect(street.locator("table[data-keys]")).to_have_count(0)
    house.linli("clock", "advance", "2d")
    expect(street.locator("table[data-keys] tr[data-code]")).to_have_count(1)  # the page that lay open shows it, nobody asked it to
    street.keyboard.press("j")
    street.keyboard.press("Enter")
    street.wait_for_url(f"**/console/matters/{matter.code}")
    expect(street.locator("#story .timeline__item")).to_have_count(3)
    assert street.locator(".ladder__step--now strong").inner_text() == house.town.head("street").names["en" if language == "en" else "zh"]

    # The street solves it, verifies, and the outcome goes to the reporter, who is not satisfied: it is open again.
    open_act(street, "solve")
    street.locator("#do-solve textarea").fill("已更换灯头，恢复照明")
    send(street, "solve")
    street.locator("#do-verify form button").click()
    expect(street.locator("h1 + .badge")).to_contain_text("已结案" if language != "en" else "Closed")
    expect(wall.locator(OPEN)).to_have_text("0")
    rate(resident, house, second, stars=2, solved=False, words="第二天又灭了")
    expect(wall.locator(OPEN)).to_have_text("1")
    matter.refresh_from_db()
    assert matter.state != "closed" and matter.reopenings == 1
    assert house.linli("matters", "check").startswith("2 matters, 1 open")
    assert house.complaints == []
