"""The JSON API: reporting, following, handling, and refusals with their statuses and languages."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from PIL import Image

from linli.engines.matters.models import Matter, Report
from linli.kernel.access.rules import REPORTER, SYSTEM
from linli.kernel.access.services.api_keys import create_api_key
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, report

pytestmark = pytest.mark.django_db
NOW = MONDAY + timedelta(hours=2)
Call = Callable[..., Any]


@pytest.fixture
def town() -> Any:
    with patch("linli.kernel.clock.services.machine_now", return_value=NOW):
        yield community()


@pytest.fixture
def call(town: Community) -> Call:
    """Call the API as somebody: nobody, a reporting program, a desk."""
    with write():
        keys = {role: create_api_key(actor=SYSTEM, at=MONDAY, name=role, role=role)[1] for role in (REPORTER, "street_duty", "district_duty", "grid_member")}

    def do(method: str, path: str, body: Any = None, *, as_: str = "", status: int = 200, **headers: str) -> Any:
        sent = {"Accept-Language": "en", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if as_:
            sent["Authorization"] = f"Bearer {keys.get(as_, as_)}"
        answer = Client().generic(method, f"/api/v1{path}", body if isinstance(body, bytes | str) else _json(body), "application/json", headers=sent)
        assert answer.status_code == status, (answer.status_code, answer.content)
        return answer.json() if answer.content else None

    return do


def _json(body: Any) -> str:
    import json

    return "" if body is None else json.dumps(body)


def point(town: Community, grid: int = 0) -> dict[str, float]:
    lon, lat = town.point(grid)
    return {"lon": lon, "lat": lat}


def test_the_description_is_complete(call: Call) -> None:
    description = call("GET", "/openapi.json")
    assert description["openapi"].startswith("3.1")
    operations = [operation for path in description["paths"].values() for operation in path.values()]
    assert all(operation.get("summary") for operation in operations)


def test_a_program_reports_and_the_reporter_follows(town: Community, call: Call) -> None:
    sent = {"class_code": "E-0401", "text": "三轮车堵住通道，电话 13800001111", **point(town), "contact": {"phone": "13800001111"}, "language": "en"}
    receipt = call("POST", "/matters", sent, as_=REPORTER, status=201, Idempotency_Key="a1")
    again = call("POST", "/matters", sent, as_=REPORTER, status=200, Idempotency_Key="a1")
    assert (again["code"], again["repeated"], Matter.objects.count()) == (receipt["code"], True, 1)
    listed = call("GET", "/matters")
    assert [row["code"] for row in listed["items"]] == [receipt["code"]] and listed["next"] is None
    assert "1380000" not in str(listed)
    assert call("GET", f"/matters/{receipt['code']}")["story"][0]["verb"] == "report"
    (near,) = call("GET", f"/nearby?lon={sent['lon']}&lat={sent['lat']}")
    assert near["matter"]["code"] == receipt["code"] and near["metres"] % 50 == 0
    followed = call("GET", f"/receipts/{receipt['tracking'].lower()}")
    assert followed["text"] == sent["text"] and followed["can_rate"] is False
    refused = call("POST", f"/receipts/{receipt['tracking']}/rating", {"rating": 5, "solved": True}, status=409)
    assert refused["code"] == "matters.not_ended_yet"
    call("DELETE", f"/receipts/{receipt['tracking']}/contact", status=204)
    assert Report.objects.get().contact is None


def test_a_desk_acts_and_is_told_what_changed(town: Community, call: Call) -> None:
    receipt = report(town)
    path = f"/matters/{receipt.code}/actions"
    row = call("GET", "/queue?limit=1", as_="street_duty")["items"][0]
    assert (row["code"], row["version"]) == (receipt.code, 1)
    seen = call("GET", f"/queue/{receipt.code}", as_="street_duty")
    assert "solve" in seen["verbs"] and seen["reporters"][0]["contact"] is None
    first = call("POST", path, {"verb": "note", "text": "去现场", "version": 1}, as_="street_duty", Idempotency_Key="n")
    assert call("POST", path, {"verb": "note", "text": "去现场", "version": 1}, as_="street_duty", Idempotency_Key="n")["repeated"] is True
    conflict = call("POST", path, {"verb": "solve", "text": "好了"}, as_="district_duty", status=409, If_Match='"1"')
    assert (conflict["code"], conflict["version"]) == ("matters.changed_meanwhile", first["version"])
    assert [step["verb"] for step in conflict["changed"]] == ["note"]
    done = call("POST", path, {"verb": "solve", "text": "已劝离"}, as_="district_duty", If_Match=f'W/"{first["version"]}"')
    assert done["state"] == "closed"
    told = call("GET", f"/receipts/{receipt.tracking}")
    assert told["answer"] == "已劝离" and told["can_rate"]
    assert call("POST", f"/receipts/{receipt.tracking}/rating", {"rating": 4, "solved": True}, as_="")["rating"] == 4
    late = call("POST", path, {"verb": "dispatch"}, as_="street_duty", status=409)
    assert late["code"] == "matters.not_possible" and late["changed"] == []


def test_verbs_that_need_others(town: Community, call: Call) -> None:
    first, second = report(town), report(town)
    path = f"/matters/{first.code}/actions"
    assert call("POST", path, {"verb": "whistle", "reason": "井盖", "units": ["water"]}, as_="street_duty")["version"] == 2
    assert call("POST", path, {"verb": "report_in", "text": "到场", "units": ["water"]}, as_="street_duty")["version"] == 3
    assert call("POST", path, {"verb": "redact", "text": "通道被堵", "reason": "隐私"}, as_="street_duty")["version"] == 4
    assert Matter.objects.get(code=first.code).public_text == "通道被堵"
    head = town.head("grid").code
    assert call("POST", path, {"verb": "dispatch", "post": head}, as_="street_duty")["state"] == "dispatched"
    assert call("POST", path, {"verb": "merge", "into": second.code, "reason": "同一处"}, as_="street_duty")["state"] == "merged"
    moved = call("POST", f"/matters/{second.code}/actions", {"verb": "correct", "place": point(town, 1), "reason": "点错"}, as_="street_duty")
    assert Matter.objects.get(code=second.code).area_path == town.grids[1].path and moved["version"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_refusals_name_code_field_and_speak_the_readers_language(town: Community, call: Call, language: str) -> None:
    refused = call("POST", "/matters", {"class_code": "C-0110", **point(town)}, as_=REPORTER, status=400, Accept_Language=language)
    assert (refused["code"], refused["field"]) == ("matters.unknown_class", "class_code") and "C-0101" in refused["message"]


def test_what_cannot_be_taken_is_refused_with_its_status(town: Community, call: Call) -> None:
    good = {"class_code": "E-0401", **point(town)}
    for change, code in (
        ({"class_code": ""}, "matters.unknown_class"),
        ({"lon": None, "lat": 1}, "matters.bad_point"),
        ({"lat": 91}, "matters.bad_point"),
        ({"lon": 0, "lat": 0}, "matters.far_away"),
        ({"at": "2226-01-01T00:00:00Z"}, "api.bad_body"),
        ({"at": "2027-01-01T00:00:00Z"}, "matters.in_the_future"),
        ({"at": "yesterday"}, "api.bad_body"),
        ({"text": "x" * 4001}, "matters.text_too_long"),
        ({"text": "a\0b"}, "api.bad_body"),
        ({"details": {"religion": "x"}}, "matters.refused_detail"),
        ({"details": {"a": 10**400}}, "api.bad_body"),
        ({"details": {"a": {"b": 1}}}, "api.bad_body"),
        ({"ethnicity": "x"}, "api.bad_body"),
        ({"contact": {"email": "nobody"}}, "api.bad_body"),
    ):
        assert call("POST", "/matters", {**good, **change}, as_=REPORTER, status=400)["code"] == code, change
    for body in ('{"class_code": "E-0401", "lat": NaN, "lon": 1}', "{", '"x"', b"\xff\xfe", '{"class_code": "\\ud800"}'):
        assert call("POST", "/matters", body, as_=REPORTER, status=400)["code"]
    assert call("POST", "/matters", {**good, "at": "2026-01-01T00:00:00Z"}, as_=REPORTER, status=403)["code"] == "matters.may_not_report_for"
    assert call("POST", "/matters", {**good, "file_ids": ["01a20000-0000-7000-8000-000000000000"]}, as_=REPORTER, status=404)["code"] == "files.missing"
    assert call("POST", "/matters", good, status=401)["code"] == "access.not_signed_in"
    assert call("POST", "/matters", good, as_="linli_wrong", status=401)["code"] == "access.bad_key"
    assert not Matter.objects.exists() and not Report.objects.exists()


def test_who_may_not_is_told_so(town: Community, call: Call) -> None:
    receipt = report(town, class_code="D-0101", text="吵架")
    assert call("GET", "/queue", status=401)["code"] == "access.not_signed_in"
    assert call("GET", "/queue", as_=REPORTER, status=403)["code"] == "access.forbidden"
    assert call("GET", "/figures", as_=REPORTER, status=403)["code"] == "access.forbidden"
    assert call("GET", "/posts", as_="grid_member", status=403)["code"] == "access.forbidden"
    for who in ("", REPORTER, "grid_member"):  # the quarrel is private: not there for them
        assert call("GET", f"/matters/{receipt.code}", as_=who, status=404)["code"] == "matters.no_such_matter"
    assert call("GET", f"/queue/{receipt.code}", as_="grid_member", status=404)["code"] == "matters.no_such_matter"
    assert call("POST", f"/matters/{receipt.code}/actions", {"verb": "note", "text": "x"}, as_="grid_member", status=404)
    public = report(town)
    refused = call("POST", f"/matters/{public.code}/actions", {"verb": "redact", "text": "x", "reason": "y"}, as_="grid_member", status=403)
    assert refused["code"] == "access.forbidden"
    for verb in ("rate", "time_out", "nonsense"):
        assert call("POST", f"/matters/{public.code}/actions", {"verb": verb}, as_="street_duty", status=400)["code"] == "api.unknown_verb"


def test_pages_follow_each_other(town: Community, call: Call) -> None:
    codes = [report(town, at=MONDAY + timedelta(minutes=minute)).code for minute in range(5)]
    for path, as_, expected in (("/matters", "", codes[::-1]), ("/queue", "street_duty", codes)):
        found, after = [], ""
        while True:
            page = call("GET", f"{path}?limit=2&after={after}", as_=as_)
            found += [row["code"] for row in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert found == expected
    assert call("GET", "/matters?after=nonsense", status=400)["code"] == "api.bad_cursor"


def test_the_ground_and_the_posts(town: Community, call: Call) -> None:
    lon, lat = town.point()
    found = call("GET", f"/locate?lon={lon}&lat={lat}")
    assert found["area"]["code"] == town.grids[0].code and found["placing"] == "inside"
    assert [area["code"] for area in call("GET", f"/areas?within={found['chain'][-2]['code']}")]
    chain = call("GET", f"/areas/{town.grids[0].code}/posts")
    assert [post["level"] for post in chain] == ["grid", "street", "district"]
    held = call("GET", f"/posts?area={town.grids[0].code}", as_="district_duty")
    assert held[0]["holder"] and held[0]["acting"] == ""
    assert call("GET", "/areas/none", status=404)["code"] == "territory.unknown_area"
    assert call("GET", "/locate?lon=NaN&lat=1", status=400)["field"] == "lon"
    assert next(one["code"] for one in call("GET", "/classes")) == "C-0101"


def test_figures(town: Community, call: Call) -> None:
    report(town)
    figures = call("GET", "/figures", as_="district_duty")
    assert set(figures) >= {"counts", "funnel", "rates", "clocks"}
    for part in ("areas", "classes", "months"):
        assert isinstance(call("GET", f"/figures/{part}", as_="district_duty"), list)


def test_a_photo_is_sent_first_and_named_in_the_report(town: Community, call: Call) -> None:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(kept, "PNG")
    with write():
        _, key = create_api_key(actor=SYSTEM, at=MONDAY, name="camera", role=REPORTER)
    sender = {"X-API-Key": key}

    def send(content: bytes, name: str) -> Any:
        upload = io.BytesIO(content)
        upload.name = name
        return Client().post("/api/v1/files", {"file": upload}, headers=sender)

    assert send(b"<script>", "x.png").status_code == 400
    assert send(b"", "x.png").status_code == 400
    sent = send(kept.getvalue(), "x.png")
    assert sent.status_code == 201, sent.content
    file_id = sent.json()["id"]
    call("POST", "/matters", {"class_code": "E-0401", **point(town), "file_ids": [file_id]}, as_=key, status=201)
    assert StoredFile.objects.get().owner_id == Matter.objects.get().id
    again = call("POST", "/matters", {"class_code": "E-0401", **point(town), "file_ids": [file_id]}, as_=key, status=409)
    assert again["code"] == "files.taken" and Matter.objects.count() == 1
    assert call("GET", f"/files/{file_id}/public", status=404)["code"] == "files.missing"
    assert call("GET", f"/files/{file_id}/original", status=401)["code"] == "access.not_signed_in"
    assert call("GET", f"/files/{file_id}/nonsense", status=400)["code"] == "api.bad_body"
