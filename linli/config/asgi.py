"""The server's one application: hot lanes first, Django (in threads) for everything else.

Why so: see docs/adr/0002-server.md.
"""

from __future__ import annotations

import os
import threading
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")

from a2wsgi import WSGIMiddleware

from linli.config.wsgi import application as django_application
from linli.interfaces.lanes import health, intake, live
from linli.interfaces.lanes.batcher import Batcher
from linli.interfaces.lanes.http import Receive, Scope, Send
from linli.kernel.epoch.tasks import start_listener

THREADS = int(os.environ.get("LINLI_THREADS", "8"))


class Application:
    """ASGI: starts and stops the batcher and the live listener with the process, and sends each request to its lane."""

    def __init__(self) -> None:
        self.batcher = Batcher()
        self.live = live.Hub()
        self._stop = threading.Event()
        self.django: Any = WSGIMiddleware(cast(Any, django_application), workers=THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                start_listener(self._stop)
                self.batcher.start()
                await self.live.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                self._stop.set()
                await self.live.stop()
                self.batcher.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if method == "POST" and (route := intake.ROUTES.get(path)) is not None and intake.takes(scope):
            timed = health.Timed("intake", send)
            try:
                await intake.take(route, self.batcher, scope, receive, timed)
            finally:
                timed.done()
        elif path.startswith("/live/") and method == "GET":
            await self.live.serve(scope, receive, send)
        elif path == "/healthz":
            await health.healthz(send)
        elif path == "/readyz":
            await health.readyz(send)
        elif path == "/metrics":
            await health.metrics(send)
        else:
            await self.django(scope, receive, send)


application = Application()
