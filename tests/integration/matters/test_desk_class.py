"""A class that residents are not offered: not on the portal, not in Open311, refused by name; a desk and the program's own stories open it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from linli.engines.matters.models import Matter
from linli.engines.matters.rules.classes import DeskClass, LikelyClass, unknown_class
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.services.frame import frame
from linli.engines.matters.services.report import report_matters
from linli.kernel.access.rules import ANONYMOUS, REPORTER, SYSTEM, Actor
from linli.kernel.access.services.api_keys import create_api_key
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, community, person

ACTION = "P-0199"
CLASS = f"""  classes:
    - code: {ACTION}
      kind: event
      names: {{zh: 会议交办事项, en: Action of a meeting}}
      reported_by: desk
      words: [会议交办, meeting action]
      conditions: [{{time: 3 working_days}}]
"""


@pytest.fixture
def town(db: None, tmp_path: Path) -> Community:
    path = tmp_path / "playbook.yaml"
    path.write_text(SMALL.read_text().replace("  classes:\n", CLASS, 1))
    with write():
        set_clock(to=MONDAY)
    return community(playbook=path)


def reported(town: Community, actor: Actor) -> Any:
    lon, lat = town.point()
    with write():
        (result,) = report_matters([ReportRequest(at=MONDAY, class_code=ACTION, text="清理楼道", lon=lon, lat=lat)], actor=actor, at=MONDAY)
    return result


def test_residents_are_not_offered_it(town: Community) -> None:
    page = Client(HTTP_ACCEPT_LANGUAGE="en").get("/report").content.decode()
    assert "E-0401" in page and ACTION not in page
    assert ACTION not in Client().get("/report/suggestions", {"q": "会议交办"}).content.decode()
    assert "E-0401" in Client().get("/report/suggestions", {"q": "消防通道"}).content.decode()
    assert ACTION in Client().get("/matters").content.decode()  # what came out of meetings can be found
    codes = {one["service_code"] for one in Client().get("/open311/v2/services.json").json()}
    assert "E-0401" in codes and ACTION not in codes
    assert Client().get(f"/open311/v2/services/{ACTION}.json").status_code == 404
    assert type(unknown_class("会议交办事项x", policy=frame().policy)) is not LikelyClass  # no hint leads to it
    listed = {one["code"]: one["reported_by"] for one in Client().get("/api/v1/classes").json()}
    assert (listed[ACTION], listed["E-0401"]) == ("desk", "everyone")


def test_a_residents_report_that_names_it_is_refused_on_every_way(town: Community) -> None:
    lon, lat = town.point()
    form = {"key": "k", "lon": lon, "lat": lat, "text": "清理楼道", "class_code": ACTION, "who": "anonymous"}
    assert Client().post("/report", form).status_code == 400
    with write():
        _, key = create_api_key(actor=SYSTEM, at=MONDAY, name="app", role=REPORTER)
    sent = urlencode({"api_key": key, "service_code": ACTION, "lat": lat, "long": lon, "description": "x"})
    answer = Client().post("/open311/v2/requests.json", sent, content_type="application/x-www-form-urlencoded", headers={"Accept-Language": "en"})
    assert answer.status_code == 404 and "a desk opens it" in answer.json()[0]["description"]
    body = {"class_code": ACTION, "lon": lon, "lat": lat}
    answer = Client().post("/api/v1/matters", body, content_type="application/json", headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "matters.desk_class", "class_code")
    assert isinstance(reported(town, ANONYMOUS), DeskClass) and isinstance(reported(town, person("grid_member", town.grids[0].path)), DeskClass)
    assert not Matter.objects.exists()


def test_a_desk_of_its_area_and_the_program_open_it(town: Community) -> None:
    street = town.streets[0]
    for actor in (SYSTEM, Actor.system("meetings"), person("street_duty", street.path)):
        assert reported(town, actor).code
    assert Matter.objects.filter(class_code=ACTION).count() == 3
