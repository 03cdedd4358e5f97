"""The hot lane and the Django view answer alike: same numbers, same refusals, in both protocols."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from linli.engines.matters.models import Matter
from linli.interfaces.lanes import intake
from linli.interfaces.lanes.batcher import Batcher
from linli.kernel.access.rules import REPORTER, SYSTEM
from linli.kernel.access.services.api_keys import create_api_key
from linli.kernel.clock.services import now
from linli.kernel.writing import write
from tests.factories import community

CHANGES: tuple[dict[str, str], ...] = (
    {},
    {"api_key": "x"},
    {"api_key": ""},
    {"service_code": "E-0402"},
    {"lat": "nan"},
    {"jurisdiction_id": "elsewhere"},
    {"attribute[religion]": "x"},
)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def lane(committed: str) -> Iterator[Any]:
    town = community(at=now())
    with write():
        key = create_api_key(actor=SYSTEM, at=now(), name="app", role=REPORTER)[1]
    batcher = Batcher()
    batcher.start()

    def post(path: str, body: bytes, *, kind: str = FORM, query: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
        named = {"content-type": kind, "accept-language": "en", **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {"path": path, "method": "POST", "query_string": query, "headers": [(n.encode(), v.encode()) for n, v in named.items()]}
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        assert intake.takes(scope)
        asyncio.run(intake.take(intake.ROUTES[path], batcher, scope, receive, send))
        return sent[0]["status"], dict(sent[0]["headers"])[b"content-type"].decode(), sent[1]["body"]

    yield town, key, post
    batcher.stop()


def test_the_lane_and_the_view_answer_alike(lane: Any) -> None:
    town, key, post = lane
    lon, lat = town.point()
    good = {"api_key": key, "service_code": "E-0401", "lat": lat, "long": lon, "description": "堵住了"}
    for change in CHANGES:
        body = urlencode({**good, **change}).encode()
        for path in ("/open311/v2/requests.json", "/open311/v2/requests.xml"):
            status, kind, content = post(path, body)
            viewed = Client().post(path, body, content_type=FORM, headers={"Accept-Language": "en"})
            assert (status, kind) == (viewed.status_code, viewed["Content-Type"]), change
            if change:
                assert content == viewed.content, change
    assert Matter.objects.count() == 4


def test_keys_in_headers_and_the_address_and_json(lane: Any) -> None:
    town, key, post = lane
    lon, lat = town.point()
    body = urlencode({"service_code": "E-0401", "lat": lat, "long": lon}).encode()
    codes = {json.loads(post("/open311/v2/requests.json", body, idempotency_key="k", x_api_key=key)[2])[0]["service_request_id"] for _ in range(2)}
    assert len(codes) == 1
    assert post("/open311/v2/requests.json", body, query=f"api_key={key}".encode())[0] == 200
    sent = {"class_code": "E-0401", "lon": lon, "lat": lat}
    status, _, content = post("/api/v1/matters", json.dumps(sent).encode(), kind="application/json", authorization=f"Bearer {key}")
    assert status == 201 and json.loads(content)["code"]
    for wrong in (b"{", b'{"class_code": "E-0401", "details": {"a": "\\u0000"}}', b'{"class_code": "E-0401", "lon": NaN, "lat": 1}', b"\xff"):
        status, _, content = post("/api/v1/matters", wrong, kind="application/json", authorization=f"Bearer {key}")
        assert status == 400 and json.loads(content)["code"], wrong
    assert post("/api/v1/matters", json.dumps(sent).encode(), kind="application/json")[0] == 401
    assert post("/api/v1/matters", b" " * 70_000, kind="application/json")[0] == 400


def test_uploads_are_left_to_django() -> None:
    assert not intake.takes({"headers": [(b"content-type", b"multipart/form-data; boundary=x")]})
