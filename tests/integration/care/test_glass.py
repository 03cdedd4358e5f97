"""Reading in need: it erases nothing, it is reviewed whatever becomes of the case, and whoever looks at a reason is on record too."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.domains.care.models import CareCase, CareRead, GlassBreak
from linli.domains.care.rules.access import NotYourCase
from linli.domains.care.selectors import readings
from linli.domains.care.services import erasing, reading
from linli.flows.reading_in_need_is_told import remind_reviewers
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.audit.models import AuditEntry
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.ids import new_id
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import Desk, Town

LATER = MONDAY + timedelta(hours=1)
REASON = "老人不应门，需要联系家属"


def broken(town: Town, case_id: UUID, **changes: Any) -> UUID:
    with write():
        return reading.break_glass(**{"actor": town.colleague(), "at": MONDAY, "case_id": case_id, "reason": REASON, **changes})


def test_who_only_broke_the_glass_erases_nothing(town: Town) -> None:
    case_id = town.case()
    broken(town, case_id)
    for ask in (erasing.erase_on_request, reading.export_case):
        with pytest.raises(NotYourCase), write():
            ask(actor=town.colleague(), at=LATER, case_id=case_id)
    case = CareCase.objects.get()
    assert case.sealed is not None and case.closed_at is None


def test_a_reading_in_need_is_reviewed_though_the_case_was_erased(town: Town) -> None:
    case_id = town.case()
    glass = broken(town, case_id)
    label = CareCase.objects.get().label
    with write():
        erasing.erase_on_request(actor=town.worker(), at=LATER, case_id=case_id)
    assert GlassBreak.objects.get().reason is None
    with write():
        (line,) = reading.waiting_glasses(actor=town.reviewer(), at=LATER)
    assert (line.label, line.reason) == (label, None)
    with write():
        reading.review_glass(actor=town.reviewer(), at=LATER, glass_id=glass, justified=False)
    with write():
        assert reading.waiting_glasses(actor=town.reviewer(), at=LATER) == []
    assert GlassBreak.objects.get().justified is False
    assert AuditEntry.objects.get(action="care.review_glass").subject == glass  # the case's own pseudonym in the chain is gone


def test_whoever_sees_a_reason_is_on_record_each_time_and_the_person_can_ask(town: Town, desk: Desk) -> None:
    case_id = town.case()
    broken(town, case_id)
    for _ in range(2):
        with write():
            assert [line.reason for line in reading.waiting_glasses(actor=town.reviewer(), at=LATER)] == [REASON]
    with write():
        assert reading.waiting_glasses(actor=town.worker(), at=LATER) == []  # reviews nothing, so nothing is opened
    assert [(line.reader, line.what, line.ground) for line in readings(actor=town.worker(), at=LATER, case_id=case_id)] == [
        ("user:reviewer", "glass", "review")
    ] * 2
    assert "老人不应门" in desk("street").get("/console/care").content.decode()
    assert CareRead.objects.filter(what="glass").count() == 3
    page = desk("grid").get(f"/console/care/{CareCase.objects.get().label}").content.decode()
    assert "reason of a reading in need" in page and "reviews readings in need" in page


def asked(day: str = "") -> list[tuple[str, str]]:
    """Who was asked to review, in the program, and in what words."""
    return sorted(Notice.objects.filter(template="care.to_review", channel="in_app", body__contains=day).values_list("recipient", "body"))


def tell(at: datetime) -> None:
    while dispatch_once():
        pass
    with write():
        remind_reviewers(at=at)


def test_reviewers_are_asked_at_once_and_once_a_day_until_it_is_reviewed(town: Town) -> None:
    case_id = town.case()
    with write():
        auditor = users.create_user(actor=SYSTEM, at=MONDAY, username="auditor", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=auditor.pk, role="street_duty", area_path=town.town.grids[0].path)
        elsewhere = users.create_user(actor=SYSTEM, at=MONDAY, username="elsewhere", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=elsewhere.pk, role="street_duty", area_path=town.town.grids[1].path)
    street = organisation().appointee(town.town.head("street").id, MONDAY)
    glass = broken(town, case_id)
    tell(LATER)
    first = asked()
    assert [recipient for recipient, _ in first] == [f"person:{street}", f"user:{auditor.pk}"]
    assert CareCase.objects.get().label in first[0][1] and "不应门" not in first[0][1]
    for at, count in ((LATER, 2), (MONDAY + timedelta(days=1), 4), (MONDAY + timedelta(days=1, hours=3), 4), (MONDAY + timedelta(days=2), 6)):
        tell(at)
        assert len(asked()) == count
    with write():
        reading.review_glass(actor=town.reviewer(), at=LATER, glass_id=glass, justified=True)
    tell(MONDAY + timedelta(days=3))
    assert len(asked()) == 6


def test_a_further_reading_is_never_barred_and_the_reviewers_hear_how_many_there_were(town: Town) -> None:
    case_id = town.case()
    first = broken(town, case_id)
    broken(town, case_id, at=MONDAY + timedelta(hours=5))
    tell(MONDAY)
    assert any("第 2 次未复核" in body and "无正当理由的 0 次" in body for _, body in asked())
    with write():
        reading.review_glass(actor=town.reviewer(), at=MONDAY + timedelta(hours=6), glass_id=first, justified=False)
    broken(town, case_id, at=MONDAY + timedelta(hours=10))
    broken(town, town.case(), at=MONDAY + timedelta(hours=11))  # another case: counted by itself
    broken(town, case_id, at=MONDAY + timedelta(hours=12), actor=replace(town.colleague(), id=f"user:{new_id()}"))
    tell(MONDAY)
    said = [body for _, body in asked()]
    assert sum("第 2 次未复核" in body and "无正当理由的 1 次" in body for body in said) == 1
    assert sum("第 1 次未复核" in body and "无正当理由的 0 次" in body for body in said) == 3


def test_nobody_is_asked_to_review_their_own_reading(town: Town) -> None:
    case_id = town.case()
    street = organisation().appointee(town.town.head("street").id, MONDAY)
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="street", password="a long enough password")
        link_user(actor=SYSTEM, at=MONDAY, person_id=street, user_id=user.pk)
    broken(town, case_id, actor=replace(town.colleague(), id=f"user:{user.pk}", person_id=street))
    tell(LATER)
    assert asked() == [] and Notice.objects.filter(template="care.read_in_need").exists()
