"""Live viewers in a process of their own: many open connections that note when each event comes.

``python -m tests.bench.viewers URL COUNT [COOKIE]`` prints ``ready`` when all are connected, counts until its standard input
ends, and then prints JSON: ``{"ids": […], "times": [[…], …]}``, for each matter in the order in which it was first told the
moments (of the machine's monotonic clock) at which each viewer was told.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from urllib.parse import urlsplit

import uvloop

REPORTED = re.compile(rb'"id":"([0-9a-f-]{36})","topic":"matters\.reported"')
AT_ONCE = 100  # connections that are opened together


class Viewer(asyncio.Protocol):
    def __init__(self, request: bytes, told: dict[bytes, list[float]], hello: asyncio.Event) -> None:
        self.request, self.told, self.hello, self.rest = request, told, hello, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        data = self.rest + data
        if b"event: hello" in data:
            self.hello.set()
        whole, _, self.rest = data.rpartition(b"\n\n")
        for key in set(REPORTED.findall(whole)):
            self.told.setdefault(key, []).append(at)


async def main(url: str, count: int, cookie: str) -> None:
    parts = urlsplit(url)
    head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n".encode()
    told: dict[bytes, list[float]] = {}
    loop = asyncio.get_running_loop()
    kept = []
    for start in range(0, count, AT_ONCE):
        waiting = [asyncio.Event() for _ in range(min(AT_ONCE, count - start))]
        opened = [loop.create_connection(lambda hello=hello: Viewer(head, told, hello), parts.hostname, parts.port) for hello in waiting]  # type: ignore[misc]
        kept += await asyncio.gather(*opened)
        await asyncio.gather(*(asyncio.wait_for(hello.wait(), 30) for hello in waiting))
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps({"ids": [key.decode() for key in told], "times": list(told.values())}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
