"""Ledgers on the phone: of the places that an own duty is about, each leaf written once from when it happened; who wrote meanwhile is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.directory.territory.services.records import import_records
from linli.engines.duties.inspections.models import Leaf
from linli.engines.duties.inspections.services.leaves import LEAF_FILES
from linli.engines.duties.models import Occurrence
from linli.interfaces.field import ledgers
from linli.interfaces.printing import name_as_picture
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.integration.field.test_sync import results, send, snapshot
from tests.integration.inspections.made import DAY, HOUR, MORNING, REGISTERED, Town
from tests.integration.inspections.made import town as fishing_town

NOON = MORNING + 3 * HOUR


@pytest.fixture
def town(committed: None) -> Town:
    found = fishing_town()
    found.census(at=MORNING - timedelta(days=365))
    found.run(NOON)
    return found


def clock(at: datetime) -> None:
    with write():
        set_clock(to=at)


def phone(town: Town, grid: int = 0, *, level: str = "grid") -> Client:
    with write():
        user = create_user(actor=SYSTEM, at=MORNING, username=f"{level}{grid}{Client().session.session_key}", password="a long enough password")
        who = organisation().appointee(town.community.head(level, grid).id, MORNING)
        link_user(actor=SYSTEM, at=MORNING, person_id=who, user_id=user.pk)  # type: ignore[arg-type]
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def leaf(town: Town, code: str, verb: str, key: str, at: datetime = NOON, **given: Any) -> dict[str, Any]:
    plain = {"kind": "ledgers", "key": f"key-{key}", "at": at.isoformat(), "subject": f"place:{town.hotel}:{code}", "version": 1, "verb": verb}
    return {**plain, **given}


def told(answer: Any) -> Any:
    (one,) = answer.json()["results"]
    return one


def test_the_places_of_own_duties_are_carried_and_nobody_to_reach(town: Town) -> None:
    town.write("contact", {"name": "前台值班", "phone": "010-5550100"}, at=NOON)
    carried = snapshot(phone(town))["kinds"]["ledgers"]
    hotel = next(one for one in carried["places"] if one["id"] == f"place:{town.hotel}")
    found = {one["form"]: one for one in hotel["leaves"]}
    assert found["staff"]["answers"] == {"staff": 12} and found["staff"]["due"] and found["staff"]["fits"]
    assert (found["contact"]["answers"], found["contact"]["schema"], found["contact"]["version"]) == (None, "", 1)
    assert "5550100" not in str(carried) and str(Occurrence.objects.get(rule="census_places", subject__ref=town.hotel).id) in hotel["duties"]
    assert f"place:{town.hotel}" not in [one["id"] for one in snapshot(phone(town, 5))["kinds"]["ledgers"]["places"]]


def test_what_was_done_there_counts_from_then_and_once(town: Town) -> None:
    client = phone(town)
    clock(NOON + 2 * DAY)
    batch = [leaf(town, "staff", "write", "count", form={"staff": 14}), leaf(town, "registration", "confirm", "still", NOON + HOUR)]
    first, second = (send(client, *batch).json()["results"] for _ in range(2))
    assert [(one["status"], one["version"], one["repeated"]) for one in first] == [("done", 2, False)] * 2
    assert [(one["status"], one["version"], one["repeated"]) for one in second] == [("done", 2, True)] * 2
    written = {one.form: one for one in Leaf.objects.filter(version=2)}
    assert (written["staff"].answers, written["staff"].at) == ({"staff": 14}, NOON)
    assert (written["registration"].answers, written["registration"].at) == (REGISTERED, NOON + HOUR)


def test_whoever_wrote_meanwhile_is_shown_and_nothing_is_written_over(town: Town) -> None:
    town.write("staff", {"staff": 20}, version=1, at=NOON)
    clock(NOON + HOUR)
    asked = told(send(phone(town), leaf(town, "staff", "write", "mine", form={"staff": 14})))
    assert (asked["status"], asked["code"]) == ("conflict", "inspections.leaf_changed")
    assert (asked["present"]["version"], asked["present"]["answers"]) == (2, {"staff": 20}) and asked["present"]["by"]
    assert Leaf.objects.get(form="staff", current=True).answers == {"staff": 20}


def test_what_builds_on_a_refused_leaf_is_held(town: Town) -> None:
    client = phone(town)
    bad = leaf(town, "staff", "write", "bad", form={"staff": -1})
    behind = leaf(town, "staff", "confirm", "behind", NOON, after="key-bad", version=0)
    assert results(send(client, bad, behind)) == [("bad", "refused"), ("behind", "held")]
    assert not Leaf.objects.filter(version=2).exists()


def test_a_pledge_is_signed_on_the_phone_once(town: Town) -> None:
    client, form = phone(town), {"signed": True, "on": "2026-01-05"}
    clock(NOON + HOUR)
    hotel = next(one for one in snapshot(client)["kinds"]["ledgers"]["places"] if one["id"] == f"place:{town.hotel}")
    assert {one["form"]: one["needs"] for one in hotel["leaves"]} == {
        "registration": [],
        "staff": [],
        "safety_pledge": ["signature"],
        "fire_pledge": ["signature"],
        "contact": [],
    }
    bare = leaf(town, "safety_pledge", "write", "bare", form=form)
    lost = leaf(town, "safety_pledge", "write", "lost-on-the-way", form=form, signed=True)
    unasked = leaf(town, "staff", "write", "unasked", form={"staff": 3}, signed=True)
    confirmed = leaf(town, "fire_pledge", "confirm", "confirm", signed=True)
    whole = leaf(town, "safety_pledge", "write", "whole", form=form, signed=True)
    files = {f"signature:key-{key}": name_as_picture("王芳") for key in ("whole", "unasked", "confirm")}
    answer = send(client, bare, lost, unasked, confirmed, whole, photos=files)
    assert [one.get("code", one["status"]) for one in answer.json()["results"]] == [
        "inspections.signature_missing", "field.bad_parcel", "inspections.not_asked_for", "field.bad_parcel", "done",
    ]  # fmt: skip
    again = told(send(client, whole, photos=files))
    assert (again["status"], again["version"], again["repeated"]) == ("done", 2, True)
    written = Leaf.objects.get(form="safety_pledge", version=2)
    assert written.at == NOON and StoredFile.objects.filter(owner_type=LEAF_FILES, owner_id=written.id).count() == 1
    assert StoredFile.objects.filter(owner_type=LEAF_FILES).count() == 3  # and the two of last year's pledges


def test_who_may_not_and_what_cannot_be_is_refused_with_the_reason(town: Town) -> None:
    client, stranger = phone(town), phone(town, 5)
    clock(NOON)
    refused = {
        "future": (client, leaf(town, "staff", "write", "future", NOON + DAY, form={"staff": 1}), "duties.from_the_future"),
        "old": (client, leaf(town, "staff", "write", "long-ago", NOON - 60 * DAY, form={"staff": 1}), "inspections.out_of_time"),
        "unknown": (client, leaf(town, "nothing", "write", "unknown", form={"staff": 1}), "inspections.no_such_form"),
        "empty": (client, leaf(town, "contact", "confirm", "empty", version=0), "inspections.nothing_to_confirm"),
        "names": (client, leaf(town, "staff", "write", "names", form={"staff": 1, "names": "张三"}), "duties.bad_form"),
        "stranger": (stranger, leaf(town, "staff", "write", "stranger", form={"staff": 1}), "access.forbidden"),
        "strange-confirm": (stranger, leaf(town, "staff", "confirm", "strange-confirm"), "access.forbidden"),
    }
    found = {name: told(send(who, one))["code"] for name, (who, one, _) in refused.items()}
    assert found == {name: code for name, (_, _, code) in refused.items()}
    assert told(send(client, {**leaf(town, "staff", "burn", "verb"), "version": 1}))["code"] == "field.bad_parcel"
    assert not Leaf.objects.filter(version=2).exists()


def test_many_places_cost_as_many_queries_as_one(town: Town) -> None:
    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as seen:
            carried = ledgers.LANE.carried(actor=town.actor(), at=NOON + HOUR)
        assert carried is not None
        return len(carried["places"]), len(seen)

    cost()  # what is read once only is read here
    few, queries = cost()
    more = [RecordSource(f"T-more-{n}", {"zh": f"旅馆{n}"}, class_code="hotel", point=town.community.point()) for n in range(5)]
    with write():
        import_records(actor=SYSTEM, at=NOON, kind=RecordKind.PLACE, records=more)
    town.run(NOON + HOUR)
    cost()
    assert cost() == (few + 5, queries)
