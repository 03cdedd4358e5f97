"""A duty that nobody answers goes a level up, in front of both: notice, my day, the page that says why; it comes back, is missed, explained and excused.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.engines.duties.models import Occurrence
from linli.engines.duties.tasks import sweep
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import HOUR, Town, town, visits
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_gallery import serious

SHOTS = os.environ.get("LINLI_SCREENSHOTS")


@pytest.fixture
def place(committed: str, tmp_path: Path) -> Town:
    found = town(tmp_path)
    staff(found.community, ("grid", 0), ("street", 0))
    return found


@pytest.fixture
def house(browser: Browser, committed: str, place: Town) -> Iterator[Served]:
    subject = place.case()
    place.derive()
    moved(MONDAY + HOUR)
    assert visits(subject)[0].state == "open"
    with serving(browser, committed, place.community) as served:
        yield served


def moved(at: datetime) -> None:
    """Time goes on, and the worker does what is due."""
    with write():
        set_clock(to=at)
    sweep(at)
    while dispatch_once():
        pass


def looked(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, name
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
    assert serious(page) == [], name


def test_both_see_a_duty_go_up_come_back_and_be_missed(house: Served, place: Town) -> None:
    duty = Occurrence.objects.filter(rule="weekly_visit").earliest("opens_at")
    one, handed = f"/console/duties/{duty.id}", duty.hand_on_at
    assert handed is not None
    moved(handed + HOUR)
    first = house.sign_in("grid", to=one, size=(390, 844))
    expect(first.locator("[data-why]")).to_be_visible()
    looked(first, "succession-first-phone")
    above = house.sign_in("street", to="/console/notices")
    expect(above.locator("main")).to_contain_text("工作递补")
    above.goto(f"{house.address}{one}")
    expect(above.locator("[data-why]")).to_be_visible()
    looked(above, "succession-above")
    first.locator("form[action$='/take'] button").click()
    expect(first.locator("[data-why]")).to_have_count(0)
    moved(duty.due_at + timedelta(minutes=5))
    above.goto(f"{house.address}/console/duties/missed?days=1")
    expect(above.locator(f"a[href='{one}']").first).to_be_visible()
    looked(above, "succession-missed")
    first.goto(f"{house.address}{one}")
    first.locator("form[action$='/explain'] textarea").fill("老人住院，家中无人")
    first.locator("form[action$='/explain'] button").click()
    above.goto(f"{house.address}{one}")
    above.locator("form[action$='/excuse'] textarea").fill("情况属实")
    above.locator("form[action$='/excuse'] button").click()
    expect(above.locator("main")).to_contain_text("情况属实")
    looked(above, "succession-excused")
    assert Occurrence.objects.get(id=duty.id).missed_at is not None and house.complaints == []
