"""How many shifts one person takes a week: in the proposal, by signing up, by moving up and by a swap; a captain's hand may break it, and sees it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, connections

from linli.directory.teams.services import answer_applicant, apply_to_team, pass_course
from linli.engines.duties.shifts.models import Shift, ShiftPart
from linli.engines.duties.shifts.rules.roster import RosterRule
from linli.engines.duties.shifts.rules.signing import EnoughThisWeek, Part
from linli.engines.duties.shifts.rules.solve import Proposal
from linli.engines.duties.shifts.selectors import rosters as selectors
from linli.engines.duties.shifts.services import rosters as services
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.shifts.test_pages import browser, said
from tests.integration.shifts.test_shifts import TODAY, Patrol, make_patrol

DAY = timedelta(days=1)
WEEK = {"since": MONDAY, "until": MONDAY + 7 * DAY}


def daily(folder: Path) -> Patrol:
    made = make_patrol(folder)
    made.lay(weekdays=tuple(range(7)), most=2)
    return made


@pytest.fixture
def patrol(db: None, tmp_path: Path) -> Patrol:
    made = daily(tmp_path)
    with write():
        set_clock(to=MONDAY)
    return made


def second_team(patrol: Patrol, *names: str) -> tuple[UUID, list[Shift]]:
    """Another team in which these are too, with a shift every morning."""
    town = patrol.town
    team = town.team("day")
    for name in names:
        with write():
            asked = apply_to_team(actor=patrol.people[name], at=MONDAY, team_id=team, agreed=True)
            answer_applicant(actor=town.manager(), at=MONDAY, membership_id=asked, accept=True)
            pass_course(actor=town.manager(), at=MONDAY, team_id=team, person_id=patrol.people[name].person_id, course="first_aid", on=TODAY)
    with write():
        template = services.NewTemplate({"zh": "早班", "en": "Morning"}, tuple(range(7)), time(8), 120, 1, 1, TODAY)
        services.lay_template(actor=SYSTEM, at=MONDAY, team_id=team, template=template)
    return team, list(Shift.objects.filter(team_id=team).order_by("starts_at"))


def test_signing_up_stops_at_the_weeks_most_whatever_the_team(patrol: Patrol) -> None:
    shifts = patrol.shifts()
    _team, mornings = second_team(patrol, "bob")
    for shift in (shifts[0], shifts[2], mornings[4]):
        patrol.sign("bob", shift)
    for full in (shifts[5], mornings[5]):
        with pytest.raises(EnoughThisWeek) as refused:
            patrol.sign("bob", full)
        assert refused.value.params == {"most": 3, "held": 3}
    assert patrol.sign("bob", shifts[7]) is Part.SIGNED  # the next Monday is another week
    with write():
        services.cancel(actor=patrol.people["bob"], at=MONDAY, shift_id=shifts[2].id)
    assert patrol.sign("bob", shifts[5]) is Part.SIGNED
    refusal = browser("bob").post(f"/volunteer/shifts/{shifts[6].id}/sign")
    assert refusal.status_code == 409 and "at most 3 shifts a week; in the week of this one you have 3 already" in said(refusal)
    assert f"/volunteer/shifts/{shifts[7].id}/leave" in said(refusal)  # above one's shifts, where one chooses again


def test_nobody_moves_up_or_takes_over_beyond_it(patrol: Patrol) -> None:
    shifts = patrol.shifts()
    for name in ("ann", "cid", "bob"):
        patrol.sign(name, shifts[6])
    assert patrol.state("bob", shifts[6]) == "waiting"
    for shift in shifts[1:6:2]:
        patrol.sign("bob", shift)
    with write():
        services.cancel(actor=patrol.people["ann"], at=MONDAY, shift_id=shifts[6].id)
    assert patrol.state("bob", shifts[6]) == "waiting"
    with write():
        services.offer(actor=patrol.people["cid"], at=MONDAY, shift_id=shifts[6].id)
    part = ShiftPart.objects.get(person_id=patrol.people["cid"].person_id, shift=shifts[6])
    with pytest.raises(EnoughThisWeek), write():
        services.take_offer(actor=patrol.people["bob"], at=MONDAY, shift_id=shifts[6].id, part_id=part.id)
    assert (patrol.state("bob", shifts[6]), patrol.state("cid", shifts[6])) == ("waiting", "signed")
    with write():
        services.cancel(actor=patrol.people["bob"], at=MONDAY, shift_id=shifts[1].id)
    with write():
        services.cancel(actor=patrol.people["cid"], at=MONDAY, shift_id=shifts[6].id)
    assert patrol.state("bob", shifts[6]) == "signed"


def test_who_has_enough_behind_them_or_elsewhere_is_not_proposed_and_the_board_agrees(patrol: Patrol) -> None:
    shifts = patrol.shifts()
    bob, cid = (patrol.people[name].person_id for name in ("bob", "cid"))
    _team, mornings = second_team(patrol, "cid")
    patrol.publish({shift.id: {bob} for shift in shifts[:3]})
    for morning in (mornings[1], mornings[3], mornings[5]):
        patrol.sign("cid", morning)
    thursday = shifts[2].ends_at
    Shift.objects.filter(team_id=patrol.team, starts_at__gte=thursday).update(called_off_at=MONDAY)
    patrol.lay(names={"zh": "午班", "en": "Noon"}, begins=time(12), weekdays=(3, 5), minutes=60)
    noon = list(Shift.objects.filter(template__names__en="Noon").order_by("starts_at"))
    answer = selectors.proposal(actor=patrol.leader, at=thursday, team_id=patrol.team, **WEEK)
    assert isinstance(answer, Proposal)
    assert not {bob, cid} & {person for there in answer.roster.values() for person in there}
    roster = {**patrol.shown(), **answer.roster}
    shown = selectors.board(actor=patrol.leader, at=thursday, team_id=patrol.team, roster=roster, **WEEK)
    assert not [one for line in shown.shifts for one in line.broken if one.rule is RosterRule.MOST]
    by_hand = {**roster, noon[1].id: frozenset({bob, cid})}  # a captain may; it is shown
    shown = selectors.board(actor=patrol.leader, at=thursday, team_id=patrol.team, roster=by_hand, **WEEK)
    assert {(one.slot, one.person) for line in shown.shifts for one in line.broken if one.rule is RosterRule.MOST} == {
        (noon[1].id, bob), (noon[1].id, cid),
    }  # fmt: skip
    assert patrol.publish({noon[1].id: {bob, cid}}) == 2


def test_two_signings_up_in_one_instant_do_not_pass_it(committed: str, tmp_path: Path) -> None:
    patrol = daily(tmp_path)
    shifts = patrol.shifts()

    def try_it(shift: Shift) -> str:
        try:
            return patrol.sign("bob", shift)
        except EnoughThisWeek:
            return "enough"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(try_it, shifts[:6]))
    connection.close()
    assert sorted(results) == ["enough"] * 3 + [Part.SIGNED] * 3
