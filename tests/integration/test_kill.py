"""A server killed under load: every acknowledged report is there, owned and with a deadline, and none is there twice."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from linli.directory.territory.rules.demo import territory
from linli.kernel.embedded import OWNER, Cluster

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "data" / "small" / "playbook.yaml"
CONNECTIONS = 6
WAIT = 40.0  # seconds: on a machine that is busy with other things


def linli(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "linli.interfaces.cli.main", *arguments, "--data", str(data)]
    return subprocess.run(command, env=plain_environment(), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def plain_environment() -> dict[str, str]:
    """Not the tests' own database."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LINLI_", "DATABASE_", "DJANGO_", "PYTEST_"))}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("kill") / "data"
    made = linli(folder, "init", "--playbook", str(SMALL))
    assert made.returncode == 0, made.stderr
    yield folder
    for pid in processes_of(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def key(data: Path) -> str:
    made = linli(data, "apikey", "create", "--name", "load")
    assert made.returncode == 0 and len(made.stdout.split()) == 1, made.stdout + made.stderr
    return made.stdout.strip()


def processes_of(data: Path) -> list[int]:
    """Every living process that was started for this folder, by its command or its environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                said = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
                if str(data).encode() in said:
                    found.append(int(entry.name))
    return found


class Server:
    """``linli serve`` in a process group of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "linli.interfaces.cli.main", "serve", "--data", str(data), "--port", str(self.port)]
        self.log = data.parent / "serve.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, env=plain_environment(), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        until(self.is_ready, "the server to be ready")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"the server ended by itself: {self.log.read_text()[-800:]}"
        with contextlib.suppress(OSError, http.client.HTTPException):
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            link.request("GET", "/readyz")
            return link.getresponse().status == 200
        return False

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=WAIT) == 0


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class Load:
    """Reports from several connections, by both interfaces, each with a key; remembers what was acknowledged."""

    def __init__(self, server: Server, key: str, name: str) -> None:
        self.server, self.key, self.name = server, key, name
        self.acknowledged: dict[str, str] = {}  # idempotency key → public number
        self.sent: dict[str, int] = {}  # idempotency key → number of the report, answered or not
        self.failures: list[BaseException] = []
        self._stop = threading.Event()
        self._points = [area.polygon.representative_point() for area in territory().layers[-1].areas]
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CONNECTIONS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(WAIT)

    def reached(self, count: int) -> None:
        until(lambda: len(self.acknowledged) >= count or bool(self.failures), f"{count} acknowledged reports")
        assert not self.failures

    def _run(self, connection: int) -> None:
        link: http.client.HTTPConnection | None = None
        number = connection
        while not self._stop.is_set():
            name = f"{self.name}-{number}"
            self.sent[name] = number
            try:
                link = link or http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
                self.send(link, name, number)
            except (OSError, http.client.HTTPException):
                link = None
                time.sleep(0.05)  # it is being killed
            except BaseException as error:
                self.failures.append(error)
                return
            number += CONNECTIONS

    def send(self, link: http.client.HTTPConnection, name: str, number: int) -> int:
        """Send one report; return the status. Only an answer with a receipt counts as acknowledged."""
        point = self._points[number % len(self._points)]
        if number % 2:
            report = {"class_code": "E-0401", "text": f"第{number}件", "lon": point.x, "lat": point.y}
            headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json", "idempotency-key": name}
            link.request("POST", "/api/v1/matters", json.dumps(report), headers)
        else:
            form = {"api_key": self.key, "service_code": "E-0401", "description": f"第{number}件", "long": point.x, "lat": point.y}
            link.request("POST", "/open311/v2/requests.json", urlencode(form), {"content-type": "application/x-www-form-urlencoded", "idempotency-key": name})
        answer = link.getresponse()
        said = answer.read()
        assert answer.getheader("content-type", "").startswith("application/json"), said
        body = json.loads(said)
        if answer.status in (200, 201):
            code = body["code"] if number % 2 else body[0]["service_request_id"]
            assert self.acknowledged.setdefault(name, code) == code, "a second receipt for one key"
        return answer.status

    def retry(self) -> None:
        """Hand in again, as a careful client does, whatever was not answered, and some of what was."""
        link = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        again = [name for name in self.sent if name not in self.acknowledged] + list(self.acknowledged)[-20:]
        for name in again:
            assert self.send(link, name, self.sent[name]) in (200, 201), name
        assert self.acknowledged.keys() == self.sent.keys()


def assert_all_there_once(data: Path, load: Load) -> None:
    """Every acknowledged report is there, owned and with a deadline; every key is there once."""
    with psycopg.connect(Cluster(data).url(OWNER)) as link:
        rows = link.execute(
            "SELECT r.key, m.code, m.accountable_post_id IS NOT NULL AND m.level_due_at IS NOT NULL AND m.due_at IS NOT NULL, m.closed_at IS NULL,"
            " (SELECT count(*) FROM matters_step s WHERE s.matter_id = m.id), (SELECT count(*) FROM audit_auditentry e WHERE e.subject = m.audit_ref),"
            " (SELECT count(*) FROM events_outboxevent o WHERE o.key = m.id AND o.topic = 'matters.reported')"
            " FROM matters_report r JOIN matters_matter m ON m.id = r.matter_id WHERE r.key LIKE %s",
            [f"{load.name}-%"],
        ).fetchall()
        lone = link.execute("SELECT count(*) FROM matters_matter m WHERE NOT EXISTS (SELECT FROM matters_report r WHERE r.matter_id = m.id)").fetchone()
    stored = {key: code for key, code, *_ in rows}
    assert len(stored) == len(rows), "a key is there twice"
    assert load.acknowledged.items() <= stored.items(), "an acknowledged report is lost"
    assert stored.keys() <= load.sent.keys()
    assert all(owned and still_open and (steps, entries, events) == (1, 1, 1) for _, _, owned, still_open, steps, entries, events in rows)
    assert lone == (0,)


def assert_sound(data: Path) -> None:
    for command in (["matters", "check"], ["audit", "verify"]):
        said = linli(data, *command)
        assert said.returncode == 0, f"{command}: {said.stdout}{said.stderr}"


def test_killed_under_load_nothing_acknowledged_is_lost_or_doubled(data: Path, key: str) -> None:
    """First the whole of ``serve`` is killed, then the database under the next one, which goes on by itself."""
    server = Server(data)
    with Load(server, key, "serve") as load:
        load.reached(150)
        server.kill()  # supervisor, web and worker at once, mid-load
    assert len(load.sent) > len(load.acknowledged) >= 150
    load.server = server = Server(data)
    assert_all_there_once(data, load)
    load.retry()
    assert_all_there_once(data, load)

    with Load(server, key, "database") as load:
        load.reached(100)
        before = len(load.acknowledged)
        os.kill(int((data / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        load.reached(before + 100)  # the same server, with no help from outside
    load.retry()
    assert_all_there_once(data, load)

    assert_sound(data)
    server.stop()
    until(lambda: not processes_of(data), "every process of the folder to end")
