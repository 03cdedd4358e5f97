"""A volunteer's round on the phone: set out, scanned, typed and back without signal, the tab closed in between; sent once, judged by when it was read.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.engines.duties.patrols.models import CheckIn, Round
from linli.engines.duties.patrols.services.proofs import code_of
from linli.kernel.access.models import User
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.integration.patrols.made import HOUR, MINUTE, TAG, Beaten, beaten_town
from tests.journeys.serving import PASSWORD, Served, serving
from tests.journeys.test_field import PHONE, shoot, waits
from tests.journeys.test_gallery import serious

# A camera before which a code hangs: what the browser would read is what the test puts there.
CAMERA = """
window.BarcodeDetector = class { async detect() { const read = localStorage.getItem("before-the-camera"); return read ? [{ rawValue: read }] : []; } };
navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream();
HTMLMediaElement.prototype.play = async () => {};
"""
# A telephone that reads tags: the number is that of the tag which the test holds to it.
TAGS = """
window.NDEFReader = class extends EventTarget {
  async scan() {
    const read = Object.assign(new Event("reading"), { serialNumber: localStorage.getItem("held-to-the-phone"), message: { records: [] } });
    setTimeout(() => this.dispatchEvent(read));
  }
};
"""


@pytest.fixture
def beaten(committed: str, tmp_path: Path) -> Beaten:
    town = beaten_town(tmp_path)
    town.sign("bob")
    town.sign("cid")
    user = User.objects.get(username="bob")
    user.set_password(PASSWORD)
    user.save()
    clock(town.shift().starts_at + 5 * MINUTE)
    return town


@pytest.fixture
def house(browser: Browser, committed: str, beaten: Beaten) -> Iterator[Served]:
    with serving(browser, committed, beaten.town.town) as served:
        yield served


def clock(at: datetime) -> None:
    with write():
        set_clock(to=at)


def volunteer(house: Served, beaten: Beaten, *, language: str = "zh-hans", theme: str = "light") -> Page:
    """A phone in which a volunteer without any post has opened the app; it stands at the river bank."""
    river = beaten.spot("River bank")
    place = {"permissions": ["geolocation"], "geolocation": {"longitude": river.lon, "latitude": river.lat}, "has_touch": True}
    page = house.visit("/accounts/login/?next=/field/", language=language, theme=theme, size=PHONE, **place)
    page.context.add_init_script(CAMERA)
    page.context.add_init_script(TAGS)
    page.locator("input[name=login]").fill("bob")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/field/")
    expect(page.locator(".strip__signal small")).to_be_visible(timeout=20_000)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    return page


def back_again(page: Page) -> Page:
    """The phone closed the page; the app is opened anew."""
    address, context = page.url, page.context
    page.close()
    again = context.new_page()
    again.goto(address)
    expect(again.locator("#tabs > *").first).to_be_visible()
    return again


def stand(page: Page, beaten: Beaten, name: str) -> None:
    there = beaten.spot(name)
    page.context.set_geolocation({"longitude": there.lon, "latitude": there.lat})


def scan(page: Page, read: str) -> None:
    page.evaluate("(read) => localStorage.setItem('before-the-camera', read)", read)
    page.locator("#place .button", has=page.locator('use[href$="#qr-code"]')).click()


def hold(page: Page, tag: str) -> None:
    page.evaluate("(tag) => localStorage.setItem('held-to-the-phone', tag)", tag)
    page.locator("#place .button", has=page.locator('use[href$="#smartphone"]')).click()


def spot(page: Page, beaten: Beaten, name: str) -> str:
    return f'[data-spot="{beaten.spot(name).id}"]'


def whole(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
    assert serious(page) == [], name
    shoot(page, name)


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_a_round_without_signal(house: Served, beaten: Beaten, language: str, theme: str) -> None:
    starts = beaten.shift().starts_at
    gate, room = beaten.spot("East gate"), beaten.spot("Guard room")
    page = volunteer(house, beaten, language=language, theme=theme)
    expect(page.locator(".tabbar__tab")).to_have_count(2)  # my day, and what is to be sent: a volunteer has no grid
    whole(page, f"rounds-day-{language}")
    page.locator('a[href^="#r/"]').click()
    expect(page.locator("#tabs [data-verb=start]")).to_be_visible()
    whole(page, f"round-before-{language}")
    page.context.set_offline(True)
    page.locator("#tabs [data-verb=start]").click()
    waits(page, 1)
    stand(page, beaten, "East gate")
    scan(page, f"{house.address}/volunteer/at/{code_of(gate, starts + 5 * MINUTE).token}")
    expect(page.locator(f"{spot(page, beaten, 'East gate')}.spots__one--met")).to_be_visible()
    waits(page, 2)
    page = back_again(page)
    expect(page.locator(".strip__signal--none")).to_be_visible()
    waits(page, 2)
    expect(page.locator(f"{spot(page, beaten, 'East gate')}.spots__one--met")).to_be_visible()
    stand(page, beaten, "Guard room")
    page.locator("#place .button", has=page.locator('use[href$="#pencil"]')).click()
    page.locator("dialog.sheet #letters").fill("ABC")
    page.locator("dialog.sheet .button--primary").click()
    expect(page.locator("#letters-problem")).to_be_visible()
    page.locator("dialog.sheet #letters").fill(code_of(room, starts + 5 * MINUTE).short.lower())
    shoot(page, f"round-letters-{language}")
    page.locator("dialog.sheet .button--primary").click()
    waits(page, 3)
    stand(page, beaten, "River bank")
    page.locator(f"{spot(page, beaten, 'River bank')} .button").click()
    expect(page.locator(f"{spot(page, beaten, 'River bank')}.spots__one--met")).to_be_visible()
    waits(page, 4)
    whole(page, f"round-offline-{language}")
    page.locator("#tabs [data-verb=finish]").click()
    waits(page, 5)
    expect(page.locator("#tabs [data-verb=start]")).to_be_visible()
    page.locator("#strip-queue").click()
    expect(page.locator("#place li[data-key]")).to_have_count(5)
    whole(page, f"round-queue-{language}")
    assert not Round.objects.exists()
    house.clock(starts + 5 * HOUR)  # signal comes back long after the codes and the shift are over
    page.context.set_offline(False)
    waits(page, 0)
    walked = Round.objects.get()
    assert walked.finished_at is not None and walked.finished_at < starts + HOUR
    assert {one.checkpoint.names["en"]: (one.slot, one.near) for one in CheckIn.objects.select_related("checkpoint")} == {
        "East gate": (0, True), "Guard room": (0, True), "River bank": (0, True),
    }  # fmt: skip


def test_a_colleague_was_faster_and_a_photographed_code_stays_refused(house: Served, beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    room = beaten.spot("Guard room")
    page = volunteer(house, beaten)
    page.locator('a[href^="#r/"]').click()
    page.context.set_offline(True)
    page.locator("#tabs [data-verb=start]").click()
    waits(page, 1)
    stand(page, beaten, "East gate")
    scan(page, code_of(beaten.spot("East gate"), starts).token)
    waits(page, 2)
    stand(page, beaten, "Guard room")
    scan(page, code_of(room, starts - HOUR).token)  # a display's code of an hour ago
    waits(page, 3)
    beaten.meet("cid", "East gate", starts + 5 * MINUTE)
    stand(page, beaten, "River bank")
    page.locator(f"{spot(page, beaten, 'River bank')} .button").click()
    waits(page, 4)
    page.context.set_offline(False)
    expect(page.locator("#strip-queue.strip__queue--ask")).to_contain_text("2")  # what was refused holds up nothing else
    assert set(CheckIn.objects.values_list("checkpoint__names__en", flat=True)) == {"East gate", "River bank"}
    page.locator("#strip-queue").click()
    asks = page.locator("#place li.card--asks")
    expect(asks).to_have_count(2)
    expect(asks.first).to_contain_text("东门")
    whole(page, "round-conflict")
    for left in (1, 0):
        asks.first.locator(".button", has=page.locator('use[href$="#trash-2"]')).click()
        page.locator("dialog.sheet .button--danger").click()
        expect(asks).to_have_count(left)
    waits(page, 0)
    assert CheckIn.objects.count() == 2


def test_a_tag_is_held_to_the_phone_and_a_strange_one_is_refused(house: Served, beaten: Beaten) -> None:
    page = volunteer(house, beaten)
    page.locator('a[href^="#r/"]').click()
    page.context.set_offline(True)
    page.locator("#tabs [data-verb=start]").click()
    waits(page, 1)
    stand(page, beaten, "Pump room")
    hold(page, "04:00:00:00:00:00:01")
    waits(page, 2)
    hold(page, ":".join(TAG[place : place + 2] for place in range(0, len(TAG), 2)).lower())
    waits(page, 3)
    page.context.set_offline(False)
    expect(page.locator("#strip-queue.strip__queue--ask")).to_contain_text("1")
    met = CheckIn.objects.get()
    assert (met.checkpoint.names["en"], met.near) == ("Pump room", True)
    page.locator("#strip-queue").click()
    expect(page.locator("#place li.card--asks")).to_have_count(1)
    whole(page, "round-strange-tag")
