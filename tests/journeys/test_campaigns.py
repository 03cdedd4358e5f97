"""A station shares out staircases and a helper goes from door to door with a phone, in a real browser.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import names_of
from linli.engines.duties.campaigns.models import Attempt
from linli.engines.duties.campaigns.rules.targets import doors_of
from linli.engines.duties.campaigns.services import running as services
from linli.engines.duties.campaigns.services.running import NewCampaign
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, community
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_gallery import serious

LIANQIN = Path(__file__).resolve().parents[2] / "playbooks" / "lianqin" / "playbook.yaml"
SHOTS = os.environ.get("LINLI_SCREENSHOTS")
PHONE = (390, 844)


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=LIANQIN)
    staff(town, ("community", 0), ("grid", 0))
    area, grid = town.head("community").area_id, town.grids[0].id
    with write():
        wish = NewCampaign("households", "fraud", area, date(2026, 3, 2), date(2026, 3, 31))
        made = services.start_campaign(actor=SYSTEM, at=MONDAY, campaign=wish)
        doors = doors_of(compound="幸福里", building="3号楼", units=2, floors=6, rooms=2)
        services.lay_doors(actor=SYSTEM, at=MONDAY, campaign_id=made, area_id=grid, doors=doors)
    with serving(browser, committed, town) as served:
        yield served


def looked(page: Page, name: str) -> None:
    """Nothing is too wide, nothing serious is found; a picture where one is asked for."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, name
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
    assert serious(page) == [], name


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_staircases_are_shared_out_and_doors_are_tried(house: Served, language: str) -> None:
    desk = house.sign_in("community", to="/console/campaigns", language=language)
    looked(desk, f"campaigns-{language}")
    desk.goto(f"{house.address}/console/campaigns/fraud")
    looked(desk, f"campaign-desk-{language}")
    own = house.sign_in("grid", to="/volunteer/doors", language=language, size=PHONE)
    expect(own.locator(".doors")).to_have_count(0)
    head = organisation().appointee(house.town.head("grid").id, MONDAY)
    name = names_of([head])[head]
    desk.locator("#who-words").fill(name)
    desk.locator("#who-words").press("Enter")
    with desk.expect_navigation():
        desk.locator(f"form[action$='/helper']:has(input[value='{head}']) button").click()
    looked(desk, f"campaign-helpers-{language}")
    desk.locator("form[action$='/share'] button").click()
    expect(desk.locator("form[action$='/assign'] select").first).to_have_value(str(head))
    own.reload()
    expect(own.locator(".doors > li").first).to_be_visible()
    looked(own, f"doors-phone-{language}")
    open_doors = own.locator(".doors__ways button[value=done]")
    before = open_doors.count()
    open_doors.first.click()
    expect(open_doors).to_have_count(before - 1)
    own.locator(".doors__ways button[value=not_home]").first.click()
    expect(open_doors).to_have_count(before - 2)
    assert sorted(Attempt.objects.values_list("outcome", flat=True)) == ["done", "not_home"]
    own.locator("details:has(button[value=take_back]) summary").click()  # the first was a slip of the thumb
    looked(own, f"doors-result-phone-{language}")
    own.locator("button[value=take_back]").click()
    expect(open_doors).to_have_count(before - 1)
    expect(own.locator("button[value=take_back]")).to_have_count(0)
    open_doors.first.click()
    expect(open_doors).to_have_count(before - 2)
    desk.goto(f"{house.address}/console/campaigns/fraud")
    expect(desk.locator(".stats")).to_contain_text("1")
    desk.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    looked(desk, f"campaign-phone-{language}")
    desk.goto(f"{house.address}/campaigns")
    looked(desk, f"campaigns-public-{language}")
    assert house.complaints == []
