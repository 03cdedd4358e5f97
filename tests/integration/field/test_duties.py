"""Duties on the phone: what is carried, and check-ins that count from when they happened, each once, whoever else was there meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.checkin import FILE_OWNER
from linli.engines.duties.services.subjects import end_subjects
from linli.interfaces.field import duties, sync
from linli.interfaces.printing import name_as_picture
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.roles import give_role
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import DAY, HOUR, Town, did, town
from tests.integration.duties.test_evidence import RULES as EVIDENCE
from tests.integration.field.test_sync import jpeg, results, send, snapshot

Phone = Callable[..., Client]


@pytest.fixture
def place(committed: None, tmp_path: Path) -> Town:
    return town(tmp_path)


@pytest.fixture
def phone(place: Town) -> Phone:
    def sign_in(level: str = "", grid: int = 0, *, role: str = "") -> Client:
        with write():
            user = create_user(actor=SYSTEM, at=MONDAY, username=f"{level}{role}{grid}", password="a long enough password")
            if role:
                give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=role, area_path=place.community.grids[grid].path)
        if level:
            with write():
                link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(place.community.head(level, grid).id, MONDAY), user_id=user.pk)
        client = Client(HTTP_ACCEPT_LANGUAGE="en")
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def visit(place: Town) -> Occurrence:
    case = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    clock(MONDAY + 4 * HOUR)
    return Occurrence.objects.filter(subject_id=case, rule="weekly_visit").earliest("opens_at")


def clock(at: datetime) -> None:
    with write():
        set_clock(to=at)


def step(duty: Occurrence, verb: str, key: str, at: datetime = MONDAY + 2 * HOUR, **given: Any) -> dict[str, Any]:
    plain = {"kind": "duties", "key": f"key-{key}", "at": at.isoformat(), "subject": str(duty.id), "version": duty.version, "verb": verb}
    return {**plain, **given}


def carried(client: Client) -> dict[str, Any]:
    return snapshot(client)["kinds"]["duties"]


def monthly(visit: Occurrence) -> Occurrence:
    return Occurrence.objects.filter(subject=visit.subject_id, rule="monthly_condolence").earliest("opens_at")


def test_my_duties_and_nothing_of_others_with_no_word_about_anybody(place: Town, visit: Occurrence, phone: Phone) -> None:
    place.case(1)
    place.derive()
    did(Verb.NOT_HOME, visit, actor=place.actor(), at=MONDAY + 2 * HOUR, note="邻居说她住院了")
    head = phone("grid")
    held = carried(head)
    now = [item for item in held["items"] if item["state"] == "open"]
    assert [(item["id"], item["label"], item["attempts"], item["acts"], item["mine"]) for item in now] == [(str(visit.id), "G-0", 1, True, True)]
    assert now[0]["next_try_at"] == (MONDAY + DAY + 2 * HOUR).isoformat()
    assert {item["state"] for item in held["items"]} == {"open", "planned"} and held["left_out"] == 0
    assert "住院" not in head.get("/field/snapshot").content.decode()
    (with_form,) = {item["form"] for item in carried(phone("street"))["items"] if item["form"]}
    assert carried(phone("street", 1))["forms"][with_form]["required"] == ["well"]


def test_as_many_questions_for_many_duties_as_for_few(place: Town, visit: Occurrence, phone: Phone) -> None:
    head = phone("grid")
    snapshot(head)
    with CaptureQueriesContext(connection) as few:
        snapshot(head)
    for _ in range(6):
        place.case()
    place.derive()
    place.run(MONDAY + 2 * HOUR)
    with CaptureQueriesContext(connection) as many:
        assert len([item for item in carried(head)["items"] if item["state"] == "open"]) == 7
    assert len(many) <= len(few) + 1  # the client's own session


def test_start_arrive_finish_in_order_count_from_when_they_happened(place: Town, visit: Occurrence, phone: Phone) -> None:
    lon, lat = place.community.point(0)
    answer = send(
        phone("grid"),
        step(visit, "start", "start-1", MONDAY + 90 * timedelta(minutes=1)),
        step(visit, "arrive", "arrive-1", MONDAY + 2 * HOUR, after="key-start-1", lon=lon, lat=lat),
        step(visit, "finish", "finish-1", MONDAY + 3 * HOUR, after="key-arrive-1", text="一切都好"),
    )
    assert results(answer) == [("start-1", "done"), ("arrive-1", "done"), ("finish-1", "done")]
    visit.refresh_from_db()
    assert (visit.state, visit.started_at, visit.arrived_at, visit.done_at) == ("done", MONDAY + 1.5 * HOUR, MONDAY + 2 * HOUR, MONDAY + 3 * HOUR)
    assert CheckInRecord.objects.get(verb="arrive").there is True
    assert all(one.recorded_at >= MONDAY + 4 * HOUR for one in CheckInRecord.objects.all())
    held = carried(phone("grid", 1))
    assert held["done_today"] == 0 and not [item for item in held["items"] if item["id"] == str(visit.id)]


def test_a_batch_is_one_call_whatever_its_size(place: Town, visit: Occurrence, phone: Phone) -> None:
    for _ in range(9):
        place.case()
    place.derive()
    place.run(MONDAY + 2 * HOUR)
    head, open_ones = phone("grid"), list(Occurrence.objects.filter(rule="weekly_visit", state="open").order_by("id"))
    who = snapshot(head)["who"]["id"]
    send(head, step(open_ones[0], "finish", "first-one"), who=who)
    with CaptureQueriesContext(connection) as few:
        send(head, step(open_ones[1], "finish", "single-one"), who=who)
    with CaptureQueriesContext(connection) as many:
        answer = send(head, *(step(one, "finish", f"many-{n:03}") for n, one in enumerate(open_ones[2:])), who=who)
    assert [status for _, status in results(answer)] == ["done"] * 8
    assert len(many) == len(few)


def test_sent_twice_done_once_and_another_person_s_key_is_their_own(place: Town, visit: Occurrence, phone: Phone) -> None:
    head, street = phone("grid"), phone("street")
    first, second = (send(head, step(visit, "start", "same-key")).json()["results"][0] for _ in range(2))
    assert (first["version"], first["repeated"], second["repeated"]) == (second["version"], False, True)
    assert CheckInRecord.objects.count() == 1
    other = send(street, step(visit, "note", "same-key", text="我也在", version=first["version"])).json()["results"][0]
    assert (other["status"], other["repeated"]) == ("done", False) and CheckInRecord.objects.count() == 2


def test_a_key_sent_again_with_something_else_is_refused_with_the_reason(place: Town, visit: Occurrence, phone: Phone) -> None:
    street, month = phone("street"), monthly(visit)
    assert results(send(street, step(visit, "start", "same-key"))) == [("same-key", "done")]
    for other in (step(month, "start", "same-key"), step(visit, "finish", "same-key")):
        (told,) = send(street, other).json()["results"]
        assert (told["status"], told["code"]) == ("conflict", "duties.key_used") and "used for something else" in told["message"]
    assert CheckInRecord.objects.count() == 1


def test_one_visit_serves_several_duties_each_takes_its_own_answers(place: Town, visit: Occurrence, phone: Phone) -> None:
    month = monthly(visit)
    also = [{"subject": str(month.id), "version": month.version}]
    street = phone("street")
    answer = send(
        street,
        step(visit, "start", "both-start", also=also),
        step(visit, "finish", "both-done", MONDAY + 3 * HOUR, also=also, after="key-both-start", form={"well": True}),
    )
    assert results(answer) == [("both-start", "done"), ("both-done", "done")]
    assert set(answer.json()["results"][1]["also"]) == {str(month.id)}
    assert set(Occurrence.objects.filter(id__in=[visit.id, month.id]).values_list("state", flat=True)) == {"done"}
    (one, two) = CheckInRecord.objects.filter(verb="finish").order_by("form")
    assert one.visit == two.visit and {str(one.form), str(two.form)} == {"None", "{'well': True}"}


def test_a_form_that_does_not_match_is_refused_with_the_reason_and_nothing_is_half_done(place: Town, visit: Occurrence, phone: Phone) -> None:
    month = monthly(visit)
    answer = send(phone("street"), step(visit, "finish", "bad-form", also=[{"subject": str(month.id), "version": month.version}], form={"well": "yes"}))
    (told,) = answer.json()["results"]
    assert (told["status"], told["code"]) == ("refused", "duties.bad_form") and "well" in told["message"]
    assert CheckInRecord.objects.count() == 0


def test_what_the_clock_did_is_no_conflict(place: Town, visit: Occurrence, phone: Phone) -> None:
    """Handed on and missed while the phone was off line: a visit in time is done in time, and nobody is asked."""
    late = visit.due_at + DAY
    place.run(late)
    clock(late)
    visit_as_seen = visit
    answer = send(phone("grid"), step(visit_as_seen, "finish", "in-time", visit.due_at - HOUR))
    assert results(answer) == [("in-time", "done")]
    visit.refresh_from_db()
    assert (visit.state, visit.missed_at) == ("done", None)


def test_what_somebody_else_did_is_told_decided_and_kept(place: Town, visit: Occurrence, phone: Phone) -> None:
    did(Verb.START, visit, actor=place.actor("street"), at=MONDAY + 3 * HOUR)
    head = phone("grid")
    answer = send(head, step(visit, "start", "mine-start"), step(visit, "finish", "mine-done", MONDAY + 3 * HOUR, after="key-mine-start"))
    assert results(answer) == [("mine-start", "conflict"), ("mine-done", "held")]
    (present,) = answer.json()["results"][0]["present"]["duties"]
    assert (present["state"], [one["verb"] for one in present["steps"]]) == ("open", ["start"])
    again = step(visit, "finish", "all-the-same", MONDAY + 4 * HOUR, version=present["version"], happened=MONDAY.isoformat())
    assert results(send(head, again)) == [("all-the-same", "done")]
    assert "without signal" in CheckInRecord.objects.get(verb="finish").note


def test_what_somebody_else_has_finished_can_only_be_added_to(place: Town, visit: Occurrence, phone: Phone) -> None:
    did(Verb.FINISH, visit, actor=place.actor("street"), at=MONDAY + 3 * HOUR, note="已探访")
    head = phone("grid")
    (told,) = send(head, step(visit, "finish", "too-late")).json()["results"]
    assert (told["status"], told["present"]["duties"][0]["state"]) == ("conflict", "done")
    assert [one["text"] for one in told["present"]["duties"][0]["steps"]] == [""]  # private: what was written stays in the house
    version = told["present"]["duties"][0]["version"]
    assert results(send(head, step(visit, "note", "as-a-note", MONDAY + 4 * HOUR, version=version, text="我也去过"))) == [("as-a-note", "done")]
    visit.refresh_from_db()
    assert (visit.state, visit.done_at) == ("done", MONDAY + 3 * HOUR)


def test_what_is_no_longer_asked_for_is_told(place: Town, visit: Occurrence, phone: Phone) -> None:
    with write():
        assert end_subjects([("care_case", visit.subject.ref)], actor=SYSTEM, at=MONDAY + 2 * HOUR) == 1
    place.derive(MONDAY + 2 * HOUR)
    (told,) = send(phone("grid"), step(visit, "finish", "dropped-one", MONDAY + 3 * HOUR)).json()["results"]
    assert (told["status"], told["present"]["duties"][0]["state"]) == ("conflict", "dropped")


@pytest.mark.parametrize(("at", "code"), [(MONDAY + 5 * HOUR, "duties.from_the_future"), (MONDAY - HOUR, "duties.before_the_duty")])
def test_from_the_future_or_before_the_duty_is_refused_with_the_reason(place: Town, visit: Occurrence, phone: Phone, at: datetime, code: str) -> None:
    (told,) = send(phone("grid"), step(visit, "finish", "wrong-time", at)).json()["results"]
    assert told["status"] in ("refused", "conflict") and told["code"] == code and told["message"]
    assert CheckInRecord.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"verb": "excuse"},
        {"verb": "dance"},
        {"subject": "G-0"},
        {"units": ["x"]},
        {"lon": 121.0},
        {"lon": 999.0, "lat": 0.0},
        {"form": {"well": {"deep": 1}}},
        {"also": [{"subject": "same"}]},
        {"reason": "x"},
    ],
)
def test_what_is_not_understood_is_refused_and_the_rest_is_done(place: Town, visit: Occurrence, phone: Phone, wrong: dict[str, Any]) -> None:
    answer = send(phone("grid"), {**step(visit, "start", "the-wrong"), **wrong}, step(visit, "start", "the-right"))
    assert [status for _, status in results(answer)] == ["refused", "done"]
    assert answer.json()["results"][0]["code"] == "field.bad_parcel"


def test_nobody_checks_in_where_they_may_not(place: Town, visit: Occurrence, phone: Phone) -> None:
    for client in (phone("grid", 5), phone(role="grid_member")):
        (told,) = send(client, step(visit, "finish", "elsewhere")).json()["results"]
        assert (told["status"], told["code"]) == ("refused", "duties.no_such_duty")
    (told,) = send(phone("grid", 4), {**step(visit, "start", "unknown-one"), "subject": str(uuid4())}).json()["results"]
    assert told["code"] == "duties.no_such_duty"
    stranger = phone("grid")
    assert send(stranger, step(visit, "start", "a-stranger"), who="user:somebody").status_code == 403
    assert Client().post("/field/sync", {"who": "", "actions": "[]"}, HTTP_ACCEPT="application/json").status_code == 401
    assert CheckInRecord.objects.count() == 0


def test_a_poisonous_action_stops_only_itself(place: Town, visit: Occurrence, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    other = place.case()
    place.derive()
    place.run(MONDAY + 2 * HOUR)
    second = Occurrence.objects.get(subject_id=other, rule="weekly_visit", state="open")
    take = duties.check_in

    def poisoned(commands: Any, **given: Any) -> Any:
        if any(command.key == "key-poisonous" for command in commands):
            raise ZeroDivisionError
        return take(commands, **given)

    monkeypatch.setattr(duties, "check_in", poisoned)
    answer = send(phone("grid"), step(visit, "start", "poisonous"), step(second, "start", "beside-it"))
    assert results(answer) == [("poisonous", "refused"), ("beside-it", "done")]
    assert answer.json()["results"][0]["code"] == "field.cannot_be_done"


def test_kinds_of_work_travel_in_one_batch_in_their_order(place: Town, visit: Occurrence, phone: Phone) -> None:
    head = phone("grid")
    note = {"kind": "matters", "key": "key-unknown-matter", "at": MONDAY.isoformat(), "subject": "none", "version": 1, "verb": "note", "text": "?"}
    answer = send(
        head,
        step(visit, "start", "one-duty"),
        note,
        step(visit, "arrive", "two-duty", after="key-one-duty"),
        step(visit, "finish", "three", after="key-unknown-matter"),
    )
    assert results(answer) == [("one-duty", "done"), ("unknown-matter", "refused"), ("two-duty", "done"), ("three", "held")]
    body = "[" + ",".join(["{}"] * (sync.MOST + 1)) + "]"
    assert head.post("/field/sync", {"who": snapshot(head)["who"]["id"], "actions": body}, HTTP_ACCEPT="application/json").status_code == 400
    assert orjson.loads(body)


def test_photo_and_signature_come_with_the_visit_once(place: Town, phone: Phone) -> None:
    place.rules(EVIDENCE)
    place.run(MONDAY + HOUR)
    clock(MONDAY + 4 * HOUR)
    one = Occurrence.objects.filter(rule="check", area=place.community.grids[0].id).earliest("opens_at")
    client, form = phone("grid"), {"exits": True}
    mine = next(shown for shown in carried(client)["items"] if shown["id"] == str(one.id))
    assert mine["needs"] == ["form", "photo", "signature"]
    bare = step(one, "finish", "bare", form=form)
    unsigned = step(one, "finish", "unsigned", form=form, photos=1)
    lost = step(one, "finish", "lost-on-the-way", form=form, photos=1, signed=True)
    whole = step(one, "finish", "whole", form=form, photos=1, signed=True)
    files = {"photo:key-unsigned:0": jpeg(), "photo:key-lost-on-the-way:0": jpeg(), "photo:key-whole:0": jpeg(), "signature:key-whole": name_as_picture("王芳")}
    answer = send(client, bare, unsigned, lost, whole, photos=files)
    assert results(answer) == [("bare", "refused"), ("unsigned", "refused"), ("lost-on-the-way", "refused"), ("whole", "done")]
    assert [told["code"] for told in answer.json()["results"][:3]] == ["duties.evidence_missing", "duties.evidence_missing", "field.bad_parcel"]
    again = send(client, whole, photos=files).json()["results"][0]
    assert (again["status"], again["repeated"]) == ("done", True)
    assert sorted(StoredFile.objects.filter(owner_type=FILE_OWNER).values_list("purpose", flat=True)) == ["duty_photo", "duty_signature"]
    one.refresh_from_db()
    assert (one.state, one.done_at) == ("done", MONDAY + 2 * HOUR)


def test_a_document_is_no_photo_and_no_signature(place: Town, visit: Occurrence, phone: Phone) -> None:
    bad = [step(visit, "note", "paper", text="x", photos=1), step(visit, "note", "scan", text="x", signed=True)]
    answer = send(phone("grid"), *bad, photos={"photo:key-paper:0": b"%PDF-1.7\n%%EOF", "signature:key-scan": b"GIF89a nothing"})
    assert results(answer) == [("paper", "refused"), ("scan", "refused")]
    assert not StoredFile.objects.exists() and not CheckInRecord.objects.filter(occurrence=visit).exists()
