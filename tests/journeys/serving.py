"""The program itself in processes of its own, web and worker, on a database and a data folder of the test's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, ClassVar

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import now, set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community

PASSWORD = "a long enough password"
START_SECONDS = 60.0


@dataclass
class Served:
    """A running program and its visitors. ``complaints``: what their consoles said."""

    browser: Browser
    address: str
    town: Community
    environment: dict[str, str]
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def visit(self, path: str = "/", *, language: str = "zh-hans", size: tuple[int, int] = (1440, 900), theme: str = "light", **more: object) -> Page:
        opened = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme, locale=language, reduced_motion="reduce", **more)  # type: ignore[arg-type]
        opened.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": self.address}])
        opened.set_default_timeout(20_000)
        self.contexts.append(opened)
        page = opened.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" and "status of 4" not in said.text else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.address + path)
        return page

    def sign_in(self, level: str, *, grid: int = 0, to: str = "/console/", **how: object) -> Page:
        """A browser in which the holder of a level's desk has signed in through the page, and has landed on ``to``."""
        name = f"{level}-{grid}"
        page = self.visit(f"/accounts/login/?next={to}", **how)  # type: ignore[arg-type]
        page.locator("input[name=login]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(f"**{to}")
        return page

    def linli(self, *arguments: str) -> str:
        """Run a command of the program on the same data."""
        done = subprocess.run(
            [sys.executable, "-m", "linli.interfaces.cli.main", *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def clock(self, at: datetime) -> None:
        """Move the program's clock; return once what is served has heard of it."""
        with write():
            set_clock(to=at)
        deadline = time.monotonic() + START_SECONDS
        while True:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=20) as answer:
                known = json.load(answer)["at"]
            if known is None or abs(datetime.fromisoformat(known) - now()) < timedelta(seconds=1):
                return  # dropped what it knew, or has read it again
            assert time.monotonic() < deadline, "the program does not hear of its new time"
            time.sleep(0.05)  # news to another process can only be asked for


def staff(town: Community, *desks: tuple[str, int]) -> None:
    """Give the holders of these desks an account each, named ``level-grid``."""
    for level, grid in desks:
        person = organisation().appointee(town.head(level, grid).id, MONDAY)
        assert person is not None
        with write():
            user = create_user(actor=SYSTEM, at=MONDAY, username=f"{level}-{grid}", password=PASSWORD)
            link_user(actor=SYSTEM, at=MONDAY, person_id=person, user_id=user.pk)


@contextmanager
def serving(browser: Browser, url: str, town: Community, *, supervised: bool = False) -> Iterator[Served]:
    """Serve the database of ``url`` until the block ends; ``supervised``: by ``linli serve`` itself, which takes some seconds to start."""
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
    with _started(environment) if supervised else _forked(environment) as address:
        served = Served(browser, address, town, environment)
        try:
            yield served
        finally:
            for context in served.contexts:
                context.close()


@contextmanager
def _started(environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "linli.interfaces.cli.main", "serve", "--data", str(settings.DATA), "--port", str(port)]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            _wait(f"http://127.0.0.1:{port}", said, lambda: process.poll() is not None)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


class _Nursery:
    """The nursery of this test process (see :mod:`tests.journeys.nursery`), made when it is first needed, for one database and data folder."""

    made: ClassVar[_Nursery | None] = None

    def __init__(self, environment: dict[str, str]) -> None:
        self.of = environment["DATABASE_URL"], str(settings.DATA)
        self.said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lives as long as the nursery
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.nursery"], env={**environment, "LINLI_DATA": str(settings.DATA)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said, text=True,
        )  # fmt: skip

    def ask(self, what: str) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, f"the nursery has ended: {_tail(self.said)}"
        return answer


@contextmanager
def _forked(environment: dict[str, str]) -> Iterator[str]:
    nursery = _Nursery.made = _Nursery.made or _Nursery(environment)
    assert nursery.of == (environment["DATABASE_URL"], str(settings.DATA))
    address = f"http://127.0.0.1:{nursery.ask('start')}"
    try:
        _wait(address, nursery.said, lambda: False)
        yield address
    finally:
        nursery.ask("stop")


def _wait(address: str, said: IO[str], ended: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert not ended(), f"the program ended instead of serving: {_tail(said)}"
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"the program does not answer: {_tail(said)}"
        time.sleep(0.05)  # its readiness can only be asked for


def _tail(said: IO[str]) -> str:
    said.seek(0)
    return said.read()[-2000:]
