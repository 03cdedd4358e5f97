"""What is written at a visit to somebody in care is theirs: sealed in the case, read by its people only, gone with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from linli.domains.care.models import CareCase, CareNote, CareRead
from linli.domains.care.rules.access import NotYourCase
from linli.domains.care.services import erasing, reading
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.task import State, Verb
from linli.engines.duties.selectors.carried import carried
from linli.engines.duties.selectors.desk import duty_page
from linli.engines.duties.services.checkin import Command, Receipt, check_in
from linli.engines.duties.services.confiding import NoPictures
from linli.engines.duties.tasks import derive_due, sweep
from linli.kernel.access.rules import Actor, Grant
from linli.kernel.clock.services import set_clock
from linli.kernel.files.services import examine
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import Desk, Town, caring_town
from tests.integration.care.test_cases import everything_stored
from tests.integration.files.made import picture

HOUR = timedelta(hours=1)
NOTE, MEAL = "她说腿疼，想换个日子", "两顿稀饭"
FORM = {"type": "object", "properties": {"meal": {"type": "string", "title": "Meals", "title_zh": "饭食"}}}
LOOK_IN = {
    "code": "look_in", "names": {"zh": "上门看望", "en": "Look in"}, "subjects": {"kind": "care"}, "levels": ["grid"], "form": FORM, "visibility": "private",
    "cadence": {"rule": "FREQ=WEEKLY;BYDAY=MO", "days": 5},
}  # fmt: skip
GRIDS = {"kind": "area", "where": {"level": "grid"}}
ROUND = {**LOOK_IN, "code": "round", "names": {"zh": "网格走访", "en": "Round"}, "subjects": GRIDS, "visibility": "internal"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = caring_town(tmp_path, more={"rules": [LOOK_IN, ROUND]})
    with write():
        set_clock(to=MONDAY)
    return made


def visitor(town: Town) -> Actor:
    """Who makes the visit, without a part in the case."""
    grants = (Grant("x", frozenset({"duties.read", "duties.act", "care.work"}), town.town.grids[0].path, town.grant().clearance),)
    return Actor("user:visitor", town.worker().kind, grants=grants)


def begun(town: Town) -> tuple[CareCase, Occurrence]:
    case_id = town.case()
    derive_due(MONDAY)
    sweep(MONDAY + HOUR)
    return CareCase.objects.get(id=case_id), Occurrence.objects.get(subject__ref=case_id, rule="look_in", state="open")


def visit(town: Town, *duties: Occurrence, verb: Verb = Verb.FINISH, hours: int = 2, **said: Any) -> Receipt | Refusal:
    with write():
        (result,) = check_in([Command(tuple(one.id for one in duties), verb, MONDAY + hours * HOUR, **said)], actor=visitor(town), at=MONDAY + hours * HOUR)
    return result


def test_words_of_a_visit_are_sealed_in_the_case_and_its_people_read_them(town: Town) -> None:
    case, duty = begun(town)
    assert isinstance(visit(town, duty, verb=Verb.NOT_HOME, note="邻居说她住院了"), Receipt)
    result = visit(town, duty, hours=3, note=NOTE, form={"meal": MEAL})
    assert isinstance(result, Receipt) and result.states == (State.DONE.value,)
    stored = everything_stored()
    for said in (NOTE, MEAL, "邻居说她住院了", NOTE.encode().hex(), MEAL.encode().hex()):
        assert said not in stored
    with write():
        notes = reading.read_case(actor=town.worker(), at=MONDAY + 4 * HOUR, case_id=case.id).notes
        held = reading.export_case(actor=town.worker(), at=MONDAY + 4 * HOUR, case_id=case.id)["notes"]
    assert [(line.text, dict(line.answers), line.verb, line.author) for line in notes] == [
        (NOTE, {"meal": MEAL}, "finish", "user:visitor"), ("邻居说她住院了", {}, "not_home", "user:visitor"),
    ]  # fmt: skip
    assert {line.duty for line in notes} == {duty.id} and [line["text"] for line in held] == [NOTE, "邻居说她住院了"]
    assert CareRead.objects.count() == 2
    with pytest.raises(NotYourCase), write():  # who made the visit writes, and does not read
        reading.read_case(actor=visitor(town), at=MONDAY + 4 * HOUR, case_id=case.id)
    page = duty_page(actor=visitor(town), at=MONDAY + 4 * HOUR, duty_id=duty.id)
    assert page.confided and [(step.verb, step.note, dict(step.form)) for step in page.story] == [("not_home", "", {}), ("finish", "", {})]
    holder = Actor("user:head", visitor(town).kind, grants=visitor(town).grants, post_ids=town.worker().post_ids)
    day = carried(actor=holder, at=MONDAY + 2 * HOUR).duties
    assert {one.line.names["en"]: one.confided for one in day} == {"Visit": True, "Look in": True, "Round": False}


def test_one_visit_for_several_duties_keeps_its_words_with_the_person(town: Town) -> None:
    case, duty = begun(town)
    other = Occurrence.objects.get(rule="round", state="open", area_path=town.town.grids[0].path)
    visit(town, other, duty, note=NOTE, form={"meal": MEAL})
    assert {row.occurrence_id: (row.note, row.form) for row in CheckInRecord.objects.all()} == {duty.id: ("", None), other.id: ("", {"meal": MEAL})}
    with write():
        (line,) = reading.read_case(actor=town.worker(), at=MONDAY + 4 * HOUR, case_id=case.id).notes
    assert (line.text, line.duty) == (NOTE, duty.id)


def test_said_twice_it_is_kept_once_and_silence_keeps_nothing(town: Town) -> None:
    _, duty = begun(town)
    visit(town, duty, verb=Verb.START)
    for _ in range(2):
        assert isinstance(visit(town, duty, verb=Verb.NOTE, note=NOTE, key="k"), Receipt)
    assert CareNote.objects.count() == 1


def test_pictures_are_refused_and_nothing_is_written(town: Town) -> None:
    _, duty = begun(town)
    assert isinstance(visit(town, duty, note=NOTE, photos=[examine(content=picture())]), NoPictures)
    assert not CheckInRecord.objects.exists() and not CareNote.objects.exists()


def test_why_it_was_missed_is_said_to_who_judges_and_goes_with_the_case(town: Town) -> None:
    case, duty = begun(town)
    late = MONDAY + timedelta(days=6)
    sweep(late)
    assert isinstance(visit(town, duty, verb=Verb.EXPLAIN, hours=24 * 6, note="那天她去了女儿家"), Receipt)
    assert duty_page(actor=visitor(town), at=late, duty_id=duty.id).story[-1].note == "那天她去了女儿家" and not CareNote.objects.exists()
    with write():
        erasing.erase_on_request(actor=town.worker(), at=late, case_id=case.id)
    assert "女儿家" not in everything_stored()


def test_what_reaches_an_erased_case_is_not_kept_and_the_visit_counts(town: Town) -> None:
    case, duty = begun(town)
    visit(town, duty, verb=Verb.NOT_HOME, note=NOTE)
    with write():
        erasing.erase_on_request(actor=town.worker(), at=MONDAY + 3 * HOUR, case_id=case.id)
    with write():
        (result,) = check_in([Command((duty.id,), Verb.NOTE, MONDAY + 2 * HOUR, note=MEAL)], actor=visitor(town), at=MONDAY + 4 * HOUR)
    assert isinstance(result, Receipt)
    assert not CareNote.objects.exists() and NOTE not in everything_stored() and MEAL not in everything_stored()


def test_a_note_of_a_visit_says_what_happened(town: Town) -> None:
    case, duty = begun(town)
    for wrong in ({"duty": duty.id}, {"verb": "finish"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CareNote.objects.create(case=case, author="x", sealed=b"x", at=MONDAY, recorded_at=MONDAY, **wrong)


def test_the_case_shows_what_was_answered_and_the_duty_says_where_it_went(town: Town, desk: Desk) -> None:
    case, duty = begun(town)
    visit(town, duty, note=NOTE, form={"meal": MEAL})
    worker, other = desk("grid"), desk("street")
    shown = worker.get(f"/console/care/{case.label}").content.decode()
    assert NOTE in shown and "Meals:" in shown and MEAL in shown and f"/console/duties/{duty.id}" in shown
    for client, link in ((worker, True), (other, False)):
        page = client.get(f"/console/duties/{duty.id}").content.decode()
        assert "data-confided" in page and NOTE not in page and MEAL not in page
        assert (f"/console/care/{case.label}" in page) is link
