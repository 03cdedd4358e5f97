"""The design system in a real browser: strict policy, no overflow, nothing that axe finds serious, both themes and languages.

Set LINLI_SCREENSHOTS to a folder to keep a picture of every page, width and theme.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from playwright.sync_api import Browser, Page

import linli.interfaces

HERE = Path(__file__).parent
AXE = Path(linli.interfaces.__file__).parent / "static" / "vendor" / "axe" / "axe.min.js"
SHOTS = os.environ.get("LINLI_SCREENSHOTS")
WIDTHS = {"phone": (390, 844), "tablet": (768, 1024), "desk": (1440, 900), "wide": (1920, 1080)}


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    """Address of a server with the gallery's routes only; it needs no database."""
    templates = [{**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], HERE / "gallery" / "templates"]}]
    middleware = ["django.middleware.locale.LocaleMiddleware"]
    with override_settings(ROOT_URLCONF="tests.journeys.gallery.urls", TEMPLATES=templates, MIDDLEWARE=middleware, ALLOWED_HOSTS=["*"]):
        server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
        server.set_app(StaticFilesHandler(get_wsgi_application()))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def visit(browser: Browser, gallery: str) -> Iterator[Visit]:
    visitor = Visit(browser, gallery)
    yield visitor
    visitor.close()


class Visit:
    """Opens gallery pages, each in a context of its own; keeps what the console complained of."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address, self.contexts = browser, address, []
        self.complaints: list[str] = []

    def __call__(self, name: str, *, width: str = "desk", theme: str = "light", language: str = "zh-hans", **context: object) -> Page:
        w, h = WIDTHS[width]
        opened = self.browser.new_context(viewport={"width": w, "height": h}, color_scheme=theme, locale=language, **context)
        self.contexts.append(opened)
        opened.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": self.address}])
        page = opened.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{self.address}/gallery/{name}", wait_until="networkidle")
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def keep(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", ["portal", "console"])
def test_nothing_overflows_and_axe_finds_nothing_serious(visit: Visit, name: str, language: str) -> None:
    """One page, resized and re-themed in place: loading its map anew each time would be most of the test's time."""
    page = visit(name, language=language)
    if page.locator("[data-map]").count():
        page.wait_for_selector("[data-map][data-ready=yes]", timeout=60_000)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width, (w, h) in WIDTHS.items():
            page.set_viewport_size({"width": w, "height": h})
            where = f"{name}-{width}-{theme}-{language}"
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{where} is {wide} px too wide"
            keep(page, where)
            if width in ("phone", "desk"):
                found = serious(page)
                assert not found, "\n".join([where, *found])
    assert visit.complaints == []


# The size and the theme are drawn, and no colour is on its way to another.
DRAWN = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() =>
  Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished.catch(() => 0))).then(() => 0))"""


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical, by WCAG 2.2 A and AA."""
    page.evaluate(DRAWN)
    page.evaluate("scrollTo(0, 0)")  # what a sticky bar happens to cover now is not a finding
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    rules = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']"
    found = page.evaluate(f"axe.run(document, {{runOnly: {rules}, resultTypes: ['violations']}}).then(({{violations}}) => ({{violations}}))")
    return [
        f"{rule['id']}: {node['html'][:160]} — {node['any'][0]['message'] if node['any'] else rule['help']}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def test_map_runs_under_the_strict_policy_and_takes_a_pin(visit: Visit) -> None:
    page = visit("portal")
    page.wait_for_selector("#map[data-ready=yes]", timeout=30_000)
    page.locator("#map canvas").click(position={"x": 100, "y": 100})
    assert page.input_value("#lon") != "116.392"
    page.locator("#map canvas").press("Enter")
    middle = float(page.input_value("#lon"))
    assert abs(middle - 116.392) < 0.002
    assert visit.complaints == []


def test_without_webgl_the_map_gives_way_to_words(visit: Visit) -> None:
    opened = visit.browser.new_context(locale="zh-CN")
    visit.contexts.append(opened)
    page = opened.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"{visit.address}/gallery/portal")
    page.wait_for_selector("[data-map-instead=map]:visible")
    assert page.locator("#map").is_hidden()


def test_theme_switch_goes_round_and_the_server_remembers(visit: Visit) -> None:
    page = visit("portal", theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("[data-theme-switch]").click()  # auto → light
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light
    page.locator("[data-theme-switch]").click()  # light → dark
    assert page.evaluate(ground) == dark


def test_language_switch_works_without_script(visit: Visit) -> None:
    page = visit("portal", java_script_enabled=False)
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.url.endswith("/gallery/portal")


def test_keyboard_reaches_the_content_first(visit: Visit) -> None:
    page = visit("console")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
