"""The console in a real browser against the running program: two people on one matter, photos, every page at every width.

Set LINLI_SCREENSHOTS to a folder to keep pictures of the console's pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.totp.internal import auth as totp_auth
from playwright.sync_api import Browser, Page, expect

from linli.engines.matters.models import Matter
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY, community, report
from tests.journeys.serving import PASSWORD, Served, serving, staff
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
    expect(slow.locator("[data-meanwhile]")).to_be_visible()  # the one who is still writing is told at once, and sees what is new
    expect(slow.locator("#story .timeline__item.is-fresh")).to_contain_text("我先去看看")
    send(slow, "escalate")
    expect(slow.locator("#fresh")).to_contain_text("我先去看看")
    assert slow.locator("#do-escalate textarea").input_value() == "需要区里协调供电公司，现场照片见附件"
    assert Matter.objects.get().level == 0
    send(slow, "escalate")
    expect(slow.locator("#fresh")).to_have_count(0)
    assert Matter.objects.get().level == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_many_are_dispatched_by_the_keyboard_after_seeing_what_would_happen(house: Served, language: str) -> None:
    codes = [report(house.town, grid=grid, class_code="C-0118", text=f"路灯不亮{grid}").code for grid in range(3)]
    desk = house.sign_in("district", language=language, to="/console/?view=area")
    expect(desk.locator("tr[data-code]")).to_have_count(3)
    expect(desk.locator("#together.is-empty")).to_be_attached()  # the list listens
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.locator("#keys")).to_be_hidden()
    for key in ("j", "x", "j", "x"):
        desk.keyboard.press(key)
    expect(desk.locator("[data-chosen-count]")).to_have_text("2")
    desk.keyboard.press("a")
    desk.wait_for_url("**/console/together")
    expect(desk.locator("tbody tr")).to_have_count(2)
    assert not Matter.objects.filter(handler_post_id__isnull=False).exists()  # looking changes nothing
    expect(desk.locator("tr.is-refused")).to_have_count(0)
    desk.locator("button[name=sure]").press("Enter")
    expect(desk.locator(".note--success")).to_be_visible()
    assert Matter.objects.filter(state="dispatched", handler_post_id__isnull=False).count() == 2

    # The keyboard goes into a matter, to its steps, to the next one and back to the list.
    desk.goto(f"{house.address}/console/?view=area")
    desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/console/matters/*")
    first = desk.url
    desk.keyboard.press("e")
    assert desk.locator("#do-escalate").get_attribute("open") is not None
    assert desk.evaluate("document.activeElement.name") == "reason"
    desk.keyboard.press("Escape")
    desk.evaluate("document.activeElement.blur()")
    desk.keyboard.press("j")
    desk.wait_for_url(lambda address: "/console/matters/" in address and address != first)
    desk.keyboard.press("u")
    desk.wait_for_url("**/console/?view=area")
    assert set(codes) == set(Matter.objects.values_list("code", flat=True))
    assert house.complaints == []


def test_a_filter_gets_a_name_and_goes_to_a_colleague_as_a_link(house: Served) -> None:
    lamp, rubbish = report(house.town, class_code="C-0118").code, report(house.town, class_code="E-0102").code
    desk = house.sign_in("district", to="/console/?view=area")
    desk.locator(".sieve > summary").click()
    desk.locator("select[name=class]").select_option("C-0118")
    desk.locator(".sieve__form button").click()
    desk.locator("#keep-name").fill("路灯")
    desk.locator(".sieve__keep button").first.click()
    expect(desk.locator("h1")).to_have_text("路灯")
    expect(desk.locator(".filters--kept a[aria-current]")).to_have_text("路灯")
    link = desk.url.removeprefix(house.address)
    colleague = house.sign_in("street", to="/console/")
    colleague.goto(house.address + link)
    expect(colleague.locator("h1")).to_have_text("路灯")
    expect(colleague.locator("tr[data-code]")).to_have_count(1)
    assert lamp in colleague.content() and rubbish not in colleague.content()


def test_a_long_list_keeps_few_rows_and_remembers_what_was_chosen(house: Served) -> None:
    for number in range(170):
        report(house.town, grid=number % 6, class_code="C-0118", text=f"第{number}盏")
    desk = house.sign_in("district", to="/console/?view=area")
    desk.locator("tr[data-code] input").first.check()
    more = desk.locator("[data-more]")
    for _ in range(8):
        if not more.count():
            break
        desk.evaluate("scrollTo(0, document.body.scrollHeight)")
        desk.wait_for_function("n => document.querySelectorAll('table[data-keys] tbody').length > n", arg=desk.locator("table[data-keys] tbody").count())
    expect(desk.locator("table[data-keys] tbody")).to_have_count(4)
    desk.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(desk.locator(".queue__gap").first).to_be_attached()
    assert desk.locator("tr[data-code]").count() < 170
    expect(desk.locator("[data-chosen-count]")).to_have_text("1")
    desk.evaluate("scrollTo(0, 0)")
    expect(desk.locator("tr[data-code] input").first).to_be_checked()
    assert house.complaints == []


def test_a_second_factor_is_asked_for_and_a_wrong_one_opens_nothing(house: Served) -> None:
    secret = totp_auth.generate_totp_secret()
    user = User.objects.get(username="district-0")
    totp_auth.TOTP.activate(user, secret)
    page = house.visit("/accounts/login/?next=/console/")
    page.locator("input[name=login]").fill("district-0")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.locator("input[name=code]").fill("000000")
    page.locator("input[name=code]").press("Enter")
    expect(page.locator("input[name=code]")).to_have_attribute("aria-invalid", "true")
    page.goto(f"{house.address}/console/")
    assert "/accounts/" in page.url  # still outside
    page.goto(f"{house.address}/accounts/login/?next=/console/")
    if page.locator("input[name=login]").count():
        page.locator("input[name=login]").fill("district-0")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
    counter = next(iter(totp_auth.yield_hotp_counters_from_time()))
    page.locator("input[name=code]").fill(totp_auth.format_hotp_value(totp_auth.hotp_value(secret, counter)))
    page.locator("input[name=code]").press("Enter")
    page.wait_for_url("**/console/")
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_who_may_not_is_told_so_and_shown_nothing(house: Served, language: str) -> None:
    other = report(house.town, grid=4, class_code="C-0118", text="别的网格的事").code
    with write():
        create_user(actor=SYSTEM, at=MONDAY, username="nobody-0", password=PASSWORD)
    nobody = house.visit("/accounts/login/?next=/console/", language=language)
    nobody.locator("input[name=login]").fill("nobody-0")
    nobody.locator("input[name=password]").fill(PASSWORD)
    nobody.locator("input[name=password]").press("Enter")
    nobody.wait_for_url("**/console/")
    expect(nobody.locator("main")).to_contain_text("没有" if language != "en" else "not")
    assert nobody.locator("tr[data-code]").count() == 0
    grid = house.sign_in("grid", language=language)
    for path in ("/console/audit", "/console/calls", f"/console/matters/{other}", "/console/directory/post"):
        answer = grid.goto(house.address + path)
        assert answer is not None and answer.status in (403, 404), path
        assert "别的网格的事" not in grid.content()


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
    stage = street.locator("[data-blur-stage][data-started] img")
    expect(stage).to_have_js_property("complete", True)
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
    "/console/whistles?show=all",
    "/console/calls",
    "{post}",
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
        page.goto(house.address + path.format(matter=f"/console/matters/{code}", post=f"/console/directory/posts/{house.town.head('grid').id}"))
        for size in (DESK, PHONE, (768, 1024), (1920, 1080)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px too wide at {size[0]} in {language}"
            keep(page, f"{path.split('?')[0].strip('/{}').replace('/', '-') or 'matter'}-{size[0]}-{language}")
        for theme, size in (("light", DESK), ("dark", PHONE)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")  # the theme is drawn
            assert not serious(page), f"{path} {theme} {language}: {serious(page)}"
        page.emulate_media(color_scheme="light")
    assert house.complaints == []


def keep(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
