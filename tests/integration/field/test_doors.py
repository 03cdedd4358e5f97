"""Doors on the phone: only one's own, tried and ended from when it happened, each once; whoever else was there meanwhile is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import NewPerson, enter_person, link_user
from linli.engines.duties.campaigns.models import Attempt, Helper, Target
from linli.engines.duties.campaigns.rules.doors import Outcome
from linli.engines.duties.campaigns.services import running as services
from linli.engines.duties.campaigns.services import sharing
from linli.interfaces.field import doors
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.campaigns.test_campaigns import DAY, HOUR, Street, make
from tests.integration.field.test_sync import results, send, snapshot


@pytest.fixture
def street(committed: None, tmp_path: Path) -> Street:
    made = make(tmp_path)
    campaign = made.start()
    made.lay(campaign)
    share(made, 0, 1)
    clock(MONDAY + 4 * HOUR)
    return made


def share(street: Street, *grids: int) -> None:
    """Have the heads of these grids help, and nobody else, and share all staircases out."""
    common = {"actor": street.leader(), "at": MONDAY, "campaign_id": Target.objects.values_list("campaign_id", flat=True)[0]}
    with write():
        for person in list(Helper.objects.values_list("person_id", flat=True)):
            sharing.drop_helper(**common, person_id=person)
        for grid in grids:
            sharing.add_helper(**common, person_id=street.helper(grid).person_id)  # type: ignore[arg-type]
        sharing.share_staircases(**common)


def clock(at: datetime) -> None:
    with write():
        set_clock(to=at)


def phone(street: Street, grid: int = 0, *, level: str = "grid", person: bool = True) -> Client:
    with write():
        user = create_user(actor=SYSTEM, at=MONDAY, username=f"{level}{grid}{person}", password="a long enough password")
        if person:
            who = organisation().appointee(street.town.head(level, grid).id, MONDAY)
            link_user(actor=SYSTEM, at=MONDAY, person_id=who, user_id=user.pk)  # type: ignore[arg-type]
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def volunteer(street: Street) -> Client:
    """Somebody of the directory without any post, to whom all the doors are given."""
    campaign = Target.objects.values_list("campaign_id", flat=True)[0]
    with write():
        user = create_user(actor=SYSTEM, at=MONDAY, username="volunteer", password="a long enough password")
        who = enter_person(actor=SYSTEM, at=MONDAY, person=NewPerson("V-1", "王志愿"))
        link_user(actor=SYSTEM, at=MONDAY, person_id=who, user_id=user.pk)
        Helper.objects.all().delete()
        Helper.objects.create(campaign_id=campaign, person_id=who, at=MONDAY, recorded_at=MONDAY)  # as a team's member would be
        sharing.share_staircases(actor=street.leader(), at=MONDAY, campaign_id=campaign)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def carried(client: Client) -> dict[str, Any]:
    held: dict[str, Any] = snapshot(client)["kinds"]["doors"]
    return held


def door(street: Street, room: str = "101", unit: str = "1") -> Target:
    return Target.objects.get(room=room, unit=unit)


def tap(target: Target, outcome: str, key: str, at: datetime = MONDAY + 2 * HOUR, **given: Any) -> dict[str, Any]:
    return {"kind": "doors", "key": f"key-{key}", "at": at.isoformat(), "subject": str(target.id), "version": 0, "verb": outcome, **given}


def told(answer: Any) -> Any:
    (one,) = answer.json()["results"]
    return one


def test_a_phone_holds_its_own_staircases_and_says_whom_to_try_when(street: Street) -> None:
    street.note(door(street), Outcome.NOT_HOME, MONDAY + HOUR)
    (mine,) = carried(phone(street))["lists"]
    (theirs,) = carried(phone(street, 1))["lists"]
    assert (mine["title"], theirs["title"]) == ("幸福里 3号楼 1", "幸福里 3号楼 2")
    assert [one["room"] for one in mine["doors"]] == ["301", "302", "201", "202", "101", "102"]
    tried, fresh = mine["doors"][4], mine["doors"][5]
    assert (tried["tries"], tried["advice"], tried["part"], tried["not_before"][:10]) == (1, "then", "afternoon", "2026-03-03")
    assert (fresh["tries"], fresh["advice"], fresh["result"]) == (0, "any_time", "")
    assert (mine["ways"], mine["retries"], mine["retry_hours"]) == (["done", "not_home", "refused"], 3, 20)
    assert set(fresh) == {"id", "room", "label", "tries", "last_try", "result", "advice", "part", "not_before", "mine"}  # an address and what was tried, nobody


def test_an_evening_on_the_stairs_counts_from_when_it_happened(street: Street) -> None:
    one, two = door(street), door(street, "102")
    client = phone(street)
    answer = send(
        client, tap(one, "not_home", "first", MONDAY + HOUR), tap(two, "refused", "second", MONDAY + 2 * HOUR),
        tap(one, "done", "third", MONDAY + 3 * HOUR, after="key-first", version=1),
    )  # fmt: skip
    assert results(answer) == [("first", "done"), ("second", "done"), ("third", "done")]
    assert [one["version"] for one in answer.json()["results"]] == [1, 1, 2]
    assert list(Attempt.objects.order_by("at").values_list("outcome", "at")) == [
        ("not_home", MONDAY + HOUR), ("refused", MONDAY + 2 * HOUR), ("done", MONDAY + 3 * HOUR),
    ]  # fmt: skip
    held = {item["room"]: item["result"] for item in carried(client)["lists"][0]["doors"]}
    assert (held["101"], held["102"], held["201"]) == ("done", "refused", "")


def test_sent_twice_noted_once(street: Street) -> None:
    client = phone(street)
    first, second = (told(send(client, tap(door(street), "not_home", "again"))) for _ in range(2))
    assert (first["repeated"], second["repeated"], first["version"], second["version"]) == (False, True, 1, 1)
    assert Attempt.objects.count() == 1


def test_a_tap_by_mistake_is_taken_back_after_it_was_sent(street: Street) -> None:
    target, client = door(street), phone(street)
    send(client, tap(target, "done", "mistake"))
    (held,) = [item for item in carried(client)["lists"][0]["doors"] if item["id"] == str(target.id)]
    assert (held["result"], held["mine"]) == ("done", True)
    answer = send(client, tap(target, "take_back", "back", MONDAY + 3 * HOUR), tap(target, "not_home", "truly", MONDAY + 3 * HOUR))
    assert results(answer) == [("back", "done"), ("truly", "done")]
    assert told(send(client, tap(target, "take_back", "back", MONDAY + 3 * HOUR)))["repeated"] is True  # the answer was lost: said again
    (held,) = [item for item in carried(client)["lists"][0]["doors"] if item["id"] == str(target.id)]
    assert (held["result"], held["tries"], held["mine"]) == ("", 1, True)
    other = told(send(phone(street, 2), tap(target, "take_back", "another")))
    assert other["code"] == "campaigns.no_such_target"
    send(client, tap(target, "take_back", "the-rest", MONDAY + 3 * HOUR))
    nothing = told(send(client, tap(target, "take_back", "nothing", MONDAY + 3 * HOUR)))
    assert (nothing["status"], nothing["code"]) == ("conflict", "campaigns.nothing_to_take_back")


def test_news_of_before_the_end_is_taken_though_the_campaign_was_ended_by_hand(street: Street) -> None:
    target = door(street)
    with write():
        services.end_campaign(actor=street.leader(), at=MONDAY + 3 * HOUR, campaign_id=target.campaign_id)
    client = phone(street)
    assert carried(client)["lists"] == []
    assert results(send(client, tap(target, "done", "before", MONDAY + 2 * HOUR))) == [("before", "done")]
    late = told(send(client, tap(door(street, "102"), "done", "afterwards", MONDAY + 3 * HOUR)))
    assert (late["status"], late["code"], late["present"]["over"]) == ("conflict", "campaigns.over", True)
    assert Attempt.objects.count() == 1


def test_a_day_after_the_last_one_is_told_and_what_was_done_in_time_is_taken(street: Street) -> None:
    client, end = phone(street), datetime.fromisoformat("2026-04-01T09:00:00+08:00")
    clock(end)
    answer = send(client, tap(door(street), "done", "too-late", end), tap(door(street, "102"), "done", "in-time", end - DAY))
    assert results(answer) == [("too-late", "conflict"), ("in-time", "done")]
    assert answer.json()["results"][0]["code"] == "campaigns.outside"


def test_somebody_else_was_there_meanwhile_and_is_told_without_a_name(street: Street) -> None:
    target = door(street)
    street.note(target, Outcome.NOT_HOME, MONDAY + HOUR)
    street.note(target, Outcome.DONE, MONDAY + 2 * HOUR)
    client = phone(street)
    met = told(send(client, tap(target, "refused", "my-result", MONDAY + 3 * HOUR)))
    assert (met["status"], met["code"], met["present"]["door"]["result"]) == ("conflict", "campaigns.ended_already", "done")
    assert [(one["outcome"], one["mine"]) for one in met["present"]["tries"]] == [("not_home", False), ("done", False)]
    assert set(met["present"]["tries"][0]) == {"at", "outcome", "mine"}
    assert results(send(client, tap(target, "not_home", "old-news", MONDAY + 90 * timedelta(minutes=1)))) == [("old-news", "done")]  # before it was ended
    assert Attempt.objects.count() == 3


def test_a_leaflet_is_the_last_way_on_the_phone_too(street: Street) -> None:
    client, target = phone(street), door(street)
    early = told(send(client, tap(target, "leaflet", "too-early")))
    assert (early["status"], early["code"]) == ("conflict", "campaigns.leaflet_too_early") and "3" in early["message"]
    clock(MONDAY + 4 * DAY)
    send(client, *(tap(target, "not_home", f"closed-{n}", MONDAY + n * DAY) for n in range(3)))
    held = next(item for item in carried(client)["lists"][0]["doors"] if item["id"] == str(target.id))
    assert (held["tries"], held["advice"]) == (3, "leaflet")
    assert results(send(client, tap(target, "leaflet", "last-way", MONDAY + 3 * DAY))) == [("last-way", "done")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"verb": "moved"}, {"subject": "101"}, {"text": "王家"}, {"form": {"well": True}}, {"lon": 121.0, "lat": 31.0}, {"units": ["x"]},
        {"reason": "x"}, {"also": [{"subject": "x", "version": 0}]},
    ],
)  # fmt: skip
def test_what_is_no_attempt_is_refused_and_the_rest_is_done(street: Street, wrong: dict[str, Any]) -> None:
    """Nothing is written down about a door, and where the phone was is not asked."""
    answer = send(phone(street), {**tap(door(street), "done", "the-wrong"), **wrong}, tap(door(street), "done", "the-right"))
    assert [status for _, status in results(answer)] == ["refused", "done"]
    assert answer.json()["results"][0]["code"] == "field.bad_parcel"


def test_nobody_notes_at_doors_that_are_not_theirs(street: Street) -> None:
    client = phone(street, 5)  # the head of another grid, who has no door here
    assert carried(client) == {"lists": [], "left_out": 0}
    for target in (str(door(street).id), str(uuid4())):
        refused = told(send(client, {**tap(door(street), "done", "elsewhere"), "subject": target}))
        assert (refused["status"], refused["code"]) == ("refused", "campaigns.no_such_target") and "present" not in refused
    assert Attempt.objects.count() == 0


def test_who_has_no_post_and_is_in_no_team_has_no_field_app_and_a_helper_without_a_post_has_doors_alone(street: Street) -> None:
    stranger = phone(street, person=False)
    for address in ("/field/", "/field/snapshot"):
        assert stranger.get(address, HTTP_ACCEPT="application/json").status_code == 403
    refused = stranger.post("/field/sync", {"who": "x", "actions": "[]"}, HTTP_ACCEPT="application/json")
    assert refused.status_code == 403
    helper = volunteer(street)
    assert helper.get("/field/").status_code == 200
    held = snapshot(helper)
    assert "matters" not in held["kinds"] and held["areas"] == [] and held["kinds"]["duties"]["items"] == []
    assert len(held["kinds"]["doors"]["lists"]) == 2
    assert results(send(helper, tap(door(street), "done", "a-helper"))) == [("a-helper", "done")]


def test_as_many_questions_for_three_hundred_doors_as_for_few(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    client = phone(street)
    who = snapshot(client)["who"]["id"]
    send(client, tap(door(street), "done", "warm-up"), who=who)
    with CaptureQueriesContext(connection) as few:
        snapshot(client)
    with CaptureQueriesContext(connection) as single:
        send(client, tap(door(street, "102"), "not_home", "single-one"), who=who)
    campaign = door(street).campaign_id
    for number in range(5):
        street.lay(campaign, building=f"{number + 10}号楼", units=5, floors=6)
    share(street, 0)
    with CaptureQueriesContext(connection) as many:
        held = carried(client)
    assert sum(len(one["doors"]) for one in held["lists"]) == 312 and len(held["lists"]) == 27 and held["left_out"] == 0
    assert len(many) <= len(few)
    batch = [tap(target, "done", f"many-{n:03}") for n, target in enumerate(Target.objects.filter(attempts=None)[:50])]
    with CaptureQueriesContext(connection) as together:
        assert {status for _, status in results(send(client, *batch, who=who))} == {"done"}
    assert len(together) <= len(single)
    monkeypatch.setattr(doors, "MOST", 100)
    held = carried(client)
    assert (sum(len(one["doors"]) for one in held["lists"]), held["left_out"]) == (100, 212)
