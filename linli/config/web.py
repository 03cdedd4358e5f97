"""One web process: ``python -m linli.config.web FD`` serves on a socket that the supervisor opened."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

import uvicorn


def exit_with_parent() -> None:
    """End this process when the supervisor is gone, however it went."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="linli-parent", daemon=True).start()


def main() -> None:
    exit_with_parent()
    listening = socket.socket(fileno=int(sys.argv[1]))
    configuration = uvicorn.Config(
        "linli.config.asgi:application",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=5,
        backlog=2048,
        forwarded_allow_ips=os.environ.get("LINLI_PROXIES", "127.0.0.1"),
    )
    uvicorn.Server(configuration).run(sockets=[listening])


if __name__ == "__main__":
    main()
