"""Take the pictures of the docs from the running program, so that they never go stale: ``make screenshots``.

Starts a demo of its own on an invented community, at a fixed hour, lives through a day's work in it (``scripts/tours.py``),
and keeps PNG files of few colours under ``docs/tour/img/<language>``. Give names of tours to take only those.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from linli.interfaces.cli.demo import PLAYBOOK

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PICTURES = ROOT / "docs" / "tour" / "img"
LANGUAGES = {"zh": "zh-hans", "en": "en"}
LARGEST = 150 * 1024
LINLI = [sys.executable, "-m", "linli.interfaces.cli.main"]
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update"]
PHONE, DESK, WALL = (390, 844), (1440, 900), (1920, 1080)


@dataclass
class House:
    """A running demo and its visitors."""

    browser: Browser
    address: str
    data: Path
    password: str
    key: str = ""
    kept: dict[str, Any] = field(default_factory=dict)  # what the tours tell each other
    _states: dict[str, Any] = field(default_factory=dict)

    def linli(self, *arguments: str) -> str:
        done = subprocess.run([*LINLI, *arguments, "--data", str(self.data)], capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit(done.stderr.strip()[-600:])
        return done.stdout.strip()

    def api(self, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Any:
        """Ask the JSON API; POST where there is a body."""
        data = json.dumps(body).encode() if body is not None else None
        asked = urllib.request.Request(f"{self.address}/api/v1{path}", data=data)
        asked.add_header("X-API-Key", key or self.key)
        asked.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(asked) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path}: {error.read().decode()[:400]}") from None

    def visit(self, path: str, language: str, *, size: tuple[int, int] = PHONE, user: str = "", **context: Any) -> Page:
        """A page in a browser of its own, signed in as one of the demo's people."""
        state = self._state(user) if user else None
        phone = {"is_mobile": True, "has_touch": True} if size == PHONE else {}
        opened = self._context(language, size, storage_state=state, device_scale_factor=1 if size == WALL else 1.5, **phone, **context)
        page = opened.new_page()
        page.goto(self.address + path)
        settle(page)
        return page

    def _state(self, user: str) -> Any:
        if user not in self._states:
            opened = self._context("en", DESK)
            page = opened.new_page()
            page.goto(f"{self.address}/accounts/login/?next=/console/notices")
            page.locator("input[name=login]").fill(user)
            page.locator("input[name=password]").fill(self.password)
            page.locator("input[name=password]").press("Enter")
            page.wait_for_url("**/console/notices")
            self._states[user] = opened.storage_state()
            opened.close()
        return self._states[user]

    def _context(self, language: str, size: tuple[int, int], **more: Any) -> BrowserContext:
        code = LANGUAGES[language]
        look = {"color_scheme": "light", "reduced_motion": "reduce", **more}
        opened = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=code, **look)
        opened.add_cookies([{"name": "django_language", "value": code, "url": self.address}])
        opened.set_default_timeout(60_000)
        return opened


def settle(page: Page) -> None:
    """Wait until the page, its map and its charts stand still."""
    page.wait_for_load_state("load")
    for island in page.locator("[data-map]:visible").all():
        if island.get_attribute("data-when") != "seen":
            island.and_(page.locator("[data-ready=yes]")).wait_for()
    page.wait_for_timeout(700)  # pictures of pages are not tests: charts draw for a moment


def keep(page: Page, language: str, name: str, *, top: str = "", height: int = 0) -> None:
    """Keep a picture of what is on the screen; ``top``: scrolled so that this stands at its top."""
    if top:
        page.locator(top).first.evaluate("element => scrollTo(0, element.getBoundingClientRect().top + scrollY - 12)")
        settle(page)
    size = page.viewport_size or {"width": 0, "height": 0}
    clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"]}
    path = PICTURES / language / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small(page.screenshot(clip=clip)))  # type: ignore[arg-type]
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KB", flush=True)


def small(png: bytes) -> bytes:
    """The picture with few colours, and smaller where it would still weigh more than 150 KB."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    if picture.width > 1440:
        picture = picture.resize((1440, round(picture.height * 1440 / picture.width)), Image.Resampling.LANCZOS)
    while True:
        for colours in (256, 128, 64):
            out = BytesIO()
            picture.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
            if out.tell() <= LARGEST:
                return out.getvalue()
        picture = picture.resize((picture.width * 4 // 5, picture.height * 4 // 5), Image.Resampling.LANCZOS)


@contextlib.contextmanager
def demo(browser: Browser) -> Iterator[House]:
    """A demo of an invented community on an afternoon in March, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    now = datetime.now(UTC)
    hour = datetime(now.year + (now.month > 2), 3, 10, 7, 20, tzinfo=UTC)  # twenty past three in China
    with tempfile.TemporaryDirectory(prefix="linli-pictures-", ignore_cleanup_errors=True) as folder:
        house = House(browser, f"http://127.0.0.1:{port}", Path(folder) / "data", "")
        print("Starting a demo of its own …", flush=True)
        house.linli("init", "--territory", "demo", "--playbook", PLAYBOOK)
        house.linli("clock", "set", hour.isoformat())
        command = [*LINLI, "demo", "--source", str(Path(folder) / "nowhere"), "--port", str(port), "--data", str(house.data)]
        with (Path(folder) / "demo.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
            try:
                _wait(house, process, Path(folder) / "demo.log")
                house.password = (house.data / "secrets" / "demo.password").read_text().strip()
                house.key = house.linli("apikey", "create", "--name", "pictures", "--user", "district")
                yield house
            finally:
                process.terminate()
                process.wait(60)


def _wait(house: House, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{house.address}/readyz", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    raise SystemExit(f"the demo does not answer: {log.read_text()[-800:]}")


def main(wanted: list[str]) -> None:
    from scripts.browser import chromium
    from scripts.tours import TOURS, live_a_day

    if unknown := set(wanted) - TOURS.keys():
        raise SystemExit(f"No tour is called {', '.join(sorted(unknown))}; there are {', '.join(TOURS)}.")
    path = chromium()
    if path is None:
        raise SystemExit("The pictures need Chromium: apt-get install chromium-headless-shell fonts-noto-cjk (or set LINLI_CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with demo(browser) as house:
            live_a_day(house)
            for name, tour in TOURS.items():
                for language in LANGUAGES:
                    if (not wanted or name in wanted) and (name, language) != ("design", "zh"):
                        tour(house, language)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
