"""The little of HTTP that the lanes need, on plain ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from linli.kernel.refusal import N_, Kind, Refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_MOST = 64 * 1024
JSON = b"application/json"
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.MISSING: 404, Kind.CONFLICT: 409, Kind.LIMIT: 503}


class BodyTooLong(Refusal):
    code = "lanes.body_too_long"
    message = N_("The request is longer than %(most)s bytes.")


async def read_body(receive: Receive) -> bytes:
    """Return the whole body. Raises ``BodyTooLong`` as soon as it is."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_MOST:
            raise BodyTooLong(most=BODY_MOST)
    if len(body) > BODY_MOST:
        raise BodyTooLong(most=BODY_MOST)
    return body


async def respond(send: Send, status: int, body: bytes, *, content_type: bytes = JSON, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store"), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, value: Any) -> None:
    await respond(send, status, orjson.dumps(value, default=str))


def header(scope: Scope, name: bytes) -> str:
    """Return a header's value, or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""
