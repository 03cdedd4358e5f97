"""Who calls is found by the number; whose care bell rings, by the pseudonym that the alarm says. Both are written down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linli.directory.devices.services import NewDevice, raise_alarm, register_devices
from linli.domains.care.models import CareCase, CareRead
from linli.domains.care.rules.terms import Ending
from linli.domains.care.services import cases
from linli.domains.care.services.reading import find_cases
from linli.engines.matters.models import Matter
from linli.kernel.access.rules import SYSTEM
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import NAME, Desk, Town

LATER = MONDAY + timedelta(hours=1)


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower", "bare"])
def test_a_case_is_found_by_its_pseudonym_by_those_who_may(town: Town, typed: str) -> None:
    case_id = town.case()
    label = CareCase.objects.get().label
    asked = {"lower": label.lower(), "bare": label.replace("-", "")}.get(typed, typed.format(label))
    for actor, found in ((town.worker(), [case_id]), (town.colleague(), [case_id]), (town.worker(1), []), (town.reviewer(), [])):
        with write():
            assert [case.id for case in find_cases(actor=actor, at=LATER, asked=asked)] == found
    assert list(CareRead.objects.order_by("id").values_list("what", "ground")) == [("lookup", "worker"), ("lookup", "search")]
    with write():
        cases.close_case(actor=town.worker(), at=LATER, case_id=case_id, ending=Ending.MOVED_AWAY)
    with write():
        assert find_cases(actor=town.worker(), at=LATER, asked=asked) == []


def test_from_the_alarm_of_a_care_bell_to_the_case(town: Town, desk: Desk) -> None:
    case_id = town.case()
    with write():
        register_devices(actor=SYSTEM, at=MONDAY, devices=[NewDevice("bell-1", "care_bell", {"zh": "铃", "en": "Bell"}, town.town.grids[0].code)])
        cases.set_bell(actor=town.worker(), at=MONDAY, case_id=case_id, bell="bell-1")
        raise_alarm(actor=SYSTEM, at=MONDAY, device="bell-1", happened_at=MONDAY)
    while dispatch_once():
        pass
    said = Matter.objects.get().text.split()[-1]
    colleague = desk(role="grid_head")
    found = colleague.post("/console/care/find", {"asked": said.lower()}).content.decode()
    assert f"/console/care/{said}" in found and NAME not in found
    asked = colleague.get(f"/console/care/{said}")
    assert asked.status_code == 403 and "Break the glass" in asked.content.decode()
    opened = colleague.post(f"/console/care/{said}/glass", {"reason": "the care bell rings and nobody answers"}, follow=True)
    assert NAME in opened.content.decode()
    assert "No open case" in colleague.post("/console/care/find", {"asked": "G-0000-0000"}).content.decode()
