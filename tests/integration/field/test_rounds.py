"""Rounds on the phone: carried ahead, walked without signal, judged at the time when it was done, each once; no rule is softer for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.engines.duties.patrols.models import CheckIn, LoneWatch, Round
from linli.engines.duties.patrols.rules.codes import Shown
from linli.engines.duties.patrols.services import routes
from linli.engines.duties.patrols.services.proofs import code_of
from linli.engines.duties.patrols.tasks import sweep_slots
from linli.engines.duties.shifts.services import rosters as shift_services
from linli.kernel.access.models import User
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.field.test_sync import results, send, snapshot
from tests.integration.patrols.made import HOUR, MINUTE, TAG, Beaten, beaten_town


@pytest.fixture
def beaten(committed: None, tmp_path: Path) -> Beaten:
    town = beaten_town(tmp_path)
    town.sign("bob")
    town.sign("cid")
    return town


def clock(at: datetime) -> None:
    with write():
        set_clock(to=at)


def phone(name: str = "bob") -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(User.objects.get(username=name))
    return client


def carried(client: Client) -> Any:
    return snapshot(client)["kinds"]["rounds"]


def told(answer: Any) -> Any:
    (one,) = answer.json()["results"]
    return one


def step(beaten: Beaten, verb: str, key: str, at: datetime, **given: Any) -> dict[str, Any]:
    return {"kind": "rounds", "key": f"key-{key}", "at": at.isoformat(), "subject": str(beaten.route), "version": 0, "verb": verb, **given}


def met(beaten: Beaten, name: str, key: str, at: datetime, *, read: datetime | None = None, **given: Any) -> dict[str, Any]:
    """A checkpoint met at ``at`` with what it showed at ``read``."""
    spot = beaten.spot(name)
    proof = beaten.proof(name, read or at)
    form: dict[str, Any] = {"code": proof.code} if proof.code else {"tag": proof.tag} if proof.tag else {"spot": str(spot.id), "accuracy": 8}
    place = {"lon": spot.lon, "lat": spot.lat} if proof.checkpoint else {}
    return step(beaten, "check_in", key, at, **{"subject": f"{beaten.route}:{key}", "form": form, **place, **given})


def test_the_evening_s_beats_are_carried_ahead_and_hold_no_code_and_no_place(beaten: Beaten) -> None:
    client = phone()
    held = carried(client)
    (beat,) = held["beats"]
    starts = beaten.shift().starts_at
    assert (beat["route"], beat["stand"], beat["starts_at"]) == (str(beaten.route), str(beaten.shift().id), starts.isoformat())
    assert (beat["minutes"], beat["grace"], beat["slots"], beat["met"]) == (60, 10, 3, [])
    assert [(spot["names"]["en"], spot["shown"]) for spot in beat["spots"]] == [
        ("East gate", "sheet"), ("Guard room", "display"), ("Pump room", "nfc"), ("River bank", "position"),
    ]  # fmt: skip
    assert set(beat["spots"][0]) == {"id", "names", "shown"} and (held["round"], held["watch"]) == (None, None)
    body = client.get("/field/snapshot").content.decode()
    assert code_of(beaten.spot("East gate"), starts).token not in body and TAG not in body
    assert "matters" not in snapshot(client)["kinds"] and snapshot(client)["kinds"]["shifts"]["items"]
    assert carried(phone("ann"))["beats"] == []  # in the team, not in the shift


def test_a_round_without_signal_counts_from_when_it_happened(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + 5 * HOUR)  # the phone was off line until long after the shift
    names = ("East gate", "Guard room", "Pump room", "River bank")
    walk = [met(beaten, name, f"spot-{n}", starts + (10 + n) * MINUTE, after="key-set-out") for n, name in enumerate(names)]
    answer = send(phone(), step(beaten, "start", "set-out", starts + 5 * MINUTE), *walk, step(beaten, "finish", "back", starts + 20 * MINUTE))
    assert [status for _, status in results(answer)] == ["done"] * 6
    walked = Round.objects.get()
    assert (walked.started_at, walked.finished_at) == (starts + 5 * MINUTE, starts + 20 * MINUTE)
    assert list(CheckIn.objects.order_by("at").values_list("at", "slot", "near")) == [
        (starts + 10 * MINUTE, 0, None), (starts + 11 * MINUTE, 0, None), (starts + 12 * MINUTE, 0, None), (starts + 13 * MINUTE, 0, True),
    ]  # fmt: skip
    assert not LoneWatch.objects.exists()  # old news begins no watch: nobody would have heard


def test_sent_twice_done_once(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + 40 * MINUTE)
    batch = [step(beaten, "start", "set-out", starts), met(beaten, "East gate", "gate", starts + MINUTE), step(beaten, "finish", "back", starts + 9 * MINUTE)]
    first, second = (send(phone(), *batch).json()["results"] for _ in range(2))
    assert [(one["status"], one["repeated"]) for one in first] == [("done", False)] * 3
    assert [(one["status"], one["repeated"]) for one in second][:2] == [("done", True)] * 2 and second[2]["status"] == "done"
    assert (Round.objects.count(), CheckIn.objects.count(), Round.objects.get().finished_at) == (1, 1, starts + 9 * MINUTE)


def test_an_end_that_the_clock_came_before_is_no_question(beaten: Beaten) -> None:
    shift = beaten.shift()
    clock(shift.starts_at + 2 * MINUTE)
    client = phone()
    send(client, step(beaten, "start", "set-out", shift.starts_at + MINUTE))
    sweep_slots(shift.ends_at + HOUR)  # nobody ended it: the clock did, at the last thing it knew
    clock(shift.ends_at + 2 * HOUR)
    assert Round.objects.get().finished_at == shift.starts_at + MINUTE
    assert results(send(client, step(beaten, "finish", "late-end", shift.ends_at - MINUTE))) == [("late-end", "done")]
    assert Round.objects.get().finished_at == shift.starts_at + MINUTE


def test_a_copied_an_expired_and_a_future_code_stay_refused_at_the_time_when_they_were_read(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + 3 * HOUR)
    at, room = starts + 30 * MINUTE, beaten.spot("Guard room")
    client = phone()
    for key, read, code in (("photographed", at - HOUR, "patrols.code_expired"), ("tomorrow", at + HOUR, "patrols.code_ahead")):
        refused = told(send(client, met(beaten, "Guard room", key, at, read=read)))
        assert (refused["status"], refused["code"]) == ("conflict", code)
    forged = code_of(room, at).token[:-4] + "AAAA"
    assert told(send(client, met(beaten, "Guard room", "forged-one", at, form={"code": forged})))["code"] == "patrols.not_a_code"
    assert results(send(client, met(beaten, "Guard room", "read-then", at))) == [("read-then", "done")]
    again = told(send(client, met(beaten, "Guard room", "replayed", at + MINUTE)))
    assert (again["status"], again["code"]) == ("conflict", "patrols.met_already")
    assert [one["spot"] for one in again["present"]["met"]] == [str(room.id)]
    early = told(send(client, met(beaten, "East gate", "from-future", starts + 4 * HOUR)))
    assert early["code"] == "duties.from_the_future"
    assert CheckIn.objects.count() == 1


def test_eight_letters_typed_then_count_for_their_checkpoint(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + 2 * HOUR)
    at = starts + 20 * MINUTE
    letters = code_of(beaten.spot("Guard room"), at).short.lower()
    assert results(send(phone(), step(beaten, "check_in", "letters-1", at, form={"code": letters}))) == [("letters-1", "done")]
    assert CheckIn.objects.get().checkpoint_id == beaten.spot("Guard room").id


def test_elsewhere_is_refused_and_where_the_phone_was_is_kept_nowhere(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + HOUR)
    far = {"lon": beaten.spot("East gate").lon + 0.02, "lat": beaten.spot("East gate").lat}
    refused = told(send(phone(), met(beaten, "East gate", "from-home", starts + MINUTE, **far)))
    assert (refused["status"], refused["code"]) == ("conflict", "patrols.not_there")
    assert not CheckIn.objects.exists() and not Round.objects.exists()  # nothing half-written
    no_place = {"lon": None, "lat": None}
    assert told(send(phone(), met(beaten, "River bank", "no-place-1", starts + MINUTE, **no_place)))["code"] == "patrols.position_needed"
    vague = {"form": {"spot": str(beaten.spot("River bank").id), "accuracy": 900}}
    assert told(send(phone(), met(beaten, "River bank", "too-vague", starts + MINUTE, **vague)))["code"] == "patrols.position_needed"


def test_a_colleague_met_it_meanwhile(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + HOUR)
    beaten.meet("cid", "East gate", starts + 3 * MINUTE)
    second = told(send(phone(), met(beaten, "East gate", "me-too", starts + 4 * MINUTE)))
    assert (second["status"], second["code"], len(second["present"]["met"])) == ("conflict", "patrols.met_already", 1)
    (beat,) = carried(phone())["beats"]
    assert [(one["spot"], one["slot"]) for one in beat["met"]] == [(str(beaten.spot("East gate").id), 0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"verb": "dance"}, {"subject": "x"}, {"text": "x"}, {"units": ["x"]}, {"form": None}, {"form": {}}, {"form": {"code": 7}},
        {"form": {"code": "ABCDEFGH", "tag": TAG}}, {"form": {"spot": "x"}}, {"form": {"code": "ABCDEFGH", "accuracy": "x"}}, {"lon": 121.0},
    ],
)  # fmt: skip
def test_what_is_no_step_of_a_round_is_refused_and_the_rest_is_done(beaten: Beaten, wrong: dict[str, Any]) -> None:
    starts = beaten.shift().starts_at
    clock(starts + HOUR)
    right = met(beaten, "East gate", "the-right", starts + MINUTE)
    answer = send(phone(), {**met(beaten, "East gate", "the-wrong", starts + MINUTE), **wrong}, right)
    assert [status for _, status in results(answer)] == ["refused", "done"]
    assert answer.json()["results"][0]["code"] == "field.bad_parcel"


def test_who_is_not_in_the_shift_walks_no_round(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + HOUR)
    for parcel in (step(beaten, "start", "not-mine", starts + MINUTE), met(beaten, "East gate", "not-mine-2", starts + MINUTE)):
        assert told(send(phone("ann"), parcel))["code"] == "patrols.not_on_duty"
    assert told(send(phone(), step(beaten, "start", "no-route", starts, subject=str(uuid4()))))["code"] == "patrols.no_such_route"
    assert told(send(phone(), step(beaten, "start", "too-early", starts - HOUR)))["code"] == "patrols.before_the_shift"
    assert told(send(phone(), step(beaten, "finish", "no-round", starts + MINUTE)))["code"] == "patrols.no_round"
    assert not Round.objects.exists()


def test_as_many_questions_for_many_beats_as_for_few(beaten: Beaten) -> None:
    starts = beaten.shift().starts_at
    clock(starts + MINUTE)
    client = phone()
    send(client, step(beaten, "start", "set-out", starts))
    carried(client)
    with CaptureQueriesContext(connection) as few:
        assert len(carried(client)["beats"]) == 1
    for number in range(6):
        with write():
            route = routes.make_route(
                actor=beaten.captain, at=starts, team_id=beaten.team, route=routes.NewRoute({"zh": f"线{number}", "en": f"Route {number}"}, closed=False)
            )
            for spot in range(3):
                routes.add_checkpoint(
                    actor=beaten.captain, at=starts, route_id=route,
                    checkpoint=routes.NewCheckpoint({"zh": f"点{spot}", "en": f"Spot {spot}"}, *beaten.town.town.point(0), Shown.SHEET, 50),
                )  # fmt: skip
    with write():
        shift_services.sign_up(actor=beaten.people["bob"], at=MONDAY, shift_id=beaten.shift(1).id)
    with CaptureQueriesContext(connection) as many:
        assert len(carried(client)["beats"]) == 14
    assert len(many) <= len(few)


def test_a_day_later_is_not_carried(beaten: Beaten) -> None:
    with write():
        shift_services.sign_up(actor=beaten.people["bob"], at=MONDAY, shift_id=beaten.shift(3).id)
    assert len(carried(phone())["beats"]) == 1
    clock(beaten.shift().ends_at + timedelta(minutes=11))
    assert carried(phone())["beats"] == []
