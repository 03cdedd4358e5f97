"""The console in a real browser against the running program: two people on one matter, photos, every page at every width.

Set LINLI_SCREENSHOTS to a folder to keep pictures of the console's pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.engines.matters.models import Matter
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY, community, report
from tests.journeys.serving import Served, serving, staff
from tests.journeys.test_gallery import serious

LIANQIN = Path(__file__).resolve().parents[2] / "playbooks" / "lianqin" / "playbook.yaml"
SHOTS = os.environ.get("LINLI_SCREENSHOTS")
PHONE, DESK = (390, 844), (1440, 900)


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=LIANQIN)
    staff(town, ("grid", 0), ("street", 0), ("district", 0))
    with serving(browser, committed, town) as served:
        yield served


def open_act(page: Page, verb: str) -> None:
    """Unfold a step's form, wherever it stands."""
    act = page.locator(f"#do-{verb}")
    more = page.locator(".act-more")
    if not act.is_visible() and more.count():
        more.locator("> summary").click()
    if act.get_attribute("open") is None:
        act.locator("> summary").click()


def send(page: Page, verb: str) -> None:
    page.locator(f"#do-{verb} form button:not([type=button])").click()


def test_two_people_on_one_matter_and_nobodys_words_are_lost(house: Served) -> None:
    code = report(house.town, class_code="C-0118").code
    slow, quick = house.sign_in("street", to=f"/console/matters/{code}"), house.sign_in("grid", to=f"/console/matters/{code}")
    open_act(slow, "escalate")
    slow.locator("#do-escalate textarea").fill("需要区里协调供电公司，现场照片见附件")
    quick.locator("#do-solve select[data-answers]").select_option("solved:zh")
    expect(quick.locator("#do-solve textarea")).not_to_be_empty()  # the ready answer can be changed before it is sent
    open_act(quick, "note")
    quick.locator("#do-note textarea").fill("我先去看看")
    send(quick, "note")
    expect(quick.locator("#story .timeline__item")).to_have_count(2)
    send(slow, "escalate")
    expect(slow.locator("#fresh")).to_contain_text("我先去看看")
    assert slow.locator("#do-escalate textarea").input_value() == "需要区里协调供电公司，现场照片见附件"
    assert Matter.objects.get().level == 0
    send(slow, "escalate")
    expect(slow.locator("#fresh")).to_have_count(0)
    assert Matter.objects.get().level == 1


def test_faces_are_blurred_before_anybody_else_sees_them(house: Served, tmp_path: Path) -> None:
    from PIL import Image

    photo = tmp_path / "after.jpg"
    Image.new("RGB", (640, 480), (90, 120, 110)).save(photo)
    code = report(house.town, class_code="C-0118").code
    street = house.sign_in("street", to=f"/console/matters/{code}")
    open_act(street, "note")
    street.locator("#do-note textarea").fill("现场")
    street.locator("#do-note input[type=file]").set_input_files(photo)
    expect(street.locator("#note-previews img")).to_have_count(1)
    send(street, "note")
    street.locator(".blur > summary").click()
    stage = street.locator("[data-blur-stage] img")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    street.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    street.mouse.down()
    street.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    street.mouse.up()
    expect(street.locator(".blur__box")).to_have_count(1)
    street.locator(".blur form button").first.click()
    expect(street.locator(".photo .badge--ok")).to_have_count(1)
    file = StoredFile.objects.get()
    assert file.state == "cleared"
    ((left, top, right, bottom),) = file.regions
    assert abs(left - 250) < 15 and abs(top - 250) < 15 and abs(right - 500) < 15 and abs(bottom - 500) < 15
    assert house.complaints == []


def test_the_console_works_without_script(house: Served) -> None:
    code = report(house.town, class_code="C-0118").code
    grid = house.sign_in("grid", to=f"/console/matters/{code}", java_script_enabled=False)
    grid.locator("#do-solve textarea").fill("好了")
    send(grid, "solve")
    assert Matter.objects.get().state == "closed"


PAGES = (
    "/console/",
    "/console/?view=area",
    "{matter}",
    "/console/report",
    "/console/search?q=路灯",
    "/console/notices",
    "/console/directory",
    "/console/playbook",
    "/console/audit",
)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_fit_every_width_and_axe_finds_nothing_serious(house: Served, language: str) -> None:
    code = report(house.town, class_code="C-0118", text="路灯不亮").code
    for number in range(3):
        report(house.town, grid=number, class_code="E-0102", text="垃圾没人收", address="幸福里3号楼2单元门前的垃圾桶旁边")
    page = house.sign_in("district", language=language)
    for path in PAGES:
        page.goto(house.address + path.format(matter=f"/console/matters/{code}"))
        for size in (DESK, PHONE, (768, 1024), (1920, 1080)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px too wide at {size[0]} in {language}"
            keep(page, f"{path.split('?')[0].strip('/{}').replace('/', '-') or 'matter'}-{size[0]}-{language}")
        for theme, size in (("light", DESK), ("dark", PHONE)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": size[0], "height": size[1]})
            assert not serious(page), f"{path} {theme} {language}: {serious(page)}"
        page.emulate_media(color_scheme="light")
    assert house.complaints == []


def keep(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
