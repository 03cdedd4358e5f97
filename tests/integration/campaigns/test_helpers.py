"""Who goes to the doors: a team's trained members, holders of posts by name; doors from buildings on record; two thousand doors at once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.directory.teams import services as teams
from linli.directory.teams.selectors import team_page
from linli.directory.teams.services import NoSuchTeam
from linli.directory.territory.models import Building
from linli.engines.duties.campaigns import selectors
from linli.engines.duties.campaigns.models import Helper, Target
from linli.engines.duties.campaigns.rules.doors import Advice, Outcome
from linli.engines.duties.campaigns.rules.targets import Door, doors_of
from linli.engines.duties.campaigns.services import running, sharing
from linli.engines.duties.campaigns.services.noting import Wish, note_attempts
from linli.engines.duties.campaigns.services.running import NewCampaign, NothingThere, NotOfDoors
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind, Confidentiality, Forbidden, Grant
from linli.kernel.access.selectors import actor_of_user
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL
from tests.integration.campaigns.test_campaigns import LEADERS, ROLES, SECTION
from tests.integration.teams.made import TEAMS, Town, teaming_town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, LAST = date(2026, 3, 2), date(2026, 3, 31)


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    text = SMALL.read_text().replace(*ROLES).replace(*LEADERS)
    found = teaming_town(tmp_path, access=yaml.safe_load(text)["access"], teams=TEAMS, **yaml.safe_load(SECTION))
    with write():
        set_clock(to=MONDAY)
    return found


def start(town: Town, template: str = "households") -> UUID:
    with write():
        wish = NewCampaign(template, template, town.town.streets[0].id, FIRST, LAST)
        return running.start_campaign(actor=SYSTEM, at=MONDAY, campaign=wish)


def trained(town: Town, team: UUID, *names: str) -> dict[str, Actor]:
    people = {name: town.member(team, name) for name in names}
    with write():
        for actor in people.values():
            teams.pass_course(actor=SYSTEM, at=MONDAY, team_id=team, person_id=actor.person_id, course="first_aid", on=FIRST)  # type: ignore[arg-type]
    return people


def test_a_team_s_trained_members_help_and_whoever_leaves_goes_no_more(town: Town) -> None:
    team, campaign = town.team(), start(town)
    common = {"actor": SYSTEM, "at": MONDAY, "campaign_id": campaign}
    new = town.member(team, "new")  # has not passed the course
    with pytest.raises(sharing.NobodyReady), write():
        sharing.add_team(**common, team_id=team)
    people = trained(town, team, "ann", "bob")
    with write():
        assert sharing.add_team(**common, team_id=team) == 2
    with write():
        assert sharing.add_team(**common, team_id=team) == 0
    for nobody in (new.person_id, town.account("stranger").pk):
        with pytest.raises(sharing.NotAHelper), write():
            sharing.add_helper(**common, person_id=nobody)  # type: ignore[arg-type]
    with write():
        running.lay_doors(**common, area_id=town.town.grids[0].id, doors=house("3", 2))
        assert sharing.share_staircases(**common) == 2
    page = selectors.campaign_page(actor=SYSTEM, at=MONDAY, code="households")
    assert [(one.name, one.team["en"], one.doors) for one in page.helpers] == [("Ann", "Night watch", 6), ("Bob", "Night watch", 6)]
    (mine,) = selectors.own_doors(actor=people["bob"], at=MONDAY)
    assert len(mine.doors) == 6
    part = next(line.id for line in team_page(actor=SYSTEM, at=MONDAY, today=FIRST, team_id=team).members if line.person_id == people["bob"].person_id)
    with write():
        teams.leave_team(actor=people["bob"], at=MONDAY + HOUR, membership_id=part)
    for _again in range(2):
        dispatch_once()
    assert selectors.own_doors(actor=people["bob"], at=MONDAY + HOUR) == [] and Helper.objects.count() == 1
    with pytest.raises(sharing.NotAHelper), write():
        sharing.assign_staircase(**common, compound="", building="3", unit="1", helper_id=people["bob"].person_id)
    with write():
        teams.disband_team(actor=SYSTEM, at=MONDAY + 2 * HOUR, team_id=team)
    dispatch_once()
    assert not Helper.objects.exists() and not Target.objects.exclude(helper=None).exists()
    with pytest.raises(NoSuchTeam), write():
        sharing.add_team(**common, team_id=team)
    row = Helper(campaign_id=campaign, person_id=people["ann"].person_id, at=MONDAY, recorded_at=MONDAY)
    row.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Helper.objects.create(campaign_id=campaign, person_id=people["ann"].person_id, at=MONDAY, recorded_at=MONDAY)


def house(building: str, units: int = 1, floors: int = 3, rooms: int = 2) -> list[Door]:
    return doors_of(compound="", building=building, units=units, floors=floors, rooms=rooms)


def desk_of(town: Town, name: str = "street") -> Client:
    with write():
        user = create_user(actor=SYSTEM, at=MONDAY, username=name, password="a long enough password")
        link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(town.town.head(name).id, MONDAY), user_id=user.pk)  # type: ignore[arg-type]
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def test_on_the_desk_a_team_is_added_and_somebody_is_found_by_name(town: Town) -> None:
    team, _campaign = town.team(), start(town)
    trained(town, team, "ann", "bob")
    desk, grid, at = desk_of(town), desk_of(town, "grid"), "/console/campaigns/households"
    page = desk.get(f"{at}?who=BO").content.decode()
    assert "Bob" in page and "Ann" not in page and "Nobody yet." in page
    everybody = desk.get(f"{at}?who=").content.decode()
    assert "write more of the name" in everybody  # a search and no list that stops
    assert "Nobody of this name" in desk.get(f"{at}?who=zzz").content.decode()
    assert "who-words" not in grid.get(f"{at}?who=bo").content.decode()
    assert grid.post(f"{at}/team", {"team": team}).status_code in (403, 404) and not Helper.objects.exists()
    assert desk.post(f"{at}/share").status_code == 400
    assert "2 members of the team help now." in desk.post(f"{at}/team", {"team": team}, follow=True).content.decode()
    assert desk.post(f"{at}/team", {"team": town.town.streets[0].id}).status_code == 404
    ann = User.objects.get(username="ann")
    who = actor_of_user(ann.pk, MONDAY).person_id
    assert "Written down" in desk.post(f"{at}/drop", {"person": who}, follow=True).content.decode() and Helper.objects.count() == 1
    assert desk.post(f"{at}/drop", {"person": who}).status_code == 400


def test_doors_come_from_the_buildings_on_record(town: Town) -> None:
    campaign = start(town)
    common = {"actor": SYSTEM, "at": MONDAY, "campaign_id": campaign}
    area = town.town.streets[0]
    known = Building.objects.filter(area__path__startswith=area.path)
    page = selectors.campaign_page(actor=SYSTEM, at=MONDAY, code="households")
    assert page.on_record == (known.count(), sum(known.values_list("households", flat=True)))  # type: ignore[type-var]
    first = known.order_by("code")[0]
    Building.objects.filter(id=first.id).update(floors=None)
    with write():
        laid = running.lay_buildings(**common, area_id=area.id)
    rest = known.exclude(id=first.id)
    assert (laid.buildings, laid.lacking) == (rest.count(), 1)
    assert laid.doors == Target.objects.count() == sum(rest.values_list("households", flat=True))  # type: ignore[type-var]
    assert set(Target.objects.values_list("area_id", flat=True)) == set(rest.values_list("area_id", flat=True))
    with write():
        assert running.lay_buildings(**common, area_id=area.id).doors == 0  # those that are there stay
    Building.objects.update(households=None)
    with pytest.raises(NothingThere), write():
        running.lay_buildings(**common, area_id=area.id)
    with pytest.raises(Forbidden), write():
        reader = Actor("user:x", ActorKind.USER, grants=(Grant("x", frozenset({"campaigns.read"}), "", Confidentiality.INTERNAL),))
        running.lay_buildings(**{**common, "actor": reader}, area_id=area.id)
    Building.objects.update(households=10, floors=5)
    other = start(town, "grids")
    with pytest.raises(NotOfDoors), write():
        running.lay_buildings(**{**common, "campaign_id": other}, area_id=area.id)
    desk = desk_of(town)
    assert "doors of" in desk.post("/console/campaigns/households/records", {"area": area.id}, follow=True).content.decode()


def test_two_thousand_doors_cost_as_many_queries_as_two_hundred_and_the_day_s_plan_says_whom_to_try(town: Town) -> None:
    team, campaign = town.team(), start(town)
    people = trained(town, team, "ann", "bob", "cid", "dan")
    common = {"actor": SYSTEM, "at": MONDAY, "campaign_id": campaign}
    with write():
        sharing.add_team(**common, team_id=team)
    asked, now = [], MONDAY + 10 * HOUR  # six in the evening
    selectors.campaign_page(actor=SYSTEM, at=now, code="households")  # what is read once and kept
    for number, houses in enumerate((10, 90)):  # 200 doors, then 2,000
        with CaptureQueriesContext(connection) as queries:
            with write():
                doors = [door for one in range(houses) for door in house(f"{number}-{one}", units=2, floors=5, rooms=2)]
                running.lay_doors(**common, area_id=town.town.grids[0].id, doors=doors)
                sharing.share_staircases(**common)
            page = selectors.campaign_page(actor=SYSTEM, at=now, code="households")
            mine = selectors.own_doors(actor=people["ann"], at=now)
            wishes = [Wish(one.id, (Outcome.DONE, Outcome.NOT_HOME)[place % 2], now, f"{number}-{one.id}") for place, one in enumerate(page.left)]
            with write():
                results = note_attempts(actor=SYSTEM, at=now, wishes=wishes)
            table = list(selectors.targets_table(actor=SYSTEM, code="households"))
        asked.append(len(queries))
    assert asked[0] == asked[1] and [getattr(one, "outcome", None) for one in results].count(Outcome.DONE) == 100
    assert page.line.progress.total == 2000 == len(table) and sum(len(one.doors) for one in mine) == 500
    assert [one.doors for one in page.helpers] == [500] * 4
    wednesday = MONDAY + 2 * DAY + 2 * HOUR  # another weekday and another part of the day than before
    later = selectors.campaign_page(actor=SYSTEM, at=wednesday, code="households")
    assert (later.line.progress.done, later.line.progress.open, later.line.progress.tried) == (200, 1800, 200)  # who is left
    plans = [(door.tries, door.suggestion.advice, door.suggestion.part) for door in later.left]
    assert plans == [(1, Advice.THEN, "morning")] * 200  # whose hour it is comes first
    evening = selectors.campaign_page(actor=SYSTEM, at=now + HOUR, code="households").left
    assert {door.suggestion.advice for door in evening} == {Advice.ANY_TIME}  # tonight it is the turn of those who were never tried
