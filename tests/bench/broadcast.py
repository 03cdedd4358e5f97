"""The floor of live updates: a server that does nothing but write one event to every connection, when told to.

``python -m tests.bench.broadcast PORT``: each line of standard input is written to all connections as a ``changes`` event.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: hello\ndata: {}\n\n"


async def main(port: int) -> None:
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HELLO)
        writers.add(writer)

    await asyncio.start_server(serve, "127.0.0.1", port, backlog=2048)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        message = b"event: changes\ndata: " + line.strip().encode() + b"\n\n"
        for writer in writers:
            writer.write(message)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
