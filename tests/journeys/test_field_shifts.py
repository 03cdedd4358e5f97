"""A volunteer is there and goes, by one tap each and without signal; the captain sees who has come, and who has not.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from linli.engines.duties.shifts.models import ShiftPart
from linli.engines.duties.shifts.tasks import sweep_missing
from linli.kernel.access.models import User
from tests.integration.patrols.made import HOUR, MINUTE, Beaten, beaten_town
from tests.journeys.serving import PASSWORD, Served, serving
from tests.journeys.test_field import PHONE, waits
from tests.journeys.test_field_rounds import back_again, clock, volunteer, whole


@pytest.fixture
def beaten(committed: str, tmp_path: Path) -> Beaten:
    town = beaten_town(tmp_path)
    for name in ("ann", "bob", "cid"):
        town.sign(name)
    for name in ("ann", "bob"):
        user = User.objects.get(username=name)
        user.set_password(PASSWORD)
        user.save()
    clock(town.shift().starts_at - 5 * MINUTE)
    return town


@pytest.fixture
def house(browser: Browser, committed: str, beaten: Beaten) -> Iterator[Served]:
    with serving(browser, committed, beaten.town.town) as served:
        yield served


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_there_and_gone_without_signal_and_the_captain_sees_it(house: Served, beaten: Beaten, language: str, theme: str) -> None:
    shift = beaten.shift()
    page = volunteer(house, beaten, language=language, theme=theme)
    card = page.locator(f'[data-shift="{shift.id}"]')
    expect(card.locator("[data-verb=arrive]")).to_be_visible()
    whole(page, f"shift-before-{language}")
    page.context.set_offline(True)
    card.locator("[data-verb=arrive]").click()
    waits(page, 1)
    expect(card.locator(".badge--ok")).to_be_visible()
    whole(page, f"shift-there-{language}")
    page = back_again(page)
    card = page.locator(f'[data-shift="{shift.id}"]')
    expect(card.locator("[data-verb=arrive]")).to_have_count(0)
    card.locator("a[href^='#h/']").click()
    expect(page.locator("#place h1")).to_be_visible()
    whole(page, f"shift-page-{language}")
    assert ShiftPart.objects.filter(arrived_at__isnull=False).count() == 0
    house.clock(shift.starts_at + 20 * MINUTE)
    sweep_missing(shift.starts_at + 20 * MINUTE)
    page.context.set_offline(False)
    waits(page, 0)
    expect(page.locator("#tabs [data-verb=leave]")).to_be_visible()
    page.locator("#tabs [data-verb=leave]").click()  # the shift runs: asked once more
    sheet = page.locator("dialog.sheet")
    expect(sheet).to_be_visible()
    whole(page, f"shift-early-{language}")
    sheet.locator(".button--primary").click()
    expect(page.locator('#place .badge use[href$="#flag"]')).to_have_count(1)
    waits(page, 0)
    row = ShiftPart.objects.get(person_id=beaten.people["bob"].person_id)
    assert row.arrived_at is not None and row.arrived_at < shift.starts_at  # counted from when it was tapped
    assert row.left_at is not None
    captain = house.visit("/accounts/login/?next=/console/teams/night/roster", language=language, theme=theme)
    captain.locator("input[name=login]").fill("ann")
    captain.locator("input[name=password]").fill(PASSWORD)
    captain.locator("input[name=password]").press("Enter")
    captain.wait_for_url("**/roster")
    whole(captain, f"shift-roster-{language}")
    captain.locator(".card li", has_text="Cid").locator("summary").click()
    captain.locator(".card li", has_text="Cid").locator("input[name=note]").fill("发烧在家")
    whole(captain, f"shift-roster-answer-{language}")
    captain.locator(".card li", has_text="Cid").locator("button[value=excused]").click()
    expect(captain.locator(".card li", has_text="Cid")).to_contain_text("发烧在家")
    whole(captain, f"shift-roster-answered-{language}")


def test_the_portal_s_two_buttons_need_no_script(house: Served, beaten: Beaten) -> None:
    shift = beaten.shift()
    page = house.visit("/accounts/login/?next=/volunteer/shifts", java_script_enabled=False, size=PHONE)
    page.locator("input[name=login]").fill("bob")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/volunteer/shifts")
    page.locator(f'form[action$="{shift.id}/arrive"] button').click()
    finish = page.locator(f'form[action$="{shift.id}/finish"] button')
    expect(finish).to_have_count(0)  # it has not begun
    house.clock(shift.starts_at + HOUR)
    page.reload()
    finish.click()
    page.wait_for_url("**?finish=*")
    assert not ShiftPart.objects.filter(left_at__isnull=False).exists()  # it runs on: asked once more
    finish.click()
    expect(finish).to_have_count(0)
    row = ShiftPart.objects.get(person_id=beaten.people["bob"].person_id)
    assert row.arrived_at is not None and row.left_at is not None and row.left_at - row.arrived_at >= HOUR
