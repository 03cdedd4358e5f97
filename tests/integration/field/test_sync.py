"""The lane between phone and server: everything of one's grid, each action once and in order, conflicts told, nobody else's."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from linli.directory.organisation.selectors import organisation
from linli.engines.matters.models import Matter, Step, Whistle
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.services.act import due_matters, time_out
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, report
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db


def snapshot(client: Client) -> Any:
    answer = client.get("/field/snapshot", HTTP_ACCEPT="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def matters(client: Client) -> dict[str, Any]:
    return {item["code"]: item for item in snapshot(client)["kinds"]["matters"]["items"]}


def parcel(code: str, verb: str, key: str, **given: Any) -> dict[str, Any]:
    plain = {"kind": "matters", "key": f"key-{key}", "at": MONDAY.isoformat(), "subject": code, "version": 1, "verb": verb}
    return {**plain, **given}


def send(client: Client, *parcels: dict[str, Any], who: str = "", photos: dict[str, bytes] | None = None) -> Any:
    files = {}
    for name, content in (photos or {}).items():
        files[name] = io.BytesIO(content)
        files[name].name = "signature.png" if name.startswith("signature") else "0.jpg"
    given = {"who": who or snapshot(client)["who"]["id"], "actions": orjson.dumps(parcels).decode(), **files}
    return client.post("/field/sync", given, HTTP_ACCEPT="application/json")


def results(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.content
    return [(one["key"].removeprefix("key-"), one["status"]) for one in answer.json()["results"]]


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(out, "JPEG")
    return out.getvalue()


def later(minutes: int) -> None:
    with write():
        set_clock(to=MONDAY + timedelta(minutes=minutes))


def test_everything_of_my_grid_and_nothing_of_others(town: Community, desk: Desk) -> None:
    code, away = report(town).code, report(town, grid=3).code
    told = snapshot(desk("grid"))
    (item,) = told["kinds"]["matters"]["items"]
    assert item["code"] == code != away
    assert (item["mine"], item["words"][0]["text"], item["steps"][0]["verb"]) == (True, "三轮车堵住消防通道", "report")
    assert set(item["verbs"]) == {"solve", "escalate", "ask_reporter", "note"}
    assert [area["code"] for area in told["areas"] if area["own"]] == [town.grids[0].code] and told["areas"][0]["outline"]
    assert told["zone"] == "Asia/Shanghai"


def test_no_reporter_is_named_on_a_phone(town: Community, desk: Desk) -> None:
    report(town, contact=Contact(name="王五", phone="13800138000"))
    answer = desk("grid").get("/field/snapshot").content.decode()
    assert "13800138000" not in answer and "王五" not in answer


def test_a_quarrel_is_not_on_the_phone_of_a_member_without_clearance(town: Community, desk: Desk) -> None:
    code = report(town, class_code="D-0101").code
    assert code in matters(desk("grid"))
    assert matters(desk(role="grid_member", area_path=town.grids[0].path)) == {}


def test_the_snapshot_asks_as_often_for_many_as_for_few(town: Community, desk: Desk) -> None:
    client = desk("grid")
    report(town)
    snapshot(client)
    with CaptureQueriesContext(connection) as few:
        snapshot(client)
    for n in range(4):
        report(town, text=f"第{n}件")
    with CaptureQueriesContext(connection) as many:
        snapshot(client)
    assert len(many) <= len(few)


def test_done_on_the_stairs_counts_from_when_it_happened(town: Community, desk: Desk) -> None:
    code, client = report(town).code, desk("grid")
    later(90)
    happened = MONDAY + timedelta(minutes=20)
    answer = send(client, parcel(code, "solve", "a-solve", text="已挪走", at=happened.isoformat(), photos=1), photos={"photo:key-a-solve:0": jpeg()})
    assert results(answer) == [("a-solve", "done")]
    step = Step.objects.get(verb="solve")
    assert (step.at, step.text) == (happened, "已挪走")
    assert Matter.objects.get(code=code).closed_at == happened
    assert StoredFile.objects.get().owner_id == step.matter_id


def test_sent_twice_done_once_with_its_photo(town: Community, desk: Desk) -> None:
    code, client = report(town).code, desk("grid")
    given = parcel(code, "note", "twice", text="看过", photos=1)
    first, second = (send(client, given, photos={"photo:key-twice:0": jpeg()}).json()["results"][0] for _ in range(2))
    assert (first["version"], first["repeated"]) == (second["version"], not second["repeated"])
    assert Step.objects.filter(verb="note").count() == 1 and StoredFile.objects.count() == 1


def test_a_whistle_sent_twice_calls_once(town: Community, desk: Desk) -> None:
    code, client = report(town).code, desk("street")
    unit = str(next(unit.id for unit in organisation().units if unit.code == "water"))
    given = parcel(code, "whistle", "whistle", reason="请到场", units=[unit])
    assert results(send(client, given)) == results(send(client, given)) == [("whistle", "done")]
    assert Whistle.objects.count() == 1


def test_one_after_the_other_on_the_same_matter(town: Community, desk: Desk) -> None:
    code, client = report(town).code, desk("grid")
    answer = send(client, parcel(code, "note", "n-first", text="看过"), parcel(code, "escalate", "n-second", reason="办不了", after="key-n-first"))
    assert results(answer) == [("n-first", "done"), ("n-second", "done")]
    assert [step.verb for step in Step.objects.order_by("version")] == ["report", "note", "escalate"]


def test_what_happened_meanwhile_comes_back_and_the_next_is_held(town: Community, desk: Desk) -> None:
    code, other, client = report(town).code, report(town, text="另一件").code, desk("grid")
    send(desk("street"), parcel(code, "note", "street-note", text="街道已派人"))
    answer = send(
        client,
        parcel(code, "solve", "solve-late", text="好了"),
        parcel(code, "note", "note-held", text="又看了", after="key-solve-late"),
        parcel(other, "note", "note-other", text="这件也看了"),
    )
    assert results(answer) == [("solve-late", "conflict"), ("note-held", "held"), ("note-other", "done")]
    present = answer.json()["results"][0]["present"]
    assert [step["text"] for step in present["steps"] if step["number"] > 1] == ["街道已派人"]
    assert Matter.objects.get(code=code).state == "dispatched"
    again = parcel(code, "solve", "solve-again", text="好了", version=present["version"], happened=MONDAY.isoformat())
    assert results(send(client, again)) == [("solve-again", "done")]
    assert "without signal" in Step.objects.get(verb="solve").reason


def test_moved_up_by_the_clock_before_the_phone_was_heard_of(town: Community, desk: Desk) -> None:
    """Solved in time without signal, but the clock had moved it up when the phone came back: told, and handed in all the same."""
    code, client = report(town, class_code="C-0101", condition="missing").code, desk("grid")
    later(70)
    late = MONDAY + timedelta(minutes=70)
    with write():
        assert time_out(due_matters(at=late), at=late) == 1
    happened = (MONDAY + timedelta(minutes=50)).isoformat()
    answer = send(client, parcel(code, "solve", "in-time", text="盖上了", at=happened))
    assert results(answer) == [("in-time", "conflict")]
    present = answer.json()["results"][0]["present"]
    assert [step["verb"] for step in present["steps"]] == ["report", "time_out"] and "solve" in present["verbs"]
    again = parcel(code, "solve", "all-the-same", text="盖上了", at=late.isoformat(), version=present["version"], happened=happened)
    assert results(send(client, again)) == [("all-the-same", "done")]


def test_a_phone_whose_clock_is_ahead_did_nothing_in_the_future(town: Community, desk: Desk) -> None:
    code, client = report(town).code, desk("grid")
    send(client, parcel(code, "note", "tomorrow", text="看过", at=(MONDAY + timedelta(days=1)).isoformat()))
    assert Step.objects.get(verb="note").at <= MONDAY + timedelta(minutes=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "weather"},
        {"verb": "dispatch"},
        {"verb": "dance"},
        {"at": "2026-03-02T09:00:00"},
        {"photos": 1},
        {"signed": True},
        {"units": ["none"]},
        {"more": 1},
        {"key": "short"},
    ],
)
def test_what_is_not_understood_is_refused_and_the_rest_is_done(town: Community, desk: Desk, wrong: dict[str, Any]) -> None:
    code, client = report(town).code, desk("grid")
    answer = send(client, {**parcel(code, "note", "the-wrong", text="?"), **wrong}, parcel(code, "note", "the-right", text="看过"))
    assert [status for _, status in results(answer)] == ["refused", "done"]
    assert answer.json()["results"][0]["code"] == "field.bad_parcel"


@pytest.mark.parametrize("body", ["", "{}", "[]", "no json", "[" + ",".join(["{}"] * 51) + "]"])
def test_what_is_no_batch_is_refused(town: Community, desk: Desk, body: str) -> None:
    client = desk("grid")
    answer = client.post("/field/sync", {"who": snapshot(client)["who"]["id"], "actions": body}, HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "field.bad_parcel")


def test_nobody_hands_in_what_another_did(town: Community, desk: Desk) -> None:
    code, client = report(town).code, desk("grid")
    other = snapshot(desk("grid", 1))["who"]["id"]
    answer = send(client, parcel(code, "note", "stranger", text="看过"), who=other)
    assert (answer.status_code, answer.json()["code"]) == (403, "field.somebody_else")
    assert not Step.objects.filter(verb="note").exists()


def test_no_way_to_a_matter_elsewhere(town: Community, desk: Desk) -> None:
    code = report(town, grid=3).code
    answer = send(desk("grid"), parcel(code, "note", "elsewhere", text="看过"))
    assert answer.json()["results"][0]["code"] == "matters.no_such_matter"
    assert not Step.objects.filter(verb="note").exists()


@pytest.mark.parametrize("path", ["/field/", "/field/snapshot", "/field/sync"])
def test_those_who_do_not_act_are_refused(town: Community, client: Client, path: str) -> None:
    ask = client.post if path.endswith("sync") else client.get
    assert ask(path).status_code == 302
    assert ask(path, HTTP_ACCEPT="application/json").status_code == 401
    with write():
        client.force_login(create_user(actor=SYSTEM, at=MONDAY, username="nobody-special", password="a long enough password"))
    assert ask(path).status_code == 403


def test_the_app_holds_nothing_of_anybody_and_can_be_installed(town: Community, desk: Desk, client: Client) -> None:
    report(town, text="不该出现在壳里")
    signed_in = desk("grid")
    page = signed_in.get("/field/").content.decode()
    assert "不该出现在壳里" not in page and "csrfmiddlewaretoken" not in page
    assert page == desk("street").get("/field/").content.decode()
    manifest = client.get("/field/app.webmanifest").json()
    assert (manifest["scope"], manifest["start_url"], manifest["display"]) == ("/field/", "/field/", "standalone")
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    worker = client.get("/field/worker.js")
    assert worker["Content-Type"].startswith("text/javascript") and worker["Cache-Control"] == "no-cache"
    laid = orjson.loads(worker.content.decode().partition("const LAID = ")[2].partition(";\n")[0])
    for file in laid["files"]:
        assert client.get(file).status_code == 200, file
    asked = re.findall(r'(?:href|src)="(/static/[^"#]+\.(?:css|js))"', page)
    assert asked and set(asked) <= set(laid["files"])  # whatever the page loads is kept with it
