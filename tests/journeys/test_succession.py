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

from linli.directory.people.models import Person
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
    with write():
        set_clock(to=MONDAY + HOUR)
    works(MONDAY + HOUR)
    assert visits(subject)[0].state == "open"
    with serving(browser, committed, place.community) as served:
        yield served


def works(at: datetime) -> None:
    """The worker does what is due."""
    sweep(at)
    while dispatch_once():
        pass


def looked(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, name
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
    assert serious(page) == [], name


@pytest.mark.parametrize(("language", "handed_on", "waits"), [("zh-hans", "工作递补", "现在要做"), ("en", "Handed on", "To do now")])
def test_both_see_a_duty_go_up_come_back_and_be_missed(house: Served, place: Town, language: str, handed_on: str, waits: str) -> None:
    Person.objects.update(languages=[language])
    duty = Occurrence.objects.filter(rule="weekly_visit").earliest("opens_at")
    one, handed = f"/console/duties/{duty.id}", duty.hand_on_at
    assert handed is not None
    house.clock(handed + HOUR)
    works(handed + HOUR)
    first = house.sign_in("grid", to="/console/notices", size=(390, 844), language=language)  # whoever was silent comes back and reads it
    expect(first.locator("main")).to_contain_text(handed_on)
    looked(first, f"succession-told-phone-{language}")
    above = house.sign_in("street", to="/console/notices", language=language)
    expect(above.locator("main")).to_contain_text(handed_on)
    for page, has in ((first, 0), (above, 1)):
        page.goto(f"{house.address}/console/duties")
        expect(page.get_by_role("region", name=waits).locator(f"a[href='{one}']")).to_have_count(has)
    first.goto(f"{house.address}{one}")
    expect(first.locator("[data-why]")).to_be_visible()
    looked(first, f"succession-first-phone-{language}")
    above.goto(f"{house.address}{one}")
    expect(above.locator("[data-why]")).to_be_visible()
    looked(above, f"succession-above-{language}")
    first.locator("form[action$='/take'] button").click()
    expect(first.locator("[data-why]")).to_have_count(0)
    house.clock(duty.due_at + timedelta(minutes=5))
    works(duty.due_at + timedelta(minutes=5))
    above.goto(f"{house.address}/console/duties/missed?days=1")
    expect(above.locator(f"a[href='{one}']").first).to_be_visible()
    looked(above, f"succession-missed-{language}")
    first.goto(f"{house.address}{one}")
    first.locator("form[action$='/explain'] textarea").fill("老人住院，家中无人")
    first.locator("form[action$='/explain'] button").click()
    above.goto(f"{house.address}{one}")
    above.locator("form[action$='/excuse'] textarea").fill("情况属实")
    above.locator("form[action$='/excuse'] button").click()
    expect(above.locator("main")).to_contain_text("情况属实")
    looked(above, f"succession-excused-{language}")
    assert Occurrence.objects.get(id=duty.id).missed_at is not None and house.complaints == []
