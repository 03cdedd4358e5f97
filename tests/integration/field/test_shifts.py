"""Shifts on the phone: carried ahead, tapped without signal, counted from when it happened, sent twice and done once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from linli.engines.duties.shifts.models import ShiftPart
from tests.integration.field.test_rounds import clock, phone, told
from tests.integration.field.test_sync import results, send, snapshot
from tests.integration.patrols.made import HOUR, MINUTE, Beaten, beaten_town


@pytest.fixture
def beaten(committed: None, tmp_path: Path) -> Beaten:
    town = beaten_town(tmp_path)
    town.sign("bob")
    town.sign("cid")
    return town


def tap(beaten: Beaten, verb: str, key: str, at: datetime, **given: Any) -> dict[str, Any]:
    return {"kind": "shifts", "key": f"key-{key}", "at": at.isoformat(), "subject": str(beaten.shift().id), "version": 0, "verb": verb, **given}


def part(beaten: Beaten, name: str = "bob") -> ShiftPart:
    return ShiftPart.objects.get(person_id=beaten.people[name].person_id)


def test_the_next_shifts_are_carried_with_who_else_is_there(beaten: Beaten) -> None:
    (one,) = snapshot(phone())["kinds"]["shifts"]["items"]
    assert (one["id"], one["presence"], one["colleagues"], one["there"], one["margin"], one["night"]) == (str(beaten.shift().id), "ahead", 1, 0, 30, True)
    assert beaten.people["cid"].id not in str(one) and "Cid" not in str(one)
    assert snapshot(phone("ann"))["kinds"]["shifts"]["items"] == []
    clock(beaten.shift().starts_at)
    assert results(send(phone("cid"), tap(beaten, "arrive", "here", beaten.shift().starts_at))) == [("here", "done")]
    assert snapshot(phone())["kinds"]["shifts"]["items"][0]["there"] == 1


def test_taps_without_signal_count_from_when_they_happened_and_once(beaten: Beaten) -> None:
    shift = beaten.shift()
    clock(shift.ends_at + 5 * HOUR)
    batch = [tap(beaten, "arrive", "here", shift.starts_at), tap(beaten, "leave", "gone", shift.ends_at, after="key-here")]
    first, second = (send(phone(), *batch).json()["results"] for _ in range(2))
    assert [(one["status"], one["repeated"]) for one in first] == [("done", False)] * 2
    assert [(one["status"], one["repeated"]) for one in second] == [("done", True)] * 2
    assert (part(beaten).arrived_at, part(beaten).left_at) == (shift.starts_at, shift.ends_at)


def test_the_wrong_time_asks_and_what_is_no_tap_is_refused(beaten: Beaten) -> None:
    shift = beaten.shift()
    clock(shift.starts_at)
    client = phone()
    for key, at, code in (("too-early", shift.starts_at - HOUR, "shifts.too_early"), ("tomorrow", shift.ends_at, "duties.from_the_future")):
        asked = told(send(client, tap(beaten, "arrive", key, at)))
        assert (asked["status"], asked["code"], asked["present"]["id"]) == ("conflict", code, str(shift.id))
    assert told(send(phone("ann"), tap(beaten, "arrive", "stranger", shift.starts_at)))["code"] == "shifts.not_in"
    for wrong in ({"verb": "cancel"}, {"subject": "none"}, {"lon": 1.0, "lat": 1.0}, {"text": "x"}):
        assert told(send(client, {**tap(beaten, "arrive", "no-tap-1", shift.starts_at), **wrong}))["code"] == "field.bad_parcel"
    assert part(beaten).arrived_at is None


def test_who_sets_out_needs_no_tap(beaten: Beaten) -> None:
    shift = beaten.shift()
    clock(shift.starts_at + HOUR)
    at = shift.starts_at + 5 * MINUTE
    send(phone(), {**tap(beaten, "start", "set-out", at), "kind": "rounds", "subject": str(beaten.route)})
    assert part(beaten).arrived_at == at
