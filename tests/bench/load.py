"""A load generator: closed loop, keep-alive, a fixed number of connections, in a process of its own.

``python -m tests.bench.load URL CONNECTIONS SECONDS`` reads one prepared body a line from standard input and prints JSON:
``{"answers", "failures", "per_second", "p50_ms", "p95_ms", "p99_ms"}``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from urllib.parse import urlsplit

import uvloop


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one was answered."""

    def __init__(self, run: Run) -> None:
        self.run, self.buffer, self.need = run, b"", -1
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        if time.perf_counter() >= self.run.until:
            self.transport.close()
            return
        self.sent = time.perf_counter()
        self.transport.write(next(self.run.requests))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            if self.need < 0:
                end = self.buffer.find(b"\r\n\r\n")
                if end < 0:
                    return
                head = self.buffer[:end].lower()
                place = head.find(b"content-length:")
                length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
                self.ok = head[9:10] == b"2"
                self.need = end + 4 + length
            if len(self.buffer) < self.need:
                return
            self.run.answered(self.ok, time.perf_counter() - self.sent)
            self.buffer, self.need = self.buffer[self.need :], -1
            self.send()
            if not self.buffer:
                return

    def connection_lost(self, error: Exception | None) -> None:
        self.run.left -= 1
        if self.run.left == 0 and not self.run.done.done():
            self.run.done.set_result(None)


class Run:
    def __init__(self, requests: list[bytes], connections: int, seconds: float) -> None:
        self.requests = itertools.cycle(requests)
        self.left = connections
        self.began = time.perf_counter()
        self.until = self.began + seconds
        self.times: list[float] = []
        self.failures = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answered(self, ok: bool, seconds: float) -> None:
        self.times.append(seconds)
        self.failures += not ok


async def main(url: str, connections: int, seconds: float, bodies: list[bytes]) -> dict[str, float]:
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
    run = Run(requests, connections, seconds)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(run), parts.hostname, parts.port)
    await run.done
    took = time.perf_counter() - run.began
    times = sorted(run.times)
    return {
        "answers": len(times),
        "failures": run.failures,
        "per_second": round((len(times) - run.failures) / took, 1),
        **{f"p{share}_ms": round(times[min(len(times) - 1, int(len(times) * share / 100))] * 1000, 2) for share in (50, 95, 99)},
    }


if __name__ == "__main__":
    lines = [line.strip() for line in sys.stdin.buffer if line.strip()]
    print(json.dumps(uvloop.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), lines))))
