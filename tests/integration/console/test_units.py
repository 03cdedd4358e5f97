"""Units: what a change would do is shown, nothing is saved before it is sure, and who is refused."""

from __future__ import annotations

import pytest

from linli.directory.organisation.selectors import organisation
from tests.factories import Community
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db
NEW = {"zh": "志愿服务队", "en": "Volunteers", "code": "volunteers-1", "kind": "team"}


def codes() -> set[str]:
    return {unit.code for unit in organisation().units}


def test_a_unit_is_made_renamed_and_removed_each_after_seeing_what_it_would_do(town: Community, desk: Desk) -> None:
    operator, given = desk(role="operator"), NEW | {"area": town.grids[0].path}
    assert "Nobody else answers for any post" in operator.post("/console/directory/unit", given).content.decode()
    assert "volunteers-1" not in codes()
    made = operator.post("/console/directory/unit", given | {"sure": "1"})
    unit = next(unit for unit in organisation().units if unit.code == "volunteers-1")
    page = f"/console/directory/units/{unit.id}"
    assert made.headers["Location"] == page
    assert "志愿服务队" in operator.get(f"/console/directory?area={town.grids[0].path}", HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
    assert "0 posts stand under this name" in operator.post(page, {"zh": "义工队"}).content.decode()
    assert dict(organisation().unit(unit.id).names) == {"zh": "志愿服务队", "en": "Volunteers"}
    operator.post(page, {"zh": "义工队", "sure": "1"})
    assert dict(organisation().unit(unit.id).names) == {"zh": "义工队"}
    assert "gone for good" in operator.post(page, {"act": "remove"}).content.decode() and "volunteers-1" in codes()
    operator.post(page, {"act": "remove", "sure": "1"})
    assert "volunteers-1" not in codes()


def test_a_code_in_use_a_missing_name_and_a_unit_with_posts_are_refused_plainly(town: Community, desk: Desk) -> None:
    operator = desk(role="operator")
    taken = next(unit for unit in organisation().units if unit.area_id == town.grids[0].id)
    answer = operator.post("/console/directory/unit", NEW | {"area": town.grids[0].path, "code": taken.code, "sure": "1"})
    assert answer.status_code == 400 and 'id="id_code_error"' in answer.content.decode()
    page = f"/console/directory/units/{taken.id}"
    assert 'id="id_zh_error"' in operator.post(page, {"zh": " ", "sure": "1"}).content.decode()
    answer = operator.post(page, {"act": "remove", "sure": "1"})
    assert answer.status_code == 400 and "cannot be removed" in answer.content.decode() and taken.code in codes()


def test_who_does_not_administer_an_area_makes_and_changes_no_unit_there(town: Community, desk: Desk) -> None:
    taken = next(unit for unit in organisation().units if unit.area_id == town.grids[0].id)
    elsewhere = desk(role="operator", area_path=town.grids[4].path)
    for caller in (desk("street"), elsewhere):
        for page in (f"/console/directory/units/{taken.id}", f"/console/directory/unit?area={town.grids[0].path}"):
            assert caller.get(page).status_code == 403
            assert caller.post(page, NEW | {"sure": "1"}).status_code == 403
    assert "volunteers-1" not in codes() and organisation().unit(taken.id).names == taken.names
