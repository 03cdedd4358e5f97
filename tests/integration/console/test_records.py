"""Calls, search, notices, audit, dead letters, playbook, posts and absences: each through its page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.selectors.search import search
from linli.engines.matters.services.likes import index_matters
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.playbooks.services.apply import apply_playbook
from linli.kernel.playbooks.services.load import load_playbook
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, person, report
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db


# -- taking a call ----------------------------------------------------------------------------------------------------


def call(town: Community, grid: int = 0, **more: object) -> dict[str, object]:
    lon, lat = town.point(grid)
    return {"text": "有车堵住消防通道", "class_code": "E-0401", "lon": lon, "lat": lat, "language": "zh-hans", "key": "call-1", **more}


def test_a_caller_is_reported_for_and_the_code_is_read_out(town: Community, desk: Desk) -> None:
    answer = desk("street").post("/console/report", call(town, name="王女士", phone="138 1234 5678"))
    assert answer.status_code == 200
    told = Report.objects.get()
    assert told.code in answer.content.decode() and not told.anonymous and told.source == "desk"
    assert Matter.objects.get().area_path == town.grids[0].path


def test_what_is_open_nearby_is_shown_before_anything_is_sent(town: Community, desk: Desk) -> None:
    open_one = report(town)
    street = desk("street")
    answer = street.post("/console/report", call(town))
    assert open_one.code in answer.content.decode() and Matter.objects.count() == 1
    joined = street.post("/console/report", call(town, phone="13812345678", join=str(open_one.matter_id)))
    assert joined.status_code == 200 and Report.objects.filter(matter_id=open_one.matter_id).count() == 2
    sure = street.post("/console/report", call(town, sure="1", key="call-2"))
    assert sure.status_code == 200 and Matter.objects.count() == 2


def test_the_class_is_suggested_from_the_words_and_never_chosen_silently(town: Community, desk: Desk) -> None:
    answer = desk("street").post("/console/report", call(town, class_code=""))
    assert answer.status_code == 400 and not Matter.objects.exists()
    assert [part.code for part in answer.context["looked"].classes] == ["E-0401"]


def test_an_emergency_tells_the_officer_what_to_say(town: Community, desk: Desk) -> None:
    answer = desk("street").post("/console/report", call(town, class_code="E-0501"))
    assert "119" in answer.content.decode()


def test_a_call_without_a_place_waits_for_one(town: Community, desk: Desk) -> None:
    answer = desk("street").post("/console/report", call(town, lon="", lat="", address="说不清楚"))
    assert answer.status_code == 200 and Matter.objects.get().placing == "unplaced"


def test_a_bad_telephone_is_said_beside_the_field(town: Community, desk: Desk) -> None:
    answer = desk("street").post("/console/report", call(town, phone="not a number"))
    assert answer.status_code == 400 and answer.context["form"].errors["phone"]


def test_who_may_not_report_for_others_is_refused(town: Community, desk: Desk) -> None:
    assert desk(role="department_officer").get("/console/report").status_code == 403


# -- search -----------------------------------------------------------------------------------------------------------


def indexed() -> None:
    with write():
        index_matters(list(Matter.objects.values_list("id", flat=True)))


def found(asked: str, actor: object = None) -> set[str]:
    return {row.code for row in search(actor=actor or person("street_duty"), at=MONDAY, asked=asked).rows}  # type: ignore[arg-type]


def test_found_by_number_by_its_beginning_by_words_and_by_place(town: Community) -> None:
    one = report(town, text="三轮车堵住消防通道", address="幸福里3号楼").code
    two = report(town, grid=5, class_code="C-0101", text="井盖没了", address="和平路12号").code
    indexed()
    assert found(one) == {one} == found(one[:10].lower()) == found(one.replace("-", ""))
    assert found("消防") == {one} == found("消防通道") == found("堵住 幸福里")
    assert found("和平路") == {two} == found("井盖") == found("manhole")
    assert found("消防 和平路") == set() and found("。") == set() and found("%") == set()


def test_found_by_telephone_by_those_who_may_read_identities_only(town: Community) -> None:
    code = report(town, contact=Contact("王", "138-1234-5678"), anonymous=False).code
    report(town)
    assert found("13812345678") == {code} == found("138 1234 5678")
    assert found("13812345678", person("grid_member", town.grids[0].path)) == set()


def test_nothing_is_found_outside_ones_reach(town: Community) -> None:
    code = report(town).code
    private = report(town, class_code="D-0101", text="消防通道吵架").code
    indexed()
    assert found("消防", person("grid_member", town.grids[0].path)) == {code}
    assert found("消防", person("grid_head", town.grids[0].path)) == {code, private}
    assert found("消防", person("grid_head", town.grids[1].path)) == set() == found(code, person("grid_head", town.grids[1].path))


def test_search_asks_three_queries_at_most(town: Community) -> None:
    report(town)
    indexed()
    actor = person("street_duty")
    found("消防", actor)
    for asked in ("消防", "13812345678", "260302"):
        with CaptureQueriesContext(connection) as queries:
            search(actor=actor, at=MONDAY, asked=asked)
        assert len([query for query in queries if "matters_" in query["sql"]]) <= 3


def test_the_page_of_search(town: Community, desk: Desk) -> None:
    code = report(town).code
    assert code in desk("street").get(f"/console/search?q={code}").content.decode()


# -- what is written down ---------------------------------------------------------------------------------------------


def test_the_operators_pages_open_and_are_shut_to_others(town: Community, desk: Desk) -> None:
    report(town)
    operator, grid = desk(role="operator"), desk("grid")
    for address in (
        "/console/outbox",
        "/console/audit?action=matters.report",
        "/console/events",
        "/console/playbook",
        "/console/directory",
        "/console/notices",
    ):
        assert operator.get(address).status_code == 200, address
    for address in ("/console/outbox", "/console/audit", "/console/events", "/console/directory"):
        assert grid.get(address).status_code == 403, address
    assert operator.post("/console/events/retry").status_code == 302
    assert grid.post("/console/events/retry").status_code == 403


def test_the_audit_names_no_matter_by_its_number(town: Community, desk: Desk) -> None:
    code = report(town).code
    told = desk(role="operator").get("/console/audit").content.decode()
    assert "matters.report" in told and code not in told


def test_the_playbook_says_what_changed_in_words(town: Community, desk: Desk, tmp_path: object) -> None:
    changed = SMALL.read_text().replace("time: 3 working_days", "time: 2 working_days")
    folder = tmp_path / "other"  # type: ignore[operator]
    folder.mkdir()
    (folder / "playbook.yaml").write_text(changed)
    with write():
        apply_playbook(actor=SYSTEM, at=MONDAY, playbook=load_playbook(folder / "playbook.yaml"))
    told = desk("street").get("/console/playbook?version=2&against=1").content.decode()
    assert re.search(r"<del>3 working days</del> → <ins>2 working days</ins>", told)


# -- posts and absences -----------------------------------------------------------------------------------------------


def test_an_absence_is_recorded_after_its_consequences_were_shown(town: Community, desk: Desk) -> None:
    head = town.head("grid")
    who = organisation().appointee(head.id, MONDAY)
    operator = desk(role="operator")
    days = {"person": who, "starts": MONDAY.date().isoformat(), "ends": (MONDAY + timedelta(days=2)).date().isoformat(), "reason": "leave"}
    shown = operator.post("/console/directory/absence", days)
    assert shown.status_code == 200 and shown.context["passings"], "who takes over is said"
    assert not organisation().is_absent(who, MONDAY + timedelta(hours=1))
    assert operator.post("/console/directory/absence", {**days, "sure": "1"}).status_code == 302
    assert organisation().holder(head.id, MONDAY + timedelta(hours=1)).person_id != who
    code = report(town).code
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    assert "acting" in desk("street").get(f"/console/matters/{code}").content.decode()


def test_one_records_ones_own_and_nobody_elses(town: Community, desk: Desk) -> None:
    grid = desk("grid")
    days = {"starts": MONDAY.date().isoformat(), "ends": "", "reason": "leave", "sure": "1"}
    other = organisation().appointee(town.head("grid", 1).id, MONDAY)
    assert grid.post("/console/directory/absence", {**days, "person": other}).status_code == 403
    own = organisation().appointee(town.head("grid").id, MONDAY)
    assert grid.post("/console/directory/absence", {**days, "person": own}).status_code == 302
    assert organisation().is_absent(own, MONDAY + timedelta(hours=1))


def test_notices_are_ones_own(town: Community, desk: Desk) -> None:
    assert desk("grid").get("/console/notices").status_code == 200
    assert desk("street").post("/console/notices/read", {"id": "01920000-0000-7000-8000-000000000000"}).status_code == 302


def test_the_audit_log_leaves_whole_and_not_by_the_page(town: Community, desk: Desk) -> None:
    for _ in range(210):
        report(town)
    table = b"".join(desk(role="operator").get("/console/audit?action=matters.report&format=csv").streaming_content).decode("utf-8-sig")
    assert len(table.splitlines()) == 211
