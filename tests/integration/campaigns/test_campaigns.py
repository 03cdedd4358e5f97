"""A campaign from its start to its result: doors laid out, shared out, tried, ended once; counted by area and by day."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.engines.duties.campaigns import selectors
from linli.engines.duties.campaigns.models import Attempt, Campaign, Target
from linli.engines.duties.campaigns.rules.doors import Advice, EndedAlready, Outcome
from linli.engines.duties.campaigns.rules.targets import doors_of
from linli.engines.duties.campaigns.services import noting, sharing
from linli.engines.duties.campaigns.services import running as services
from linli.engines.duties.campaigns.services.noting import NoSuchTarget, Wish
from linli.engines.duties.campaigns.services.running import (
    BadDays,
    CampaignOver,
    CodeTaken,
    NewCampaign,
    NoSuchCampaign,
    NoSuchTemplate,
    NothingThere,
    NotOfDoors,
)
from linli.engines.duties.campaigns.services.sharing import NobodyToShare
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, ActorKind, Forbidden, NotSignedIn
from linli.kernel.access.selectors import role_grant
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.events.models import OutboxEvent
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, community, person, report

SECTION = """
campaigns:
  templates:
    - code: households
      names: {zh: 反诈进万家, en: Every door}
      targets: {kind: household}
      goal: {share: 95}
    - {code: grids, names: {zh: 网格排查, en: Every grid}, targets: {kind: area, level: grid}, days: 14, public: false}
    - {code: lanes, names: {zh: 畅通通道, en: Clear lanes}, targets: {kind: matter, classes: [E-0401]}, goal: {count: 2}}
    - {code: places, names: {zh: 场所, en: Places}, targets: {kind: place, classes: [none]}}
"""
ROLES = ("[matters.read, matters.act", "[campaigns.read, campaigns.work, matters.read, matters.act")
LEADERS = (f"{ROLES[1]}, matters.dispatch", f"{ROLES[1]}, campaigns.manage, matters.dispatch")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, LAST = date(2026, 3, 2), date(2026, 3, 31)


@dataclass
class Street:
    town: Community

    def leader(self) -> Actor:
        return self._holder("street")

    def helper(self, grid: int = 0) -> Actor:
        """A grid's head, whose grant lies in the own grid."""
        return self._holder("grid", grid)

    def _holder(self, level: str, grid: int = 0) -> Actor:
        post = self.town.head(level, grid)
        grants = (role_grant(post.role, post.area_path),)
        return Actor(id=f"user:{post.code}", kind=ActorKind.USER, person_id=organisation().holder(post.id, MONDAY).person_id, grants=grants)

    def start(self, template: str = "households", code: str = "doors", *, at: datetime = MONDAY, **more: Any) -> UUID:
        wish = NewCampaign(template, code, self.town.streets[0].id, **{"first_on": FIRST, "last_on": LAST, **more})
        with write():
            return services.start_campaign(actor=self.leader(), at=at, campaign=wish)

    def lay(self, campaign: UUID, *, grid: int = 0, building: str = "3号楼", units: int = 2, floors: int = 3) -> int:
        doors = doors_of(compound="幸福里", building=building, units=units, floors=floors, rooms=2)
        with write():
            return services.lay_doors(actor=self.leader(), at=MONDAY, campaign_id=campaign, area_id=self.town.grids[grid].id, doors=doors)

    def note(self, target: Target, outcome: Outcome, at: datetime, *, actor: Actor | None = None, key: str = "", now: datetime | None = None) -> Any:
        wish = Wish(target.id, outcome, at, key or str(uuid4()))
        with write():
            (result,) = noting.note_attempts(actor=actor or self.leader(), at=now or at, wishes=[wish])
        return result.outcome if isinstance(result, noting.Noted) else result


def make(folder: Path) -> Street:
    path = folder / "playbook.yaml"
    path.write_text(SMALL.read_text().replace(*ROLES).replace(*LEADERS) + SECTION)
    return Street(community(playbook=path))


@pytest.fixture
def street(db: None, tmp_path: Path) -> Street:
    return make(tmp_path)


@pytest.fixture
def real_street(committed: str, tmp_path: Path) -> Street:
    return make(tmp_path)


def page(street: Street, code: str = "doors", at: datetime = MONDAY) -> selectors.CampaignPage:
    return selectors.campaign_page(actor=street.leader(), at=at, code=code)


def test_doors_are_covered_step_by_step_and_an_attempt_is_not_a_visit(street: Street) -> None:
    campaign = street.start()
    assert street.lay(campaign) == 12 and street.lay(campaign) == 0 and street.lay(campaign, grid=1, building="4号楼", units=1) == 6
    doors = list(Target.objects.order_by("building", "unit", "room"))
    assert street.note(doors[0], Outcome.DONE, MONDAY + HOUR) is Outcome.DONE
    assert street.note(doors[1], Outcome.NOT_HOME, MONDAY + HOUR) is Outcome.NOT_HOME
    assert street.note(doors[2], Outcome.REFUSED, MONDAY + DAY) is Outcome.REFUSED
    found = page(street, at=MONDAY + DAY)
    assert (found.line.progress.total, found.line.progress.done, found.line.progress.refused, found.line.progress.tried) == (18, 1, 1, 1)
    assert [(one.building, one.unit, one.total, one.done) for one in found.stairs] == [
        ("3号楼", "1", 6, 1),
        ("3号楼", "2", 6, 0),
        ("4号楼", "", 6, 0),
    ]
    assert [(total, done) for _names, total, done in found.by_area] == [(12, 1), (6, 0)]
    assert found.days == ((FIRST, 1, 1), (FIRST + DAY, 0, 1)) and len(found.left) == 16
    again = next(door for door in found.left if door.id == doors[1].id)
    assert (again.suggestion.advice, again.suggestion.day, again.suggestion.part) == (Advice.THEN, FIRST + DAY, "afternoon")


def test_a_door_has_one_result_a_repeated_note_counts_once_and_old_news_is_taken(street: Street) -> None:
    street.lay(street.start())
    door = Target.objects.first()
    assert door is not None
    assert street.note(door, Outcome.DONE, MONDAY + 2 * HOUR, key="k") is Outcome.DONE
    assert street.note(door, Outcome.DONE, MONDAY + 2 * HOUR, key="k") is Outcome.DONE
    assert isinstance(street.note(door, Outcome.REFUSED, MONDAY + 3 * HOUR), EndedAlready)
    assert street.note(door, Outcome.NOT_HOME, MONDAY + HOUR, now=MONDAY + DAY) is Outcome.NOT_HOME  # a phone that was without signal
    assert Attempt.objects.count() == 2
    common = {"target": door, "actor": "x", "at": MONDAY, "recorded_at": MONDAY}
    for change in (
        lambda: Attempt.objects.create(**common, outcome="refused", key="other"), lambda: Attempt.objects.update(outcome="refused"),
        lambda: Attempt.objects.all().delete(), lambda: Attempt.objects.create(**common, outcome="met", key="new"),
        lambda: Target.objects.create(campaign=door.campaign, key=door.key, area=door.area, area_path=door.area_path, label="x"),
        lambda: Campaign.objects.update(goal_count=3), lambda: Campaign.objects.update(last_on=FIRST - DAY),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_staircases_are_shared_out_and_a_helper_sees_whom_to_try_now(street: Street) -> None:
    campaign = street.start()
    street.lay(campaign)
    one, two = street.helper(0), street.helper(1)
    common: dict[str, Any] = {"actor": street.leader(), "at": MONDAY, "campaign_id": campaign}
    with pytest.raises(NobodyToShare), write():
        sharing.share_staircases(**common)
    with write():
        for somebody in (one, two):
            sharing.add_helper(**common, person_id=somebody.person_id)
        assert sharing.share_staircases(**common) == 2
    (mine,) = selectors.own_doors(actor=one, at=MONDAY)
    assert (len(mine.doors), mine.doors[0].floor, mine.title) == (6, 3, "幸福里 3号楼 1")
    (theirs,) = selectors.own_doors(actor=two, at=MONDAY)
    door = Target.objects.get(id=theirs.doors[0].id)
    volunteer = Actor(id="user:two", kind=ActorKind.USER, person_id=two.person_id)  # no grant at all: the doors are theirs
    assert street.note(door, Outcome.NOT_HOME, MONDAY + HOUR, actor=volunteer) is Outcome.NOT_HOME
    assert isinstance(street.note(Target.objects.get(id=mine.doors[0].id), Outcome.DONE, MONDAY + HOUR, actor=volunteer), NoSuchTarget)
    (theirs,) = selectors.own_doors(actor=volunteer, at=MONDAY + 2 * HOUR)
    assert next(one for one in theirs.doors if one.id == door.id).suggestion.advice is Advice.THEN
    with write():
        sharing.assign_staircase(**common, compound="幸福里", building="3号楼", unit="2", helper_id=None)
    assert selectors.own_doors(actor=two, at=MONDAY) == [] and selectors.own_doors(actor=ANONYMOUS, at=MONDAY) == []
    with pytest.raises(NoSuchTarget), write():
        sharing.assign_staircase(**common, compound="", building="9", unit="", helper_id=None)


def test_matters_of_a_class_closed_within_the_days_are_the_measure(street: Street) -> None:
    lanes = [report(street.town, key=f"lane{number}") for number in range(3)]
    street.start("lanes", "lanes")
    with write():
        act([Command(one.matter_id, Verb.SOLVE, MONDAY + HOUR, text="已清空") for one in lanes[:2]], actor=SYSTEM)
    found = page(street, "lanes", MONDAY + 2 * HOUR)
    assert (found.line.progress.total, found.line.progress.done, found.line.progress.reached) == (3, 2, True)
    assert found.days == ((FIRST, 2, 2),)
    assert [line.code for line in selectors.public_campaigns(at=MONDAY + DAY)] == ["lanes"]


def test_areas_are_targets_from_the_start_and_a_campaign_ends_once(street: Street) -> None:
    campaign = street.start("grids", "grids")
    grids = [grid for grid in street.town.grids if grid.path.startswith(street.town.streets[0].path)]
    assert Target.objects.filter(campaign_id=campaign).count() == len(grids) > 1
    with pytest.raises(NotOfDoors):
        street.lay(campaign)
    common: dict[str, Any] = {"actor": street.leader(), "at": MONDAY + DAY, "campaign_id": campaign}
    with write():
        services.end_campaign(**common)
    with pytest.raises(CampaignOver), write():
        services.end_campaign(**common)
    target = Target.objects.filter(campaign_id=campaign).first()
    assert target is not None and isinstance(street.note(target, Outcome.DONE, MONDAY + DAY), CampaignOver)
    assert OutboxEvent.objects.get(topic="campaigns.campaign_ended").data["total"] == len(grids)
    assert selectors.public_campaigns(at=MONDAY + DAY) == []  # not a public one


@pytest.mark.parametrize(
    ("template", "more", "refusal"),
    [
        ("none", {}, NoSuchTemplate),
        ("places", {}, NothingThere),
        ("households", {"last_on": FIRST - DAY}, BadDays),
        ("households", {"last_on": FIRST + 400 * DAY}, BadDays),
        ("households", {"first_on": FIRST - 20 * DAY, "last_on": FIRST - 10 * DAY}, BadDays),
    ],
)
def test_bad_campaigns_are_refused_and_nothing_is_written(street: Street, template: str, more: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        street.start(template, **more)
    assert not Campaign.objects.exists()


def test_whoever_may_not_is_refused(street: Street) -> None:
    campaign = street.start()
    with pytest.raises(CodeTaken):
        street.start()
    head, other = street.helper(), person("street_duty", street.town.streets[1].path)
    doors = doors_of(compound="", building="3", units=1, floors=1, rooms=1)
    with pytest.raises(NoSuchCampaign):
        selectors.campaign_page(actor=head, at=MONDAY, code="doors")
    with pytest.raises(NoSuchCampaign), write():
        services.lay_doors(actor=other, at=MONDAY, campaign_id=campaign, area_id=street.town.grids[0].id, doors=doors)
    with pytest.raises(NoSuchCampaign), write():  # an area outside the campaign's
        services.lay_doors(actor=street.leader(), at=MONDAY, campaign_id=campaign, area_id=street.town.streets[1].id, doors=doors)
    with pytest.raises(Forbidden), write():
        services.end_campaign(actor=person("grid_head", street.town.streets[0].path), at=MONDAY, campaign_id=campaign)
    with pytest.raises(Forbidden), write():
        services.start_campaign(actor=head, at=MONDAY, campaign=NewCampaign("households", "x", street.town.streets[0].id, FIRST, LAST))
    with pytest.raises(NotSignedIn), write():
        noting.note_attempts(actor=ANONYMOUS, at=MONDAY, wishes=[])
    with pytest.raises(Forbidden):
        selectors.campaigns(actor=person("nobody"), at=MONDAY)


def test_of_two_results_noted_in_the_same_instant_one_stands(real_street: Street) -> None:
    real_street.lay(real_street.start())
    door = Target.objects.first()
    assert door is not None

    def noting(outcome: Outcome) -> str:
        try:
            result = real_street.note(door, outcome, MONDAY + HOUR)
            return "refused" if isinstance(result, EndedAlready) else "noted"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(noting, [Outcome.DONE, Outcome.REFUSED])) == ["noted", "refused"]
    assert Attempt.objects.count() == 1


def sign_in(street: Street, level: str, grid: int = 0) -> Client:
    with write():
        set_clock(to=MONDAY)
    with write():
        user = create_user(actor=SYSTEM, at=MONDAY, username=f"{level}{grid}", password="a long enough password")
        link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(street.town.head(level, grid).id, MONDAY), user_id=user.pk)  # type: ignore[arg-type]
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def said(response: Any) -> str:
    return str(response.content.decode())


def test_a_campaign_on_the_desk_and_at_the_doors(street: Street) -> None:
    desk, helper, anybody = sign_in(street, "street"), sign_in(street, "grid", 1), Client(HTTP_ACCEPT_LANGUAGE="en")
    area, grid = street.town.streets[0].id, street.town.grids[0].id
    wanted = {"template": "households", "code": "fraud", "area": area, "first_on": "2026-03-02", "last_on": "2026-03-31"}
    assert desk.post("/console/campaigns", {**wanted, "last_on": "2026-02-01"}).status_code == 400
    assert desk.post("/console/campaigns", wanted).status_code == 302 and desk.post("/console/campaigns", wanted).status_code == 409
    at = "/console/campaigns/fraud"
    assert "12 doors are laid out" in said(
        desk.post(f"{at}/house", {"area": grid, "compound": "幸福里", "building": "3", "units": 2, "floors": 3, "rooms": 2}, follow=True)
    )
    assert desk.post(f"{at}/house", {"area": grid, "building": "3", "units": 99, "floors": 3, "rooms": 2}).status_code == 400
    table = SimpleUploadedFile("doors.csv", "楼栋,房号\n8,101\n8,101\n,7\n".encode("gb18030"))
    looked = said(desk.post(f"{at}/table", {"area": grid, "file": table}))
    assert "One door can be taken in" in looked and "this door is given twice" in looked and "line 4" in looked and Target.objects.count() == 12
    taken = desk.post(f"{at}/table", {"area": grid, "text": "楼栋,房号\n8,101\n", "sure": "1"}, follow=True)
    assert "1 doors are laid out" in said(taken) and Target.objects.count() == 13
    assert "姓名" in said(refused := desk.post(f"{at}/table", {"area": grid, "text": "楼栋,房号,姓名\n8,102,张三\n"})) and refused.status_code == 400
    assert desk.post(f"{at}/share", {}).status_code == 400
    who = organisation().appointee(street.town.head("grid", 1).id, MONDAY)
    assert desk.post(f"{at}/helper", {"person": uuid4()}).status_code == 400 and helper.post(f"{at}/helper", {"person": who}).status_code in (403, 404)
    assert "Written down" in said(desk.post(f"{at}/helper", {"person": who}, follow=True))
    assert "3 staircases are shared out" in said(desk.post(f"{at}/share", follow=True))
    shown = said(helper.get("/volunteer/doors"))
    assert "幸福里 3 1" in shown and "101" in shown
    door = Target.objects.filter(room="101", unit="1").get()
    for _again in range(2):
        assert "Written down" in said(helper.post(f"/volunteer/doors/{door.id}", {"outcome": "not_home", "key": "k1"}, follow=True))
    assert Attempt.objects.count() == 1 and "one door for later" in said(helper.get("/volunteer/doors"))
    assert "last resort" in said(helper.post(f"/volunteer/doors/{door.id}", {"outcome": "leaflet", "key": "k2"}, follow=True))
    assert helper.post(f"/volunteer/doors/{door.id}", {"outcome": "moved", "key": "k3"}).status_code == 404
    assert (
        anybody.post(f"/volunteer/doors/{door.id}", {"outcome": "done", "key": "k"}).status_code == 302 and anybody.get("/volunteer/doors").status_code == 302
    )
    helper.post(f"/volunteer/doors/{door.id}", {"outcome": "done", "key": "k4"})
    assert "1 / 13" in said(desk.get("/console/campaigns")) and "Day by day" in said(desk.get(at))
    rows = b"".join(desk.get(f"{at}?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert rows.count("\n") == 14 and "Done" in rows
    assert "1 of 13" in said(anybody.get("/campaigns"))
    assert (
        anybody.get("/console/campaigns").status_code == 302
        and helper.post(f"{at}/end").status_code in (403, 404)
        and desk.post(f"{at}/nothing").status_code == 404
    )
    assert "its result stands" in said(desk.post(f"{at}/end", follow=True)) and desk.post(f"{at}/end").status_code == 409


def test_a_target_that_is_no_door_is_noted_on_the_desk(street: Street) -> None:
    street.start("grids", "grids")
    desk, anybody = sign_in(street, "street"), Client(HTTP_ACCEPT_LANGUAGE="en")
    target = Target.objects.filter(campaign__code="grids").order_by("label").first()
    assert target is not None
    at, address = "/console/campaigns/grids", f"/console/campaigns/grids/targets/{target.id}"
    assert address in said(desk.get(at)) and "Nobody home" not in said(desk.get(at))
    for _again in range(2):
        assert "Written down" in said(desk.post(address, {"outcome": "done", "key": "once"}, follow=True))
    assert Attempt.objects.count() == 1 and address not in said(desk.get(at))
    again = desk.post(address, {"outcome": "done", "key": "another"})
    assert again.status_code == 409 and Attempt.objects.count() == 1
    assert desk.post(address, {"outcome": "moved", "key": "k"}).status_code == 404
    assert anybody.post(address, {"outcome": "done", "key": "k"}).status_code == 302 and Attempt.objects.count() == 1


def test_a_table_of_doors_that_is_too_large_is_refused_whole(street: Street) -> None:
    street.start(code="fraud")
    desk = sign_in(street, "street")
    table = SimpleUploadedFile("doors.csv", b"building,room\n" + b"8,101\n" * 400_000)
    answer = desk.post("/console/campaigns/fraud/table", {"area": street.town.grids[0].id, "file": table})
    assert answer.status_code == 400 and "larger than 2 MB" in said(answer) and Target.objects.count() == 0


def test_sharing_many_staircases_out_asks_the_database_as_often_as_few(street: Street) -> None:
    campaign, helper = street.start(), street.helper().person_id
    with write():
        sharing.add_helper(actor=street.leader(), at=MONDAY, campaign_id=campaign, person_id=helper)  # type: ignore[arg-type]
    asked = []
    for number in range(2):
        for one in range(1 + 5 * number):
            street.lay(campaign, building=f"{number}-{one}")
        with CaptureQueriesContext(connections["default"]) as queries, write():
            sharing.share_staircases(actor=street.leader(), at=MONDAY, campaign_id=campaign)
        asked.append(len(queries))
    assert asked[0] == asked[1] and not Target.objects.filter(campaign_id=campaign).exclude(helper_id=helper).exists()


def test_a_list_of_many_campaigns_asks_the_database_as_often_as_one_of_few(street: Street) -> None:
    def asked(ask: Callable[[], list[selectors.CampaignLine]]) -> tuple[int, list[selectors.CampaignLine]]:
        with CaptureQueriesContext(connections["default"]) as queries:
            lines = ask()
        return len(queries), lines

    def begin(number: int) -> None:
        campaign = street.start(code=f"doors-{number:02}")
        street.lay(campaign, units=1)
        doors = list(Target.objects.filter(campaign=campaign).order_by("room"))
        ways = [Outcome.DONE] * (1 + number % 3) + [Outcome.REFUSED, Outcome.NOT_HOME]
        for door, way in zip(doors, ways, strict=False):
            street.note(door, way, MONDAY + HOUR)
        street.note(doors[len(ways) - 1], Outcome.NOT_HOME, MONDAY + 2 * HOUR)

    lists = (lambda: selectors.campaigns(actor=street.leader(), at=MONDAY + DAY), lambda: selectors.public_campaigns(at=MONDAY + DAY))
    for number in range(2):
        begin(number)
    few = [asked(one) for one in lists]
    for number in range(2, 12):
        begin(number)
    for (queries, lines), (more_queries, more) in zip(few, (asked(one) for one in lists), strict=True):
        assert (len(lines), len(more)) == (2, 12) and queries == more_queries
        assert all(line.progress == page(street, line.code, at=MONDAY + DAY).line.progress for line in more)
        told = {line.code: (line.progress.total, line.progress.done, line.progress.refused, line.progress.tried) for line in more}
        assert told == {f"doors-{number:02}": (6, 1 + number % 3, 1, 1) for number in range(12)}
