"""A duty is finished at the desk or on a phone with a photo and a signature that is drawn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from linli.engines.duties.models import Occurrence
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.files.rules import Rendition
from linli.kernel.files.services import blobs
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import HOUR, town
from tests.integration.duties.test_evidence import RULES
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_field import come_back, kept, phone, shoot, waits
from tests.journeys.test_gallery import serious

SHOTS = os.environ.get("LINLI_SCREENSHOTS")
PHONE, DESK = (390, 844), (1440, 900)


@pytest.fixture
def house(browser: Browser, committed: str, tmp_path: Path) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    found = town(tmp_path)
    found.rules(RULES)
    found.run(MONDAY + HOUR)
    staff(found.community, ("grid", 0))
    with serving(browser, committed, found.community) as served:
        yield served


def draw(page: Page) -> None:
    pad = page.locator("canvas.sign__pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 90, steps=5)
    page.mouse.move(box["x"] + 200, box["y"] + 30, steps=5)
    page.mouse.up()


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-hans"), (DESK, "en")])
def test_a_photo_and_a_drawn_signature_finish_a_check(house: Served, tmp_path: Path, size: tuple[int, int], language: str) -> None:
    one = Occurrence.objects.filter(rule="check", area=house.town.grids[0].id).earliest("opens_at")
    page = house.sign_in("grid", to=f"/console/duties/{one.id}", size=size, language=language)
    photo = tmp_path / "exit.jpg"
    Image.new("RGB", (640, 480), (90, 120, 110)).save(photo)
    page.locator("input[name=photos]").set_input_files(photo)
    page.locator("select[name=form_exits]").select_option("yes")
    draw(page)
    expect(page.locator("[data-sign][data-signed]")).to_be_visible()
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"duty-{language}.png", full_page=True)
    page.locator("form[action$='/finish'] button:not([type=button])").click()
    expect(page.locator(".shown img")).to_have_count(2)
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"duty-done-{language}.png", full_page=True)
    assert_shown(one, photos=1)
    assert house.complaints == []


def assert_shown(one: Occurrence, *, photos: int) -> None:
    """It is done, and shown by its photos and by a signature in ink on paper."""
    one.refresh_from_db()
    assert one.state == "done"
    assert StoredFile.objects.filter(purpose="duty_photo").count() == photos
    signature = StoredFile.objects.get(purpose="duty_signature").renditions.get(name=Rendition.ORIGINAL)
    with blobs.storage().open(signature.key) as content:
        drawn = Image.open(content).convert("L")
    ink, paper = drawn.getextrema()
    assert ink < 60
    assert paper > 240


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_a_check_without_signal_keeps_photos_and_signature_on_the_phone(house: Served, tmp_path: Path, language: str, theme: str) -> None:
    """Photographed and signed in a cellar, the page closed by the phone, asked for what is missing, sent once when there is signal."""
    one = Occurrence.objects.filter(rule="check", area=house.town.grids[0].id).earliest("opens_at")
    photo = tmp_path / "exit.jpg"
    Image.new("RGB", (2400, 1800), (90, 120, 110)).save(photo)
    page = phone(house, language=language, theme=theme)
    sheet = page.locator("dialog.sheet")
    page.context.set_offline(True)
    page.locator(f'a[href="#d/{one.id}"]').first.click()
    page.locator("#tabs [data-verb=start]").click()
    waits(page, 1)
    begin(page, one)
    sheet.locator(".choice").first.click()
    sheet.locator(".button--primary").click()
    expect(sheet.locator(".field__error:visible")).to_have_count(1)  # a photo is asked for, beside its place
    sheet.locator("input[type=file]").set_input_files(photo)
    expect(sheet.locator(".shot img")).to_have_count(1)
    expect(sheet.locator(".field__error:visible")).to_have_count(0)
    draw(page)
    expect(sheet.locator(".sign[data-signed]")).to_be_visible()
    kept(page)
    shoot(page, f"evidence-{language}")
    page, _ = come_back(page)
    sheet = page.locator("dialog.sheet")
    begin(page, one)
    expect(sheet.locator(".shot img")).to_have_count(1)
    assert serious(page) == []
    sheet.locator("input[type=file]").set_input_files(photo)
    expect(sheet.locator(".shot img")).to_have_count(2)
    sheet.locator(".sign .button").click()  # it slipped
    sheet.locator(".button--primary").click()
    expect(sheet.locator(".field__error:visible")).to_have_count(1)
    sheet.locator("#signature").fill("王芳" if language == "zh-hans" else "Fang Wang")
    kept(page)
    shoot(page, f"evidence-typed-{language}")
    sheet.locator(".button--primary").click()
    expect(sheet).to_have_count(0)
    waits(page, 2)
    page.goto(f"{house.address}/field/#queue")
    shoot(page, f"evidence-waits-{language}")
    page.context.set_offline(False)
    waits(page, 0)
    assert_shown(one, photos=2)
    assert house.complaints == []


def begin(page: Page, one: Occurrence) -> None:
    page.goto(f"{page.url.partition('#')[0]}#d/{one.id}")
    page.locator("#tabs [data-verb=finish]").click()
    expect(page.locator("dialog.sheet .sheet__title")).to_be_visible()
