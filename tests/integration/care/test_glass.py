"""Reading in need: it erases nothing, it is reviewed whatever becomes of the case, and whoever looks at a reason is on record too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from linli.domains.care.models import CareCase, GlassBreak
from linli.domains.care.rules.access import NotYourCase
from linli.domains.care.services import erasing, reading
from linli.kernel.audit.models import AuditEntry
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import Town

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
        (line,) = reading.waiting_glasses(actor=town.reviewer())
    assert (line.label, line.reason) == (label, None)
    with write():
        reading.review_glass(actor=town.reviewer(), at=LATER, glass_id=glass, justified=False)
    with write():
        assert reading.waiting_glasses(actor=town.reviewer()) == []
    assert GlassBreak.objects.get().justified is False
    assert AuditEntry.objects.get(action="care.review_glass").subject == glass  # the case's own pseudonym in the chain is gone
