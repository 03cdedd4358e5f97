"""A captain publishes a roster that was shown a while ago: who signed up or left since is not overrun."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection, connections

from linli.engines.duties.shifts.models import ShiftPart
from linli.engines.duties.shifts.services import rosters as services
from linli.engines.duties.shifts.services.publishing import RosterMoved
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.shifts.test_pages import browser, said
from tests.integration.shifts.test_shifts import Patrol, make_patrol


def test_who_signed_up_or_left_since_is_not_overrun(patrol: Patrol) -> None:
    patrol.lay(most=3)
    shift, other = patrol.shifts()[:2]
    ann, bob, cid = (patrol.people[name].person_id for name in ("ann", "bob", "cid"))
    patrol.sign("bob", shift)
    shown = patrol.shown()
    patrol.sign("cid", shift)
    with pytest.raises(RosterMoved):
        patrol.publish({shift.id: {ann, bob}, other.id: {ann}}, shown=shown)
    assert patrol.shown()[shift.id] == {bob, cid} and not patrol.shown()[other.id]  # nothing half-written
    assert patrol.publish({other.id: {ann}}, shown=shown) == 1  # what others changed elsewhere stands in no way
    assert patrol.publish({shift.id: {bob, cid}}, shown=shown) == 0  # chosen as they did themselves
    with write():
        services.cancel(actor=patrol.people["bob"], at=MONDAY, shift_id=shift.id)
    with pytest.raises(RosterMoved):
        patrol.publish({shift.id: {ann, bob, cid}}, shown={shift.id: {bob, cid}})
    assert patrol.publish({shift.id: {ann, cid}}, shown={shift.id: {bob, cid}}) == 1
    assert patrol.publish({shift.id: {bob}}) == 3 and patrol.shown()[shift.id] == {bob}  # by a captain who saw it


def test_the_page_says_who_came_and_went_and_keeps_the_choice(patrol: Patrol) -> None:
    patrol.lay(most=3)
    shift, second = patrol.shifts()[:2]
    people = {name: str(actor.person_id) for name, actor in patrol.people.items()}
    patrol.sign("bob", shift)
    patrol.sign("bob", second)
    ann, at = browser("ann"), "/console/teams/night/roster"
    page = said(ann.get(f"{at}?week=2026-03-02"))
    was = {f"was-{shift.id}": [people["bob"]], f"was-{second.id}": [people["bob"]]}
    assert all(f'name="{name}" value="{value[0]}"' in page for name, value in was.items())
    patrol.sign("cid", shift)
    with write():
        services.cancel(actor=patrol.people["bob"], at=MONDAY, shift_id=second.id)
    sent = {"week": "2026-03-02", "shift": [str(shift.id), str(second.id)], **was, f"in-{shift.id}": [people["ann"]], f"in-{second.id}": [people["bob"]]}
    looked = said(ann.post(f"{at}/change", {**sent, "act": "check"}))
    refused = ann.post(f"{at}/change", {**sent, "act": "publish"})
    assert refused.status_code == 409 and "Not published: people signed up or left" in said(refused) and "Not published" not in looked
    for answer in (looked, said(refused)):
        assert "signed up: Cid" in answer and "left: Bob" in answer
        assert f'name="in-{shift.id}" value="{people["ann"]}" checked' in answer and f'name="in-{shift.id}" value="{people["cid"]}" checked' in answer
        assert f'name="in-{shift.id}" value="{people["bob"]}" checked' not in answer  # the captain took Bob out of it
        assert f'name="in-{second.id}" value="{people["bob"]}" checked' not in answer
        assert f'name="was-{shift.id}" value="{people["cid"]}"' in answer and f'name="was-{second.id}"' not in answer
    assert set(ShiftPart.objects.filter(state="signed").values_list("person_id", flat=True)) == {patrol.people[name].person_id for name in ("bob", "cid")}


def test_looking_at_changes_keeps_what_has_begun(patrol: Patrol) -> None:
    patrol.lay(least=1)
    shift, second = patrol.shifts()[:2]
    patrol.sign("bob", shift)
    with write():
        set_clock(to=shift.ends_at)
    sent = {"week": "2026-03-02", "shift": [str(second.id)], f"in-{second.id}": [str(patrol.people["ann"].person_id)], "act": "check"}
    answer = browser("ann").post("/console/teams/night/roster/change", sent)
    lines = [item["line"] for item in answer.context["lines"]]
    assert [[name for _person, name in line.people] for line in lines] == [["Bob"], ["Ann"]]


def test_a_captain_is_told_who_stands_where_at_that_time(patrol: Patrol) -> None:
    patrol.lay()
    patrol.lay(names={"zh": "门岗", "en": "Gate"})
    shift, gate = sorted(patrol.shifts()[:2], key=lambda one: one.template.names["en"], reverse=True)
    assert (shift.template.names["en"], gate.template.names["en"]) == ("Night walk", "Gate")
    patrol.sign("bob", shift)
    sent = {"week": "2026-03-02", "shift": [str(gate.id)], f"in-{gate.id}": [str(patrol.people["bob"].person_id)], "act": "publish"}
    answer = browser("ann").post("/console/teams/night/roster/change", sent)
    assert answer.status_code == 409
    page = said(answer)
    assert "in another shift at the same time" in page and "You are in this shift" not in page
    assert "Bob: Gate, " in page and "is already in Night walk (Night watch), " in page


def test_a_roster_and_a_signing_up_in_one_instant(committed: str, tmp_path: Path) -> None:
    patrol = make_patrol(tmp_path)
    patrol.lay(most=3)
    ann, cid = (patrol.people[name].person_id for name in ("ann", "cid"))
    shifts = patrol.shifts()
    for shift in shifts:
        shown, start = patrol.shown(), Barrier(2)

        def publish(shift=shift, shown=shown, start=start) -> str:
            try:
                start.wait()
                patrol.publish({shift.id: {ann}}, shown=shown)
            except RosterMoved:
                return "refused"
            finally:
                connections.close_all()
            return "published"

        def sign(shift=shift, start=start) -> None:
            try:
                start.wait()
                patrol.sign("cid", shift)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            published, signed = pool.submit(publish), pool.submit(sign)
            signed.result()
            assert patrol.shown()[shift.id] == ({cid} if published.result() == "refused" else {ann, cid})
    connection.close()
