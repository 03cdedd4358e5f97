"""Posts, appointments and areas: what a change would do is shown, nothing is saved before it is sure, and who is refused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import names_of
from linli.directory.people.services import NewPerson, enter_person
from linli.directory.territory.selectors import ground
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, report
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db
DAY = timezone.localdate(MONDAY)


def newcomer(name: str = "新来的", code: str = "N-1") -> None:
    with write():
        enter_person(actor=SYSTEM, at=MONDAY, person=NewPerson(code, name))


def test_an_appointment_shows_whom_it_replaces_and_what_goes_along_before_it_is_saved(town: Community, desk: Desk) -> None:
    newcomer()
    report(town)
    post = town.head("grid", 0)
    before = organisation().holder(post.id, MONDAY).person_id
    operator, page = desk(role="operator"), f"/console/directory/posts/{post.id}"
    given = {"act": "appoint", "person": "N-1", "starts": DAY.isoformat(), "ends": "", "replaces": "on"}
    told = operator.post(page, given).content.decode()
    name = names_of([before])[before]
    assert re.search(rf"{name} → <strong>新来的</strong>.*1 open matter goes along", told)
    assert organisation().holder(post.id, MONDAY).person_id == before  # nothing was saved
    assert operator.post(page, given | {"sure": "1"}).status_code == 302
    after = organisation().holder(post.id, MONDAY + timedelta(hours=1)).person_id
    assert names_of([after])[after] == "新来的"


def test_an_overlapping_appointment_is_refused_beside_its_field_and_an_unknown_name_too(town: Community, desk: Desk) -> None:
    newcomer()
    operator, page = desk(role="operator"), f"/console/directory/posts/{town.head('grid', 0).id}"
    given = {"act": "appoint", "person": "N-1", "starts": DAY.isoformat(), "ends": ""}
    answer = operator.post(page, given)
    assert answer.status_code == 400 and "holds the post" in answer.content.decode()
    assert "Nobody of this number or name" in operator.post(page, given | {"person": "谁也不是"}).content.decode()


def test_an_end_shows_who_stands_in(town: Community, desk: Desk) -> None:
    post = town.head("grid", 0)
    operator, page = desk(role="operator"), f"/console/directory/posts/{post.id}"
    opened = operator.get(page)
    ending = opened.context["ending"]
    given = {"act": "end", "appointment": str(ending.id), "last": DAY.isoformat()}
    assert "stands in from" in operator.post(page, given).content.decode()
    operator.post(page, given | {"sure": "1"})
    assert organisation().holder(post.id, MONDAY + timedelta(hours=1)).is_acting


def test_a_post_is_made_changed_and_retired_only_while_nothing_rests_on_it(town: Community, desk: Desk) -> None:
    operator = desk(role="operator")
    grid = town.grids[0]
    unit = next(unit for unit in organisation().units if unit.area_id == grid.id)
    role = town.head("grid", 0).role
    given = {"area": grid.path, "code": "NEW-1", "zh": "新岗", "en": "New one", "role": role, "unit": str(unit.id), "rank": "77"}
    assert operator.post("/console/directory/post", given).status_code == 200
    assert all(post.code != "NEW-1" for post in organisation().posts)
    assert operator.post("/console/directory/post", given | {"sure": "1"}).status_code == 302
    made = next(post for post in organisation().posts if post.code == "NEW-1")
    page = f"/console/directory/posts/{made.id}"
    operator.post(page, {"act": "change", "zh": "新岗位", "en": "", "rank": "78", "sure": "1"})
    assert dict(organisation().post(made.id).names) == {"zh": "新岗位"}
    operator.post(page, {"act": "retire", "sure": "1"})
    assert organisation().post(made.id).retired
    held = f"/console/directory/posts/{town.head('grid', 0).id}"
    assert "cannot be retired yet" in operator.post(held, {"act": "retire"}).content.decode()


def test_an_area_is_renamed_after_seeing_what_carries_the_name(town: Community, desk: Desk) -> None:
    grid = town.grids[0]
    operator, page = desk(role="operator"), f"/console/directory/areas/{grid.id}"
    given = {"zh": "桂花网格", "en": "Osmanthus grid", "households": "321"}
    assert "The name is carried by 0 areas below" in operator.post(page, given).content.decode()
    assert ground().area(grid.id).names == grid.names
    operator.post(page, given | {"sure": "1"})
    assert (ground().area(grid.id).names["zh"], ground().area(grid.id).households) == ("桂花网格", 321)


def test_those_who_only_read_see_the_post_and_change_nothing(town: Community, desk: Desk) -> None:
    street = desk("street")
    post = town.head("grid", 0)
    opened = street.get(f"/console/directory/posts/{post.id}")
    if opened.status_code == 200:  # readers of the directory see it without its administration
        assert b"do-appoint" not in opened.content
    newcomer()
    given = {"act": "appoint", "person": "N-1", "starts": (DAY + timedelta(days=1)).isoformat(), "replaces": "on", "sure": "1"}
    street.post(f"/console/directory/posts/{post.id}", given)
    assert organisation().appointee(post.id, MONDAY + timedelta(days=2)) == organisation().appointee(post.id, MONDAY)
    assert street.get(f"/console/directory/areas/{town.grids[0].id}").status_code == 403
    assert desk("grid").get("/console/directory/post").status_code == 403
