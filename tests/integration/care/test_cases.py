"""A case from opening to erasure: what it rests on, who reads it, and that nothing of it lies in clear."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from linli.directory.people.services import NewPerson, enter_person, erase_people_past_retention
from linli.domains.care.models import PURPOSES, CareCase, CareNote, CareRead, GlassBreak
from linli.domains.care.rules.access import NotYourCase, OwnGlass
from linli.domains.care.rules.content import Content
from linli.domains.care.rules.terms import Ending, NoBasis, NotALevel
from linli.domains.care.selectors import desk, readings
from linli.domains.care.services import cases, erasing, reading
from linli.domains.care.services.frame import CaseChanged, CaseEnded, NoSuchCase, PostElsewhere
from linli.domains.care.tasks import end_and_erase
from linli.engines.duties.models import Occurrence, SubjectRecord
from linli.engines.duties.tasks import derive_due
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Forbidden, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.clock.services import set_clock
from linli.kernel.erasures.models import Erasure
from linli.kernel.erasures.rules import Tombstone
from linli.kernel.erasures.services import replay_erasures
from linli.kernel.events.models import OutboxEvent
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY, hold_playbook
from tests.integration.care.made import NAME, PHONE, PLAN, TODAY, Town, playbook

LATER = MONDAY + timedelta(hours=1)


def everything_stored() -> str:
    """Each table of the program, as text: what somebody with a copy of the database could read."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.managed and not model._meta.proxy:
                cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_what_a_person_told_is_stored_sealed_only(town: Town) -> None:
    case_id = town.case()
    with write():
        cases.write_note(actor=town.worker(), at=LATER, case_id=case_id, text="女儿每月来一次")
    stored = everything_stored()
    assert case_id.hex in stored.replace("-", "")
    for said in (NAME, PHONE, PLAN, "按时服药", "想有人说说话", "女儿每月来一次", NAME.encode().hex(), PLAN.encode().hex(), PHONE.encode().hex()):
        assert said not in stored
    with write():
        view = reading.read_case(actor=town.worker(), at=LATER, case_id=case_id)
    assert (view.content.name, view.content.plan, view.notes[0].text) == (NAME, PLAN, "女儿每月来一次")


def test_each_case_has_a_key_of_its_own(town: Town) -> None:
    first, second = CareCase.objects.get(id=town.case()), CareCase.objects.get(id=town.case())
    first.sealed = second.sealed
    first.save(update_fields=["sealed"])
    with write(), pytest.raises(Refusal, match=r"sealing\.unreadable"):
        reading.read_case(actor=town.worker(), at=LATER, case_id=first.id)


def test_only_care_workers_open_cases_and_only_on_a_basis(town: Town) -> None:
    for actor, refusal in ((ANONYMOUS, NotSignedIn), (town.reviewer(), Forbidden), (town.worker(1), Forbidden)):
        with pytest.raises(refusal), write():
            cases.open_case(actor=actor, at=MONDAY, case=town.new_case(0))
    with pytest.raises(NoBasis), write():
        cases.open_case(actor=town.worker(), at=MONDAY, case=town.new_case(terms=town.terms(consent_given_on=None)))
    with pytest.raises(PostElsewhere), write():
        cases.open_case(actor=town.worker(), at=MONDAY, case=town.new_case(worker_post=town.town.head("grid", 1).id))
    with pytest.raises(cases.PhoneUnclear), write():
        cases.open_case(actor=town.worker(), at=MONDAY, case=town.new_case(content=Content(NAME, "call me")))
    assert not CareCase.objects.exists() and not OutboxEvent.objects.filter(topic__startswith="care.").exists()


def test_the_database_itself_refuses_a_case_without_basis_or_beyond_its_consent(town: Town) -> None:
    case_id = town.case()
    for wrong in (
        {"consent_given_on": None},
        {"duty": "minors"},
        {"basis": "suspicion"},
        {"ends_on": TODAY + timedelta(days=400)},
        {"review_on": TODAY + timedelta(days=301)},
        {"sealed": None},
        {"closed_at": MONDAY},
        {"consent_how": "she nodded"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            CareCase.objects.filter(id=case_id).update(**wrong)


def test_who_is_not_of_the_case_does_not_read_it(town: Town) -> None:
    case_id = town.case()
    for actor, refusal in (
        (ANONYMOUS, NotSignedIn),
        (town.reviewer(), Forbidden),
        (town.worker(1), Forbidden),
        (town.colleague(), NotYourCase),
    ):
        for read in (reading.read_case, reading.export_case, erasing.erase_on_request):
            with pytest.raises(refusal), write():
                read(actor=actor, at=LATER, case_id=case_id)
        with pytest.raises(refusal):
            readings(actor=actor, at=LATER, case_id=case_id)
        with pytest.raises(refusal), write():
            cases.write_note(actor=actor, at=LATER, case_id=case_id, text="x")
    assert not CareRead.objects.exists()
    assert [line.label for line in desk(actor=town.colleague(), at=LATER)] == []
    assert [line.mine for line in desk(actor=town.worker(), at=LATER)] == [True]
    assert [line.mine for line in desk(actor=town.reviewer(), at=LATER)] == [False]
    with pytest.raises(Forbidden):
        desk(actor=town.worker(1).within("nowhere/"), at=LATER)


def test_a_helper_reads_from_then_on_until_they_leave(town: Town) -> None:
    case_id = town.case()
    with write():
        helper = enter_person(actor=SYSTEM, at=MONDAY - timedelta(days=900), person=NewPerson("h1", "孙志愿"))
    helping = replace(town.colleague(), person_id=helper)
    with write():
        cases.set_helpers(actor=town.worker(), at=MONDAY, case_id=case_id, helpers=[helper])
    with write():
        assert reading.read_case(actor=helping, at=LATER, case_id=case_id).ground == "helper"
        erase_people_past_retention(actor=SYSTEM, at=LATER)  # spares those who help
    with write():
        cases.set_helpers(actor=town.worker(), at=LATER, case_id=case_id, helpers=[])
    with pytest.raises(NotYourCase), write():
        reading.read_case(actor=helping, at=LATER, case_id=case_id)


def test_every_reading_is_written_down_and_shown_to_the_person(town: Town) -> None:
    case_id = town.case()
    with write():
        reading.read_case(actor=town.worker(), at=LATER, case_id=case_id)
    with write():
        assert [case.id for case in reading.find_cases(actor=town.worker(), at=LATER, asked="+86 138-1234-5678")] == [case_id]
    with write():
        handed = reading.export_case(actor=town.worker(), at=LATER, case_id=case_id)
    assert [(read["what"], read["ground"]) for read in handed["readings"]] == [("content", "worker"), ("lookup", "worker"), ("export", "worker")]
    assert handed["told"]["name"] == NAME and json.dumps(handed, default=str)
    assert len(readings(actor=town.worker(), at=LATER, case_id=case_id)) == 3
    read = AuditEntry.objects.filter(action="care.read")
    assert read.count() == 3 and {entry.subject for entry in read} == {CareCase.objects.get().audit_ref}


@pytest.mark.parametrize("statement", ["UPDATE care_careread SET reader = 'x'", "DELETE FROM care_careread", "TRUNCATE care_careread"])
def test_the_log_of_readings_cannot_be_changed(town: Town, statement: str) -> None:
    case_id = town.case()
    with write():
        reading.read_case(actor=town.worker(), at=LATER, case_id=case_id)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


def test_glass_opens_with_a_reason_for_a_while_and_is_reviewed_by_another(town: Town) -> None:
    case_id, colleague = town.case(), town.colleague()
    with pytest.raises(Refusal, match="reason_too_short"), write():
        reading.break_glass(actor=colleague, at=MONDAY, case_id=case_id, reason="urgent")
    with write():
        glass = reading.break_glass(actor=colleague, at=MONDAY, case_id=case_id, reason="老人不应门，需要联系家属")
    with write():
        assert reading.read_case(actor=colleague, at=LATER, case_id=case_id).ground == "glass"
    with pytest.raises(NotYourCase), write():
        reading.export_case(actor=colleague, at=LATER, case_id=case_id)
    with pytest.raises(NotYourCase), write():  # reads, and changes nothing
        cases.change_level(actor=colleague, at=LATER, case_id=case_id, level="monthly")
    with pytest.raises(NotYourCase), write():
        reading.read_case(actor=colleague, at=MONDAY + timedelta(hours=4), case_id=case_id)
    with write():
        (line,) = reading.waiting_glasses(actor=town.reviewer(), at=LATER)
    assert (line.reason, line.own) == ("老人不应门，需要联系家属", False) and "不应门" not in everything_stored()
    both = replace(town.reviewer(), id=colleague.id)
    with pytest.raises(OwnGlass), write():
        reading.review_glass(actor=both, at=LATER, glass_id=glass, justified=True)
    with pytest.raises(Forbidden), write():
        reading.review_glass(actor=town.worker(), at=LATER, glass_id=glass, justified=True)
    with write():
        reading.review_glass(actor=town.reviewer(), at=LATER, glass_id=glass, justified=False)
    with pytest.raises(NotYourCase), write():  # not justified: closed at once
        reading.read_case(actor=colleague, at=LATER, case_id=case_id)
    with pytest.raises(reading.AlreadyReviewed), write():
        reading.review_glass(actor=town.reviewer(), at=LATER, glass_id=glass, justified=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        GlassBreak.objects.filter(id=glass).update(reviewer=colleague.id)


def test_phones_are_found_by_fingerprint_by_those_who_may(town: Town) -> None:
    case_id = town.case()
    with write():
        assert [case.id for case in reading.find_cases(actor=town.colleague(), at=LATER, asked=PHONE)] == [case_id]
        assert reading.find_cases(actor=town.worker(1), at=LATER, asked=PHONE) == []
        assert reading.find_cases(actor=town.worker(), at=LATER, asked="13800000000") == []
        assert reading.find_cases(actor=town.worker(), at=LATER, asked="nothing") == []
    assert [(read.what, read.ground) for read in CareRead.objects.all()] == [("lookup", "search")]


def test_level_review_renewal_and_handing_over_move_the_version(town: Town) -> None:
    case_id, worker = town.case(), town.worker()
    with write():
        cases.change_level(actor=worker, at=LATER, case_id=case_id, level="monthly", version=1)
    with pytest.raises(CaseChanged), write():
        cases.change_level(actor=worker, at=LATER, case_id=case_id, level="weekly", version=1)
    with pytest.raises(NotALevel), write():
        cases.change_level(actor=worker, at=LATER, case_id=case_id, level="red")
    with write():
        cases.review_case(actor=worker, at=LATER, case_id=case_id, next_on=TODAY + timedelta(days=90))
        cases.renew_case(actor=worker, at=LATER, case_id=case_id, review_on=TODAY + timedelta(days=80), ends_on=TODAY + timedelta(days=350),
                         consent_until=TODAY + timedelta(days=350), consent_how="witness")  # fmt: skip
        cases.change_content(actor=worker, at=LATER, case_id=case_id, content=Content("赵素芬", plan="换成每月"))
    with pytest.raises(NoBasis), write():
        cases.renew_case(actor=worker, at=LATER, case_id=case_id, review_on=TODAY + timedelta(days=80), ends_on=TODAY + timedelta(days=350))
    case = CareCase.objects.get()
    assert (case.level, case.version, case.consent_how, case.phone_fingerprint) == ("monthly", 5, "witness", None)
    topics = OutboxEvent.objects.filter(topic__startswith="care.").order_by("pk").values_list("topic", flat=True)
    assert list(topics) == ["care.opened", "care.changed", "care.changed"]


def test_consent_taken_back_ends_the_case_and_it_is_erased_by_the_sweep(town: Town) -> None:
    case_id, worker = town.case(), town.worker()
    with write():
        cases.write_note(actor=worker, at=LATER, case_id=case_id, text="a note")
        cases.withdraw_consent(actor=worker, at=LATER, case_id=case_id)
    with pytest.raises(CaseEnded), write():
        cases.write_note(actor=worker, at=LATER, case_id=case_id, text="another")
    with write():
        set_clock(to=LATER + timedelta(minutes=1))
    end_and_erase()
    case = CareCase.objects.get()
    assert case.erased_at is not None and case.sealed is None and case.key_wrapped is None and case.audit_ref is None
    assert not CareNote.objects.exists()
    with pytest.raises(NoSuchCase), write():
        reading.read_case(actor=worker, at=LATER, case_id=case_id)
    assert Erasure.objects.get().subject == case_id


def test_a_case_ends_with_its_term_and_is_erased_after_the_retention(town: Town) -> None:
    town.case(terms=town.duty())
    end = MONDAY + timedelta(days=301)
    for moment, closed, erased in ((end - timedelta(days=1), False, False), (end, True, False), (end + timedelta(days=366), True, True)):
        with write():
            set_clock(to=moment)
        end_and_erase()
        case = CareCase.objects.get()
        assert (case.closed_at is not None, case.erased_at is not None) == (closed, erased)
    assert case.ending == Ending.TERM_ENDED


@pytest.mark.parametrize(("days", "erased"), [(30, True), (400, False)])
def test_the_retention_that_holds_now_counts_for_cases_closed_before(town: Town, tmp_path: Path, days: int, erased: bool) -> None:
    case_id = town.case()
    with write():
        cases.close_case(actor=town.worker(), at=MONDAY, case_id=case_id, ending=Ending.MOVED_AWAY)
    hold_playbook(at=LATER, playbook=playbook(tmp_path, retention_days=days))
    for moment, gone in ((MONDAY + timedelta(days=min(days, 366)) - timedelta(hours=1), False), (MONDAY + timedelta(days=min(days, 366)), erased)):
        with write():
            erasing.erase_due_cases(at=moment)
        case = CareCase.objects.get()
        assert (case.erased_at is not None) == gone and case.erase_at == MONDAY + timedelta(days=days)


def test_deletion_on_request_and_its_replay_after_a_restore(town: Town) -> None:
    by_consent, by_law = town.case(), town.case(terms=town.duty())
    worker = town.worker()
    with pytest.raises(erasing.DutyStands), write():
        erasing.erase_on_request(actor=worker, at=LATER, case_id=by_law)
    with pytest.raises(cases.NoConsentHere), write():
        cases.withdraw_consent(actor=worker, at=LATER, case_id=by_law)
    with write():
        erasing.erase_on_request(actor=worker, at=LATER, case_id=by_consent)
        cases.close_case(actor=worker, at=LATER, case_id=by_law, ending=Ending.DUTY_ENDED)
        erasing.erase_on_request(actor=worker, at=LATER, case_id=by_law)
    assert not CareCase.objects.filter(erased_at=None).exists()
    restored = town.case()  # as a backup would bring it back
    with write():
        assert replay_erasures(stones=[Tombstone("care.case", restored, LATER), Tombstone("care.case", uuid4(), LATER)], at=LATER) == {"care.case": 1}
    assert CareCase.objects.get(id=restored).sealed is None


def test_a_case_is_not_closed_by_hand_for_the_clocks_reasons(town: Town) -> None:
    case_id = town.case()
    for ending in (Ending.TERM_ENDED, Ending.CONSENT_WITHDRAWN, Ending.DUTY_ENDED):
        with pytest.raises(cases.NotByHand), write():
            cases.close_case(actor=town.worker(), at=LATER, case_id=case_id, ending=ending)


def test_every_field_names_its_purpose_and_none_scores(town: Town) -> None:
    assert {field.name for field in CareCase._meta.concrete_fields} == PURPOSES.keys()
    assert all(entry.purpose.strip() for entry in PURPOSES.values())


def test_visits_are_derived_anew_when_the_level_changes(town: Town) -> None:
    case_id, worker = town.case(), town.worker()

    def visits() -> list[str]:
        derive_due(at=LATER)
        rows = Occurrence.objects.filter(subject__ref=case_id, opens_at__gt=LATER)
        return [*sorted(set(rows.values_list("rule", flat=True))), str(rows.count())]

    assert visits() == ["care_weekly", "5"]
    with write():
        cases.change_level(actor=worker, at=LATER, case_id=case_id, level="monthly")
    assert visits()[0] == "care_monthly" and len(visits()) == 2
    with write():
        cases.withdraw_consent(actor=worker, at=LATER, case_id=case_id)
    assert visits() == ["0"]


def test_a_change_of_level_sets_other_visits_and_an_ended_case_none(town: Town) -> None:
    case_id, worker = town.case(), town.worker()

    def known() -> SubjectRecord:
        return SubjectRecord.objects.get(kind="care", ref=case_id)

    label = CareCase.objects.get().label
    assert (known().label, known().facts, known().area_path) == (label, {"level": "weekly", "purpose": "living_alone"}, town.town.grids[0].path)
    with write():
        cases.change_level(actor=worker, at=LATER, case_id=case_id, level="monthly")
    assert known().facts["level"] == "monthly" and known().stale and NAME not in str(vars(known()))
    with write():
        cases.withdraw_consent(actor=worker, at=LATER, case_id=case_id)
    assert known().ended_at is not None and known().label == label
    with write():
        erasing.erase_due_cases(at=LATER)
    assert (known().label, known().facts) == ("—", {})
