"""Volunteers hear what others decided for them; whoever leaves a team is free, and a team that is no more holds no shifts."""

from __future__ import annotations

from pathlib import Path

import pytest

from linli.directory.teams import services as team_services
from linli.directory.teams.models import Membership
from linli.engines.duties.shifts.models import Shift, ShiftTemplate
from linli.engines.duties.shifts.rules.signing import Part
from linli.engines.duties.shifts.services import rosters as services
from linli.engines.duties.shifts.services.publishing import publish_roster
from linli.engines.duties.shifts.tasks import lay_out_ahead
from linli.kernel.access.rules import SYSTEM, Actor, Forbidden
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.shifts.test_shifts import Patrol, make_patrol


@pytest.fixture
def patrol(db: None, tmp_path: Path) -> Patrol:
    made = make_patrol(tmp_path)
    with write():
        set_clock(to=MONDAY)
    deliver()
    Notice.objects.all().delete()
    made.lay()
    return made


def deliver() -> None:
    while dispatch_once():
        pass


def notices(template: str) -> list[str]:
    deliver()
    return sorted(Notice.objects.filter(template=template).values_list("recipient", flat=True))


def of(patrol: Patrol, *names: str) -> list[str]:
    return sorted(f"person:{patrol.people[name].person_id}" for name in names)


def test_a_roster_is_one_notice_a_person_and_what_one_does_oneself_is_none(patrol: Patrol) -> None:
    shifts = patrol.shifts()
    patrol.sign("bob", shifts[0])
    assert notices("shifts.changed") == []
    ann, bob, cid = (patrol.people[name].person_id for name in ("ann", "bob", "cid"))
    with write():
        roster = {shift.id: {ann, cid} if number else {bob, cid} for number, shift in enumerate(shifts)}
        publish_roster(actor=SYSTEM, at=MONDAY, team_id=patrol.team, roster=roster, shown=patrol.shown())
    assert notices("shifts.changed") == of(patrol, "ann", "cid")


def test_whoever_moves_up_from_waiting_hears_it(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    assert [patrol.sign(name, shift) for name in ("ann", "bob", "cid")] == [Part.SIGNED, Part.SIGNED, Part.WAITING]
    with write():
        services.cancel(actor=patrol.people["ann"], at=MONDAY, shift_id=shift.id)
    assert notices("shifts.changed") == of(patrol, "cid")


def test_whoever_leaves_the_team_is_free_and_the_next_moves_up(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    for name in ("ann", "bob", "cid"):
        patrol.sign(name, shift)
    membership = Membership.objects.get(person_id=patrol.people["bob"].person_id, left_at=None)
    with write():
        team_services.leave_team(actor=patrol.people["bob"], at=MONDAY, membership_id=membership.id)
    deliver()
    assert (patrol.state("bob", shift), patrol.state("cid", shift)) == ("cancelled", "signed")
    with write():
        assert services.free_member(actor=SYSTEM, at=MONDAY, team_id=patrol.team, person_id=patrol.people["ann"].person_id) == 0  # still a member
    assert patrol.state("ann", shift) == "signed"
    with pytest.raises(Forbidden), write():
        services.free_member(actor=patrol.people["dan"], at=MONDAY, team_id=patrol.team, person_id=patrol.people["bob"].person_id)


def test_a_disbanded_team_holds_no_shifts(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    patrol.sign("ann", shift)
    with write():
        team_services.disband_team(actor=SYSTEM, at=MONDAY, team_id=patrol.team)
    deliver()
    assert patrol.state("ann", shift) == "cancelled" and not Shift.objects.filter(called_off_at=None).exists()
    assert ShiftTemplate.objects.get().last_on is not None
    before = Shift.objects.count()
    lay_out_ahead()
    assert Shift.objects.count() == before


def test_whoever_applied_hears_that_they_are_in(patrol: Patrol) -> None:
    eve: Actor = patrol.town.resident("eve")
    with write():
        membership = team_services.apply_to_team(actor=eve, at=MONDAY, team_id=patrol.team, agreed=True, name="Eve")
    assert notices("teams.taken_in") == []
    with write():
        team_services.answer_applicant(actor=patrol.leader, at=MONDAY, membership_id=membership, accept=True)
    assert notices("teams.taken_in") == [f"person:{patrol.town.resident('eve').person_id}"]
