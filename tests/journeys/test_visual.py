"""No page is broken: every page that the routes have, at four widths and in both themes, overflows nowhere, has no words upon
words, and axe finds nothing serious on it. The pages are found by their routes, so a new one is looked at from its first day.

Set LINLI_SCREENSHOTS to a folder to keep a picture of every page and width.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, Page

from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act
from linli.insight.tasks import rebuild_figures
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, community, report
from tests.journeys.serving import PASSWORD, Served, serving, staff
from tests.journeys.test_gallery import WIDTHS, serious

LIANQIN = Path(__file__).resolve().parents[2] / "playbooks" / "lianqin" / "playbook.yaml"
SHOTS = os.environ.get("LINLI_SCREENSHOTS")
HOUR = timedelta(hours=1)
NO_PAGES = ("api/", "open311/", "language/", "media/", "static/")
OF_RESIDENTS = re.compile(r"^/($|help|figures|report|track|matters|alerts|services|accounts/(login|code))")

OVERLAPS = (Path(__file__).parent / "overlaps.js").read_text()

SMALLEST_TYPE = """
    Math.min(...[...document.querySelectorAll('.wall :not(.sr, .sr *, option, optgroup)')]
        .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && e.offsetParent)
        .map((e) => parseFloat(getComputedStyle(e).fontSize)))
"""


def plain_routes(patterns: Iterable[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """Addresses of all routes without parameters."""
    for entry in patterns:
        part = str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            yield from plain_routes(entry.url_patterns, prefix + part)
        elif not re.search(r"[<(\\\[]", part):
            yield prefix + part.rstrip("$").removesuffix(r"\Z")


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + 3 * HOUR)
    town = community(playbook=LIANQIN)
    staff(town, ("grid", 0))
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="everything", password=PASSWORD)
        for role in ("district_duty", "operator"):
            roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=role, area_path="")
    with serving(browser, committed, town) as served:
        yield served


def test_no_page_is_broken(house: Served) -> None:
    receipts = [report(house.town, grid=grid, class_code="C-0118", address="幸福里3号楼2单元", text="路灯不亮，晚上看不清路") for grid in range(8)]
    with write():
        act([Command(receipt.matter_id, Verb.SOLVE, MONDAY + HOUR, text="灯泡已换新，请查看。") for receipt in receipts[:3]], actor=SYSTEM)
    rebuild_figures()
    routes = [address for address in plain_routes(get_resolver().url_patterns) if not address.lstrip("/").startswith(NO_PAGES)]
    first = receipts[4]
    more = [f"/track/{first.tracking}", f"/matters/{first.code}", f"/console/matters/{first.code}", "/console/?view=area", "/command/?heat=C-0118"]
    staffed = _signed_in(house)
    anybody = house.visit("/")
    looked, wrong = 0, []
    for address in [*routes, *more]:
        page = anybody if OF_RESIDENTS.match(address) else staffed
        if not _is_page(page, house.address + address):
            continue
        looked += 1
        wrong += look(page, house.address + address)
    wrong += at_three_metres(staffed, house.address)
    assert looked > 25
    assert not wrong, "\n".join(wrong)
    assert house.complaints == []


DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"  # the size and the theme are drawn


def at_three_metres(page: Page, address: str) -> list[str]:
    """What is wrong with the wall on its screen: nothing may lie below it, and no words may be smaller than 15 px of 1080."""
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{address}/command/")
    below = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    least = page.evaluate(SMALLEST_TYPE)
    return ([f"the wall: {below} px below the screen"] if below > 0 else []) + ([f"the wall: words of {least} px"] if least < 15 else [])


def _signed_in(house: Served) -> Page:
    page = house.visit("/accounts/login/?next=/console/")
    page.locator("input[name=login]").fill("everything")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/console/**")
    return page


def _is_page(page: Page, address: str) -> bool:
    """Whether a whole page answers there, and not a part, a file or another place."""
    answer = page.request.get(address)
    same = urlsplit(answer.url).path.rstrip("/") == urlsplit(address).path.rstrip("/")
    return answer.status == 200 and same and answer.headers.get("content-type", "").startswith("text/html") and "<html" in answer.text()[:400]


def look(page: Page, address: str) -> list[str]:
    """What is wrong with one page; it is loaded once, then resized and re-themed in place."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(address)
    name = urlsplit(address).path.strip("/").replace("/", "-") or "home"
    wrong = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.evaluate(DRAWN)
        for width, (w, h) in WIDTHS.items():
            page.set_viewport_size({"width": w, "height": h})
            where = f"{name} {width} {theme}"
            if theme == "light":
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                wrong += [f"{where}: {wide} px too wide"] if wide > 0 else []
                wrong += [f"{where}: {crossing}" for crossing in page.evaluate(OVERLAPS)]
            if SHOTS and (theme == "light" or width == "phone"):
                page.screenshot(path=Path(SHOTS) / f"{where.replace(' ', '-')}.png", full_page=True)
            if (width, theme) in (("phone", "light"), ("desk", "dark")):
                tall = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({"width": w, "height": max(h, min(tall, 5000))})  # a sticky bar covers nothing for long
                wrong += [f"{where}: {found}" for found in serious(page)]
    return wrong
