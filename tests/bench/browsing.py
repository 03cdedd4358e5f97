"""A real browser for benchmarks: slowed down to a cheap phone on a weak link, and what it tells of a page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.browser import chromium

SLOWER = 4  # times, of the processor
LATENCY_MS, MEGABITS = 150, 1.6
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update"]

# What the page tells of itself, from its first moment on. Times are milliseconds since the navigation began.
OBSERVE = """
window.seen = { lcp: 0, shift: 0, tasks: [] };
const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch("largest-contentful-paint", (one) => { seen.lcp = one.startTime; });
watch("layout-shift", (one) => { if (!one.hadRecentInput) seen.shift += one.value; });
watch("longtask", (one) => { seen.tasks.push([one.startTime, one.duration]); });
"""


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, on software rendering."""
    path = chromium()
    if path is None:
        raise SystemExit("This benchmark needs Chromium: apt-get install chromium-headless-shell fonts-noto-cjk (or set LINLI_CHROMIUM)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


def signed_in(chromium: Browser, url: str, *, to: str, user: str = "desk", password: str = "bench-desk-1-password", **context: Any) -> tuple[Page, str]:
    """A page on ``to``, signed in through the form; and the session as a Cookie header."""
    opened = chromium.new_context(**context)
    page = opened.new_page()
    page.goto(f"{url}/accounts/login/?next={to}")
    page.locator("input[name=login]").fill(user)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"**{to}")
    return page, "; ".join(f"{one['name']}={one['value']}" for one in opened.cookies())


class Slow:
    """A page slowed down, that counts what comes over the link."""

    def __init__(self, page: Page) -> None:
        self.page, self.bytes, self.by_request = page, 0, {}
        self.link = page.context.new_cdp_session(page)
        self.link.send("Network.enable")
        self.link.send("Network.setCacheDisabled", {"cacheDisabled": False})
        speed = MEGABITS * 1_000_000 / 8
        self.link.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, "downloadThroughput": speed, "uploadThroughput": speed})
        self.link.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        self.addresses: dict[str, str] = {}
        self.link.on("Network.requestWillBeSent", lambda told: self.addresses.update({told["requestId"]: told["request"]["url"]}))
        self.link.on("Network.loadingFinished", self._finished)
        page.add_init_script(OBSERVE)

    def _finished(self, told: dict[str, Any]) -> None:
        address = self.addresses.get(told["requestId"], "")
        self.by_request[address] = self.by_request.get(address, 0) + int(told["encodedDataLength"])

    def forget(self) -> None:
        self.by_request.clear()

    def transferred(self, *, without: tuple[str, ...] = ()) -> int:
        """Bytes that came over the link, of requests whose address holds none of these words."""
        return sum(size for address, size in self.by_request.items() if not any(word in address for word in without))

    def told(self) -> dict[str, Any]:
        seen: dict[str, Any] = self.page.evaluate("window.seen")
        return seen
