"""``linli serve``: opens the socket, starts web and worker processes, restarts those that die, stops all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

BIND_SECONDS = 8.0  # how long to wait for an address that a killed server's children still hold
STOP_SECONDS = 15.0
STEADY_SECONDS = 30.0  # a child that ran so long starts anew without waiting


class AddressInUse(Exception):
    """Another program listens there."""


@dataclass
class Child:
    name: str
    command: list[str]
    pass_fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    again_at: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, pass_fds=self.pass_fds, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL)


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on host and port; raises ``AddressInUse`` when they stay taken."""
    deadline = time.monotonic() + BIND_SECONDS
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(2048)
        except OSError as error:
            listening.close()
            if time.monotonic() > deadline:
                raise AddressInUse(f"cannot listen on {host}:{port}: {error.strerror}") from None
            time.sleep(0.25)
        else:
            listening.set_inheritable(True)
            return listening


def supervise(
    *, host: str, port: int, web: int, ready: Callable[[], None], log: Callable[[str], None], keep_database: Callable[[], None] = lambda: None
) -> None:
    """Run until SIGTERM or SIGINT. ``ready`` is called when the first web process answers, ``keep_database`` every moment."""
    listening = open_socket(host, port)
    children = [Child(f"web {n + 1}", [sys.executable, "-m", "linli.config.web", str(listening.fileno())], (listening.fileno(),)) for n in range(web)]
    children.append(Child("worker", [sys.executable, "-m", "linli.config.worker"]))
    with _stopping() as stop:
        for child in children:
            child.start()
        threading.Thread(target=_announce, args=(host, port, ready, stop), daemon=True).start()
        try:
            while not stop.wait(0.2):
                keep_database()
                for child in children:
                    _tend(child, log)
        finally:
            _stop(children)
            listening.close()


def _tend(child: Child, log: Callable[[str], None]) -> None:
    """Start a dead child again, waiting longer each time it dies young."""
    now = time.monotonic()
    if child.process is None:
        if now >= child.again_at:
            child.start()
        return
    code = child.process.poll()
    if code is None:
        return
    child.failures = 1 if now - child.started > STEADY_SECONDS else child.failures + 1
    pause = 0.0 if child.failures == 1 else min(30.0, 0.5 * 2**child.failures)
    log(f"{child.name} ended with {code}; starting it again{f' in {pause:.0f} s' if pause else ''}")
    child.process, child.again_at = None, now + pause


def _stop(children: list[Child]) -> None:
    running = [child.process for child in children if child.process is not None and child.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _stopping() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(host: str, port: int, ready: Callable[[], None], stop: threading.Event) -> None:
    """Say that the server is ready as soon as it truly answers."""
    target = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - compared, not bound
    while not stop.is_set():
        with contextlib.suppress(OSError), socket.create_connection((target, port), timeout=1) as link:
            link.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if b" 200 " in link.recv(64):
                ready()
                return
        stop.wait(0.2)
