"""A patrol duty is finished by its round: whole, in time, once, whoever walks and however late the news; what falls short leaves it open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import record_absence
from linli.directory.people.services import link_user
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.patrols.models import Beat, Round
from linli.engines.duties.patrols.selectors.own import own_patrol
from linli.engines.duties.patrols.selectors.walks import walks_of_duty
from linli.engines.duties.patrols.services import routes
from linli.engines.duties.patrols.services.proofs import Position
from linli.engines.duties.patrols.services.rounds import Back, Met, NoRound, check_in, finish_round, start_round
from linli.engines.duties.patrols.services.stands import NotOnDuty
from linli.engines.duties.patrols.services.walked import settle_walked
from linli.engines.duties.patrols.tasks import sweep_slots
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.check import broken_invariants
from linli.engines.duties.selectors.desk import missed_board
from linli.engines.duties.services.checkin import Command
from linli.engines.duties.services.checkin import check_in as check_in_duty
from linli.engines.duties.tasks import derive_due, watch_holders
from linli.engines.duties.tasks import sweep as sweep_duties
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY, hold_playbook
from tests.integration.patrols.made import HOUR, MINUTE, SECTIONS, SPOTS, Beaten, beaten_town, seeing
from tests.integration.teams.made import playbook

WEDNESDAY = MONDAY + timedelta(days=2)
RULE: dict[str, Any] = {
    "code": "grid_round", "names": {"zh": "网格巡查", "en": "Grid round"}, "kind": "patrol", "subjects": {"kind": "area", "where": {"level": "grid"}},
    "levels": ["grid", "street"], "cadence": {"rule": "FREQ=WEEKLY;BYDAY=WE"}, "answer": "2 working_hours",
}  # fmt: skip


@dataclass
class Walking:
    """The patrol town with a grid's patrol duty on Wednesday, and who has it."""

    town: Beaten
    own: Actor

    @property
    def duty(self) -> Occurrence:
        return Occurrence.objects.exclude(state="planned").get(area_id=self.town.town.town.grids[0].id, rule="grid_round")

    def meet(self, *names: str, who: Actor | None = None, at: datetime, happened_at: datetime | None = None) -> list[Met]:
        met = []
        for number, name in enumerate(names):
            spot, when = self.town.spot(name), happened_at or at
            position = Position(spot.lon, spot.lat) if spot.shown == "position" else None
            with write():
                met.append(check_in(
                    actor=who or self.own, at=at, proof=self.town.proof(name, when), key=f"{name}-{when.isoformat()}", position=position,
                    happened_at=when + number * timedelta(seconds=1) if happened_at else None,
                ))  # fmt: skip
        return met

    def back(self, at: datetime, who: Actor | None = None) -> Back:
        with write():
            return finish_round(actor=who or self.own, at=at)

    def out(self, at: datetime, who: Actor | None = None) -> None:
        with write():
            start_round(actor=who or self.own, at=at, route_id=self.town.route, key=f"out-{at.isoformat()}")


ALL = tuple(name for _, name, _ in SPOTS)


def head(town: Beaten, level: str = "grid", at: datetime = MONDAY, *, grants: bool = True) -> Actor:
    post = town.town.town.head(level, 0)
    person = organisation().holder(post.id, at).person_id
    grant = role_grant(post.role, post.area_path)
    may = type(grant)(grant.role, grant.permissions | {"duties.read", "duties.act"}, grant.area_path, grant.clearance)
    return Actor(f"user:{person}", ActorKind.USER, user_id=uuid4(), person_id=person, grants=(may,) if grants else (), post_ids=frozenset({post.id}))


def walking(folder: Path, **more: Any) -> Walking:
    town = beaten_town(folder, duties={"rules": [{**RULE, **more}]})
    derive_due(MONDAY)
    sweep_duties(WEDNESDAY)
    return Walking(town, head(town))


@pytest.fixture
def walk(db: None, tmp_path: Path) -> Walking:
    return walking(tmp_path)


def test_setting_out_starts_the_duty_and_the_whole_round_finishes_it(walk: Walking) -> None:
    assert [one.names["en"] for one in walks_of_duty(duty_id=walk.duty.id, at=WEDNESDAY)] == ["East bank"]
    walk.out(WEDNESDAY + MINUTE)
    assert walk.duty.started_at == WEDNESDAY + MINUTE and walk.duty.hand_on_at is None  # whoever is out is not handed past
    walk.meet(*ALL, at=WEDNESDAY + 9 * MINUTE)
    assert walk.duty.state == "open"  # not before the round's end
    back = walk.back(WEDNESDAY + 20 * MINUTE)
    assert back.duty is not None and back.duty.done and back.duty.left == ()
    duty = walk.duty
    assert (duty.state, duty.done_at, duty.arrived_at) == ("done", WEDNESDAY + 9 * MINUTE, WEDNESDAY + 9 * MINUTE)
    steps = CheckInRecord.objects.filter(occurrence=duty).order_by("version").values_list("verb", "actor")
    assert list(steps) == [("start", walk.own.id), ("arrive", walk.own.id), ("finish", walk.own.id)]
    (line,) = walks_of_duty(duty_id=duty.id, at=WEDNESDAY + HOUR)
    assert line.walked is not None and line.walked.whole and (line.rounds, line.out) == (1, False)
    assert own_patrol(actor=walk.own, at=WEDNESDAY + HOUR).stands == ()
    assert broken_invariants(actor=SYSTEM, at=WEDNESDAY + 20 * MINUTE) == []


def test_a_round_that_misses_checkpoints_leaves_it_open_and_says_which(walk: Walking) -> None:
    walk.meet("East gate", "Guard room", at=WEDNESDAY + MINUTE)
    back = walk.back(WEDNESDAY + 5 * MINUTE)
    assert back.duty is not None and not back.duty.done and [names["en"] for names in back.duty.left] == ["Pump room", "River bank"]
    assert walk.duty.state == "open"
    (walked,) = own_patrol(actor=walk.own, at=WEDNESDAY + 6 * MINUTE).walked
    assert (walked.met, walked.of) == (2, 4)
    walk.meet("Pump room", "River bank", at=WEDNESDAY + 3 * HOUR)  # the rest on a second round
    second = walk.back(WEDNESDAY + 4 * HOUR)
    assert second.duty is not None and second.duty.done and walk.duty.done_at == WEDNESDAY + 3 * HOUR


def test_missed_it_stands_on_the_board_and_a_whole_round_walked_in_time_still_counts(walk: Walking) -> None:
    walk.meet("East gate", at=WEDNESDAY + MINUTE)
    walk.back(WEDNESDAY + 5 * MINUTE)
    over = walk.duty.due_at + HOUR
    sweep_duties(over)
    assert walk.duty.state == "missed" and missed_board(actor=SYSTEM, at=over).total == 24  # of every grid
    walk.meet("Guard room", "Pump room", "River bank", at=over, happened_at=WEDNESDAY + 2 * HOUR)  # the phone had no signal
    with write():
        finish_round(actor=walk.own, at=over, happened_at=WEDNESDAY + 3 * HOUR)
    assert (walk.duty.state, walk.duty.missed_at) == ("done", None)
    assert missed_board(actor=SYSTEM, at=over).total == 23
    with pytest.raises(NotOnDuty):
        walk.meet("East gate", at=over + MINUTE)


def test_news_that_comes_after_the_round_s_end_finishes_it_and_a_forgotten_end_does_too(walk: Walking) -> None:
    walk.meet("East gate", "Guard room", "Pump room", at=WEDNESDAY + MINUTE)
    walk.back(WEDNESDAY + 30 * MINUTE)
    walk.meet("River bank", at=WEDNESDAY + HOUR, happened_at=WEDNESDAY + 10 * MINUTE)
    assert (walk.duty.state, walk.duty.done_at) == ("done", WEDNESDAY + 10 * MINUTE) and Round.objects.count() == 1


def test_whoever_forgets_to_come_back_has_done_it_by_the_last_checkpoint(walk: Walking) -> None:
    walk.meet(*ALL, at=WEDNESDAY + MINUTE)
    over = walk.duty.due_at + HOUR
    sweep_duties(over)
    assert walk.duty.state == "missed"
    sweep_slots(over)
    assert (walk.duty.state, walk.duty.missed_at, walk.duty.done_at) == ("done", None, WEDNESDAY + MINUTE)
    assert CheckInRecord.objects.get(occurrence=walk.duty, verb="finish").actor == "system:patrols"
    assert sweep_slots(over) == 0 and CheckInRecord.objects.filter(verb="finish").count() == 1


def test_replays_change_nothing(walk: Walking) -> None:
    for _again in range(2):
        walk.out(WEDNESDAY)
        walk.meet(*ALL, at=WEDNESDAY + MINUTE)
    walk.back(WEDNESDAY + 5 * MINUTE)
    with pytest.raises(NoRound):
        walk.back(WEDNESDAY + 6 * MINUTE)
    walk.out(WEDNESDAY)
    walk.meet(*ALL, at=WEDNESDAY + MINUTE)
    with write():
        (again,) = settle_walked(list(Beat.objects.select_for_update(of=("self",))), actor=walk.own, at=WEDNESDAY + HOUR).values()
    assert again.done and again.why is None
    assert list(CheckInRecord.objects.order_by("version").values_list("verb", flat=True)) == ["start", "arrive", "finish"] and Round.objects.count() == 1


@pytest.mark.django_db
def test_what_else_the_duty_asks_is_said_and_can_be_given(tmp_path: Path) -> None:
    form = {"type": "object", "required": ["seen"], "properties": {"seen": {"type": "string"}}, "additionalProperties": False}
    walk = walking(tmp_path, evidence=["form", "arrival"], form=form)
    walk.meet(*ALL, at=WEDNESDAY + MINUTE)
    back = walk.back(WEDNESDAY + 5 * MINUTE)
    assert back.duty is not None and back.duty.whole and not back.duty.done
    assert isinstance(back.duty.why, Refusal) and "form" in back.duty.why.sentence() and walk.duty.state == "open"
    with write():
        (result,) = check_in_duty([Command((walk.duty.id,), Verb.FINISH, WEDNESDAY + HOUR, form={"seen": "ok"})], actor=walk.own, at=WEDNESDAY + HOUR)
    assert not isinstance(result, Refusal) and walk.duty.state == "done"


def test_a_checkpoint_hung_while_somebody_walks_is_not_asked_of_them_and_an_empty_route_proves_nothing(walk: Walking) -> None:
    with write():
        empty = routes.make_route(actor=walk.town.captain, at=MONDAY, team_id=walk.town.team, route=routes.NewRoute({"zh": "空线", "en": "Empty"}))
        start_round(actor=walk.own, at=WEDNESDAY, route_id=empty, key="empty")
    assert walk.back(WEDNESDAY).duty is None and walk.duty.state == "open"
    walk.out(WEDNESDAY + MINUTE)
    gate = walk.town.spot("East gate")
    with write():
        new = routes.NewCheckpoint({"zh": "新点", "en": "New"}, gate.lon, gate.lat, routes.Shown.SHEET, 50)
        routes.add_checkpoint(actor=walk.town.captain, at=WEDNESDAY + 2 * MINUTE, route_id=walk.town.route, checkpoint=new)
        routes.retire_checkpoint(actor=walk.town.captain, at=WEDNESDAY + MINUTE, checkpoint_id=walk.town.spot("River bank").id)
    walk.meet("East gate", "Guard room", "Pump room", at=WEDNESDAY + 2 * MINUTE)
    back = walk.back(WEDNESDAY + 3 * MINUTE)
    assert back.duty is not None and back.duty.done and back.duty.of == 3


def test_by_succession_alone_it_is_walked_without_a_role_there(walk: Walking) -> None:
    with write():
        until = WEDNESDAY + timedelta(days=3)
        record_absence(actor=SYSTEM, at=WEDNESDAY, person_id=walk.own.person_id, starts_at=WEDNESDAY, ends_at=until, reason="leave")
    watch_holders(WEDNESDAY)
    deputy = Actor("user:deputy", ActorKind.USER, user_id=uuid4(), person_id=walk.duty.person_id)
    assert deputy.person_id != walk.own.person_id
    with pytest.raises(NotOnDuty):
        walk.meet("East gate", at=WEDNESDAY + MINUTE)
    walk.meet(*ALL, who=deputy, at=WEDNESDAY + 2 * MINUTE)
    assert walk.back(WEDNESDAY + 3 * MINUTE, deputy).duty.done and walk.duty.state == "done"  # type: ignore[union-attr]
    assert CheckInRecord.objects.get(verb="finish").actor == "system:patrols"


def test_the_end_of_a_round_costs_the_same_however_many_checkpoints_it_met(walk: Walking) -> None:
    counts = []
    for number, names in enumerate((ALL[:1], ALL[1:3])):
        walk.meet(*names, at=WEDNESDAY + number * HOUR)
        with CaptureQueriesContext(connection) as asked:
            walk.back(WEDNESDAY + number * HOUR + MINUTE)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_two_who_walk_at_once_finish_it_once(committed: str, tmp_path: Path) -> None:
    """The holder goes on leave in mid-round and the deputy sets out: each meets half, both come back in the same instant."""
    walk = walking(tmp_path)
    walk.meet("East gate", "Guard room", at=WEDNESDAY + MINUTE)
    with write():
        until = WEDNESDAY + timedelta(days=3)
        record_absence(actor=SYSTEM, at=WEDNESDAY + MINUTE, person_id=walk.own.person_id, starts_at=WEDNESDAY + MINUTE, ends_at=until, reason="leave")
    watch_holders(WEDNESDAY + 2 * MINUTE)
    deputy = Actor("user:deputy", ActorKind.USER, user_id=uuid4(), person_id=walk.duty.person_id)
    walk.meet("Pump room", "River bank", who=deputy, at=WEDNESDAY + 3 * MINUTE)

    def back(who: Actor) -> Back:
        try:
            return walk.back(WEDNESDAY + 5 * MINUTE, who)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        backs = list(both.map(back, (walk.own, deputy)))
    assert walk.duty.state == "done" and walk.duty.done_at is not None
    assert sorted(one.duty.done for one in backs if one.duty) == [False, True]  # the second one to come back brought the rest
    assert CheckInRecord.objects.filter(verb="finish").count() == 1 and broken_invariants(actor=SYSTEM, at=WEDNESDAY + HOUR) == []


def test_its_holder_is_told_on_the_phone_and_the_duty_s_page_tells_the_rest(walk: Walking, tmp_path: Path) -> None:
    access = seeing()
    access["roles"]["grid_head"]["permissions"] += ["duties.read", "duties.act"]
    hold_playbook(at=WEDNESDAY, playbook=playbook(tmp_path, **SECTIONS, access=access, duties={"rules": [RULE]}))
    with write():
        user = create_user(actor=SYSTEM, at=MONDAY, username="head", password="a long enough password")
        link_user(actor=SYSTEM, at=MONDAY, person_id=walk.own.person_id, user_id=user.pk)
        set_clock(to=WEDNESDAY + 2 * HOUR)
    phone, stranger = Client(HTTP_ACCEPT_LANGUAGE="en"), Client(HTTP_ACCEPT_LANGUAGE="en")
    phone.force_login(user)
    stranger.force_login(User.objects.get(username="bob"))
    page = phone.get("/volunteer/patrol").content.decode()
    assert "Grid round" in page and "Your duty." in page
    desk = f"/console/duties/{walk.duty.id}"
    assert "not walked yet" in phone.get(desk).content.decode() and stranger.get(desk).status_code == 403
    assert "in a shift of its team" in stranger.post("/volunteer/patrol/start", {"route": walk.town.route, "key": "k"}).content.decode()
    phone.post("/volunteer/patrol/start", {"route": walk.town.route, "key": "k"})
    assert "somebody is out" in phone.get(desk).content.decode()
    walk.meet("East gate", "Guard room", "Pump room", at=WEDNESDAY + 2 * HOUR + MINUTE)
    with write():
        set_clock(to=WEDNESDAY + 2 * HOUR + 5 * MINUTE)
    said = phone.post("/volunteer/patrol/finish", follow=True).content.decode()
    assert "The duty stays open: 3 of 4 checkpoints are met, still missing: River bank." in said and "3 of 4 met, still missing:" in said
    assert "Not met yet: River bank" in phone.get(desk).content.decode()
    phone.post("/volunteer/patrol/start", {"route": walk.town.route, "key": "l"})
    walk.meet("River bank", at=WEDNESDAY + 2 * HOUR + 9 * MINUTE)
    with write():
        set_clock(to=WEDNESDAY + 3 * HOUR)
    assert "the duty is done" in phone.post("/volunteer/patrol/finish", follow=True).content.decode()
    page = phone.get(desk).content.decode()
    assert "4 of 4 met" in page and "carried it out" in page and "Set out" not in page
