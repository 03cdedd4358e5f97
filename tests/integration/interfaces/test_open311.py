"""Open311 GeoReport v2: each resource in both formats, the filters, and what is refused and how."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.test import Client
from PIL import Image

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act, only
from linli.kernel.access.rules import REPORTER, SYSTEM
from linli.kernel.access.services.api_keys import create_api_key
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, person, report

pytestmark = pytest.mark.django_db
BASE = "/open311/v2"
NOW = MONDAY + timedelta(hours=2)


@pytest.fixture
def town() -> Any:
    with patch("linli.kernel.clock.services.machine_now", return_value=NOW):
        yield community()


@pytest.fixture
def key(town: Community) -> str:
    with write():
        _, text = create_api_key(actor=SYSTEM, at=MONDAY, name="app", role=REPORTER)
    return text


def get(path: str, expected: int = 200, /, **query: Any) -> Any:
    answer = Client().get(f"{BASE}/{path}", query, headers={"Accept-Language": "en"})
    assert answer.status_code == expected, answer.content
    if ".xml" in path:
        assert answer["Content-Type"] == "text/xml; charset=utf-8" and answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
        return ET.fromstring(answer.content)
    return answer.json()


def post(form: dict[str, Any] | bytes, *, path: str = "requests.json", status: int = 200, language: str = "en") -> Any:
    body = form if isinstance(form, bytes) else urlencode(form, doseq=True)
    answer = Client().post(f"{BASE}/{path}", body, content_type="application/x-www-form-urlencoded", headers={"Accept-Language": language})
    assert answer.status_code == status, answer.content
    return ET.fromstring(answer.content) if path.endswith("xml") else answer.json()


def place(town: Community, grid: int = 0) -> dict[str, float]:
    lon, lat = town.point(grid)
    return {"lat": lat, "long": lon}


# -- reading ------------------------------------------------------------------------------------------------------------


def test_discovery_names_this_endpoint(town: Community) -> None:
    (endpoint,) = get("discovery.json")["endpoints"]
    assert endpoint["url"] == "http://testserver/open311/v2" and endpoint["formats"] == ["application/json", "text/xml"]
    assert get("discovery.xml").findtext("endpoints/endpoint/formats/format") == "application/json"


def test_services_and_their_definitions(town: Community) -> None:
    listed = get("services.json")
    cover = next(one for one in listed if one["service_code"] == "C-0101")
    assert cover["service_name"] == "Water manhole cover" and cover["metadata"] is True and cover["type"] == "realtime"
    assert get("services.xml").findtext("service/service_code") == listed[0]["service_code"]
    definition = get("services/C-0101.json")
    assert [value["key"] for value in definition["attributes"][0]["values"]] == ["missing", "noisy"]
    xml = get("services/C-0101.xml")
    assert xml.tag == "service_definition" and xml.findtext("attributes/attribute/values/value/key") == "missing"
    assert xml.findtext("attributes/attribute/variable") == "true"
    (error,) = get("services/C-0102.json", 404)
    assert error["code"] == 404 and "C-0101" in error["description"]


def test_a_public_matter_is_shown_without_what_is_not_public(town: Community) -> None:
    receipt = report(town, text="三轮车堵住消防通道，电话 13800001111", address="二单元 301")
    (shown,) = get("requests.json")
    assert shown["service_request_id"] == receipt.code and isinstance(shown["service_request_id"], str)
    assert shown["status"] == "open" and shown["service_name"] == "Fire lane blocked"
    assert "1380000" not in str(shown) and "301" not in str(shown)
    assert (shown["lat"], shown["long"]) != tuple(reversed(town.point())) and abs(shown["lat"] - town.point()[1]) < 0.01
    assert shown["requested_datetime"] == shown["updated_datetime"] == "2026-03-02T01:00:00Z" and shown["expected_datetime"] > shown["requested_datetime"]
    assert shown["agency_responsible"] and shown["zipcode"] is None and "extended_attributes" not in shown
    xml = get(f"requests/{receipt.code}.xml", extensions="true")
    assert xml.tag == "service_requests" and xml.findtext("request/extended_attributes/state") == "dispatched"


def test_what_is_not_public_is_not_there(town: Community) -> None:
    receipt = report(town, class_code="D-0101", text="吵架")
    assert get("requests.json") == []
    (error,) = get(f"requests/{receipt.code}.json", 404)
    assert error["code"] == 404
    assert get(f"requests/{receipt.code}.xml", 404).findtext("error/code") == "404"


def test_a_closed_one_says_what_was_done_and_when(town: Community) -> None:
    receipt = report(town)
    with write():
        only(act([Command(receipt.matter_id, Verb.SOLVE, MONDAY + timedelta(hours=1), text="已劝离")], actor=person("grid_head", town.grids[0].path)))
    (shown,) = get(f"requests/{receipt.code}.json")
    assert (shown["status"], shown["status_notes"], shown["updated_datetime"]) == ("closed", "已劝离", "2026-03-02T02:00:00Z")
    steps = get("servicerequestupdates.json")
    assert [(step["external_status_code"], step["status"]) for step in steps] == [("report", "open"), ("solve", "closed")]
    assert get("servicerequestupdates.xml", service_request_id=receipt.code).findtext("request_update/service_request_id") == receipt.code


def test_each_filter(town: Community) -> None:
    old = report(town, at=MONDAY - timedelta(days=100))
    far = report(town, grid=-1, class_code="C-0101", at=MONDAY - timedelta(days=10))
    new = report(town)
    with write():
        only(act([Command(far.matter_id, Verb.SOLVE, MONDAY - timedelta(days=10), text="好了")], actor=SYSTEM))

    def codes(**query: Any) -> set[str]:
        return {one["service_request_id"] for one in get("requests.json", **query)}

    assert codes() == {far.code, new.code} == codes(status="", service_code="", page="")
    assert codes(service_request_id=f"{old.code},{new.code}") == {old.code, new.code}
    assert codes(service_code="C-0101,NONE") == {far.code}
    assert codes(status="open") == {new.code} and codes(status="closed") == {far.code} and codes(status="open,closed") == {far.code, new.code}
    assert codes(end_date="2026-01-01T00:00:00Z") == {old.code}
    assert codes(start_date="2026-02-25T00:00:00+08:00") == {new.code}
    assert codes(start_date="2026-02-01T00:00:00 08:00", end_date="2026-02-28T00:00:00Z") == {far.code}
    assert codes(updated_after="2026-02-25T00:00:00Z") == {new.code} and codes(updated_before="2026-02-25T00:00:00Z") == {far.code}
    assert codes(**place(town), radius="400") == {new.code} and codes(**place(town, -1), radius="400") == {far.code}
    assert codes(page_size="1") == {new.code} and codes(page_size="1", page="2") == {far.code} and codes(page_size="1", page="3") == set()
    assert codes(**place(town), radius="20000", page_size="1", page="2") == {far.code}


UNASKABLE = [
    {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"},
    {"start_date": "yesterday"},
    {"start_date": "2026-01-01"},
    {"start_date": "0001-01-01T00:00:00+14:00"},
    {"status": "half-open"},
    {"page": "0"},
    {"page": "-1"},
    {"page_size": "9" * 30},
    {"lat": "NaN", "long": "1"},
    {"lat": "91", "long": "1"},
    {"lat": "1"},
    {"lat": "1", "long": "1", "radius": "inf"},
]


def test_what_cannot_be_asked_is_refused_and_said_why(town: Community) -> None:
    for query in UNASKABLE:
        (error,) = get("requests.json", 400, **query)
        assert error["code"] == 400 and error["description"], query


def test_strange_addresses_are_not_found(town: Community) -> None:
    for path in ("nothing.json", "requests/%00.json", "requests/' OR 1=1 --.json", "tokens/%F0%9F%98%80.json", "services/%E2%80%AE.json"):
        (error,) = get(path, 404)
        assert error["code"] == 404
    assert get("requests.json", service_request_id="\0,x") == []
    assert Client().put(f"{BASE}/services.json").status_code == 400


def test_jurisdiction(town: Community) -> None:
    from linli.directory.territory.selectors import ground

    assert get("services.json", jurisdiction_id=ground().root.code)
    (error,) = get("services.json", 404, jurisdiction_id="elsewhere.gov")
    assert "elsewhere.gov" in error["description"]


def test_a_page_takes_a_constant_number_of_queries(town: Community, django_assert_max_num_queries: Any) -> None:
    get("requests.json")
    for _ in range(12):
        report(town)
    with django_assert_max_num_queries(10):
        assert len(get("requests.json")) == 12


# -- reporting ---------------------------------------------------------------------------------------------------------------


def test_a_report_is_taken_and_found_again(town: Community, key: str) -> None:
    form = {
        "api_key": key,
        "service_code": "C-0101",
        **place(town),
        "description": "井盖 <b>没了</b> & 危险",
        "attribute[condition]": "noisy",
        "attribute[n][]": ["a", "b"],
        "email": "li@example.org",
        "first_name": "Li",
        "last_name": "Ming",
        "device_id": "d",
        "account_id": "a",
        "media_url": "https://example.org/a.jpg",
    }
    (answer,) = post(form)
    assert set(answer) == {"service_request_id", "service_notice", "account_id"}
    matter = Matter.objects.get(code=answer["service_request_id"])
    assert (matter.condition, matter.source, matter.text) == ("noisy", "open311", "井盖 <b>没了</b> & 危险")
    held = Report.objects.get()
    assert held.details == {"n": ["a", "b"], "media_url": "https://example.org/a.jpg"} and held.contact and not held.anonymous and held.language == "en"
    assert b"li@example.org" not in bytes(held.contact)
    raw = Client().get(f"{BASE}/requests/{matter.code}.xml").content
    assert b"<b>" not in raw and b"&lt;b&gt;" in raw
    assert get(f"tokens/{held.code}.json") == [{"service_request_id": matter.code, "token": held.code}]
    assert get(f"tokens/{held.code}.xml").findtext("request/service_request_id") == matter.code


def test_xml_answers_and_an_emergency(town: Community, key: str) -> None:
    xml = post({"api_key": key, "service_code": "E-0501", **place(town)}, path="requests.xml")
    assert xml.findtext("request/service_request_id") and "119" in (xml.findtext("request/service_notice") or "")
    assert xml.find("request/token") is None


def test_the_same_key_gives_the_first_number_again(town: Community, key: str) -> None:
    body = urlencode({"service_code": "E-0401", **place(town)})
    codes = {
        Client()
        .post(f"{BASE}/requests.json", body, content_type="application/x-www-form-urlencoded", headers={"Idempotency-Key": "k1", "X-API-Key": key})
        .json()[0]["service_request_id"]
        for _ in range(2)
    }
    assert len(codes) == 1 == Matter.objects.count()


REFUSED: list[tuple[dict[str, str], int, str]] = [
    ({"api_key": ""}, 403, "key"),
    ({"api_key": "linli_wrong"}, 403, "key"),
    ({"service_code": ""}, 400, "service_code"),
    ({"service_code": "C-0110"}, 404, "C-0101"),
    ({"service_code": "manhole cover"}, 404, "C-0101"),
    ({"service_code": "C-0101", "attribute[condition]": "misssing"}, 404, "C-0101/missing"),
    ({"lat": "north"}, 400, "lat"),
    ({"lat": "nan"}, 400, "nan"),
    ({"lat": "", "long": ""}, 400, "where"),
    ({"lat": "1", "long": "1"}, 400, "km"),
    ({"description": "x" * 4001}, 400, "4001"),
    ({"email": "nobody"}, 400, "email"),
    ({"phone": "9" * 40}, 400, "phone"),
    ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
    ({"jurisdiction_id": "elsewhere"}, 404, "elsewhere"),
    ({"attribute[ethnicity]": "x"}, 400, "ethnicity"),
    ({"attribute[民族]": "x"}, 400, "民族"),
    ({"description": "a\0b"}, 400, "UTF-8"),
]


def test_what_cannot_be_taken_is_refused_in_both_formats_and_nothing_is_stored(town: Community, key: str) -> None:
    for change, status, word in REFUSED:
        form = {"api_key": key, "service_code": "E-0401", **place(town), **change}
        form = {name: value for name, value in form.items() if value != ""}
        (error,) = post(form, status=status)
        assert error["code"] == status and word in error["description"], change
        assert post(form, path="requests.xml", status=status).findtext("error/code") == str(status)
        (chinese,) = post(form, status=status, language="zh-CN")
        assert chinese["code"] == status
    assert not Matter.objects.exists() and not Report.objects.exists()


def test_a_broken_body_is_refused(town: Community) -> None:
    for body in (b"service_code=%FF%FE&lat=1", b"service_code=\xff", b"&".join(b"a%d=1" % n for n in range(300)), b"description=" + b"x" * 70_000):
        (error,) = post(body, status=400)
        assert error["code"] == 400
    assert not Matter.objects.exists()


def picture() -> io.BytesIO:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(kept, "JPEG")
    kept.seek(0)
    kept.name = "photo.jpg"
    return kept


def test_uploads_go_with_the_report_and_stay_with_its_handlers(town: Community, key: str) -> None:
    answer = Client().post(f"{BASE}/requests.json", {"api_key": key, "service_code": "E-0401", **place(town), "attribute[a]": "1", "media": picture()})
    assert answer.status_code == 200, answer.content
    matter = Matter.objects.get(code=answer.json()[0]["service_request_id"])
    stored = StoredFile.objects.get()
    assert (stored.owner_type, stored.owner_id, stored.area_path) == ("matter", matter.id, matter.area_path)
    assert get("requests.json")[0]["media_url"] is None  # nobody has looked at it with the blur tool


def test_an_upload_that_lies_takes_the_report_with_it(town: Community, key: str) -> None:
    lie = io.BytesIO(b"<script>alert(1)</script>")
    lie.name = "photo.jpg"
    answer = Client().post(f"{BASE}/requests.json", {"api_key": key, "service_code": "E-0401", **place(town), "media": lie}, headers={"Accept-Language": "en"})
    assert answer.status_code == 400 and answer.json()[0]["description"]
    wrong_class = Client().post(f"{BASE}/requests.json", {"api_key": key, "service_code": "NONE", **place(town), "media": picture()})
    assert wrong_class.status_code == 404
    assert not Matter.objects.exists() and not StoredFile.objects.exists()


def test_a_photo_of_two_hundred_megabytes_is_refused_at_its_head_or_by_its_limit(town: Community, key: str) -> None:
    form = {"api_key": key, "service_code": "E-0401", **place(town)}
    huge = Client().post(f"{BASE}/requests.json", {**form, "media": picture()}, headers={"Accept-Language": "en"}, CONTENT_LENGTH="200000000")
    assert huge.status_code == 400 and "at most 100 MB" in huge.json()[0]["description"]
    heavy = picture()
    heavy.seek(0, io.SEEK_END)
    heavy.write(bytes(16_000_000))
    heavy.seek(0)
    answer = Client().post(f"{BASE}/requests.xml", {**form, "media": heavy}, headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 400 and "15" in (ET.fromstring(answer.content).findtext("error/description") or "")
    assert not Matter.objects.exists() and not StoredFile.objects.exists()


def test_a_note_of_another_system_needs_the_right_to_act(town: Community, key: str) -> None:
    receipt = report(town)
    form = {"api_key": key, "service_request_id": receipt.code, "update_id": "7", "description": "seen"}
    (error,) = post(form, path="servicerequestupdates.json", status=404)
    assert error["code"] == 404
    with write():
        _, desk = create_api_key(actor=SYSTEM, at=MONDAY, name="desk", role="street_duty")
    assert post({**form, "api_key": desk}, path="servicerequestupdates.json") == [{"update_id": "7", "account_id": None}]
    assert post({**form, "api_key": desk}, path="servicerequestupdates.json") == [{"update_id": "7", "account_id": None}]
    assert Matter.objects.get().version == 2
