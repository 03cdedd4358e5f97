"""A volunteer walks a round with a phone: a scanned code, the letters of a display, a tag, a place; the captain sees it and what was missed.

Set LINLI_SCREENSHOTS to a folder to keep pictures of the pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.engines.duties.patrols.models import CheckIn, LoneWatch, Round
from linli.engines.duties.patrols.services import routes
from linli.engines.duties.patrols.services.proofs import code_of
from linli.engines.duties.patrols.tasks import sweep_signs, sweep_slots
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.patrols.made import MINUTE, TAG, Beaten, beaten_town, seeing
from tests.journeys.residents import DESK, PHONE, Portal, keep, open_portal
from tests.journeys.serving import PASSWORD
from tests.journeys.test_gallery import serious


@pytest.fixture
def beaten(committed: str, tmp_path: Path) -> Beaten:
    town = beaten_town(tmp_path, access=seeing())
    town.sign("bob")
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="desk", password=PASSWORD)
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role="street_duty", area_path="")
    for name in ("ann", "bob"):
        user = User.objects.get(username=name)
        user.set_password(PASSWORD)
        user.save()
    return town


@pytest.fixture
def house(browser: Browser, beaten: Beaten) -> Iterator[Portal]:
    with open_portal(browser, beaten.town.town) as served:
        yield served


def clock(at: object) -> None:
    with write():
        set_clock(to=at)  # type: ignore[arg-type]


def sign_in(page: Page, name: str) -> None:
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_volunteer_walks_a_round(house: Portal, beaten: Beaten, language: str) -> None:
    starts = beaten.shift().starts_at
    clock(starts + 5 * MINUTE)
    gate, room, river = (beaten.spot(name) for name in ("East gate", "Guard room", "River bank"))
    with write():
        secret = routes.renew_display(actor=beaten.captain, at=MONDAY, checkpoint_id=room.id)
    display = house.visit(f"/volunteer/display/{secret}", language=language, size=DESK)
    letters = display.locator(".display-code__letters").inner_text()
    keep(display, f"patrol-display-{language}")
    assert serious(display) == []

    near = {"permissions": ["geolocation"], "geolocation": {"longitude": gate.lon, "latitude": gate.lat}}
    phone = house.visit(f"/volunteer/at/{code_of(gate, starts + 5 * MINUTE).token}", language=language, size=PHONE, **near)
    sign_in(phone, "bob")  # what the camera opened asks who one is, then shows the checkpoint
    expect(phone.locator("h1")).to_have_text(gate.names["zh" if language == "zh-hans" else "en"])
    keep(phone, f"patrol-scan-{language}")
    assert serious(phone) == []
    phone.locator("form[data-place] button").click()
    phone.wait_for_url("**/volunteer/patrol")
    expect(phone.locator(".spots__one--met")).to_have_count(1)
    assert CheckIn.objects.get().near is True

    phone.context.set_geolocation({"longitude": room.lon, "latitude": room.lat})
    phone.locator("input#code").fill(letters.lower())
    phone.locator("input#code").press("Enter")
    expect(phone.locator(".spots__one--met")).to_have_count(2)

    phone.goto(f"{house.address}/volunteer/tag/{TAG}x000007")
    phone.locator("form[data-place] button").click()  # the phone is elsewhere: at the guard room
    expect(phone.locator(".note--error")).to_be_visible()
    keep(phone, f"patrol-elsewhere-{language}")
    pump = beaten.spot("Pump room")
    phone.context.set_geolocation({"longitude": pump.lon, "latitude": pump.lat})
    phone.goto(f"{house.address}/volunteer/tag/{TAG}x000007")
    phone.locator("form[data-place] button").click()
    expect(phone.locator(".spots__one--met")).to_have_count(3)

    phone.context.set_geolocation({"longitude": river.lon, "latitude": river.lat})
    keep(phone, f"patrol-round-{language}")
    assert serious(phone) == []
    phone.locator(".spots form[data-place] button").click()
    expect(phone.locator(".spots__one--met")).to_have_count(4)
    phone.locator("form[action$='/well'] button").click()
    expect(phone.locator("[data-watch]")).to_be_visible()
    phone.locator("form[action$='/finish'] button").click()
    expect(phone.locator("[data-round]")).to_have_count(0)
    assert Round.objects.get().finished_at is not None and LoneWatch.objects.get().ended_at is not None
    keep(phone, f"patrol-back-{language}")
    assert serious(phone) == []

    phone.goto(f"{house.address}/volunteer/at/{code_of(gate, starts + 5 * MINUTE).token}")  # photographed, and tried again from the sofa
    phone.locator("form[data-place] button").click()
    expect(phone.locator(".note--error")).to_be_visible()
    assert CheckIn.objects.count() == 4 and house.complaints == []


@pytest.mark.parametrize(("language", "size"), [("zh-hans", PHONE), ("en", PHONE), ("zh-hans", DESK), ("en", DESK)])
def test_a_captain_sees_it_all(house: Portal, beaten: Beaten, language: str, size: tuple[int, int]) -> None:
    starts = beaten.shift().starts_at
    for number, name in enumerate(("East gate", "Guard room", "Pump room")):
        beaten.meet("bob", name, starts + number * MINUTE)
    sweep_signs(starts + 40 * MINUTE)
    sweep_slots(starts + 75 * MINUTE)
    clock(starts + 80 * MINUTE)
    page = house.visit("/accounts/login/?next=/console/teams/night/patrol", language=language, size=size)
    sign_in(page, "ann")
    page.wait_for_url("**/console/teams/night/patrol")
    shown = f"{language}-{size[0]}"
    route = f"/console/patrols/routes/{beaten.route}"
    for name, address in (("team", "/console/teams/night/patrol"), ("make", "/console/teams/night/patrol/make"), ("route", route), ("codes", f"{route}/codes")):
        page.goto(house.address + address)
        page.wait_for_load_state("networkidle")
        keep(page, f"patrol-{name}-{shown}")
        assert serious(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.emulate_media(media="print")  # on paper there is the code and nothing of the desk
    expect(page.locator(".code-sheet__qr svg")).to_be_visible()
    for hidden in (".top", ".rail", ".no-print"):
        expect(page.locator(hidden).first).to_be_hidden()
    keep(page, f"patrol-print-{shown}")
    page.emulate_media(media="screen")
    page.goto(f"{house.address}/console/teams/night/patrol")
    page.locator("form:has([name=alarm]) input[name=note]").fill("电话已通")
    page.locator("form:has([name=alarm]) button").click()
    expect(page.locator("form:has([name=alarm])")).to_have_count(0)
    page.locator("details:has([name=miss]) summary").first.click()
    page.locator("details:has([name=miss]) input[name=note]").first.fill("暴雨停巡")
    page.locator("details:has([name=miss]) button[value=forgiven]").first.click()
    expect(page.locator("li", has_text="暴雨停巡")).to_be_visible()

    desk = house.visit("/accounts/login/?next=/console/patrols/coverage", language=language, size=size)
    sign_in(desk, "desk")
    desk.wait_for_url("**/console/patrols/coverage")
    for name in ("coverage", "missed"):
        desk.goto(f"{house.address}/console/patrols/{name}")
        keep(desk, f"patrol-{name}-{shown}")
        assert serious(desk) == [], name
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert house.complaints == []
