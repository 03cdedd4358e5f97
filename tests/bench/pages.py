"""``linli bench pages``: what people wait for, in a real browser.

A resident's and a desk's pages on a cheap phone's processor (a quarter of this one) and a weak link (150 ms, 1.6 Mb/s), each
time with an empty cache; the wall's map with 50,000 open matters on software rendering, at the machine's own speed.
Floor: the smallest answer of the same server over the same link.
"""

from __future__ import annotations

import os
import time
from typing import Any

from playwright.sync_api import Browser, Page

from tests.bench.browsing import SLOWER, Slow, browser, signed_in
from tests.bench.read import fill, one_report
from tests.bench.stage import Stage, say, spread, stage

POINTS = int(os.environ.get("LINLI_BENCH_POINTS", "50000"))
ROUNDS = 5
PHONE, DESK, WALL = {"width": 390, "height": 844}, {"width": 1440, "height": 900}, {"width": 1920, "height": 1080}
QUEUE = "/console/?view=area"  # a virtual list of all open matters
GRID = "999001001001001"
OF_THE_MAP = ("maplibre", "pmtiles", "map.js", "map-ground.js", "/areas", "/points")

# When the queue answers the keyboard: its script has marked a row after j was pressed, again and again until it does.
KEYBOARD = """
(function press() {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
  if (!document.querySelector("tbody tr.is-chosen, [aria-selected=true]")) return setTimeout(press, 20);
  window.interactive = performance.now();
  document.documentElement.dataset.told = "";
})();
"""
# When the field app shows its places and what is in the first one.
OPENED = """
new MutationObserver(() => {
  if (window.opened || document.querySelectorAll(".tabbar__tab").length < 4 || !document.querySelector("#place > *")) return;
  window.opened = performance.now();
  document.documentElement.dataset.told = "";
}).observe(document, { subtree: true, childList: true });
"""
# When the map has drawn its first picture with the matters on it.
PICTURE = """
new MutationObserver(() => {
  if (window.picture || !document.querySelector("[data-map][data-ready=yes]")) return;
  window.picture = performance.now();
  document.documentElement.dataset.told = "";
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-ready"] });
"""


def main() -> dict[str, Any]:
    with stage() as place:
        key = place.linli("apikey", "create", "--name", "bench")
        place.linli("user", "create", "desk", "--role", "district_duty", "--password", "bench-desk-1-password")
        place.linli("user", "create", "grid", "--role", "grid_head", "--area", GRID, "--password", "bench-desk-1-password")
        with place.serving():
            code = one_report(place, key)
        fill(place, code, matters=POINTS, open_every=1)
        with place.serving(), browser() as chromium:
            _warm(chromium, place)
            runs = [_page(chromium, place, "portal home", "/"), _page(chromium, place, "portal report", "/report")]
            runs.append(_queue(chromium, place))
            runs.append(_field(chromium, place))
            runs.append(_map(chromium, place))
            floor = _smallest(chromium, place)
            peak = place.peak()
    slowest = max(run["p50_ms"] for run in runs if run["name"].startswith("portal"))
    floors = [{"name": "/healthz over the same link", "connections": 1, **floor, "ratio": round(slowest / floor["p50_ms"], 1)}]
    return {"name": "pages", "runs": runs, "floors": floors, "peak_rss_mb": peak}


def _warm(chromium: Browser, place: Stage) -> None:
    """Each page once: templates compiled, configuration read. People come to a server that runs."""
    page, _ = signed_in(chromium, place.url, to="/console/")
    for path in ("/", "/report", QUEUE, "/command/"):
        page.goto(place.url + path)
    page.context.close()


def _slow(chromium: Browser, *, size: dict[str, int], cookies: str = "", url: str = "") -> tuple[Page, Slow]:
    opened = chromium.new_context(viewport=size, locale="zh-CN", extra_http_headers={})  # type: ignore[arg-type]
    if cookies:
        opened.add_cookies([{"name": name, "value": value, "url": url} for name, value in (one.split("=", 1) for one in cookies.split("; "))])
    page = opened.new_page()
    page.set_default_timeout(120_000)
    return page, Slow(page)


def _page(chromium: Browser, place: Stage, name: str, path: str) -> dict[str, Any]:
    """Weight before the map, largest contentful paint and layout shift of a resident's page."""
    say(f"{name} …")
    paints, shifts, sizes = [], [], []
    for _ in range(ROUNDS):
        page, slow = _slow(chromium, size=PHONE)
        page.goto(place.url + path, wait_until="networkidle")
        page.wait_for_timeout(300)
        told = slow.told()
        paints.append(told["lcp"] / 1000)
        shifts.append(told["shift"])
        sizes.append(slow.transferred(without=OF_THE_MAP) / 1024)
        page.context.close()
    return {"name": name, "connections": 1, **spread(paints), "layout_shift": round(max(shifts), 4), "kb_before_the_map": round(max(sizes), 1)}


def _queue(chromium: Browser, place: Stage) -> dict[str, Any]:
    """From the click until the keyboard moves in the rows."""
    say("console queue …")
    _, cookies = signed_in(chromium, place.url, to="/console/")
    times, first, rows = [], [], 0
    for _ in range(ROUNDS):
        page, slow = _slow(chromium, size=DESK, cookies=cookies, url=place.url)
        page.add_init_script(f"document.addEventListener('DOMContentLoaded', () => {{ {KEYBOARD} }});")
        for waits in (first, times):  # the first time of the day, and then as it is worked with
            page.goto(place.url + QUEUE, wait_until="commit")
            page.wait_for_selector("html[data-told]", state="attached")
            waits.append(page.evaluate("window.interactive") / 1000)
            page.wait_for_load_state("networkidle")
        rows = page.evaluate("document.querySelectorAll('tbody tr').length")
        del slow
        page.context.close()
    return {"name": "console queue", "connections": 1, "matters": POINTS, "rows_at_first": rows, **spread(times), "empty_cache_p50_ms": spread(first)["p50_ms"]}


def _field(chromium: Browser, place: Stage) -> dict[str, Any]:
    """The field app opened on the stairs: it was opened once where there was signal, now there is none."""
    say("field app, offline …")
    times = []
    for _ in range(ROUNDS):
        online, _cookies = signed_in(chromium, place.url, to="/field/", user="grid", viewport=PHONE, locale="zh-CN", has_touch=True)
        online.locator(".strip__signal small").wait_for()
        online.evaluate("navigator.serviceWorker.ready.then(() => null)")
        online.context.set_offline(True)
        page = online.context.new_page()
        online.close()
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.add_init_script(OPENED)
        page.goto(f"{place.url}/field/", wait_until="commit")
        page.wait_for_selector("html[data-told]", state="attached")
        times.append(page.evaluate("window.opened") / 1000)
        page.context.close()
    return {"name": "field app, offline", "connections": 1, **spread(times)}


def _map(chromium: Browser, place: Stage) -> dict[str, Any]:
    """The wall's map: its first picture, and the longest task of the page while it is dragged about."""
    say(f"map with {POINTS:,} matters …")
    _, cookies = signed_in(chromium, place.url, to="/console/")
    times, longest = [], []
    for _ in range(ROUNDS):
        opened = chromium.new_context(viewport=WALL, locale="zh-CN")  # type: ignore[arg-type]
        opened.add_cookies([{"name": name, "value": value, "url": place.url} for name, value in (one.split("=", 1) for one in cookies.split("; "))])
        page = opened.new_page()
        page.add_init_script("window.seen = { tasks: [] }; " + PICTURE)
        page.goto(place.url + "/command/", wait_until="commit")
        page.wait_for_selector("html[data-told]", state="attached", timeout=60_000)
        times.append(page.evaluate("window.picture") / 1000)
        page.wait_for_timeout(1000)
        longest.append(_longest_while_panning(page))
        opened.close()
    return {"name": "map, first picture", "connections": 1, "points": POINTS, **spread(times), "longest_task_ms": round(max(longest))}


def _longest_while_panning(page: Page) -> float:
    """Drag the map to all sides, and in and out; the longest task of the main thread meanwhile, in ms (0: none over 50)."""
    page.evaluate("new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.tasks.push(one.duration); }).observe({ type: 'longtask' })")
    box = page.locator("#wall-map canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    until = time.monotonic() + 6
    sides = [(200, 0), (0, 150), (-200, 0), (0, -150)]
    turn = 0
    while time.monotonic() < until:
        dx, dy = sides[turn % 4]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + dx, y + dy, steps=12)
        page.mouse.up()
        if turn % 4 == 3:
            page.mouse.wheel(0, -240 if turn % 8 == 3 else 240)
        page.wait_for_timeout(250)
        turn += 1
    return float(page.evaluate("Math.max(0, ...seen.tasks)"))


def _smallest(chromium: Browser, place: Stage) -> dict[str, float]:
    times = []
    for _ in range(ROUNDS):
        page, _slowed = _slow(chromium, size=PHONE)
        page.goto(place.url + "/healthz")
        times.append(page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd") / 1000)
        page.context.close()
    return spread(times)
