"""A real browser (Chromium) for journeys."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from scripts.browser import chromium
from tests.journeys.residents import portal

__all__ = ["browser", "portal"]

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's own loop runs in this thread
expect.set_options(timeout=20_000)  # a machine that is busy with other tests is no defect of the page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the session; a test opens its own context (own cookies, own width)."""
    path = chromium()
    if path is None:
        pytest.fail("Browser tests need Chromium: apt-get install chromium-headless-shell fonts-noto-cjk (or set LINLI_CHROMIUM)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update"]
        )
        yield started
        started.close()
