"""The portal, served to browsers from a community of the test's own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from playwright.sync_api import Browser, Page

from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community
from tests.journeys.test_gallery import Quiet

ROOT = Path(__file__).resolve().parents[2]
LIANQIN = ROOT / "playbooks" / "lianqin" / "playbook.yaml"
SHOTS = os.environ.get("LINLI_SCREENSHOTS")
PHONE, DESK = (390, 844), (1440, 900)
HOUR = timedelta(hours=1)


class Portal:
    """A served community and its visitors."""

    def __init__(self, browser: Browser, address: str, town: Community) -> None:
        self.browser, self.address, self.town, self.contexts = browser, address, town, []
        self.complaints: list[str] = []

    def visit(self, path: str = "/", *, language: str = "zh-hans", size: tuple[int, int] = PHONE, theme: str = "light", **context: object) -> Page:
        opened = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme, locale=language, **context)
        opened.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": self.address}])
        opened.set_default_timeout(15_000)
        self.contexts.append(opened)
        page = opened.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" and "status of 4" not in said.text else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.address + path)
        return page


@pytest.fixture
def portal(browser: Browser, committed: str) -> Iterator[Portal]:
    with write():
        set_clock(to=MONDAY + HOUR)
    with open_portal(browser, community(playbook=LIANQIN)) as served:
        yield served


@contextmanager
def open_portal(browser: Browser, town: Community) -> Iterator[Portal]:
    """The portal of a community, served until the block ends."""
    with override_settings(ALLOWED_HOSTS=["*"]):
        server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
        server.set_app(StaticFilesHandler(get_wsgi_application()))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        served = Portal(browser, f"http://127.0.0.1:{server.server_port}", town)
        yield served
        for context in served.contexts:
            context.close()
        server.shutdown()
        thread.join()
        server.server_close()


def tracking_of(page: Page) -> str:
    page.wait_for_url("**/report/done/*")
    return page.url.rsplit("/", 1)[1]


def keep(page: Page, name: str, *, full: bool = True) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=full)
