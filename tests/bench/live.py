"""``linli bench live``: 2,000 live viewers of one server process, and a wall in a real browser among them.

For each of twenty reports it is measured, from before the report is sent, until each viewer was told (all four in five are
residents' connections, the others walls), and until the figure on the wall's screen had changed. Floor: a server that does
nothing but write such an event to as many connections.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import IO, Any, cast
from urllib.parse import urlencode

from playwright.sync_api import Page

from tests.bench.browsing import browser, signed_in
from tests.bench.stage import ROOT, Stage, say, spread, stage

VIEWERS = int(os.environ.get("LINLI_BENCH_VIEWERS", "2000"))
WALLS = VIEWERS // 5
REPORTS = 20
PAUSE = 1.5  # seconds between two reports

# Notes when the first figure of the wall shows another number than before.
WATCH = """() => {
  const part = document.getElementById("part-now");
  const shown = () => part.querySelector(".stat__value").textContent;
  let last = shown();
  window.changedAt = [];
  new MutationObserver(() => { if (shown() !== last) { last = shown(); window.changedAt.push(performance.timeOrigin + performance.now()); } })
    .observe(part, { childList: true, subtree: true });
}"""


def main() -> dict[str, Any]:
    with stage() as place:
        key = place.linli("apikey", "create", "--name", "bench")
        place.linli("user", "create", "desk", "--role", "district_duty", "--password", "bench-desk-1-password")
        with place.serving(), browser() as chromium:
            wall, cookie = signed_in(chromium, place.url, to="/command/")
            wall.wait_for_selector("[data-live-state=open]")
            wall.evaluate(WATCH)
            with _viewers(f"{place.url}/live/public", VIEWERS - WALLS) as residents, _viewers(f"{place.url}/live/command", WALLS, cookie) as walls:
                say(f"{VIEWERS} viewers are connected; {REPORTS} reports …")
                sent = _report(place, key)
                told = _told(residents, VIEWERS - WALLS), _told(walls, WALLS)
            screen = _screen(wall, sent)
            peak = place.peak()
        floor = _floor()
    each = [sorted(later - sent[at][0] for later in both) for at, both in enumerate(a + b for a, b in zip(*told, strict=True))]
    run = spread([seconds for one in each for seconds in one])
    runs = [
        {"name": "event to viewer", "connections": VIEWERS, "reports": REPORTS, **run},
        {"name": "event to the wall's screen", "connections": VIEWERS, "reports": len(screen), **spread(screen)},
    ]
    floors = [{"name": "bare broadcast", "connections": VIEWERS, **floor, "ratio": round(run["p95_ms"] / floor["p95_ms"], 1)}]
    return {"name": "live", "runs": runs, "floors": floors, "peak_rss_mb": peak}


@contextlib.contextmanager
def _viewers(url: str, count: int, cookie: str = "") -> Iterator[subprocess.Popen[str]]:
    process = _started("tests.bench.viewers", url, str(count), cookie)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _started(module: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if cast(IO[str], process.stdout).readline().strip() != "ready":
        raise SystemExit(f"{module} did not come up")
    return process


def _report(place: Stage, key: str) -> list[tuple[float, float]]:
    """Send the reports; return for each when it was sent, by the monotonic clock and by the calendar's."""
    from linli.directory.territory.rules.demo import territory

    areas = [area for layer in territory().layers if layer.level == "grid" for area in layer.areas if area.polygon is not None]
    dice, sent = random.Random(7), []
    for number in range(REPORTS):
        point = dice.choice(areas).polygon.centroid  # type: ignore[union-attr]
        form = {"api_key": key, "service_code": "E-0401", "lat": point.y, "long": point.x, "description": f"三轮车堵住消防通道 {number}"}
        sent.append((time.monotonic(), time.time()))
        with urllib.request.urlopen(f"{place.url}/open311/v2/requests.json", data=urlencode(form).encode()) as answer:
            answer.read()
        time.sleep(PAUSE)
    return sent


def _told(process: subprocess.Popen[str], count: int) -> list[list[float]]:
    """For each report, in order, when each viewer was told of it.

    Raises:
        SystemExit: somebody was not told.
    """
    said, _ = process.communicate("", timeout=60)
    times: list[list[float]] = json.loads(said)["times"]
    if len(times) != REPORTS or any(len(one) != count for one in times):
        raise SystemExit(f"not every viewer was told of every report: {[len(one) for one in times]} of {count}")
    return times


def _screen(wall: Page, sent: list[tuple[float, float]]) -> list[float]:
    """Seconds from each report until the screen had changed."""
    changed = [moment / 1000 for moment in wall.evaluate("window.changedAt")]
    found = []
    for at, (_, moment) in enumerate(sent):
        until = sent[at + 1][1] if at + 1 < len(sent) else moment + 10
        found += [later - moment for later in changed if moment <= later < until][:1]
    return found


def _floor() -> dict[str, float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    say("Floor: a bare broadcast …")
    server = _started("tests.bench.broadcast", str(port))
    try:
        with _viewers(f"http://127.0.0.1:{port}/", VIEWERS) as process:
            sent = []
            for number in range(REPORTS):
                event = [{"id": f"00000000-0000-0000-0000-{number:012}", "topic": "matters.reported"}]
                sent.append(time.monotonic())
                cast(IO[str], server.stdin).write(json.dumps(event, separators=(",", ":")) + "\n")
                cast(IO[str], server.stdin).flush()
                time.sleep(0.5)
            times = _told(process, VIEWERS)
    finally:
        server.kill()
        server.wait()
    return spread([later - sent[at] for at, one in enumerate(times) for later in one])
