"""The field app on a phone: read and acted on without signal, sent once and in order, and nothing lost when others act meanwhile.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from linli.engines.matters.models import Matter, Step
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act, only
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import now, set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY, community, report
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_gallery import serious

LIANQIN = Path(__file__).resolve().parents[2] / "playbooks" / "lianqin" / "playbook.yaml"
SHOTS = os.environ.get("LINLI_SCREENSHOTS")
PHONE = (390, 844)
OPENS_WITHIN = 1000  # milliseconds, without signal


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=LIANQIN)
    staff(town, ("grid", 0), ("grid", 1), ("street", 0))
    with serving(browser, committed, town) as served:
        yield served


def phone(house: Served, *, grid: int = 0, level: str = "grid", **how: object) -> Page:
    """A phone in which the holder of a desk has opened the app once, where there was signal; it stands in the grid."""
    lon, lat = house.town.point(grid)
    place = {"permissions": ["geolocation"], "geolocation": {"longitude": lon, "latitude": lat}, "size": PHONE, "has_touch": True}
    page = house.sign_in(level, grid=grid, to="/field/", **place, **how)
    expect(page.locator(".strip__signal small")).to_be_visible(timeout=20_000)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    return page


def come_back(page: Page) -> tuple[Page, float]:
    """Close the tab and open the app again; returns the page, and the milliseconds until its first matter or queue stood there.

    A slow opening is tried again, and the quickest counts: this machine may be busy with other tests.
    """
    address, context = page.url.partition("#")[0], page.context
    stands = "document.querySelectorAll('.tabbar__tab').length === 5 && document.querySelector('#place > *')?.offsetHeight"
    look = f"const look = () => ({stands} ? done(performance.now()) : requestAnimationFrame(look)); look();"
    quickest = math.inf
    for _ in range(5):
        page.close()
        page = context.new_page()
        page.goto(address, wait_until="commit")
        quickest = min(quickest, page.evaluate(f"new Promise((done) => {{ {look} }})"))
        if quickest < OPENS_WITHIN:
            break
    return page, quickest


def matters(page: Page) -> Locator:
    """Go to my matters: the app opens at my day instead as soon as the worker has derived duties."""
    page.evaluate("location.hash = 'mine'")
    return page.locator(".ticket-card[href^='#m/']")


def begin(page: Page, code: str, verb: str) -> None:
    """Open a matter and the sheet of something to be done about it."""
    matters(page)
    page.locator(f'a[href="#m/{code}"]').first.click()
    if verb != "solve":
        page.locator("#tabs .button").last.click()
        page.locator(f"dialog.sheet [data-verb={verb}]").click()
    else:
        page.locator("#tabs .button--primary").click()
    expect(page.locator("dialog.sheet textarea")).to_be_visible()


def confirm(page: Page) -> None:
    page.locator("dialog.sheet .sheet__foot .button--primary").click()
    expect(page.locator("dialog.sheet")).to_have_count(0)


def kept(page: Page) -> None:
    """What was begun in the sheet is in the phone's store: from here on the page may be closed."""
    expect(page.locator("dialog.sheet .sheet__kept[data-kept=yes]")).to_be_visible()


def send_now(page: Page) -> None:
    """Press “send now” where the queue stands, unless everything went by itself this instant."""
    expect(page.locator('.tabbar__tab[aria-current][href="#queue"]')).to_be_visible()
    page.evaluate("document.querySelector('#place .button--primary')?.click()")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"field-{name}.png")


def waits(page: Page, count: int) -> None:
    """The queue, as the strip shows it on every page."""
    if count:
        expect(page.locator("#strip-queue.strip__queue--wait")).to_contain_text(str(count))
    else:
        expect(page.locator("#strip-queue.strip__queue--sent")).to_be_visible()


def test_on_the_stairs_without_signal(house: Served, tmp_path: Path) -> None:
    """Cut mid-action, the tab closed, back without signal: everything is there, and is sent once and in order."""
    photo = tmp_path / "after.jpg"
    Image.new("RGB", (2400, 1800), (90, 120, 110)).save(photo)
    first, second = report(house.town, class_code="C-0118", text="三单元二楼的灯不亮了").code, report(house.town, text="电动车堵住楼道").code
    page = phone(house)
    expect(matters(page)).to_have_count(2)
    shoot(page, "mine")
    begin(page, first, "solve")
    page.locator("dialog.sheet input[type=file]").set_input_files(photo)
    expect(page.locator("dialog.sheet .shot img")).to_have_count(1)
    page.context.set_offline(True)  # the signal goes while it is being written
    page.locator("dialog.sheet .ready__one").nth(1).click()
    page.locator("dialog.sheet textarea").fill("换了灯泡，亮了。")
    kept(page)
    shoot(page, "solve")
    page, opened = come_back(page)  # the phone closed the page
    assert opened < OPENS_WITHIN, opened
    expect(matters(page)).to_have_count(2)
    expect(page.locator(".strip__signal--none")).to_be_visible()
    begin(page, first, "solve")
    assert page.locator("dialog.sheet textarea").input_value() == "换了灯泡，亮了。"
    expect(page.locator("dialog.sheet .shot img")).to_have_count(1)
    confirm(page)
    waits(page, 1)
    begin(page, second, "note")
    page.locator("dialog.sheet .ready__one").first.click()
    confirm(page)
    page.locator("a.bar-back").click()
    begin(page, second, "escalate")
    page.locator("dialog.sheet textarea").fill("车主叫不应，请街道派人拖车")
    page.locator("dialog.sheet input[type=file]").set_input_files(photo)
    expect(page.locator("dialog.sheet .shot img")).to_have_count(1)
    confirm(page)
    waits(page, 3)
    page, _ = come_back(page)
    waits(page, 3)
    page.locator("#strip-queue").click()
    expect(page.locator("#place li[data-key]")).to_have_count(3)
    shoot(page, "queue-offline")
    assert Step.objects.exclude(verb="report").count() == 0
    page.route("**/field/sync", lambda route: (route.fetch(), route.abort())[1])  # the answer is lost on the way: it is sent again
    page.context.set_offline(False)
    expect(page.locator(".strip__signal--weak")).to_be_visible()
    page.unroute("**/field/sync")
    send_now(page)
    waits(page, 0)
    solved, sent_up = Matter.objects.get(code=first), Matter.objects.get(code=second)
    assert (solved.state, solved.outcome_text) == ("closed", "换了灯泡，亮了。")
    assert sent_up.level == 1
    assert [step.verb for step in Step.objects.filter(matter=sent_up).order_by("version")] == ["report", "note", "escalate"]
    assert Step.objects.filter(matter=solved, verb="solve").count() == 1
    assert {file.owner_id for file in StoredFile.objects.all()} == {solved.id, sent_up.id} and StoredFile.objects.count() == 2
    page.locator('.tabbar__tab[href="#near"]').click()
    page.locator(f'a[href="#m/{second}"]').click()
    expect(page.locator("#place .shot img")).to_be_visible()
    page.context.set_offline(True)
    page, _ = come_back(page)
    page.locator('.tabbar__tab[href="#near"]').click()
    page.locator(f'a[href="#m/{second}"]').click()
    expect(page.locator("#place .shot img")).to_be_visible()  # what was sent up is read, with its photo, without signal
    shoot(page, "matter-offline")


def test_what_happened_meanwhile_is_shown_and_decided(house: Served) -> None:
    code = report(house.town, class_code="C-0118", text="灯不亮").code
    other = report(house.town, text="堵住了").code
    page = phone(house)
    page.context.set_offline(True)
    begin(page, code, "solve")
    page.locator("dialog.sheet textarea").fill("灯泡换好了")
    confirm(page)
    begin(page, other, "solve")
    page.locator("dialog.sheet textarea").fill("车已挪走")
    confirm(page)
    with write():
        only(act([Command(Matter.objects.get(code=code).id, Verb.NOTE, now(), text="供电公司明天来换")], actor=SYSTEM))
        only(act([Command(Matter.objects.get(code=other).id, Verb.SOLVE, now(), text="巡逻队已清走")], actor=SYSTEM))
    page.context.set_offline(False)
    expect(page.locator("#strip-queue.strip__queue--ask")).to_contain_text("2")
    page.locator("#strip-queue").click()
    one = page.locator("#place li.card--asks", has_text="灯泡换好了")
    expect(one).to_contain_text("供电公司明天来换")
    shoot(page, "conflict")
    assert serious(page) == []
    assert Matter.objects.get(code=code).state != "closed"
    one.locator(".button--primary").click()  # hand it in all the same
    two = page.locator("#place li.card--asks")
    expect(two).to_have_count(1)
    expect(two).to_contain_text("巡逻队已清走")
    expect(two.locator(".button--primary")).to_have_count(0)  # it is closed: nothing to solve any more
    two.locator(".button").first.click()  # the words are kept as a note
    waits(page, 0)
    assert Matter.objects.get(code=code).outcome_text == "灯泡换好了"
    assert Step.objects.get(matter__code=other, verb="note").text == "车已挪走"


def test_one_phone_two_people(house: Served) -> None:
    """What is done by one is never shown to another, nor handed in as theirs; signing out erases."""
    code = report(house.town, text="一楼堵住了").code
    page = phone(house)
    page.context.set_offline(True)
    begin(page, code, "note")
    page.locator("dialog.sheet textarea").fill("我去看过")
    confirm(page)
    page.context.clear_cookies(name="linli_session")  # the session ends; the next person signs in
    page.context.set_offline(False)
    expect(page.locator("#place .button--primary")).to_be_visible()  # to sign in
    expect(page.get_by_text("一楼堵住了")).to_have_count(0)
    page.goto(f"{house.address}/accounts/login/?next=/field/")
    page.locator("input[name=login]").fill("grid-1")
    page.locator("input[name=password]").fill("a long enough password")
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/field/")
    expect(page.locator(".strip__signal small")).to_be_visible()
    expect(matters(page)).to_have_count(0)
    waits(page, 0)
    page.locator("#strip-queue").click()
    page.locator("#place .button", has=page.locator('use[href$="#log-out"]')).click()
    page.locator("dialog.sheet .button--danger").click()
    page.wait_for_url("**/accounts/login/**")
    assert Step.objects.filter(verb="note").count() == 0
    page.locator("input[name=login]").fill("grid-0")
    page.locator("input[name=password]").fill("a long enough password")
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/field/")
    expect(matters(page)).to_have_count(1)
    waits(page, 0)  # what waited for its own person was sent when that person came back
    assert Step.objects.get(verb="note").text == "我去看过"
    page.goto(f"{house.address}/accounts/logout/")
    page.locator("[data-sign-out] button").click()
    page.wait_for_url(lambda address: "logout" not in address)
    page.context.set_offline(True)
    page.goto(f"{house.address}/field/")
    expect(page.locator(".ticket-card")).to_have_count(0)
    expect(page.locator("#place")).not_to_contain_text("一楼堵住了")


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_every_place_is_whole(house: Served, language: str, theme: str) -> None:
    for n, words in enumerate(("三单元二楼的灯不亮了，老人上下楼不方便，请尽快来看看。", "电动车堵住楼道", "井盖响")):
        report(house.town, class_code=("C-0118", "E-0401", "C-0118")[n], text=words, at=MONDAY + timedelta(minutes=n), address=f"春风路{n + 3}号")
    page = phone(house, level="street", language=language, theme=theme)
    for place in ("mine", "near", "map", "queue"):
        page.goto(f"{house.address}/field/#{place}")
        expect(page.locator(f'.tabbar__tab[href="#{place}"]')).to_have_attribute("aria-current", "page")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, place
        assert serious(page) == [], place
        shoot(page, f"{place}-{language}-{theme}")
    page.goto(f"{house.address}/field/#near")
    page.locator(".ticket-card").first.click()
    expect(page.locator("h1.what")).to_be_visible()
    assert serious(page) == []
    shoot(page, f"matter-{language}-{theme}")
    page.locator("#tabs .button").last.click()
    shoot(page, f"more-{language}-{theme}")
    page.locator("dialog.sheet .sheet__body .button", has=page.locator('use[href$="#siren"]')).click()
    page.locator("dialog.sheet .ready__one").first.click()
    page.locator("dialog.sheet .sheet__foot .button--primary").click()
    expect(page.locator("dialog.sheet .field__error")).to_be_visible()  # nobody was chosen
    shoot(page, f"whistle-{language}-{theme}")
    assert serious(page) == []
    page.locator("dialog.sheet .choice").first.click()
    confirm(page)
    waits(page, 0)
    assert Step.objects.filter(verb="whistle").count() == 1
    assert [said for said in house.complaints if "ERR_" not in said] == []
