"""Places on the desk: lists with filters, a place's page, writing a leaf, the sheet, boards, tables, and who finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.engines.duties.inspections import tasks
from linli.engines.duties.inspections.models import Hazard, Leaf
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.audit.models import AuditEntry
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.integration.inspections.made import HOUR, MORNING, Town, town
from tests.integration.inspections.test_hazards import CLEAN, FOUND

Desk = Callable[..., Client]


@pytest.fixture
def place(committed: None) -> Town:
    return town()


@pytest.fixture
def desk(place: Town) -> Desk:
    def sign_in(level: str = "", grid: int = 0, *, role: str = "", language: str = "en") -> Client:
        with write():
            user = users.create_user(actor=SYSTEM, at=MORNING, username=f"{level}{role}{grid}", password="a long enough password")
            if role:
                roles.give_role(actor=SYSTEM, at=MORNING, user_id=user.pk, role=role, area_path=place.community.grids[grid].path)
            else:
                link_user(actor=SYSTEM, at=MORNING, person_id=organisation().appointee(place.community.head(level, grid).id, MORNING), user_id=user.pk)
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        client.force_login(user)
        return client

    return sign_in


def test_the_list_filters_and_leaves_the_house_as_a_table(place: Town, desk: Desk) -> None:
    grid = desk("grid")
    assert "福来旅馆" in grid.get("/console/places").content.decode()
    assert "福来旅馆" not in grid.get("/console/places?stake=rental").content.decode()
    assert "福来旅馆" in grid.get("/console/places?missing=any&days=30&q=福来").content.decode()
    assert "No places fit" in grid.get("/console/places?hazards=1").content.decode()
    for odd in ("page=9999999", "page=x", "stake=nothing", "missing=nothing", "days=7", "area=%00"):
        assert grid.get(f"/console/places?{odd}").status_code in (200, 400), odd
    csv = b"".join(grid.get("/console/places?format=csv&stake=venue").streaming_content).decode()  # type: ignore[arg-type]
    assert "福来旅馆" in csv and "三巷五号" not in csv
    assert grid.get("/console/places?format=xlsx").content[:2] == b"PK"
    assert AuditEntry.objects.filter(action="console.export").count() == 2


def test_a_leaf_is_written_and_a_stale_one_comes_back_with_the_reason(place: Town, desk: Desk) -> None:
    grid = desk("grid")
    address = f"/console/places/place/{place.hotel}"
    blank = grid.get(f"{address}/registration").content.decode()
    assert 'name="form_exits"' in blank and 'name="version" value="0"' in blank
    given = {"version": "0", "key": "k-1", "form_operator": "福来", "form_exits": "2"}
    assert grid.post(f"{address}/registration", {**given, "form_exits": ""}).status_code == 400
    assert "Written down." in grid.post(f"{address}/registration", given, follow=True).content.decode()
    assert grid.post(f"{address}/registration", given, follow=True).status_code == 200  # pressed twice
    stale = grid.post(f"{address}/registration", {**given, "key": "k-2"})
    assert stale.status_code == 409 and "meanwhile" in stale.content.decode()
    assert Leaf.objects.count() == 1
    assert 'value="福来"' in grid.get(f"{address}/registration").content.decode()
    assert grid.get(f"{address}/nothing").status_code == 404


def test_the_place_the_matter_and_the_boards_tell_the_same_story(place: Town, desk: Desk) -> None:
    place.finish("monthly_inspection", place.rental, FOUND, at=MORNING + 2 * HOUR)
    tasks.draw(MORNING)
    place.run(MORNING + 3 * HOUR)
    grid, code = desk("grid"), Hazard.objects.get().matter_code
    page = grid.get(f"/console/places/place/{place.rental}").content.decode()
    assert FOUND["hazard"] in page and f"/console/matters/{code}" in page and "Exits clear:" in page and "shown__signature" in page
    matter = grid.get(f"/console/matters/{code}").content.decode()
    assert f"/console/places/place/{place.rental}" in matter and "三巷五号" in matter
    for rule, ref in (("monthly_inspection", place.rental), ("recheck", Hazard.objects.get().id)):
        duty = Occurrence.objects.filter(rule=rule, subject__ref=ref).earliest("opens_at")
        told = grid.get(f"/console/duties/{duty.id}").content.decode()
        assert f"/console/places/place/{place.rental}" in told and (rule != "recheck" or FOUND["hazard"] in told)
    boards = grid.get("/console/places/boards?rule=monthly_inspection").content.decode()
    assert "Monthly fire safety" in boards and "What is left" in boards and code in boards
    drawn = desk("street").get("/console/places/boards").content.decode()
    assert "checks out" in drawn and "福来旅馆" in drawn


def test_a_date_to_mend_by_that_is_past_comes_back_with_the_reason(place: Town, desk: Desk) -> None:
    duty = Occurrence.objects.filter(rule="census_places", subject__ref=place.hotel).earliest("opens_at")
    place.census()
    given = {"note": "", "key": "k", "form_ledger_complete": "yes", "form_hazard": FOUND["hazard"], "form_rectify_by": "2026-01-04", "signature_typed": "李四"}
    answer = desk("grid").post(f"/console/duties/{duty.id}/finish", given)
    assert answer.status_code == 400 and "is no day to mend it by, at rectify_by" in answer.content.decode()
    duty.refresh_from_db()
    assert duty.state == "open" and not CheckInRecord.objects.exists() and not Hazard.objects.exists()


def test_a_visit_that_finds_the_ledger_wrong_asks_for_the_leaf(place: Town, desk: Desk) -> None:
    grid, address = desk("grid"), f"/console/places/place/{place.hotel}"
    place.write("registration", {"operator": "福来旅馆有限公司", "exits": 2})
    place.finish("monthly_inspection", place.hotel, {**CLEAN, "ledger_right": False, "changed": "出口改为三个"}, at=MORNING + 2 * HOUR)
    assert "no longer right" in grid.get(address).content.decode() and "出口改为三个" in grid.get(address).content.decode()
    with write():
        set_clock(to=MORNING + 3 * HOUR)
    answer = grid.post(f"{address}/registration", {"version": "1", "key": "again", "form_operator": "福来旅馆有限公司", "form_exits": "3"})
    assert answer.status_code == 302
    assert "no longer right" not in grid.get(address).content.decode()


def test_the_sheet_is_one_page_with_chinese_letters_in_it(place: Town, desk: Desk) -> None:
    place.write("registration", {"operator": "福来旅馆有限公司", "exits": 2})
    place.finish("monthly_inspection", place.hotel, {**FOUND, "hazard": "灭火器过期"}, at=MORNING + 2 * HOUR)
    answer = desk("grid", language="zh-hans").get(f"/console/places/place/{place.hotel}/sheet.pdf")
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert answer.content.count(b"/Type /Page\n") == 1
    assert b"/FontFile" in answer.content  # the letters are in the file: it prints anywhere


def test_who_may_not_look_finds_nothing(place: Town, desk: Desk) -> None:
    address = f"/console/places/place/{place.hotel}"
    assert Client().get("/console/places").status_code in (302, 403)
    other = desk("grid", 5)
    assert "福来旅馆" not in other.get("/console/places").content.decode()
    for path in ("", "/sheet.pdf", "/registration"):
        assert other.get(address + path).status_code == 404, path
    assert other.post(f"{address}/registration", {"version": "0", "key": "k", "form_operator": "x", "form_exits": "1"}).status_code == 404
    supervisor = desk(role="supervisor")
    for path in ("/console/places", "/console/places/boards", address, f"{address}/sheet.pdf", f"{address}/registration"):
        assert supervisor.get(path).status_code == 403, path
    assert not Leaf.objects.exists()


def test_the_pages_speak_chinese(place: Town, desk: Desk) -> None:
    grid = desk("grid", language="zh-hans")
    assert "场所登记" in grid.get(f"/console/places/place/{place.hotel}").content.decode()
    assert "年初普查" in grid.get("/console/places/boards").content.decode()
