"""A census on the phone: its ledger said to be right and written anew without signal, then finished; sent in order, decided where others wrote meanwhile.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from linli.engines.duties.inspections.models import Leaf
from linli.engines.duties.inspections.services.leaves import LEAF_FILES
from linli.engines.duties.models import Occurrence
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.integration.inspections.made import HOUR, MORNING, REGISTERED, Town, town
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_field import come_back, confirm, kept, phone, shoot, waits
from tests.journeys.test_gallery import serious

YEAR = timedelta(days=365)
FORMS = ("registration", "staff", "safety_pledge", "fire_pledge")


@pytest.fixture
def ground(committed: str) -> Town:
    found = town()
    found.census(at=MORNING - YEAR)
    found.run(MORNING + HOUR)
    return found


@pytest.fixture
def house(browser: Browser, committed: str, ground: Town) -> Iterator[Served]:
    with write():
        set_clock(to=MORNING + HOUR)
    staff(ground.community, ("grid", 0))
    with serving(browser, committed, ground.community) as served:
        yield served


def census(ground: Town) -> Occurrence:
    return Occurrence.objects.get(rule="census_places", subject__ref=ground.hotel, opens_at__lte=MORNING)


def leaf(page: Page, form: str) -> Locator:
    return page.locator(f"[data-leaf={form}]")


def opened(page: Page, ground: Town) -> None:
    """The census alone: the monthly inspection of the same place is left for another day."""
    page.locator(f'a[href="#d/{census(ground).id}"]').first.click()
    expect(leaf(page, "registration")).to_be_visible()
    page.locator("#place input[type=checkbox]").uncheck()


def whole(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
    assert serious(page) == [], name
    shoot(page, name)


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_a_census_without_signal(house: Served, ground: Town, language: str, theme: str) -> None:
    """Three leaves said to be right, one written anew, the page closed by the phone, the census finished; the desk shows it when there is signal."""
    page = phone(house, language=language, theme=theme)
    shoot(page, f"ledger-day-{language}")
    opened(page, ground)
    whole(page, f"ledger-{language}")
    page.context.set_offline(True)
    page.locator("#tabs [data-verb=start]").click()
    waits(page, 1)
    expect(page.locator("#tabs [data-verb=ledger]")).to_contain_text("4")  # it cannot be finished in vain
    page.locator("#tabs [data-verb=ledger]").click()
    expect(leaf(page, "registration").locator("[data-way=confirm]")).to_be_focused()
    for n, form in enumerate(("registration", "safety_pledge", "fire_pledge")):
        leaf(page, form).locator("[data-way=confirm]").click()
        waits(page, n + 2)
    expect(leaf(page, "registration").locator(".doorlist__noted")).to_be_visible()
    leaf(page, "staff").locator("[data-way=write]").click()
    count = page.locator("dialog.sheet input[type=number]").first
    expect(count).to_have_value("12")  # what stands there is in its field
    count.fill("-1")
    page.locator("dialog.sheet .sheet__foot .button--primary").click()
    expect(page.locator("dialog.sheet .field__error:visible")).to_contain_text("0")
    count.fill("14")
    kept(page)
    whole(page, f"ledger-fill-{language}")
    page, _ = come_back(page)  # the phone closed the page
    opened(page, ground)
    leaf(page, "staff").locator("[data-way=write]").click()
    expect(page.locator("dialog.sheet input[type=number]").first).to_have_value("14")
    confirm(page)
    waits(page, 5)
    expect(leaf(page, "staff").locator("dd").first).to_have_text("14")
    whole(page, f"ledger-done-{language}")
    page.locator("#tabs [data-verb=finish]").click()
    sheet = page.locator("dialog.sheet")
    sheet.locator(".choice").first.click()
    sheet.locator("#signature").fill("王芳")
    confirm(page)
    waits(page, 6)
    page.locator("#strip-queue").click()
    expect(page.locator("#place li[data-key]")).to_have_count(6)
    whole(page, f"ledger-queue-{language}")
    assert Leaf.objects.filter(version=2).count() == 0
    page.context.set_offline(False)
    waits(page, 0)
    done, last = census(ground), Leaf.objects.latest("at")
    assert done.state == "done" and done.done_at is not None and last.at < done.done_at < last.recorded_at  # both from when they happened
    assert {one.form: (one.version, one.answers) for one in Leaf.objects.filter(current=True)}["staff"] == (2, {"staff": 14})
    assert set(Leaf.objects.filter(version=2).values_list("form", flat=True)) == set(FORMS)
    desk = house.sign_in("grid", to=f"/console/places/place/{ground.hotel}", language=language)
    expect(desk.locator("dd", has_text="14").first).to_be_visible()
    expect(desk.get_by_text("本年各页均已核对" if language == "zh-hans" else "every leaf confirmed this year")).to_be_visible()
    assert house.complaints == []


def test_a_pledge_is_signed_without_signal(house: Served, ground: Town) -> None:
    """Written anew it asks for the signature, which waits on the phone with it and is handed in once."""
    page = phone(house)
    opened(page, ground)
    page.context.set_offline(True)
    leaf(page, "safety_pledge").locator("[data-way=write]").click()
    sheet = page.locator("dialog.sheet")
    sheet.locator(".sheet__foot .button--primary").click()
    expect(sheet.locator(".field__error:visible")).to_have_count(1)  # nobody signed
    sheet.locator("#signature").fill("王芳")
    kept(page)
    whole(page, "ledger-pledge")
    page, _ = come_back(page)  # the phone closed the page
    opened(page, ground)
    leaf(page, "safety_pledge").locator("[data-way=write]").click()
    expect(page.locator("dialog.sheet #signature")).to_be_visible()
    confirm(page)
    waits(page, 1)
    page.context.set_offline(False)
    waits(page, 0)
    written = Leaf.objects.get(form="safety_pledge", version=2)
    assert StoredFile.objects.filter(owner_type=LEAF_FILES, owner_id=written.id, purpose="duty_signature").count() == 1
    desk = house.sign_in("grid", to=f"/console/places/place/{ground.hotel}")
    expect(desk.locator("img.shown__signature").first).to_be_visible()
    assert house.complaints == []


def test_somebody_wrote_the_leaf_meanwhile(house: Served, ground: Town) -> None:
    """Both are shown; the finish that was pressed behind them waits until that is decided, and nothing is lost."""
    page = phone(house)
    opened(page, ground)
    page.context.set_offline(True)
    for form in ("registration", "safety_pledge", "fire_pledge"):
        leaf(page, form).locator("[data-way=confirm]").click()
        expect(leaf(page, form).locator(".doorlist__noted")).to_be_visible()
    leaf(page, "staff").locator("[data-way=write]").click()
    page.locator("dialog.sheet input[type=number]").first.fill("14")
    confirm(page)
    page.locator("#tabs [data-verb=start]").click()
    page.locator("#tabs [data-verb=finish]").click()
    page.locator("dialog.sheet .choice").first.click()
    page.locator("dialog.sheet #signature").fill("王芳")
    confirm(page)
    waits(page, 6)
    for form, answers in (("registration", {**REGISTERED, "exits": 5}), ("staff", {"staff": 20})):
        ground.write(form, answers, version=1, actor=SYSTEM, at=MORNING + HOUR)
    page.context.set_offline(False)
    expect(page.locator("#strip-queue.strip__queue--ask")).to_contain_text("2")
    page.locator("#strip-queue").click()
    assert census(ground).state == "open" and {one.version for one in Leaf.objects.filter(form__in=("safety_pledge", "fire_pledge"), current=True)} == {2}
    registration, counted = page.locator("#place li.card--asks").nth(0), page.locator("#place li.card--asks").nth(1)
    expect(registration).to_contain_text("5")
    expect(counted).to_contain_text("20")
    expect(counted).to_contain_text("14")
    whole(page, "ledger-conflict")
    registration.locator(".button--primary").click()  # what stands there now is right
    expect(page.locator("#place li.card--asks")).to_have_count(1)
    page.locator("#place li.card--asks .button", has_text="修改我填的").click()
    page.locator("dialog.sheet input[type=number]").first.fill("21")
    shoot(page, "ledger-change")
    confirm(page)
    waits(page, 0)
    assert [one.answers for one in Leaf.objects.filter(form="staff").order_by("version")] == [{"staff": 12}, {"staff": 20}, {"staff": 21}]
    assert Leaf.objects.get(form="registration", current=True).answers == {**REGISTERED, "exits": 5}
    assert census(ground).state == "done"
    assert house.complaints == []


def test_a_tap_is_not_lost_when_the_page_is_drawn_anew_under_the_finger(house: Served, ground: Town) -> None:
    page = phone(house)
    opened(page, ground)
    page.context.set_offline(True)
    expect(page.locator(".strip__signal--none")).to_be_visible()  # what signal does to the page is done: it stands still
    way = leaf(page, "staff").locator("[data-way=write]")
    # In one go: the app may draw anew between two.
    box = way.evaluate("e => { e.scrollIntoView({ block: 'center', behavior: 'instant' }); return e.getBoundingClientRect().toJSON() }")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("dispatchEvent(new Event('offline'))")  # the app draws what it knows now
    page.mouse.up()
    expect(page.locator("dialog.sheet input[type=number]").first).to_be_visible()
