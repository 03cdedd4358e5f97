"""The matter's page: what may be done stands there, each step is one form, and nobody overwrites anybody."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from linli.directory.organisation.selectors import organisation
from linli.engines.matters.models import Matter, MergeSuggestion, Report, Step, Whistle
from linli.engines.matters.rules.intake import Contact
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, report
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db


def page(client: Client, code: str) -> Any:
    answer = client.get(f"/console/matters/{code}")
    assert answer.status_code == 200, answer.content[:300]
    return answer


def step(client: Client, code: str, verb: str, *, version: int | None = None, **fields: Any) -> Any:
    seen = Matter.objects.get(code=code).version if version is None else version
    return client.post(f"/console/matters/{code}/{verb}", {"version": seen, "key": f"{verb}-{seen}-{Step.objects.count()}", **fields})


def test_the_step_that_a_matter_waits_for_stands_open(town: Community, desk: Desk) -> None:
    code = report(town).code
    acts = page(desk("grid"), code).context["acts"]
    assert (acts.next.verb.value, acts.next.open) == ("solve", True)
    assert "escalate" in [act.verb.value for act in acts.often]
    assert "whistle" not in [act.verb.value for act in (*acts.often, *acts.rest)]  # not a grid's to call


def test_solved_with_words_and_a_photo(town: Community, desk: Desk) -> None:
    code = report(town).code
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(out, "JPEG")
    out.seek(0)
    out.name = "after.jpg"
    answer = step(desk("grid"), code, "solve", text="已清走", photos=[out])
    assert answer.status_code == 302
    matter = Matter.objects.get(code=code)
    assert (matter.state, matter.outcome_text) == ("closed", "已清走")
    assert Report.objects.get().answer == "已清走"
    file = StoredFile.objects.get()
    assert (file.owner_type, file.owner_id, file.area_path) == ("matter", matter.id, matter.area_path)


def test_a_photo_that_lies_is_refused_and_nothing_is_half_done(town: Community, desk: Desk) -> None:
    code = report(town).code
    fake = io.BytesIO(b"MZ this is a program")
    fake.name = "photo.jpg"
    answer = step(desk("grid"), code, "solve", text="typed words stay", photos=[fake])
    assert answer.status_code == 400 and "typed words stay" in answer.content.decode()
    assert Matter.objects.get(code=code).state == "dispatched" and not StoredFile.objects.exists()


def test_a_form_without_words_says_what_is_missing_beside_the_field(town: Community, desk: Desk) -> None:
    code = report(town).code
    answer = step(desk("grid"), code, "escalate", reason="")
    assert answer.status_code == 400 and "field__error" in answer.content.decode()
    assert Matter.objects.get(code=code).level == 0


def test_the_second_person_sees_what_changed_and_keeps_the_words(town: Community, desk: Desk) -> None:
    code = report(town).code
    first, second = desk("grid"), desk("street")
    seen = Matter.objects.get(code=code).version
    assert step(first, code, "note", text="楼上已去看过", version=seen).status_code == 302
    answer = step(second, code, "solve", text="我这边写了很久的处置说明", version=seen)
    told = answer.content.decode()
    assert answer.status_code == 409
    assert "while you were writing" in told and "楼上已去看过" in told and "我这边写了很久的处置说明" in told
    assert [line.number for line in answer.context["fresh"]] == [seen + 1]
    assert Matter.objects.get(code=code).state == "dispatched"
    again = answer.context["sent"][1].data
    assert step(second, code, "solve", text=again["text"], version=int(again["version"])).status_code == 302
    assert Matter.objects.get(code=code).outcome_text == "我这边写了很久的处置说明"


def test_what_was_written_for_a_step_that_is_gone_is_shown(town: Community, desk: Desk) -> None:
    code = report(town).code
    seen = Matter.objects.get(code=code).version
    grid, street = desk("grid"), desk("street")
    step(grid, code, "solve", text="好了")
    answer = step(street, code, "escalate", reason="想请区里协调", version=seen)
    assert answer.status_code == 409 and "想请区里协调" in answer.content.decode()


def test_one_form_sent_twice_is_one_step(town: Community, desk: Desk) -> None:
    code = report(town).code
    grid = desk("grid")
    fields = {"version": 1, "key": "same", "text": "once"}
    assert grid.post(f"/console/matters/{code}/note", fields).status_code == 302
    assert grid.post(f"/console/matters/{code}/note", fields).status_code == 302
    assert Step.objects.filter(verb="note").count() == 1


def test_sent_up_dispatched_reported_verified_closed(town: Community, desk: Desk) -> None:
    code = report(town, class_code="C-0101", text="井盖没了").code
    grid, street = desk("grid"), desk("street")
    assert step(grid, code, "escalate", reason="要专业队伍").status_code == 302
    form = page(street, code).context["acts"].next
    assert form.verb.value == "dispatch"
    suggested = form.form.fields["post"].choices
    water = next(unit for unit in organisation().units if unit.code == "water")
    assert suggested[0][0] == str(organisation().unit_desk(water.id).id)  # the department of the class comes first
    assert step(street, code, "dispatch", post=suggested[0][0]).status_code == 302
    assert step(street, code, "solve", text="已换新").status_code == 302
    assert page(street, code).context["acts"].next.verb.value == "verify"
    assert step(street, code, "verify").status_code == 302
    assert step(street, code, "call_back", reached="yes", text="满意").status_code == 302
    assert step(street, code, "close").status_code == 302
    assert Matter.objects.get(code=code).state == "closed"
    assert step(street, code, "reopen", reason="又坏了").status_code == 302
    assert Matter.objects.get(code=code).state == "filed"


def test_more_time_is_asked_granted_and_shown_first(town: Community, desk: Desk) -> None:
    code = report(town).code
    grid, street = desk("grid"), desk("street")
    until = (MONDAY + timedelta(days=20)).date().isoformat()
    assert step(grid, code, "ask_extension", until=until, reason="等配件").status_code == 302
    assert page(street, code).context["acts"].next.verb.value == "grant_extension"
    assert step(street, code, "grant_extension").status_code == 302
    matter = Matter.objects.get(code=code)
    assert matter.extended_due_at is not None and matter.extended_due_at > matter.due_at


def test_departments_are_called_and_report_in(town: Community, desk: Desk) -> None:
    code = report(town).code
    street = desk("street")
    units = [str(unit.id) for unit in organisation().units if unit.kind == "department"]
    assert step(street, code, "whistle", units=units, reason="会商").status_code == 302
    assert Whistle.objects.filter(reported_in_at=None).count() == len(units)
    board = page(street, code).content.decode()
    assert "Water bureau" in board and "Fire brigade" in board
    assert step(street, code, "report_in", unit=units[0], text="已到场").status_code == 302
    assert Whistle.objects.filter(reported_in_at=None).count() == len(units) - 1


def test_suspended_until_a_day_and_taken_up_again(town: Community, desk: Desk) -> None:
    code = report(town).code
    street = desk("street")
    far = (MONDAY + timedelta(days=400)).date().isoformat()
    answer = step(street, code, "suspend", until=far, reason="等拆迁")
    assert answer.status_code == 400 and "field__error" in answer.content.decode()
    assert step(street, code, "suspend", until=(MONDAY + timedelta(days=30)).date().isoformat(), reason="等拆迁").status_code == 302
    assert page(street, code).context["acts"].next.verb.value == "resume"


def test_class_and_place_are_corrected(town: Community, desk: Desk) -> None:
    code = report(town).code
    street = desk("street")
    lon, lat = town.point(1)
    fields = {"class_code": "C-0101", "condition": "noisy", "address": "二号楼", "lon": lon, "lat": lat, "reason": "位置不对"}
    assert step(street, code, "correct", **fields).status_code == 302
    matter = Matter.objects.get(code=code)
    assert (matter.class_code, matter.condition, matter.area_path, matter.address) == ("C-0101", "noisy", town.grids[1].path, "二号楼")


def test_public_words_are_replaced(town: Community, desk: Desk) -> None:
    code = report(town).code
    answer = step(desk("street"), code, "redact", public_text="通道被堵", reason="含个人信息")
    assert answer.status_code == 302
    assert Matter.objects.get(code=code).public_text == "通道被堵"


def test_twins_are_merged_or_kept_apart(town: Community, desk: Desk) -> None:
    one, two, three = report(town), report(town), report(town)
    reasons = {"metres": 5, "hours": 0, "same_class": True, "words": 90}
    for other in (two, three):
        MergeSuggestion.objects.create(matter_id=one.matter_id, other_id=other.matter_id, score=0.9, reasons=reasons)
    street = desk("street")
    assert two.code in page(street, one.code).content.decode()
    version = Matter.objects.get(code=one.code).version
    answer = street.post(f"/console/matters/{one.code}/merge", {"other": three.code, "not": "1"})
    assert answer.status_code == 302 and MergeSuggestion.objects.get(other_id=three.matter_id).dismissed_at is not None
    answer = street.post(f"/console/matters/{one.code}/merge", {"other": two.code, "version": version, "key": "m"})
    assert (answer.status_code, answer.url) == (302, f"/console/matters/{two.code}")
    assert Report.objects.filter(matter_id=two.matter_id).count() == 2


def test_identity_is_for_those_who_may(town: Community, desk: Desk) -> None:
    code = report(town, contact=Contact("王女士", "13812345678"), anonymous=False).code
    assert "13812345678" in page(desk("street"), code).content.decode()
    member = desk(role="grid_member", area_path=town.grids[0].path)
    told = page(member, code).content.decode()
    assert "13812345678" not in told and "王女士" not in told and "you may not see who" in told


def test_a_private_matter_does_not_exist_for_those_without_clearance(town: Community, desk: Desk) -> None:
    code = report(town, class_code="D-0101", text="两家吵架").code
    member = desk(role="grid_member", area_path=town.grids[0].path)
    assert member.get(f"/console/matters/{code}").status_code == 404
    assert step(member, code, "note", text="x").status_code == 404
    assert page(desk("grid"), code).status_code == 200


def test_what_one_may_not_is_refused(town: Community, desk: Desk) -> None:
    code = report(town).code
    member = desk(role="grid_member", area_path=town.grids[0].path)
    assert step(member, code, "verify").status_code == 403
    assert step(member, code, "redact", public_text="x", reason="x").status_code == 403
    assert member.post(f"/console/matters/{code}/merge", {"other": code}).status_code == 403
    assert Step.objects.count() == 1
    other = desk(role="grid_member", area_path=town.grids[1].path)
    assert other.get(f"/console/matters/{code}").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_story(town: Community, desk: Desk) -> None:
    code = report(town).code
    grid = desk("grid")
    step(grid, code, "note", text="0")
    page(grid, code)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(grid, code)
        return len(queries)

    few = asked()
    for number in range(8):
        step(grid, code, "note", text=str(number))
    assert asked() == few


def test_script_in_words_is_shown_as_words(town: Community, desk: Desk) -> None:
    code = report(town, text="<script>alert(1)</script>").code
    told = page(desk("grid"), code).content.decode()
    assert "<script>alert(1)" not in told and "&lt;script&gt;" in told


def test_the_time_on_the_page_is_the_communitys(town: Community, desk: Desk) -> None:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    code = report(town).code
    assert "2 Mar 2026, 09:00" in page(desk("grid"), code).content.decode()
