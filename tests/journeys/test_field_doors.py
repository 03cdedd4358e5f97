"""A helper's staircases on the phone: doors tapped without signal, kept when the tab is closed, sent once, and decided where others were faster.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from linli.directory.organisation.selectors import organisation
from linli.engines.duties.campaigns.models import Attempt, Target
from linli.engines.duties.campaigns.rules.doors import Outcome
from linli.engines.duties.campaigns.rules.targets import doors_of
from linli.engines.duties.campaigns.services import running as services
from linli.engines.duties.campaigns.services import sharing
from linli.engines.duties.campaigns.services.noting import Wish, note_attempts
from linli.engines.duties.campaigns.services.running import NewCampaign
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import now, set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, community
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_field import LIANQIN, OPENS_WITHIN, come_back, phone, send_now, shoot, waits
from tests.journeys.test_gallery import serious


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=LIANQIN)
    staff(town, ("community", 0), ("grid", 0))
    helper = organisation().appointee(town.head("grid").id, MONDAY)
    assert helper is not None
    with write():
        wish = NewCampaign("households", "fraud", town.head("community").area_id, date(2026, 3, 2), date(2026, 3, 31))
        made = services.start_campaign(actor=SYSTEM, at=MONDAY, campaign=wish)
        for building in ("3号楼", "5号楼"):
            doors = doors_of(compound="幸福里", building=building, units=2, floors=6, rooms=2)
            services.lay_doors(actor=SYSTEM, at=MONDAY, campaign_id=made, area_id=town.grids[0].id, doors=doors)
        sharing.add_helper(actor=SYSTEM, at=MONDAY, campaign_id=made, person_id=helper)
        sharing.share_staircases(actor=SYSTEM, at=MONDAY, campaign_id=made)
    with serving(browser, committed, town) as served:
        yield served


def door(room: str) -> Target:
    return Target.objects.get(building="3号楼", unit="1", room=room)


def note(room: str, outcome: Outcome, *, ago: timedelta = timedelta(0)) -> None:
    with write():
        (result,) = note_attempts(actor=SYSTEM, at=now(), wishes=[Wish(door(room).id, outcome, now() - ago, str(uuid4()))])
    assert not isinstance(result, Exception)


def stairs(page: Page) -> None:
    """From my day to the first staircase."""
    page.locator('a[href="#doors"]').first.click()
    page.locator('a[href^="#s/"]').first.click()
    expect(page.locator(".doorlist").first).to_be_visible()


def row(page: Page, room: str) -> Locator:
    return page.locator(f'[data-door="{door(room).id}"]')


def top(page: Page, room: str) -> float:
    """Where a door's line lies on the page, however far it is scrolled."""
    return float(row(page, room).evaluate("one => one.getBoundingClientRect().top + scrollY"))


def tap(page: Page, room: str, way: str) -> None:
    row(page, room).locator(f"[data-way={way}]").click()
    expect(row(page, room).locator(".doorlist__noted")).to_be_visible()


def whole(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
    assert serious(page) == [], name
    shoot(page, name)


def test_an_evening_on_the_stairs_without_signal(house: Served) -> None:
    page = phone(house)
    expect(page.locator('.tabbar__tab[aria-current][href="#day"]')).to_be_visible()
    expect(page.locator('a[href="#doors"]')).to_contain_text("48")
    stairs(page)
    page.context.set_offline(True)
    before = top(page, "502")
    tap(page, "601", "done")
    tap(page, "602", "not_home")
    waits(page, 2)
    assert top(page, "502") == before  # the next door is where the thumb expects it
    expect(row(page, "602")).to_contain_text("3/3")  # again from tomorrow on, by the rule's rest
    tap(page, "501", "refused")
    waits(page, 3)
    row(page, "501").locator(".doorlist__noted .button").click()  # tapped by mistake, taken back
    waits(page, 2)
    expect(row(page, "501").locator("[data-way=refused]")).to_be_visible()
    whole(page, "doors-offline-zh-hans")
    page, opened = come_back(page)  # the phone closed the page
    assert opened < OPENS_WITHIN, opened
    waits(page, 2)
    expect(page.locator('a[href="#doors"]')).to_contain_text("46")
    stairs(page)
    expect(page.locator(".doorlist__one")).to_have_count(12)
    expect(row(page, "601").locator("[data-way]")).to_have_count(0)
    tap(page, "401", "done")
    assert Attempt.objects.count() == 0
    page.route("**/field/sync", lambda route: (route.fetch(), route.abort())[1])  # the answer is lost on the way: it is sent again
    page.context.set_offline(False)
    expect(page.locator(".strip__signal--weak")).to_be_visible()
    page.unroute("**/field/sync")
    page.locator("#strip-queue").click()
    send_now(page)
    waits(page, 0)
    noted = dict(Attempt.objects.values_list("target__room", "outcome"))
    assert noted == {"601": "done", "602": "not_home", "401": "done"} and Attempt.objects.count() == 3
    page.goto(f"{house.address}/field/#day")
    expect(page.locator('a[href="#doors"]')).to_contain_text("45")
    stairs(page)  # one of them was a slip of the thumb; it is sent already, and there is no signal just now
    page.context.set_offline(True)
    whole(page, "doors-result-zh-hans")
    row(page, "401").locator("[data-undo]").click()
    waits(page, 1)
    tap(page, "401", "refused")
    waits(page, 2)
    page.context.set_offline(False)
    waits(page, 0)
    standing = dict(Attempt.objects.filter(taken_back_at=None).values_list("target__room", "outcome"))
    assert standing == {"601": "done", "602": "not_home", "401": "refused"} and Attempt.objects.count() == 4
    assert house.complaints == [] or all("ERR_" in said for said in house.complaints)


def test_somebody_else_was_at_the_door_meanwhile(house: Served) -> None:
    page = phone(house)
    stairs(page)
    page.context.set_offline(True)
    tap(page, "601", "done")
    tap(page, "602", "not_home")
    note("601", Outcome.REFUSED, ago=timedelta(minutes=1))
    note("602", Outcome.NOT_HOME, ago=timedelta(minutes=2))
    page.context.set_offline(False)
    expect(page.locator("#strip-queue.strip__queue--ask")).to_contain_text("1")  # another's closed door is no conflict
    expect(row(page, "601").locator(".doorlist__noted--asks")).to_be_visible()
    page, _ = come_back(page)
    expect(page.locator("#strip-queue.strip__queue--ask")).to_contain_text("1")  # it is not lost, whatever is closed
    page.locator("#strip-queue").click()
    asks = page.locator("#place li.card--asks")
    expect(asks).to_contain_text("对方谢绝")
    whole(page, "doors-conflict-zh-hans")
    expect(asks.locator(".button")).to_have_count(1)
    asks.locator(".button").click()
    page.locator("dialog.sheet .button--danger").click()
    waits(page, 0)
    assert sorted(Attempt.objects.values_list("target__room", "outcome")) == [("601", "refused"), ("602", "not_home"), ("602", "not_home")]


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark"), ("en", "light")])
def test_every_page_of_my_doors_is_whole(house: Served, language: str, theme: str) -> None:
    for days in range(3):
        house.clock(MONDAY + timedelta(days=days, hours=1))
        note("501", Outcome.NOT_HOME)
    note("502", Outcome.NOT_HOME)
    note("602", Outcome.DONE)
    page = phone(house, language=language, theme=theme)
    whole(page, f"doors-day-{language}-{theme}")
    page.locator('a[href="#doors"]').first.click()
    expect(page.locator('a[href^="#s/"]')).to_have_count(4)
    whole(page, f"doors-list-{language}-{theme}")
    page.locator('a[href^="#s/"]').first.click()
    expect(row(page, "501").locator("[data-way=leaflet]")).to_be_visible()  # three closed doors: the last way
    expect(row(page, "502").locator("[data-way=leaflet]")).to_have_count(0)
    whole(page, f"doors-stair-{language}-{theme}")
    row(page, "502").scroll_into_view_if_needed()
    shoot(page, f"doors-stair-end-{language}-{theme}")
    tap(page, "501", "leaflet")
    waits(page, 0)
    page.locator("a.bar-back").click()
    expect(page.locator('a[href^="#s/"]').first).to_contain_text("2 / 12" if language == "zh-hans" else "2 of 12")
    page.locator("a.bar-back").click()
    expect(page.locator('.tabbar__tab[href="#day"]')).to_be_visible()
