"""The intake lane: ``POST /api/v1/matters`` and ``POST /open311/v2/requests.{json,xml}``, batched.

A route says how a request becomes a :class:`ReportRequest` and how the answer is written; the batcher does the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db import DatabaseError, connection
from django.utils.translation import gettext, override

from linli.engines.matters.rules.intake import ReportRequest
from linli.interfaces.access import BadKey, KeyMissing
from linli.interfaces.api.reports import parse_report, receipt_body
from linli.interfaces.lanes.batcher import Answer, Batcher, Identify, NotStored
from linli.interfaces.lanes.http import STATUS, Receive, Scope, Send, header, read_body, respond
from linli.interfaces.language import negotiated
from linli.interfaces.open311 import intake as open311
from linli.interfaces.open311.jurisdiction import require_jurisdiction
from linli.kernel.access.rules import Actor, NotSignedIn
from linli.kernel.access.selectors import actor_of_api_key
from linli.kernel.clock.services import now, remembered
from linli.kernel.refusal import Refusal

Rendered = tuple[int, bytes, bytes]  # status, content type, body


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request as the lane understands it."""

    key: str  # API key
    report: ReportRequest
    jurisdiction: str = ""  # that the sender means to reach, where the protocol has them


@dataclass(frozen=True, slots=True)
class Route:
    parse: Callable[[Scope, bytes, datetime], Parsed]
    render: Callable[[Scope, Answer], Rendered]


def _identify(key: str, jurisdiction: str) -> Identify:
    def identify(at: datetime, epoch: int) -> Actor:
        if not key:
            raise KeyMissing()
        if jurisdiction:
            require_jurisdiction(jurisdiction)
        actor = actor_of_api_key(key, at, epoch=epoch)
        if actor is None:
            raise BadKey()
        return actor

    return identify


def _bearer(scope: Scope) -> str:
    given = header(scope, b"authorization")
    return given[7:] if given[:7].lower() == "bearer " else header(scope, b"x-api-key")


def _parse_json(scope: Scope, body: bytes, at: datetime) -> Parsed:
    return Parsed(_bearer(scope), parse_report(body, key=header(scope, b"idempotency-key"), at=at))


def _render_json(scope: Scope, answer: Answer) -> Rendered:
    if isinstance(answer, Refusal):
        status = 401 if isinstance(answer, NotSignedIn | BadKey) else STATUS[answer.kind]
        with override(negotiated(header(scope, b"accept-language"))):
            said = {"code": answer.code, "message": answer.sentence(gettext), "field": answer.field or None}
        return status, b"application/json", orjson.dumps(said)
    return (200 if answer.repeated else 201), b"application/json", orjson.dumps(receipt_body(answer))


def _parse_open311(scope: Scope, body: bytes, at: datetime) -> Parsed:
    form = open311.parse(
        body,
        query=scope["query_string"],
        idempotency=header(scope, b"idempotency-key"),
        language=negotiated(header(scope, b"accept-language")),
        at=at,
    )
    return Parsed(form.key or _bearer(scope), form.report, form.jurisdiction)


def _render_open311(scope: Scope, answer: Answer) -> Rendered:
    return open311.render(answer, xml=scope["path"].endswith(".xml"), language=negotiated(header(scope, b"accept-language")))


ROUTES = {
    "/api/v1/matters": Route(_parse_json, _render_json),
    "/open311/v2/requests.json": Route(_parse_open311, _render_open311),
    "/open311/v2/requests.xml": Route(_parse_open311, _render_open311),
}


def takes(scope: Scope) -> bool:
    """Whether the lane understands this body; a multipart form (uploads) goes to Django."""
    return not header(scope, b"content-type").startswith("multipart/")


def _now() -> datetime:
    """Ask the clock on a pool's thread; the connection is not kept there, where nobody would notice that it broke."""
    try:
        return now()
    except DatabaseError:
        raise NotStored from None
    finally:
        connection.close()


async def take(route: Route, batcher: Batcher, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one report: parsed here, written with those that arrive beside it."""
    try:
        body = await read_body(receive)
        at = remembered()
        parsed = route.parse(scope, body, await asyncio.to_thread(_now) if at is None else at)
    except Refusal as refusal:
        answer: Answer = refusal
    else:
        answer = await batcher.report(parsed.report, identify=_identify(parsed.key, parsed.jurisdiction))
    status, content_type, body = route.render(scope, answer)
    await respond(send, status, body, content_type=content_type)
