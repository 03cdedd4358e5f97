"""Residents at the portal in a real browser: report, receipt, track, rate; with and without script, in both languages.

Set LINLI_SCREENSHOTS to a folder to keep pictures of the pages.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act, only
from linli.insight.tasks import rebuild_figures
from linli.kernel.writing import write
from tests.factories import MONDAY, person, report
from tests.journeys.residents import DESK, HOUR, PHONE, SHOTS, Portal, keep, tracking_of
from tests.journeys.test_gallery import serious


def photo_file(tmp_path: Path) -> Path:
    from PIL import Image

    path = tmp_path / "cover.jpg"
    Image.new("RGB", (640, 480), (90, 120, 110)).save(path)
    return path


# -- the whole way ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words", "code"), [("zh-hans", "路灯不亮，晚上看不清路", "C-0118"), ("en", "The street light is out, it is dark", "C-0118")]
)
def test_a_resident_reports_with_script(portal: Portal, tmp_path: Path, language: str, words: str, code: str) -> None:
    lon, lat = portal.town.point(3)
    page = portal.visit("/", language=language, geolocation={"longitude": lon, "latitude": lat}, permissions=["geolocation"])
    page.locator(".hero a.button--primary").click()
    page.wait_for_url("**/report")
    page.locator("input[type=file]").last.set_input_files(photo_file(tmp_path))
    expect(page.locator(".previews img")).to_have_count(1)
    page.locator("[data-here]").click()
    expect(page.locator("[data-where-told] .where")).to_be_visible()
    page.locator("#id_text").fill(words)
    page.locator(f"[data-choose-class='{code}']").click()
    page.locator("input[name=condition][value=out]").check()
    expect(page.locator("[data-step].is-done")).to_have_count(3)
    page.locator(".send button").click()
    tracking = tracking_of(page)
    expect(page.locator(".ticket__code")).to_have_text(tracking)
    expect(page.locator(".ticket__qr svg")).to_be_visible()
    matter = Matter.objects.get()
    assert (matter.class_code, matter.condition, matter.area_path) == (code, "out", portal.town.grids[3].path)
    page.get_by_role("link").filter(has=page.locator("[href$='#search-check']")).last.click()
    page.wait_for_url(f"**/track/{tracking}")
    expect(page.locator(".timeline__item")).to_have_count(1)
    assert page.locator(".pictures img").count() == 0  # nobody has looked at the photo yet
    assert portal.complaints == []


def test_a_resident_reports_without_script(portal: Portal) -> None:
    page = portal.visit("/report", java_script_enabled=False)
    page.locator("#id_address").fill("石桥花园")
    page.locator("#id_text").fill("井盖松了，车一过就响")
    page.locator("button[name=find]").click()
    page.locator("input[name=place]").first.check()
    page.locator("#id_class_code").select_option("C-0102")
    page.locator("button[name=name_it]").click()
    page.locator("input[name=condition][value=noisy]").check()
    assert page.locator("#id_text").input_value() == "井盖松了，车一过就响"
    page.locator(".send button").click()
    tracking_of(page)
    assert Matter.objects.get().condition == "noisy"


def test_sending_twice_makes_one_matter(portal: Portal) -> None:
    page = portal.visit("/report", java_script_enabled=False)
    page.locator("#id_address").fill("听泉巷口")
    page.locator("#id_text").fill("垃圾没人收")
    page.locator("#id_class_code").select_option("E-0102")
    page.locator("button[name=name_it]").click()
    if page.locator("input[name=condition]").count():
        page.locator("input[name=condition]").first.check()
    page.locator(".send button").dblclick()
    tracking_of(page)
    assert (Matter.objects.count(), Report.objects.count()) == (1, 1)


def test_what_is_missing_is_said_beside_the_field_and_nothing_typed_is_lost(portal: Portal) -> None:
    page = portal.visit("/report")
    page.locator("#id_text").fill("路灯不亮")
    page.locator(".send button").click()
    expect(page.locator("#id_address_error")).to_be_visible()
    expect(page.locator("#id_class_code_error")).to_be_visible()
    assert page.locator("#id_text").input_value() == "路灯不亮"
    assert page.locator("[data-choose-class]").count() > 0  # and what it probably is, offered
    assert serious(page) == []
    assert Matter.objects.count() == 0


def test_a_fire_says_whom_to_call_before_and_after(portal: Portal) -> None:
    lon, lat = portal.town.point(0)
    page = portal.visit(f"/report?lon={lon}&lat={lat}", java_script_enabled=False)
    page.locator("#id_text").fill("楼道着火了，冒烟")
    page.locator("button[name=name_it]").click()
    page.locator("button[name=change]").first.click()
    expect(page.locator(".call__number")).to_have_attribute("href", "tel:119")
    if page.locator("input[name=condition]").count():
        page.locator("input[name=condition]").first.check()
    page.locator(".send button").click()
    tracking_of(page)
    expect(page.locator(".call__number")).to_have_attribute("href", "tel:119")


def test_me_too_joins_what_is_near(portal: Portal) -> None:
    report(portal.town, grid=2, class_code="C-0118", condition="out", text="路灯坏了", at=MONDAY)
    lon, lat = portal.town.point(2)
    page = portal.visit(f"/report?lon={lon}&lat={lat}&class_code=C-0118")
    page.locator(".near button[name=join]").click()
    tracking_of(page)
    assert (Matter.objects.count(), Report.objects.count()) == (1, 2)


def test_without_script_near_ones_are_shown_before_sending(portal: Portal) -> None:
    report(portal.town, grid=2, class_code="C-0118", condition="out", text="路灯坏了", at=MONDAY)
    lon, lat = portal.town.point(2)
    page = portal.visit(f"/report?lon={lon}&lat={lat}&class_code=C-0118", java_script_enabled=False)
    page.locator("#id_text").fill("另一盏灯也不亮")
    page.locator("input[name=condition][value=out]").check()
    page.locator(".send button").click()
    expect(page.locator(".near__one")).to_have_count(1)
    page.locator("button[name=send]").click()
    tracking_of(page)
    assert Matter.objects.count() == 2


def test_far_away_is_refused_in_words(portal: Portal) -> None:
    page = portal.visit("/report?lon=-71.06&lat=42.36&class_code=C-0118", java_script_enabled=False)
    page.locator("#id_text").fill("路灯坏了")
    page.locator("input[name=condition][value=out]").check()
    page.locator(".send button").click()
    expect(page.locator("#id_address_error")).to_be_visible()
    assert Matter.objects.count() == 0


@pytest.mark.parametrize("script", [True, False])
def test_not_solved_opens_it_again(portal: Portal, script: bool) -> None:
    receipt = report(portal.town, class_code="C-0118", condition="out", text="路灯坏了", at=MONDAY)
    head = person("grid_head", portal.town.grids[0].path)
    with write():
        only(act([Command(matter_id=receipt.matter_id, verb=Verb.SOLVE, at=MONDAY + HOUR / 2, text="换了灯泡")], actor=head))
    page = portal.visit("/", java_script_enabled=script)
    page.locator("#code").fill(receipt.tracking.lower().replace("-", " "))
    page.locator("form[action='/track'] button").click()
    page.wait_for_url(f"**/track/{receipt.tracking}")
    page.locator("label[for=stars-1]").click()
    page.locator("input[name=solved][value=no]").check()
    page.locator("#rate button").click()
    expect(page.locator("#id_comment_error")).to_be_visible()  # not solved needs a word
    page.locator("#id_comment").fill("第二天又灭了")
    page.locator("#rate button").click()
    expect(page.locator(".note--success")).to_be_visible()
    expect(page.locator(".timeline__item").first).to_have_class(re.compile("timeline__item--now"))
    matter = Matter.objects.get()
    assert (matter.closed_at, matter.reopenings) == (None, 1)


def test_satisfied_counts_and_the_own_data_can_be_taken_and_deleted(portal: Portal) -> None:
    from linli.engines.matters.rules.intake import Contact

    receipt = report(portal.town, class_code="C-0118", condition="out", at=MONDAY, contact=Contact("王芳", "13800000000", ""), anonymous=False)
    with write():
        only(
            act(
                [Command(matter_id=receipt.matter_id, verb=Verb.SOLVE, at=MONDAY + HOUR / 2, text="换了灯泡")],
                actor=person("grid_head", portal.town.grids[0].path),
            )
        )
    page = portal.visit(f"/track/{receipt.tracking}")
    page.locator("label[for=stars-5]").click()
    page.locator("input[name=solved][value=yes]").check()
    page.locator("#rate button").click()
    expect(page.locator(".note--success")).to_be_visible()
    with page.expect_download() as download:
        page.locator("a[download]").click()
    assert "13800000000" in Path(download.value.path()).read_text()
    page.locator("form[action$='/forget'] button").click()
    expect(page.locator("form[action$='/forget']")).to_have_count(0)
    told = Report.objects.get()
    assert (told.rating, told.solved, told.anonymous, told.contact) == (5, True, True, None)


# -- how it looks -------------------------------------------------------------------------------------------------------


def furnish(portal: Portal) -> tuple[str, str]:
    """A few matters in different states; returns an open one's tracking code and its public number."""
    town = portal.town
    wanted = [
        (0, "C-0118", "out", "二里庄路口的路灯不亮，晚上看不清台阶", 30),
        (4, "E-0102", "ordinary", "菜市场后门的垃圾两天没人收", 5),
        (7, "C-0102", "noisy", "井盖松动，车一过就响，半夜吵醒人", 90),
        (9, "C-0102", "missing", "小学南门外的污水井盖不见了", 6),
        (14, "C-0118", "down", "路灯杆被撞歪，快倒了", 2),
        (18, "C-0118", "out", "一整排路灯都不亮", 50),
    ]
    receipts = [
        report(town, grid=grid, class_code=code, condition=condition, text=text, at=MONDAY - hours * HOUR) for grid, code, condition, text, hours in wanted
    ]
    with write():
        head = person("grid_head", town.grids[0].path)
        only(
            act(
                [Command(matter_id=receipts[0].matter_id, verb=Verb.SOLVE, at=MONDAY, text="更换了灯泡和镇流器，已恢复照明。")],
                actor=person("street_duty", "", name="desk"),
            )
        )
        only(
            act(
                [Command(matter_id=receipts[1].matter_id, verb=Verb.ASK_REPORTER, at=MONDAY, text="是北门还是东门的垃圾桶？")],
                actor=person("street_duty", "", name="desk"),
            )
        )
        assert head
    rebuild_figures()
    return receipts[1].tracking, receipts[2].code


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_every_page_fits_and_axe_finds_nothing_serious(portal: Portal, language: str, theme: str) -> None:
    tracking, code = furnish(portal)
    closed = Report.objects.get(matter__closed_at__isnull=False).code
    lon, lat = portal.town.point(4)
    pages = {
        "home": "/",
        "report": f"/report?lon={lon}&lat={lat}&class_code=E-0102",
        "report-empty": "/report",
        "track": "/track",
        "story": f"/track/{tracking}",
        "closed": f"/track/{closed}",
        "done": f"/report/done/{tracking}",
        "matters": "/matters",
        "map": "/matters?view=map",
        "matter": f"/matters/{code}",
        "figures": "/figures",
        "figures-area": f"/figures?area={portal.town.streets[0].code}&month=2026-02",
        "help": "/help",
        "services": "/services",
        "alerts": "/alerts?near=石桥花园",
        "alerts-area": f"/alerts?area={portal.town.streets[0].code}",
        "missing": "/nothing-here",
    }
    page = portal.visit("/track", language=language, theme=theme)
    for name, path in pages.items():
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        page.goto(portal.address + path, wait_until="load")
        if name == "map":
            page.wait_for_selector("#map[data-ready=yes]", timeout=60_000)
        for width, height in (PHONE, (768, 1024), DESK):
            page.set_viewport_size({"width": width, "height": height})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name}-{width}-{theme}-{language} is {wide} px too wide"
            if SHOTS and width != 768:
                page.wait_for_timeout(1500)
                keep(page, f"{name}-{width}-{theme}-{language}")
        found = serious(page)
        assert not found, "\n".join([f"{name}-{theme}-{language}", *found])
    assert portal.complaints == []
