"""Ledgers through the JSON API: what a key of the area reads, page by page, and what it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.kernel.access.rules import REPORTER, SYSTEM
from linli.kernel.access.services.api_keys import create_api_key
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import community
from tests.integration.inspections.made import HOUR, MORNING, REGISTERED, Town, town

Call = Callable[..., Any]


@pytest.fixture
def place(db: None) -> Town:
    return town()


@pytest.fixture
def call(place: Town) -> Call:
    return caller({"head": ("grid_head", place.community.grids[0].path), "member": ("grid_member", place.community.grids[0].path),
                   "other": ("grid_head", place.community.grids[5].path), "reporter": (REPORTER, "")})  # fmt: skip


def caller(roles: dict[str, tuple[str, str]]) -> Call:
    with write():
        set_clock(to=MORNING + 2 * HOUR)
        keys = {name: create_api_key(actor=SYSTEM, at=MORNING, name=name, role=role, area_path=path)[1] for name, (role, path) in roles.items()}

    def do(path: str, *, as_: str = "head", status: int = 200, **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {keys[as_]}"} if as_ else {}
        answer = Client().get(f"/api/v1/{path}", query, headers={"Accept-Language": "en", **headers})
        assert answer.status_code == status, answer.content
        return answer.json()

    return do


def test_the_places_of_an_area_by_kind_page_by_page(place: Town, call: Call) -> None:
    everything, after = [], ""
    while True:
        page = call("places", limit=1, **({"after": after} if after else {}))
        assert len(page["items"]) == 1
        everything += page["items"]
        after = page["next"]
        if after is None:
            break
    assert {one["label"] for one in everything} >= {"福来旅馆", "三巷五号", "永兴加工厂"} and len({one["id"] for one in everything}) == len(everything)
    assert {one["kind"] for one in call("places", kind="entity", limit=200)["items"]} == {"entity"}
    rentals = call("places", stake="rental", area=place.community.grids[0].code)["items"]
    assert [one["label"] for one in rentals] == ["三巷五号"] and "Registration" in [names["en"] for names in rentals[0]["lacking"]]
    assert call("places", area=place.community.grids[1].code)["items"] == []  # another's grid
    place.write("registration", REGISTERED)
    hotel = next(one for one in call("places", missing="registration", limit=200)["items"] + [{"label": ""}] if one["label"] in ("福来旅馆", ""))
    assert hotel["label"] == ""


def test_one_leaf_with_its_history_and_a_contact_only_for_those_who_may(place: Town, call: Call) -> None:
    place.write("registration", REGISTERED)
    place.write("registration", {**REGISTERED, "exits": 3}, version=1)
    place.write("contact", {"name": "前台", "phone": "010-5550100"})
    address = f"places/place/{place.hotel}"
    ledger = call(address)
    leaves = {leaf["code"]: leaf for leaf in ledger["leaves"]}
    assert ledger["label"] == "福来旅馆" and not leaves["registration"]["lacking"] and leaves["staff"]["current"] is None
    assert list(leaves["registration"]["form"]["properties"])[:2] == ["operator", "licence"]
    story = call(f"{address}/leaves/registration")
    assert (story["current"]["version"], story["current"]["answers"]["exits"]) == (2, 3)
    assert [(one["version"], one["answers"]["exits"]) for one in story["older"]] == [(1, 2)]
    assert call(f"{address}/leaves/contact")["current"]["answers"]["phone"] == "010-5550100"
    assert call(f"{address}/leaves/contact", as_="member")["current"]["answers"] is None
    assert call(f"{address}/leaves/nothing", status=404)["code"] == "inspections.no_such_form"


def test_who_may_not_is_refused_and_what_is_wrong_is_said(place: Town, call: Call) -> None:
    address = f"places/place/{place.hotel}"
    for path in ("places", address, f"{address}/leaves/registration"):
        assert call(path, as_="", status=401) and call(path, as_="reporter", status=403)
    assert call(address, as_="other", status=404)["code"] == "inspections.no_such_place"
    assert call(f"{address}/leaves/registration", as_="other", status=404)["code"] == "inspections.no_such_place"
    assert call("places", as_="other", limit=200)["items"] == [] or "福来旅馆" not in str(call("places", as_="other", limit=200))
    assert call("places", area="nowhere", status=404)
    assert call("places", after="x", status=400)["code"] == "api.bad_cursor"
    assert call("places", kind="street", status=400)["field"] == "kind"
    assert call(f"places/street/{place.hotel}", status=400)


def test_as_many_questions_for_many_places_as_for_one(place: Town, call: Call) -> None:
    call("places", limit=1)
    counts = []
    for limit in (1, 3):
        with CaptureQueriesContext(connection) as asked:
            assert len(call("places", limit=limit)["items"]) == limit
        counts.append(len(asked))
    assert counts[1] <= counts[0]


def test_a_community_without_ledgers_has_none(db: None) -> None:
    made = community(at=MORNING)
    call = caller({"desk": ("street_duty", made.streets[0].path)})
    assert call("places", as_="desk", status=403)["code"] == "access.forbidden"
