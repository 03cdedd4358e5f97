"""Live updates: one LISTEN per process, server-sent events to every viewer (``/live/command``, ``/live/desk``, ``/live/public``).

A viewer is told only that something it may see changed, and what kind of change it was; it then asks for the figures
or the page as usual. So a lost message costs a moment and never the truth: who connects says how old its page is
(``?age=`` in seconds) and is told what happened in between, and after a loss everybody is told to look again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

import orjson
import psycopg
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections, connection
from django.http import HttpRequest

from linli.interfaces.lanes import health
from linli.interfaces.lanes.http import Receive, Scope, Send, header, respond_json
from linli.kernel.access.models import User
from linli.kernel.access.rules import Confidentiality
from linli.kernel.access.rules import Scope as AccessScope
from linli.kernel.access.selectors import actor_of
from linli.kernel.clock.services import machine_now, now
from linli.kernel.events.rules import Tail
from linli.kernel.events.selectors import Recent, events_since, follow, latest_seq
from linli.kernel.events.services import CHANNEL

log = logging.getLogger("linli.live")

HEARTBEAT_SECONDS = 15.0
BEHIND_MOST = 64  # messages that a slow viewer may be behind before it is told to reload
EVENT_STREAM = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
ASKED = {"/live/command": "insight.read", "/live/desk": "matters.read"}  # what a viewer must hold
GATHER_SECONDS = 0.25  # changes of a quarter second go out together
AT_ONCE = 500  # events read at a time; a page that missed as many looks again at everything
WRITE_SECONDS = 10.0  # longer than a write takes: what a page just missed may have been recorded so much earlier than it could be seen
OLDEST_SECONDS = 3600.0  # an older page looks again at everything
RELOAD = b"event: reload\ndata: {}\n\n"


@dataclass(eq=False)
class Viewer:
    """One open connection: what it may see and what waits to be sent."""

    scopes: tuple[AccessScope, ...]
    waiting: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(BEHIND_MOST))

    def sees(self, area_path: str, confidentiality: int) -> bool:
        return any(area_path.startswith(scope.area_path) and confidentiality <= scope.clearance for scope in self.scopes)

    def told_of(self, changes: list[dict[str, Any]]) -> bytes:
        """What to send of these changes; nothing where none of them is for this viewer."""
        seen = [change for change in changes if self.sees(change["area"], change["confidentiality"])]
        return b"event: changes\ndata: " + orjson.dumps(seen) + b"\n\n" if seen else b""

    def tell(self, message: bytes) -> None:
        """Put a message into what waits; a viewer that is too far behind is told to look again at everything instead."""
        if self.waiting.full():
            while not self.waiting.empty():
                self.waiting.get_nowait()
            message = RELOAD
        self.waiting.put_nowait(message)


class Hub:
    """Listens to the outbox and passes changes on."""

    def __init__(self) -> None:
        self.viewers: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._tail = Tail(0)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._listen(), name="linli-live")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        """Listen for ever; a lost database is waited for."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(settings.DATABASE_DIRECT_URL or settings.DATABASE_URL, autocommit=True) as listening:
                    await listening.execute(f"LISTEN {CHANNEL}")
                    self._tail = Tail(await asyncio.to_thread(_latest))
                    for viewer in self.viewers:  # they waited while the database was away
                        viewer.tell(RELOAD)
                    while True:
                        async for _ in listening.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                            await asyncio.sleep(GATHER_SECONDS)
                            if self.viewers:
                                await self._pass_on()
            except (psycopg.Error, OSError) as error:
                log.warning("live updates wait for the database: %s", error)
                await asyncio.sleep(1)

    async def _pass_on(self) -> None:
        more = True
        while more:
            self._tail, changes, more = await asyncio.to_thread(_changes, self._tail)
            said: dict[tuple[AccessScope, ...], bytes] = {}  # viewers of one reach are told the same
            for viewer in self.viewers:
                if viewer.scopes not in said:
                    said[viewer.scopes] = viewer.told_of(changes)
                if message := said[viewer.scopes]:
                    viewer.tell(message)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one viewer until it leaves."""
        scopes: tuple[AccessScope, ...] | None
        if scope["path"] == "/live/public":
            scopes = (AccessScope("", Confidentiality.PUBLIC),)
        elif scope["path"] in ASKED:
            scopes = await asyncio.to_thread(_scopes_of_session, header(scope, b"cookie"), ASKED[scope["path"]])
        else:
            await respond_json(send, 404, {"code": "live.unknown"})
            return
        if not scopes:
            await respond_json(send, 403, {"code": "access.forbidden"})
            return
        try:
            age = _age(scope)
        except ValueError:
            await respond_json(send, 400, {"code": "live.age"})
            return
        if not self.viewers:
            self._tail = Tail(await asyncio.to_thread(_latest))  # nobody was there to be told of what came before
        viewer = Viewer(scopes)
        self.viewers.add(viewer)
        health.VIEWERS.inc()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM})
            await send({"type": "http.response.body", "body": b"retry: 2000\nevent: hello\ndata: {}\n\n", "more_body": True})
            if age is not None and (missed := await asyncio.to_thread(_missed, viewer, age)):
                viewer.tell(missed)
            gone = asyncio.create_task(_left(receive))
            await _feed(viewer, send, gone)
        finally:
            self.viewers.discard(viewer)
            health.VIEWERS.dec()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _feed(viewer: Viewer, send: Send, gone: asyncio.Task[None]) -> None:
    while not gone.done():
        taking = asyncio.create_task(viewer.waiting.get())
        done, _ = await asyncio.wait({taking, gone}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if gone in done:
            taking.cancel()
            return
        if taking in done:
            body = taking.result()
        else:
            taking.cancel()
            body = b": still here\n\n"
        await send({"type": "http.response.body", "body": body, "more_body": True})


def _latest() -> int:
    try:
        return latest_seq()
    finally:
        connection.close()


def _changes(tail: Tail) -> tuple[Tail, list[dict[str, Any]], bool]:
    """The tail to go on from, what changed since ``tail``, and whether there is more."""
    close_old_connections()
    after, events = follow(tail, at=machine_now(), limit=AT_ONCE)
    return after, _told(events), len(events) >= AT_ONCE


def _missed(viewer: Viewer, age: float) -> bytes:
    """What to tell the viewer of a page that was asked for ``age`` seconds ago, before it was connected."""
    if age > OLDEST_SECONDS:
        return RELOAD
    try:
        events = events_since(machine_now() - timedelta(seconds=age + WRITE_SECONDS), AT_ONCE)
        return RELOAD if len(events) >= AT_ONCE else viewer.told_of(_told(events))
    finally:
        connection.close()


def _age(scope: Scope) -> float | None:
    """How many seconds ago the viewer's page was asked for; None where it does not say.

    Raises:
        ValueError: it is no number of seconds.
    """
    given = parse_qs(scope["query_string"].decode("latin-1")).get("age")
    age = float(given[-1]) if given else None
    if age is not None and not 0 <= age < float("inf"):
        raise ValueError(age)
    return age


def _told(events: list[Recent]) -> list[dict[str, Any]]:
    """Of the events, what a viewer is told: changes of matters."""
    return [
        {
            "id": str(event.key),
            "topic": event.topic,
            "verb": event.data["verb"],
            "state": event.data["to_state"],
            "level": event.data["level"],
            "area": event.data["area_path"],
            "confidentiality": event.data["confidentiality"],
            "at": event.at.isoformat(),
        }
        for event in events
        if event.topic.startswith("matters.")
    ]


def _scopes_of_session(cookies: str, asked: str) -> tuple[AccessScope, ...] | None:
    """What the signed-in person may see, by the session's cookie; None for nobody."""
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
        if morsel is None:
            return None
        request = HttpRequest()
        request.session = SessionStore(morsel.value)
        user = get_user(request)
        actor = actor_of(user, now()) if isinstance(user, User) else None
        return actor.scopes("matters.read") if actor and actor.holds(asked) else None
    finally:
        connection.close()
