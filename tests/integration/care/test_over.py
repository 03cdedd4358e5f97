"""Between midnight and the sweep: a consent or a term that is over holds no more, whatever the clock has got round to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from linli.domains.care.models import CareCase, CareRead
from linli.domains.care.rules.access import NotYourCase
from linli.domains.care.rules.terms import ConsentOver, Ending, TermOver
from linli.domains.care.services import cases, days, erasing, reading
from linli.domains.care.services.frame import CaseEnded
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import NAME, TODAY, Desk, Town

LAST = MONDAY + timedelta(days=300)  # the last day on which the consent holds
MIDNIGHT = LAST.replace(hour=16, minute=0)  # in China
RENEWED: dict[str, Any] = {"review_on": TODAY + timedelta(days=340), "ends_on": TODAY + timedelta(days=500)}
CONSENT: dict[str, Any] = {"consent_until": TODAY + timedelta(days=500), "consent_how": "paper"}


def common(town: Town, case_id: UUID, **more: Any) -> dict[str, Any]:
    return {"actor": town.worker(), "at": MIDNIGHT, "case_id": case_id, **more}


@pytest.mark.parametrize(
    ("act", "given"),
    [
        (reading.read_case, {}),
        (cases.write_note, {"text": "a note"}),
        (cases.change_level, {"level": "monthly"}),
        (cases.set_helpers, {"helpers": []}),
        (cases.set_bell, {"bell": ""}),
        (cases.review_case, {"next_on": TODAY + timedelta(days=310)}),
        (days.set_day, {"day": "x", "on": None}),
    ],
)
def test_nothing_is_read_or_written_from_midnight_on(town: Town, act: Callable[..., Any], given: dict[str, Any]) -> None:
    case_id = town.case()
    with pytest.raises(ConsentOver) as refused, write():
        act(**common(town, case_id, **given))
    assert refused.value.params == {"day": "2026-12-27"} and not CareRead.objects.exists()
    with write():  # a second before it still holds
        reading.read_case(**common(town, case_id, at=MIDNIGHT - timedelta(seconds=1)))


def test_the_glass_of_such_a_case_is_not_broken_and_one_broken_before_shows_nothing(town: Town) -> None:
    case_id, colleague = town.case(), town.colleague()
    with write():
        reading.break_glass(actor=colleague, at=MIDNIGHT - timedelta(hours=1), case_id=case_id, reason="老人不应门，需要联系家属")
    with pytest.raises(TermOver), write():
        reading.read_case(**common(town, case_id, actor=colleague))
    with pytest.raises(TermOver), write():
        reading.break_glass(**common(town, case_id, actor=colleague, reason="老人不应门，需要联系家属"))
    with pytest.raises(NotYourCase):
        reading.own_case(**common(town, case_id, actor=colleague))


@pytest.mark.parametrize(
    ("act", "becomes"),
    [
        (lambda given: cases.renew_case(**given, **RENEWED, **CONSENT), "open"),
        (lambda given: cases.close_case(**given, ending=Ending.MOVED_AWAY), "moved_away"),
        (lambda given: cases.withdraw_consent(**given), "consent_withdrawn"),
        (lambda given: reading.export_case(**given), "read"),
        (lambda given: erasing.erase_on_request(**given), "erased"),
    ],
)
def test_it_is_renewed_ended_handed_out_and_erased(town: Town, act: Callable[[dict[str, Any]], Any], becomes: str) -> None:
    given = common(town, town.case())
    with write():
        act(given)
    case = CareCase.objects.get()
    read = CareRead.objects.filter(case=case, what="export").exists()
    assert becomes == ("erased" if case.erased_at else case.ending or ("read" if read else "open"))
    assert (case.ends_on > MIDNIGHT.date()) is (becomes == "open")


def test_a_statutory_term_that_is_over_holds_no_more_either(town: Town) -> None:
    given = common(town, town.case(terms=town.duty()))
    with pytest.raises(TermOver) as refused, write():
        reading.read_case(**given)
    assert refused.value.code == "care.term_over"
    with write():
        cases.renew_case(**given, **RENEWED)
        assert reading.read_case(**given).content.name == NAME


def test_once_the_sweep_has_ended_it_the_case_is_read_until_it_is_erased(town: Town) -> None:
    given = common(town, town.case())
    with write():
        cases.end_due_cases(at=MIDNIGHT)
        assert reading.read_case(**given).content.name == NAME
    with pytest.raises(CaseEnded), write():
        cases.write_note(**given, text="late")


def test_its_page_offers_to_renew_or_to_end_it_and_shows_nothing(town: Town, desk: Desk) -> None:
    town.case()
    with write():
        set_clock(to=MIDNIGHT)
    label, worker = CareCase.objects.get().label, desk("grid")
    page = worker.get(f"/console/care/{label}")
    shown = page.content.decode()
    assert page.status_code == 409 and "ended on 2026-12-27" in shown and "Renew" in shown and NAME not in shown
    assert worker.post(f"/console/care/{label}/note", {"text": "x"}).status_code == 409
    assert worker.post(f"/console/care/{label}/renew", {"ends_on": str(TODAY), "review_on": str(TODAY)}).status_code == 400
    given = {name: str(value) for name, value in {**RENEWED, **CONSENT}.items()}
    renewed = worker.post(f"/console/care/{label}/renew", given, follow=True)
    assert renewed.status_code == 200 and NAME in renewed.content.decode()
