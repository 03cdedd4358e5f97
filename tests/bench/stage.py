"""The stage of a benchmark: a scratch installation, the real server on it, and the one JSON object at the end."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LINLI = [sys.executable, "-m", "linli.interfaces.cli.main"]


def say(text: str) -> None:
    """Progress for people, on standard error: standard output holds the result alone."""
    print(text, file=sys.stderr, flush=True)


@dataclass
class Stage:
    data: Path
    port: int = 0
    server: subprocess.Popen[bytes] | None = None
    peak_kib: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def linli(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [*LINLI, *arguments, "--data", str(self.data)], capture_output=True, text=True, env=_environment(environment), cwd=ROOT, check=False
        )
        if done.returncode != 0:
            raise SystemExit(f"linli {' '.join(arguments)} failed: {done.stderr.strip()[-600:]}")
        return done.stdout.strip()

    def measured(self, *arguments: str) -> tuple[str, int]:
        """Run a command; return what it printed and the peak memory of its processes in MB."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        said = self.linli(*arguments)
        return said, round(max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024)

    @contextlib.contextmanager
    def owner(self) -> Iterator[Any]:
        """A connection as the owner, with the database running."""
        import psycopg

        from linli.kernel.embedded import OWNER, Cluster

        cluster = Cluster(self.data)
        with cluster.use(), psycopg.connect(cluster.url(OWNER), autocommit=True) as link:
            yield link

    def peak(self) -> int:
        """Peak resident memory of the running server's processes together, in MB."""
        assert self.server is not None
        return round(_peak(self.server.pid) / 1024)

    def count(self, query: str) -> int:
        with self.owner() as link:
            return int(link.execute(query).fetchone()[0])

    @contextlib.contextmanager
    def serving(self, *options: str, **environment: str) -> Iterator[None]:
        """Serve while the block lasts."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [*LINLI, "serve", "--data", str(self.data), "--port", str(self.port), *options]
        log = (self.data / "serve.log").open("wb")
        self.server = subprocess.Popen(command, stdout=log, stderr=log, env=_environment(environment), cwd=ROOT, start_new_session=True)
        try:
            self._wait()
            yield
            self.peak_kib = max(self.peak_kib, _peak(self.server.pid))
        finally:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(60)
            log.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.2)
        raise SystemExit(f"the server does not answer: {(self.data / 'serve.log').read_text()[-800:]}")


def _environment(more: dict[str, str]) -> dict[str, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    environment.pop("DATABASE_URL", None)
    return environment


def _peak(pid: int) -> int:
    """Peak resident memory of a process and its children together, in KiB (0 without procfs)."""
    total = 0
    pids = [pid]
    while pids:
        one = pids.pop()
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    total += int(line.split()[1])
            for task in Path(f"/proc/{one}/task").iterdir():
                pids.extend(int(child) for child in (task / "children").read_text().split())
    return total


@contextlib.contextmanager
def stage(*, territory: str = "demo", playbook: str = "lianqin") -> Iterator[Stage]:
    """A scratch installation, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="linli-bench-"))
    made = Stage(folder)
    try:
        say("Setting up a scratch installation …")
        made.linli("init", "--territory", territory, "--playbook", playbook)
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(url: str, *, connections: int, seconds: float, bodies: list[bytes]) -> dict[str, Any]:
    """Run the load generator in a process of its own and return what it saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", url, str(connections), str(seconds)],
        input=b"\n".join(bodies), capture_output=True, cwd=ROOT, env=_environment({}), check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"the load generator failed: {done.stderr.decode()[-600:]}")
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def spread(times: list[float]) -> dict[str, float]:
    """p50, p95 and p99 of seconds, in milliseconds."""
    ordered = sorted(times)
    return {f"p{share}_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))] * 1000, 2) for share in (50, 95, 99)}
