"""Photos, words and places that are right, wrong or meant badly; and two telephones at one lamp."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act, only
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.files.models import FileRendition
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY, person, report
from tests.journeys.residents import HOUR, Portal, tracking_of


def taken_at(path: Path, lon: float, lat: float, *, side: int = 3000) -> Path:
    """A large photo with the place in its head, as a telephone makes it."""

    def parts(value: float) -> tuple[float, float, float]:
        whole, rest = divmod(value, 1)
        minutes, seconds = divmod(rest * 60, 1)
        return whole, minutes, round(seconds * 60, 3)

    picture = Image.frombytes("RGB", (side, side * 3 // 4), os.urandom(side * (side * 3 // 4) * 3))
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: parts(lat), 3: "E", 4: parts(lon)})
    picture.save(path, "JPEG", exif=exif, quality=90)
    return path


def test_a_photo_brings_its_place_and_the_place_suggests_what_it_is(portal: Portal, tmp_path: Path) -> None:
    report(portal.town, grid=3, class_code="C-0118", condition="out", text="路灯坏了", at=MONDAY)
    lon, lat = portal.town.point(3)
    photo = taken_at(tmp_path / "lamp.jpg", lon, lat)
    page = portal.visit("/report")
    late: list[Route] = []

    def wait(route: Route) -> None:
        late.append(route)

    page.route("**/maplibre-gl*", wait)  # the map comes after the photo, as on a slow line
    page.reload()
    page.locator("input[type=file]").last.set_input_files(photo)
    expect(page.locator("[data-photo-told]")).to_be_visible()
    page.locator("#map").scroll_into_view_if_needed()
    for route in late:
        route.continue_()
    page.unroute("**/maplibre-gl*")
    expect(page.locator("#map .map__pin")).to_be_visible()
    expect(page.locator("[data-photo-told]")).to_be_visible()  # and is asked about until somebody moves the pin
    expect(page.locator("[data-where-told] .where")).to_be_visible()
    page.locator("[data-choose-class='C-0118']").click()
    page.locator("input[name=condition][value=out]").check()
    expect(page.locator(".near__one")).to_have_count(1)  # and somebody was there before
    given = "document.querySelectorAll('input[type=file]')[1].files[0]"  # exchanged for a smaller one before it is sent
    page.wait_for_function(f"{given}.name === 'lamp.jpg' && {given}.size < {photo.stat().st_size // 2}")
    page.locator("#id_text").fill("旁边那盏也灭了")
    page.locator(".send button").click()
    tracking_of(page)
    matter = Matter.objects.exclude(text="路灯坏了").get()
    assert matter.area_path == portal.town.grids[3].path
    assert max(FileRendition.objects.values_list("width", flat=True)) == 2048
    assert portal.complaints == []


def test_too_large_a_photo_is_refused_beside_its_field_and_the_words_stay(portal: Portal, tmp_path: Path) -> None:
    heavy = tmp_path / "heavy.jpg"
    body = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 110)).save(body, "JPEG")
    heavy.write_bytes(body.getvalue() + os.urandom(16_000_000))
    page = portal.visit("/report", language="en", java_script_enabled=False)
    page.locator("input[type=file]").last.set_input_files(heavy)
    page.locator("#id_address").fill("石桥花园")
    page.locator("#id_text").fill("The manhole cover is loose")
    page.locator("#id_class_code").select_option("C-0102")
    page.locator(".send button").click()
    expect(page.locator("#photo-error")).to_contain_text("15")
    assert page.locator("#id_text").input_value() == "The manhole cover is loose"
    assert Matter.objects.count() == 0


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_words_that_are_code_are_words(portal: Portal, language: str) -> None:
    words = "<script>document.title='mine'</script><img src=x onerror=alert(1)> {{ 7*7 }} 路灯"
    lon, lat = portal.town.point(0)
    page = portal.visit(f"/report?lon={lon}&lat={lat}&class_code=C-0118", language=language)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.locator("#id_text").fill(words)
    page.locator("input[name=condition][value=out]").check()
    page.locator(".send button").click()
    tracking = tracking_of(page)
    for path in (f"/track/{tracking}", f"/matters/{Matter.objects.get().code}", "/matters", "/"):
        page.goto(portal.address + path)
        expect(page.get_by_text("<script>", exact=False).first).to_be_visible()
        assert "mine" not in page.title()
    feed = page.request.get(f"{portal.address}/matters.atom").text()
    assert "<script>" not in feed and "&lt;script&gt;" in feed
    assert portal.complaints == []


def test_a_point_far_away_is_said_at_once_and_refused(portal: Portal) -> None:
    page = portal.visit("/report", geolocation={"longitude": -71.06, "latitude": 42.36}, permissions=["geolocation"])
    page.locator("[data-here]").click()
    expect(page.locator("[data-where-told] .note--error")).to_be_visible()
    page.locator("#id_text").fill("路灯坏了")
    page.locator("#id_class_code").select_option("C-0118")
    page.locator("input[name=condition][value=out]").check()
    page.locator(".send button").click()
    expect(page.locator("#id_address_error")).to_be_visible()
    assert Matter.objects.count() == 0


def test_two_telephones_at_one_lamp_are_both_told(portal: Portal) -> None:
    lon, lat = portal.town.point(2)
    here = {"geolocation": {"longitude": lon, "latitude": lat}, "permissions": ["geolocation"]}
    first, second = portal.visit("/report", **here), portal.visit("/report", language="en", **here)
    for page, words in ((first, "路灯不亮"), (second, "street light is out")):
        page.locator("[data-here]").click()
        expect(page.locator("[data-where-told] .where")).to_be_visible()
        page.locator("#id_text").fill(words)
        page.locator("[data-choose-class='C-0118']").click()
        page.locator("input[name=condition][value=out]").check()
    first.locator(".send button").click()
    first_code = tracking_of(first)
    second.locator("label:has(input[name=who][value=named])").click()
    second.locator("#id_email").fill("mary@example.org")
    second.locator(".send button").click()  # the first one's report is shown before this one becomes another
    second.locator(".near button[name=join]").click()
    second_code = tracking_of(second)
    assert (Matter.objects.count(), Report.objects.count()) == (1, 2)
    matter = Matter.objects.get()
    with write():
        only(act([Command(matter.id, Verb.SOLVE, MONDAY + HOUR, text="换了灯泡")], actor=person("grid_head", portal.town.grids[2].path)))
    while dispatch_once():
        pass
    assert "换了灯泡" in Notice.objects.get(template="matters.outcome", channel="email").body
    for page, code in ((first, first_code), (second, second_code)):
        page.goto(f"{portal.address}/track/{code}")
        expect(page.locator(".quote", has_text="换了灯泡").first).to_be_visible()
        expect(page.locator("#rate")).to_be_visible()
    assert portal.complaints == []
