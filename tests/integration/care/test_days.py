"""Stays, days and pauses of a care case, entered on the desk: the visits follow in the same write."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.test import Client

from linli.directory.devices.services import NewDevice, register_devices
from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.domains.care.models import CareCase
from linli.domains.care.rules.access import NotYourCase
from linli.domains.care.services.cases import set_bell
from linli.domains.care.services.days import enter_stay, pause_case, set_day, take_back_stay
from linli.domains.care.services.erasing import erase_on_request
from linli.domains.care.services.reading import export_case
from linli.engines.duties import tasks
from linli.engines.duties.models import Occurrence, SubjectRecord
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import users
from linli.kernel.clock.services import set_clock
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import TODAY, Town, caring_town

NAMES = {"zh": "某", "en": "In hospital"}
CADENCES: dict[str, Any] = {"hospital": {"stay": "hospital", "every": 7}, "before": {"day": "release", "offset": -7, "days": 7}}
RULES = [
    {"code": code, "names": NAMES, "subjects": {"kind": "care"}, "levels": ["grid"], "cadence": cadence, "visibility": "private"}
    for code, cadence in CADENCES.items()
]


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    made = caring_town(
        tmp_path, stays=[{"code": "hospital", "names": NAMES}], days=[{"code": "release", "names": {"zh": "出监", "en": "Day of release"}}],
        more={"rules": RULES, "pauses": [{"code": "away", "names": {"zh": "外出", "en": "Away"}}]},
    )  # fmt: skip
    with write():
        set_clock(to=MONDAY)
    return made


def due(rule: str) -> list[str]:
    tasks.derive_due(MONDAY)
    zone = timedelta(hours=8)
    return [f"{row.opens_at + zone:%m-%d}/{row.due_at + zone:%m-%d}" for row in Occurrence.objects.filter(rule=rule).order_by("opens_at")]


def test_visits_follow_a_stay_and_a_day_and_are_taken_back_with_them(town: Town) -> None:
    given: dict[str, Any] = {"actor": town.worker(), "at": MONDAY, "case_id": town.case()}
    assert due("hospital") == [] and due("before") == []
    with write():
        enter_stay(**given, stay="hospital", first=TODAY)
        set_day(**given, day="release", on=TODAY + timedelta(days=20))
    assert due("before") == ["03-15/03-21"] and len(due("hospital")) > 3
    with write():
        enter_stay(**given, stay="hospital", first=TODAY, last=TODAY + timedelta(days=9))
        set_day(**given, day="release", on=None)
    assert due("hospital") == ["03-02/03-08", "03-09/03-11"] and due("before") == []
    with write():
        take_back_stay(**given, stay="hospital", first=TODAY)
    assert [entry for entry in due("hospital") if not entry.startswith("03-02")] == []


@pytest.mark.parametrize(
    ("act", "given", "code"),
    [
        (enter_stay, {"stay": "prison", "first": TODAY}, "care.not_a_stay"),
        (enter_stay, {"stay": "hospital", "first": TODAY, "last": TODAY - timedelta(days=1)}, "duties.span_backwards"),
        (enter_stay, {"stay": "hospital", "first": TODAY + timedelta(days=31)}, "duties.spans_overlap"),
        (take_back_stay, {"stay": "hospital", "first": TODAY}, "care.not_a_stay"),
        (set_day, {"day": "birthday", "on": TODAY}, "care.not_a_day"),
        (pause_case, {"reason": "bored", "first": TODAY, "last": None}, "duties.not_a_pause"),
    ],
)
def test_what_contradicts_itself_is_refused_and_nothing_is_written(town: Town, act: Any, given: dict[str, Any], code: str) -> None:
    common: dict[str, Any] = {"actor": town.worker(), "at": MONDAY, "case_id": town.case()}
    with write():
        enter_stay(**common, stay="hospital", first=TODAY + timedelta(days=30))
    with pytest.raises(Refusal) as refused, write():
        act(**common, **given)
    assert refused.value.code == code
    case = CareCase.objects.get()
    assert (
        case.stays == [["hospital", (TODAY + timedelta(days=30)).isoformat(), None]] and case.days == {} and SubjectRecord.objects.get(ref=case.id).pauses == []
    )
    with pytest.raises(NotYourCase), write():
        enter_stay(**{**common, "actor": town.colleague()}, stay="hospital", first=TODAY)


def test_erased_with_the_case_and_the_database_holds_it(town: Town) -> None:
    given: dict[str, Any] = {"actor": town.worker(), "at": MONDAY, "case_id": town.case()}
    with write():
        enter_stay(**given, stay="hospital", first=TODAY)
        pause_case(**given, first=TODAY, last=None, reason="away")
        erase_on_request(**given)
    case, subject = CareCase.objects.get(), SubjectRecord.objects.get(kind="care")
    assert case.stays == [] and subject.spans == [] and subject.pauses == []
    with pytest.raises(IntegrityError), transaction.atomic():
        CareCase.objects.update(stays=[["hospital", "2026-03-02", None]])


def test_they_are_handed_out_to_the_person_with_the_bell_and_every_visit(town: Town) -> None:
    given: dict[str, Any] = {"actor": town.worker(), "at": MONDAY, "case_id": town.case()}
    with write():
        register_devices(actor=SYSTEM, at=MONDAY, devices=[NewDevice("bell-1", "care_bell", NAMES, town.town.grids[0].code)])
        set_bell(**given, bell="bell-1")
        enter_stay(**given, stay="hospital", first=TODAY, last=TODAY + timedelta(days=2))
        set_day(**given, day="release", on=TODAY + timedelta(days=20))
        pause_case(**given, first=TODAY + timedelta(days=5), last=TODAY + timedelta(days=6), reason="away")
    tasks.derive_due(MONDAY)
    later = MONDAY + timedelta(days=10)  # the stay is over, and nobody came by
    tasks.sweep(later)
    with write():  # the worker sees no duties themself; the person is told of all that is held
        held = export_case(actor=replace(given["actor"], grants=(town.grant("care.work"),)), at=later, case_id=given["case_id"])
    assert held["bell"] == "bell-1"
    assert held["stays"] == [{"what": NAMES, "first": "2026-03-02", "last": "2026-03-04"}]
    assert held["days"] == [{"what": {"zh": "出监", "en": "Day of release"}, "day": "2026-03-22"}]
    assert held["pauses"] == [{"why": {"zh": "外出", "en": "Away"}, "first": TODAY + timedelta(days=5), "last": TODAY + timedelta(days=6)}]
    assert {"missed", "planned"} <= {visit["state"] for visit in held["visits"]} and len(held["visits"]) == Occurrence.objects.count()
    assert json.dumps(held, cls=DjangoJSONEncoder)


def test_a_social_worker_enters_them_on_the_desk(town: Town) -> None:
    town.case()
    case = CareCase.objects.get()
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="worker", password="a long enough password")
        link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(town.town.head("grid").id, MONDAY), user_id=user.pk)
    worker = Client(HTTP_ACCEPT_LANGUAGE="en")
    worker.force_login(user)
    at = f"/console/care/{case.label}"
    tasks.derive_due(MONDAY)
    page = worker.get(at).content.decode()
    assert "Enter a stay" in page and "Visit" in page
    for act, given, shown in (
        ("stay", {"stay": "hospital", "first": str(TODAY)}, "nobody knows yet"),
        ("stay-over", {"stay": "hospital", "first": str(TODAY)}, "Written down."),
        ("stay-back", {"stay": "hospital", "first": str(TODAY)}, "Written down."),
        ("day", {"day": "release", "on": str(TODAY + timedelta(days=9))}, "Day of release"),
        ("pause", {"reason": "away", "first": str(TODAY), "last": ""}, "until further notice"),
        ("go-on", {"first": str(TODAY)}, "Written down."),
    ):
        done = worker.post(f"{at}/{act}", given, follow=True)
        assert done.status_code == 200 and shown in done.content.decode(), act
    assert worker.post(f"{at}/stay", {"stay": "hospital", "first": str(TODAY), "last": str(TODAY - timedelta(days=2))}).status_code == 400
    assert worker.post(f"{at}/stay-back", {"stay": "hospital", "first": "x"}).status_code == 404
    assert worker.post(f"{at}/day", {"day": "birthday", "on": ""}).status_code == 400
    case.refresh_from_db()
    assert case.stays == [] and case.days == {"release": str(TODAY + timedelta(days=9))}
