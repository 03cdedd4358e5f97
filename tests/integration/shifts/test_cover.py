"""An area's cover around the clock: by day one team, by night another, and the gaps that they leave together."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.teams.services import NewTeam, disband_team, found_team
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.duties.shifts.models import Shift
from linli.engines.duties.shifts.selectors.cover import AreaCover, area_cover
from linli.engines.duties.shifts.selectors.rosters import board
from linli.engines.duties.shifts.services import rosters as services
from linli.engines.duties.shifts.services.publishing import publish_roster
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind, Confidentiality, Forbidden, Grant
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.shifts.test_pages import browser, said
from tests.integration.shifts.test_shifts import SECTION, TODAY
from tests.integration.teams.made import Town, teaming_town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE = MONDAY - timedelta(hours=9) + 7 * DAY  # next Monday's midnight where the community is
WEEK = {"since": SINCE, "until": SINCE + 7 * DAY}


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    made = teaming_town(tmp_path, **SECTION)
    with write():
        set_clock(to=MONDAY)
    return made


def standing(town: Town, code: str, area: AreaNode, begins: int, hours: int, kind: str = "publicity") -> UUID:
    """A team of one person who stands every day at these hours."""
    with write():
        team = found_team(actor=SYSTEM, at=MONDAY, team=NewTeam(code, kind, {"zh": code, "en": code.title()}, area.code))
    person = town.member(team, f"one-{code}")
    with write():
        template = services.NewTemplate({"zh": "守", "en": "Watch"}, tuple(range(7)), time(begins), hours * 60, 0, 1, TODAY)
        services.lay_template(actor=SYSTEM, at=MONDAY, team_id=team, template=template)
        roster = {shift: {person.person_id} for shift in Shift.objects.filter(team_id=team).values_list("id", flat=True)}
        publish_roster(actor=SYSTEM, at=MONDAY, team_id=team, roster=roster, shown={})
    return team


def cover(area: AreaNode, **more: object) -> AreaCover:
    return area_cover(actor=SYSTEM, area=area, **{**WEEK, **more})


def test_two_teams_cover_together_what_each_leaves_open(town: Town) -> None:
    grid, other = town.town.grids[:2]
    above = ground().chain(grid.id)[-2]
    assert ground().chain(other.id)[-2] == above
    day, night = standing(town, "day", grid, 6, 12), standing(town, "night", above, 18, 12, "patrol")
    for team in (day, night):
        gaps = board(actor=SYSTEM, at=MONDAY, team_id=team, **WEEK).gaps
        assert sum((gap.ends - gap.starts for gap in gaps), timedelta()) == 84 * HOUR
    assert cover(grid).gaps == () and cover(above).gaps == ()  # a wider area's team stands here too
    assert [(line.team.code, line.stood) for line in cover(grid).teams] == [("day", 84 * HOUR), ("night", 84 * HOUR)]
    assert cover(other).uncovered == 84 * HOUR  # the neighbour's day team does not
    assert dict(cover(above).below)[grid] == timedelta() and dict(cover(above).below)[other] == 84 * HOUR
    assert cover(grid, kinds=["patrol"]).uncovered == 84 * HOUR
    first = Shift.objects.filter(team_id=night, starts_at__gte=SINCE).order_by("starts_at").first()
    assert first is not None
    with write():
        services.call_off(actor=SYSTEM, at=MONDAY, shift_id=first.id)
    assert [(gap.starts, gap.ends) for gap in cover(grid).gaps] == [(first.starts_at, first.ends_at)]
    with write():
        disband_team(actor=SYSTEM, at=MONDAY, team_id=day)
    assert [line.team.code for line in cover(grid).teams] == ["night"] and cover(grid, kinds=["publicity"]).kinds == {"patrol"}


def test_the_week_s_first_hours_are_those_of_the_night_before(town: Town) -> None:
    grid = town.town.grids[0]
    standing(town, "night", grid, 18, 12)
    assert cover(grid).gaps[0].starts == SINCE + 6 * HOUR and cover(grid).gaps[-1].ends == SINCE + 6 * DAY + 18 * HOUR


def test_it_is_seen_where_rosters_are_and_asks_the_same_however_many_teams(town: Town) -> None:
    grid, other = town.town.grids[:2]

    def reader(path: str) -> Actor:
        return Actor("user:x", ActorKind.USER, grants=(Grant("x", frozenset({"shifts.read"}), path, Confidentiality.INTERNAL),))

    assert area_cover(actor=reader(grid.path), area=grid, **WEEK).uncovered == 168 * HOUR
    with pytest.raises(Forbidden):
        area_cover(actor=reader(grid.path), area=other, **WEEK)
    standing(town, "day", grid, 6, 12)
    root = ground().root
    with CaptureQueriesContext(connection) as few:
        cover(root)
    for number in range(4):
        standing(town, f"more-{number}", town.town.grids[number % 2], number, 3)
    ground()  # in memory again after the writes
    with CaptureQueriesContext(connection) as many:
        found = cover(root)
    assert len(found.teams) == 5 and len(few) == len(many)
    assert sum("teams_team" in query["sql"] or "shifts_" in query["sql"] for query in many) == 2


def test_the_page_draws_and_names_the_gaps_and_leads_to_the_rosters(town: Town) -> None:
    grid = town.town.grids[0]
    above = ground().chain(grid.id)[-2]
    standing(town, "day", grid, 6, 12)
    standing(town, "night", above, 18, 11, "patrol")
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="desk", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role="street_duty", area_path=above.path)
    desk = Client(HTTP_ACCEPT_LANGUAGE="en")
    desk.force_login(user)
    at, week = "/console/patrols/cover", f"week={SINCE + DAY:%Y-%m-%d}"
    assert f'href="{at}"' in said(desk.get("/console/teams"))
    page = desk.get(f"{at}?{week}")  # none named: the widest area that one may see
    assert page.status_code == 200 and page.context["area"] == above
    assert "For 7 of 168 hours nobody stands here." in said(page) and said(page).count("05:00–06:00") == 7
    assert said(page).count('<svg viewBox="0 0 1440 10"') == 7 and "/console/teams/night/roster?week=2026-03-09" in said(page)
    assert f"area={town.town.grids[1].code}" in said(page)  # the day team does not stand there
    assert f"area={grid.code}" not in said(page) and "1 area below has the same hours as the whole." in said(page)
    by_kind = said(desk.get(f"{at}?{week}&area={grid.code}&kind=patrol&kind=none"))
    assert "For 91 of 168 hours" in by_kind and "/console/teams/day/roster" not in by_kind
    assert 'value="patrol" checked' in by_kind and 'value="publicity"> ' in by_kind
    for wrong in ("area=elsewhere", f"area={ground().root.code}", "week=then"):
        assert desk.get(f"{at}?{wrong}").status_code == 404
    assert browser("one-day").get(at).status_code == 403 and browser().get(at).status_code == 302
    empty = said(desk.get(f"{at}?week=2030-01-01"))
    assert "For 168 of 168 hours" in empty
