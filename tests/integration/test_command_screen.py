"""The wall: figures lead to their records, live rows are counted at once, the map's sums are exact, access holds."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.wall import arrivals_by_hour, map_clusters, open_by_area
from linli.engines.matters.services.act import act
from linli.insight.tasks import rebuild_figures
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, person, report

pytestmark = pytest.mark.django_db
WORLD = (-180.0, -85.0, 180.0, 85.0)


@pytest.fixture
def town() -> Community:
    made = community()
    with write():
        set_clock(to=MONDAY + timedelta(hours=2))
    return made


def signed_in(role: str, area_path: str = "") -> Client:
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username=f"{role}-{len(area_path)}", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=role, area_path=area_path)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def test_every_figure_is_a_link_to_its_records(town: Community) -> None:
    report(town)
    wall = signed_in("district_duty")
    page = wall.get("/command/").content.decode()
    assert "nobody has rated yet" in page  # and no rate is invented
    for address in ("clock=overdue", "clock=soon", "state=closed", "whistled=1"):
        assert address in page
    assert page.count('class="stat"') >= 6


def test_the_funnel_says_which_level_closed_it_and_not_that_it_is_derived(town: Community) -> None:
    for grid in range(4):
        receipt = report(town, grid=grid)
        if grid:
            with write():
                act([Command(receipt.matter_id, Verb.SOLVE, MONDAY + timedelta(hours=1), text="done")], actor=SYSTEM)
    rebuild_figures()
    context = signed_in("district_duty").get("/command/parts/figures").context
    assert [level["closed"] for level in context["funnel"]] == [3, 0, 0] and context["funnel"][0]["share"] == "100"
    assert context["derived"] is False


def test_a_report_is_counted_at_once(town: Community) -> None:
    wall = signed_in("district_duty")
    before = wall.get("/command/parts/now").context["counts"]["open"]
    report(town)
    after = wall.get("/command/parts/now").context
    assert (after["counts"]["open"], after["today"]) == (before + 1, 1)


def test_a_wall_shows_its_own_area_only(town: Community) -> None:
    report(town)
    street = town.streets[1]
    wall = signed_in("street_duty", street.path)
    assert wall.get("/command/").context["counts"]["open"] == 0
    assert wall.get(f"/command/?area={town.streets[0].path}").status_code == 403
    world = {"bbox": ",".join(map(str, WORLD)), "zoom": 3}
    assert json.loads(wall.get("/command/points", world).content)["features"] == []
    assert signed_in("grid_member").get("/command/").status_code == 403
    assert Client().get("/command/").status_code == 302


def test_the_sums_of_the_map_are_exact_at_every_zoom(town: Community) -> None:
    for grid in range(10):
        for number in range(grid % 3 + 1):
            report(town, grid=grid, at=MONDAY - timedelta(hours=number))
    report(town, lon=None, lat=None, address="somewhere")  # without a point: on no map
    total = sum(grid % 3 + 1 for grid in range(10))
    for zoom in (2, 8, 11, 14, 17):
        found = map_clusters(actor=SYSTEM, at=MONDAY, bbox=WORLD, zoom=zoom)
        assert sum(cluster.count for cluster in found) == total
    assert len(map_clusters(actor=SYSTEM, at=MONDAY, bbox=WORLD, zoom=2)) == 1
    assert sum(count for count, _ in open_by_area(actor=SYSTEM, at=MONDAY).values()) == total + 1
    lon, lat = town.point(0)
    near = map_clusters(actor=SYSTEM, at=MONDAY, bbox=(lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4), zoom=17)
    assert [cluster.count for cluster in near] == [1] and near[0].code


def test_a_window_that_is_none_is_refused(town: Community) -> None:
    wall = signed_in("district_duty")
    for bbox in ("", "1,2,3", "5,5,1,1", "nan,0,1,1", "a,b,c,d"):
        assert wall.get("/command/points", {"bbox": bbox}).status_code == 400


def test_private_matters_are_on_no_map_of_those_without_clearance(town: Community) -> None:
    report(town, class_code="D-0101", text="吵架")
    assert map_clusters(actor=person("grid_member", town.grids[0].path), at=MONDAY, bbox=WORLD, zoom=3) == []
    assert len(map_clusters(actor=person("grid_head", town.grids[0].path), at=MONDAY, bbox=WORLD, zoom=3)) == 1


def test_arrivals_are_counted_by_the_hour_of_the_community(town: Community) -> None:
    for minutes in (0, 30, 70):
        report(town, at=MONDAY + timedelta(minutes=minutes - 60))
    midnight = MONDAY - timedelta(hours=9)
    counted = arrivals_by_hour(actor=SYSTEM, at=MONDAY + timedelta(hours=1), start=midnight)
    assert len(counted) == 11 and counted[8] == 2 and counted[9] == 1


def test_outlines_are_drawn_for_staff_only(town: Community) -> None:
    drawn = json.loads(signed_in("grid_head", town.grids[0].path).get("/command/areas.geojson").content)
    assert len(drawn["features"]) > 20
    assert Client().get("/command/areas.geojson").status_code in (302, 401)


def test_the_number_of_queries_does_not_grow_with_the_matters(town: Community) -> None:
    wall = signed_in("district_duty")
    report(town)
    wall.get("/command/")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert wall.get("/command/").status_code == 200
        return len(queries)

    few = asked()
    for grid in range(10):
        report(town, grid=grid)
    assert asked() == few


def test_heat_counts_a_class_by_place_and_leads_to_its_records(town: Community) -> None:
    for number in range(3):
        report(town, grid=0, at=MONDAY - timedelta(hours=number), class_code="C-0101")
    report(town, grid=5)
    wall = signed_in("district_duty")
    found = json.loads(wall.get("/command/heat", {"class": "C-0101"}).content)
    assert [(one["properties"]["count"], one["properties"]["value"]) for one in found["features"]] == [(3, 1.0)] and found["most"] == 3
    assert sum(one["properties"]["count"] for one in json.loads(wall.get("/command/heat").content)["features"]) == 4
    records = wall.get(found["features"][0]["properties"]["url"])
    assert records.status_code == 200 and len(records.context["lines"]) == 3
    assert wall.get("/command/spot?place=nowhere").status_code == 404
    other = signed_in("street_duty", town.streets[1].path)
    assert json.loads(other.get("/command/heat").content)["features"] == []
    assert other.get(found["features"][0]["properties"]["url"]).status_code == 403


def test_the_last_24_hours_stand_beside_the_usual_ones(town: Community) -> None:
    for days in range(1, 29):
        report(town, at=MONDAY - timedelta(days=days, minutes=30), grid=days % 10)
    report(town, at=MONDAY + timedelta(hours=1, minutes=30))
    hours = signed_in("district_duty").get("/command/parts/arrivals").context["hours"]
    assert len(hours) == 24 and hours[-2]["count"] + hours[-1]["count"] == 1
    assert sum(hour["count"] for hour in hours) == 1 and max(hour["usual"] for hour in hours) == 1.0
    assert all("since=" in hour["link"] and "until=" in hour["link"] for hour in hours)
