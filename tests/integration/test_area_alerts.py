"""Alerts for an area: public matters in it and below it, by what everyone may see, to whoever confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act, only
from linli.flows.area_alerts import TOPIC, ways
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices import services
from linli.kernel.notices.models import Notice, Subscription
from linli.kernel.notices.rules import Channel, Fate, NoticeState
from linli.kernel.notices.services import channels
from linli.kernel.notices.tasks import send_due_notices
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, person, report
from tests.integration.notices.browsers import PushBrowser
from tests.integration.notices.made import Recorder

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def town(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Community:
    settings.PUBLIC_URL = "https://linli.example.org"
    settings.PUSH_SERVICES = ["push.example.org"]
    monkeypatch.setitem(channels.ADAPTERS, Channel.EMAIL, Recorder())
    return community()


def asked(code: str, channel: Channel = Channel.EMAIL, language: str = "zh-hans", address: str = "a@example.org") -> services.Subscribed:
    with write():
        made = services.subscribe_to(at=MONDAY, topic=TOPIC + code, channel=channel, address=address, language=language)
        return services.confirm_subscription(at=MONDAY, subscription_id=made.id, token=made.token)


def deliver() -> None:
    while dispatch_once():
        pass


def test_a_report_in_a_grid_reaches_those_who_asked_for_the_grid_and_for_its_street_and_nobody_else(town: Community) -> None:
    grid, street = town.grids[0], town.streets[0]
    of_grid, of_street = asked(grid.code), asked(street.code, language="en", address="b@example.org")
    asked(town.grids[-1].code, address="c@example.org")
    with write():  # asked for and never confirmed
        services.subscribe_to(at=MONDAY, topic=TOPIC + grid.code, channel=Channel.EMAIL, address="d@example.org", language="en")
    with time_machine.travel(MONDAY + HOUR, tick=False):
        receipt = report(town, text="王五家门口的井盖没了 13800138000", address="幸福路3号")
        deliver()
        deliver()
    told = {notice.recipient: notice for notice in Notice.objects.filter(template="alerts.reported")}
    assert told.keys() == {of_grid.ref, of_street.ref}
    for notice in told.values():
        assert receipt.code in notice.body and "幸福路" not in notice.body and "王五" not in notice.body and receipt.tracking not in notice.body
    assert f"/alerts/{of_grid.id}/{of_grid.token}" in told[of_grid.ref].body and "退订" in told[of_grid.ref].body
    assert "End these alerts" in told[of_street.ref].body


def test_what_is_solved_is_told_too(town: Community) -> None:
    asked(town.grids[0].code)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        receipt = report(town)
        with write():
            only(act([Command(receipt.matter_id, Verb.SOLVE, MONDAY + HOUR, text="已清走")], actor=person("grid_head", town.grids[0].path)))
        deliver()
    assert Notice.objects.filter(template="alerts.solved").count() == 1


def test_what_is_not_public_and_what_is_old_is_told_to_nobody(town: Community) -> None:
    asked(town.grids[0].code)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        report(town, class_code=private_class())
        deliver()
    with time_machine.travel(MONDAY + timedelta(days=9), tick=False):
        report(town)
        deliver()
    assert not Notice.objects.filter(template__startswith="alerts.").exists()


def private_class() -> str:
    section = active_playbook().section(MattersSection)
    kinds = {kind.code for kind in section.kinds if kind.visibility != "public"}
    return next(part.code for part in section.classes if part.kind in kinds)


def test_a_browser_that_is_gone_is_forgotten_with_its_notices(town: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    recorder.fails = channels.Undelivered(Fate.REFUSED, "HTTP 410")
    monkeypatch.setitem(channels.ADAPTERS, Channel.PUSH, recorder)
    asked(town.grids[0].code, Channel.PUSH, address=PushBrowser("https://push.example.org/1").address)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        report(town)
        deliver()
        assert Notice.objects.get(channel="push").state == NoticeState.QUEUED
        send_due_notices(MONDAY + HOUR, channel=Channel.PUSH)
        deliver()
    assert not Subscription.objects.exists() and not Notice.objects.filter(channel="push").exists()


def test_ways_are_those_that_can_reach_somebody(town: Community, settings: Any) -> None:
    assert ways() == (Channel.EMAIL, Channel.PUSH)
    settings.PUBLIC_URL = ""  # a mail without a whole address in it leads nowhere
    settings.PUSH_SERVICES = []
    assert ways() == ()
