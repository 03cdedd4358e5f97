"""Reporters and holders are told by the flows, once, and only what is news."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from linli.directory.organisation.selectors import organisation
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act, only
from linli.engines.matters.services.whistle import blow_whistle
from linli.engines.matters.tasks import sweep
from linli.flows.tasks import warn
from linli.kernel.access.rules import SYSTEM
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY, community, person, report

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Asia/Shanghai")  # of the community


def deliver() -> None:
    while dispatch_once():
        pass


def told(template: str) -> list[str]:
    return sorted(Notice.objects.filter(template=template).values_list("channel", flat=True))


def test_the_reporter_hears_at_once_and_hears_back_and_the_holder_knows() -> None:
    town = community()
    with time_machine.travel(MONDAY + HOUR, tick=False):
        receipt = report(town, contact=Contact(phone="13800138000", email="a@example.org"), anonymous=False)
        deliver()
        assert told("matters.received") == ["email", "in_app", "sms"]
        assert "in_app" in told("matters.dispatched")
        assert all(
            f"{receipt.due_at.astimezone(ZONE):%Y-%m-%d %H:%M}" in body
            for body in Notice.objects.filter(template="matters.received", channel="email").values_list("body", flat=True)
        )
        with write():
            only(act([Command(receipt.matter_id, Verb.SOLVE, MONDAY + HOUR, text="已清走")], actor=person("grid_head", town.grids[0].path)))
        deliver()
        deliver()
    assert told("matters.outcome") == ["email", "in_app", "sms"]
    assert all("已清走" in body for body in Notice.objects.filter(template="matters.outcome").values_list("body", flat=True))


def test_what_moves_up_is_told_above_and_before_it_moves_below() -> None:
    town = community()
    report(town)
    with time_machine.travel(MONDAY + 8 * HOUR + timedelta(minutes=30), tick=False):
        warn()
        warn()
        assert len(told("matters.running_out")) == 1
    with time_machine.travel(MONDAY + 10 * HOUR, tick=False):
        sweep()
        deliver()
    holder = organisation().holder(town.head("street").id, MONDAY).person_id
    told_above = Notice.objects.get(template="matters.escalated")
    assert told_above.recipient == f"person:{holder}" and town.head("grid").names["zh"] in told_above.body
    assert not told("matters.dispatched")  # it had moved on before the report's own news was handled


def test_what_moved_up_twice_is_told_once_to_whoever_has_it_now_and_names_whence_and_why() -> None:
    town = community()
    receipt = report(town)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        for level in ("grid", "street"):
            with write():
                only(act([Command(receipt.matter_id, Verb.ESCALATE, MONDAY + HOUR, reason=f"{level}管不了")], actor=SYSTEM))
        deliver()
    notice = Notice.objects.get(template="matters.escalated")
    assert notice.recipient == f"person:{organisation().holder(town.head('district').id, MONDAY).person_id}"
    assert town.head("street").names["zh"] in notice.body and "street管不了" in notice.body


def test_a_called_department_is_told() -> None:
    town = community()
    receipt = report(town)
    water = next(unit for unit in organisation().units if unit.code == "water")
    with time_machine.travel(MONDAY + HOUR, tick=False):
        with write():
            blow_whistle(actor=person("street_duty", town.streets[0].path), at=MONDAY + HOUR, matter_id=receipt.matter_id, units=[water.id], reason="爆管")
        deliver()
    assert len(told("matters.whistle")) == 1


def test_a_replayed_year_tells_nobody() -> None:
    town = community()
    with time_machine.travel(MONDAY + timedelta(days=300), tick=False):
        report(town, contact=Contact(phone="13800138000"), anonymous=False)
        deliver()
    assert not Notice.objects.exists()
