"""What a duty's form says goes to the members of the teams that the playbook names: to them, once, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.directory.teams.selectors import own_parts
from linli.directory.teams.services import NewTeam, apply_to_team, found_team, leave_team
from linli.engines.duties import tasks
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.checkin import Command, check_in
from linli.flows.teams_are_messaged import messaged
from linli.kernel.access.rules import SYSTEM, Actor
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.models import Notice
from linli.kernel.notices.selectors import inbox
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.teams.made import TEAMS, Town, teaming_town

pytestmark = pytest.mark.django_db

RULE: dict[str, Any] = {
    "code": "tell",
    "names": {"zh": "信息提示", "en": "Tell the volunteers"},
    "kind": "task",
    "subjects": {"kind": "area", "where": {"level": "grid"}},
    "levels": ["grid"],
    "cadence": {"times": 1, "period": "month"},
    "evidence": ["form"],
    "form": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string", "maxLength": 500}}},
}


@pytest.fixture
def town(tmp_path: Path) -> Town:
    messages = [{"duty": "tell", "says": "message", "kinds": ["publicity"]}]
    return teaming_town(tmp_path, duties={"rules": [RULE]}, teams={**TEAMS, "messages": messages})


def deliver() -> None:
    while dispatch_once():
        pass


def say(town: Town, message: str, *, grid: int = 0) -> UUID:
    tasks.derive_due(MONDAY)
    duty = Occurrence.objects.filter(rule="tell", area_id=town.town.grids[grid].id).earliest("opens_at")
    with write():
        (done,) = check_in([Command((duty.id,), Verb.FINISH, MONDAY, form={"message": message})], actor=SYSTEM, at=MONDAY)
    assert not isinstance(done, Refusal), done
    deliver()
    return duty.id


def heard(actor: Actor) -> list[str]:
    return [item.body for item in inbox(actor) if item.template == "teams.message"]


def test_members_of_the_kinds_hear_it_and_nobody_else(town: Town) -> None:
    net, patrol = town.team("net", "publicity"), town.team("night", "patrol")
    with write():
        far = found_team(actor=town.manager(), at=MONDAY, team=NewTeam("far", "publicity", {"zh": "远", "en": "Far"}, town.town.grids[1].code))
    member, walker, elsewhere, left = town.member(net, "ann"), town.member(patrol, "bo"), town.member(far, "cy"), town.member(net, "di")
    with write():
        (own,) = own_parts(actor=left, at=MONDAY, today=MONDAY.date())
        leave_team(actor=left, at=MONDAY, membership_id=own.membership_id)
        apply_to_team(actor=town.resident("eve"), at=MONDAY, team_id=net, agreed=True, name="Eve")
    duty = say(town, "请查看消防通道 {当心}")
    assert heard(member) == ["请查看消防通道 {当心}"]
    assert (messaged("tell", duty), messaged("other", duty)) == (1, None)
    assert [heard(one) for one in (walker, elsewhere, left, town.resident("eve"))] == [[], [], [], []]


def test_who_is_in_two_teams_hears_it_once_and_no_words_are_no_message(town: Town) -> None:
    member = town.member(town.team("net", "publicity"), "ann")
    assert town.member(town.team("two", "publicity"), "ann").person_id == member.person_id
    say(town, "  ", grid=0)
    assert heard(member) == []
    with write():
        other = found_team(actor=town.manager(), at=MONDAY, team=NewTeam("far", "publicity", {"zh": "远", "en": "Far"}, town.town.grids[1].code))
    town.member(other, "ann")
    say(town, "路灯已修好", grid=1)
    assert heard(member) == ["路灯已修好"]


def test_a_message_costs_as_many_queries_for_ten_as_for_two(town: Town) -> None:
    def cost(grid: int, names: str) -> int:
        with write():
            new = NewTeam(f"net-{grid}", "publicity", {"zh": "信息队", "en": "Net"}, town.town.grids[grid].code)
            team = found_team(actor=town.manager(), at=MONDAY, team=new)
        for name in names:
            town.member(team, name)
        deliver()
        tasks.derive_due(MONDAY)
        duty = Occurrence.objects.filter(rule="tell", area_id=town.town.grids[grid].id).earliest("opens_at")
        with write():
            check_in([Command((duty.id,), Verb.FINISH, MONDAY, form={"message": "通知"})], actor=SYSTEM, at=MONDAY)
        with CaptureQueriesContext(connection) as seen:
            deliver()
        assert Notice.objects.filter(template="teams.message", dedupe_key__endswith=str(duty.id)).values("recipient").distinct().count() == len(names)
        return len(seen)

    cost(0, "a")  # what is asked once only is asked here
    assert cost(1, "bc") == cost(2, "defghijklm")
