"""Shifts: laid out ahead, signed up for by those who may, left until the cut-off, swapped, rostered, and never twice at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, connections, transaction

from linli.directory.teams import services as team_services
from linli.directory.teams.rules import UnknownCourse
from linli.engines.duties.shifts.models import Shift, ShiftPart
from linli.engines.duties.shifts.rules.roster import RosterRule
from linli.engines.duties.shifts.rules.signing import CutOffPassed, NotIn, NotOfTheTeam, NotReady, Part, ShiftOver, SignedAlready, TooLittleRest
from linli.engines.duties.shifts.rules.solve import Impossible, Proposal
from linli.engines.duties.shifts.selectors import rosters as selectors
from linli.engines.duties.shifts.services import publishing
from linli.engines.duties.shifts.services import rosters as services
from linli.engines.duties.shifts.tasks import lay_out_ahead
from linli.kernel.access.rules import ANONYMOUS, Actor, Forbidden, NotSignedIn
from linli.kernel.clock.services import set_clock
from linli.kernel.events.models import OutboxEvent
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.teams.made import Town, teaming_town

TODAY = date(2026, 3, 2)
SECTION = {"shifts": {"rest_hours": 8, "most_a_week": 3, "cut_off_hours": 12, "experienced_after": 0, "horizon_days": 14}}


@dataclass
class Patrol:
    town: Town
    team: UUID
    people: dict[str, Actor]

    def lay(self, **changes: Any) -> UUID:
        given: dict[str, Any] = {
            "names": {"zh": "夜巡", "en": "Night walk"}, "weekdays": (1, 3), "begins": time(20), "minutes": 240, "least": 1, "most": 2,
            "first_on": TODAY, **changes,
        }  # fmt: skip
        with write():
            return services.lay_template(actor=self.leader, at=MONDAY, team_id=self.team, template=services.NewTemplate(**given))

    @property
    def leader(self) -> Actor:
        return self.people["ann"]

    def shifts(self) -> list[Shift]:
        return list(Shift.objects.order_by("starts_at"))

    def sign(self, name: str, shift: Shift, *, at: datetime = MONDAY) -> Part:
        with write():
            return services.sign_up(actor=self.people[name], at=at, shift_id=shift.id)

    def shown(self) -> dict[UUID, frozenset[UUID]]:
        """Who is signed up where, as a captain's page would say now."""
        return selectors.signed_up(actor=self.leader, at=MONDAY, team_id=self.team, since=MONDAY, until=MONDAY + timedelta(days=28))

    def publish(self, roster: Mapping[UUID, Collection[UUID]], *, shown: Mapping[UUID, Collection[UUID]] | None = None) -> int:
        before = self.shown() if shown is None else shown
        with write():
            return publishing.publish_roster(actor=self.leader, at=MONDAY, team_id=self.team, roster=roster, shown=before)

    def state(self, name: str, shift: Shift) -> str:
        rows = ShiftPart.objects.filter(shift=shift, person_id=self.people[name].person_id).order_by("-at", "-id")
        return rows.values_list("state", flat=True).first() or ""


def make_patrol(folder: Path) -> Patrol:
    town = teaming_town(folder, **SECTION)
    team = town.team()
    people = {name: town.member(team, name) for name in ("ann", "bob", "cid", "dan")}
    for name, actor in people.items():
        if name != "dan":
            with write():
                team_services.pass_course(actor=town.manager(), at=MONDAY, team_id=team, person_id=actor.person_id, course="first_aid", on=TODAY)
    with write():
        team_services.appoint_captain(actor=town.manager(), at=MONDAY, team_id=team, person_id=people["ann"].person_id, ends_at=MONDAY + timedelta(days=300))
    return Patrol(town, team, people)


def test_templates_are_laid_out_once_and_end(patrol: Patrol) -> None:
    template = patrol.lay()
    assert [shift.starts_at.isoformat() for shift in patrol.shifts()][:2] == ["2026-03-03T12:00:00+00:00", "2026-03-05T12:00:00+00:00"]
    assert len(patrol.shifts()) == 4
    lay_out_ahead()
    assert len(patrol.shifts()) == 4
    with write():
        set_clock(to=MONDAY + timedelta(days=7))
    lay_out_ahead()
    assert len(patrol.shifts()) == 6
    patrol.sign("bob", patrol.shifts()[-1])
    with write():
        services.end_template(actor=patrol.leader, at=MONDAY, template_id=template, last_on=TODAY + timedelta(days=3))
    assert [shift.called_off_at is None for shift in patrol.shifts()] == [True, True, False, False, False, False]
    assert patrol.state("bob", patrol.shifts()[-1]) == "cancelled"
    for wrong, refusal in (
        ({"most": 0, "least": 0}, services.BadTemplate), ({"weekdays": ()}, services.BadTemplate), ({"minutes": 2000}, services.BadTemplate),
        ({"least": 3}, services.BadTemplate), ({"skills": {"flying": 1}}, UnknownCourse),
    ):  # fmt: skip
        with pytest.raises(refusal):
            patrol.lay(**wrong)
    with pytest.raises(Forbidden), write():
        services.end_template(actor=patrol.people["bob"], at=MONDAY, template_id=template, last_on=TODAY)


def test_places_then_waiting_and_whoever_waits_moves_up(patrol: Patrol) -> None:
    patrol.lay()
    first, second = patrol.shifts()[:2]
    assert [patrol.sign(name, first) for name in ("ann", "bob", "cid")] == [Part.SIGNED, Part.SIGNED, Part.WAITING]
    for name, at, refusal in (("dan", MONDAY, NotReady), ("bob", MONDAY, SignedAlready), ("bob", first.starts_at, ShiftOver)):
        with pytest.raises(refusal):
            patrol.sign(name, first, at=at)
    with pytest.raises(NotSignedIn), write():
        services.sign_up(actor=ANONYMOUS, at=MONDAY, shift_id=first.id)
    with pytest.raises(NotOfTheTeam), write():
        services.sign_up(actor=patrol.town.resident("eve"), at=MONDAY, shift_id=first.id)
    with pytest.raises(NotIn), write():
        services.cancel(actor=patrol.people["dan"], at=MONDAY, shift_id=first.id)
    late = first.starts_at - timedelta(hours=11)
    with pytest.raises(CutOffPassed), write():
        services.cancel(actor=patrol.people["bob"], at=late, shift_id=first.id)
    with pytest.raises(Forbidden), write():
        services.cancel(actor=patrol.people["cid"], at=late, shift_id=first.id, person_id=patrol.people["bob"].person_id)
    with write():
        services.cancel(actor=patrol.leader, at=late, shift_id=first.id, person_id=patrol.people["bob"].person_id)
    assert (patrol.state("bob", first), patrol.state("cid", first)) == ("cancelled", "signed")
    assert OutboxEvent.objects.filter(topic="shifts.part_changed").count() == 5
    assert patrol.sign("bob", second) is Part.SIGNED


def test_nobody_stands_in_two_places_or_without_rest(patrol: Patrol) -> None:
    patrol.lay()
    patrol.lay(begins=time(23, 30), minutes=60)
    early, near = patrol.shifts()[:2]
    patrol.sign("bob", early)
    with pytest.raises(TooLittleRest):
        patrol.sign("bob", near)
    bob = patrol.people["bob"].person_id
    with pytest.raises(publishing.StandsElsewhere) as clash:
        patrol.publish({near.id: {bob}})
    assert clash.value.params == {"person": bob, "shift": near.id, "other": early.id}
    with pytest.raises(IntegrityError), transaction.atomic():
        ShiftPart.objects.create(shift=near, person_id=bob, state="signed", starts_at=early.starts_at, ends_at=early.ends_at, at=MONDAY, recorded_at=MONDAY)


def test_a_swap_is_one_write(patrol: Patrol) -> None:
    patrol.lay(most=1)
    (shift, *_rest) = patrol.shifts()
    patrol.sign("bob", shift)
    patrol.sign("cid", shift)
    part = ShiftPart.objects.get(person_id=patrol.people["bob"].person_id)
    late = shift.starts_at - timedelta(hours=1)
    with pytest.raises(services.NotOffered), write():
        services.take_offer(actor=patrol.people["cid"], at=late, shift_id=shift.id, part_id=part.id)
    with write():
        services.offer(actor=patrol.people["bob"], at=late, shift_id=shift.id)
    assert selectors.own_shifts(actor=patrol.people["cid"], at=late)[0].offers == (part.id,)
    with pytest.raises(NotReady), write():
        services.take_offer(actor=patrol.people["dan"], at=late, shift_id=shift.id, part_id=part.id)
    assert patrol.state("bob", shift) == "signed"
    with write():
        services.take_offer(actor=patrol.people["cid"], at=late, shift_id=shift.id, part_id=part.id)
    assert (patrol.state("bob", shift), patrol.state("cid", shift)) == ("swapped", "signed")
    assert ShiftPart.objects.filter(shift=shift, state="signed").count() == 1


def test_a_roster_is_proposed_changed_by_hand_and_published(patrol: Patrol) -> None:
    patrol.lay(least=2, most=3)
    week = {"since": MONDAY, "until": MONDAY + timedelta(days=7)}
    first, second = patrol.shifts()[:2]
    patrol.sign("cid", first)
    answer = selectors.proposal(actor=patrol.leader, at=MONDAY, team_id=patrol.team, **week)
    assert isinstance(answer, Proposal) and answer.gap == 0
    assert patrol.people["cid"].person_id in answer.roster[first.id] and patrol.people["dan"].person_id not in answer.roster[first.id]
    assert patrol.publish(answer.roster) == 3 and patrol.publish(answer.roster) == 0
    shown = selectors.board(actor=patrol.leader, at=MONDAY, team_id=patrol.team, **week)
    assert shown.leads and not any(line.broken for line in shown.shifts)
    assert len(shown.gaps) == 3 and shown.gaps[0].ends == first.starts_at  # a patrol on two evenings leaves the rest uncovered
    alone = {first.id: frozenset({patrol.people["dan"].person_id})}
    tried = selectors.board(actor=patrol.leader, at=MONDAY, team_id=patrol.team, roster={**answer.roster, **alone}, **week).shifts[0]
    assert {one.rule for one in tried.broken} == {RosterRule.COVER, RosterRule.AVAILABLE, RosterRule.PAIRS}
    assert len(selectors.board(actor=patrol.leader, at=MONDAY, team_id=patrol.team, **week).shifts[0].people) == 2
    with pytest.raises(publishing.TooManyThere):
        patrol.publish({second.id: {actor.person_id for actor in patrol.people.values()}})
    for stranger in (patrol.people["bob"], ANONYMOUS):
        with pytest.raises((Forbidden, NotSignedIn)), write():
            publishing.publish_roster(actor=stranger, at=MONDAY, team_id=patrol.team, roster={}, shown={})
        with pytest.raises((Forbidden, NotSignedIn)):
            selectors.board(actor=stranger, at=MONDAY, team_id=patrol.team, **week)
        with pytest.raises((Forbidden, NotSignedIn)):
            selectors.proposal(actor=stranger, at=MONDAY, team_id=patrol.team, **week)
        with pytest.raises((Forbidden, NotSignedIn)):
            selectors.signed_up(actor=stranger, at=MONDAY, team_id=patrol.team, **week)


def test_what_stands_in_the_way_of_a_roster_is_named(patrol: Patrol) -> None:
    patrol.lay(least=4, most=4)
    answer = selectors.proposal(actor=patrol.leader, at=MONDAY, team_id=patrol.team, since=MONDAY, until=MONDAY + timedelta(days=3))
    assert isinstance(answer, Impossible) and answer.rules == (RosterRule.COVER, RosterRule.AVAILABLE)  # dan has not passed the course
    assert answer.slots == (patrol.shifts()[0].id,)


def test_the_last_place_goes_to_one(committed: str, tmp_path: Path) -> None:
    patrol = make_patrol(tmp_path)
    patrol.lay(most=1)
    (shift, *_rest) = patrol.shifts()

    def try_it(name: str) -> Part:
        try:
            return patrol.sign(name, shift)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(try_it, ("ann", "bob", "cid")))
    connection.close()
    assert sorted(results) == [Part.SIGNED, Part.WAITING, Part.WAITING]
