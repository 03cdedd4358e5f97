"""The minutes' page over HTTP: saved with every button, refused with what was typed, published, printed, told to everyone."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.engines.duties.meetings.models import Action, Item, Meeting, SeatRow
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, report
from tests.integration.meetings.made import FRIDAY, Meeters, meeting_town, tell

HOUR = timedelta(hours=1)


@pytest.fixture
def town(db: None, tmp_path: Path) -> Meeters:
    made = meeting_town(tmp_path)
    report(made.town.community, class_code="D-0101", text="争吵")
    at(FRIDAY)
    return made


def at(when: object) -> None:
    with write():
        set_clock(to=when)  # type: ignore[arg-type]


def sign_in(town: Meeters, level: str, grid: int = 0) -> Client:
    with write():
        user = create_user(actor=SYSTEM, at=MONDAY, username=f"{level}{grid}", password="a long enough password")
        person = organisation().appointee(town.town.community.head(level, grid).id, MONDAY)
        link_user(actor=SYSTEM, at=MONDAY, person_id=person, user_id=user.pk)  # type: ignore[arg-type]
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def said(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


def typed(meeting: Meeting, **more: object) -> dict[str, object]:
    """The whole form as the page sends it."""
    fields: dict[str, object] = {"version": Meeting.objects.get(id=meeting.id).version, "held_at": "2026-03-06T14:30", "minutes": "大家都到了", "do": "save"}
    fields |= {f"seat-{seat.id}": "present" for seat in SeatRow.objects.filter(meeting=meeting)}
    fields |= {f"decision-{item.id}": "下周再调一次" for item in Item.objects.filter(meeting=meeting)}
    return {**fields, **more}


def test_a_secretary_keeps_adds_and_publishes(town: Meeters) -> None:
    meeting, desk = town.convened(), sign_in(town, "street")
    where = f"/console/meetings/{meeting.id}"
    assert "Friday hard cases" in said(desk.get("/console/meetings")) and "Quarrel between neighbours" in said(desk.get(where))
    assert "It stands on the agenda" in said(desk.post(f"{where}/keep", typed(meeting, do="item", title="停车"), follow=True))
    assert set(Item.objects.filter(meeting=meeting, source="matter").values_list("decision", flat=True)) == {"下周再调一次"}  # saved by the same button
    item, head = Item.objects.filter(meeting=meeting).earliest("number"), town.town.community.head("grid", 1)
    action = {"do": "action", "item": item.id, "what": "组织调解", "owner": head.id, "due_on": "2026-03-11", "becomes": "matter", "key": "k"}
    refused = desk.post(f"{where}/keep", typed(meeting, **{**action, "due_on": "2026-02-30", "minutes": "写了很多"}))
    assert refused.status_code == 400 and "写了很多" in said(refused) and "组织调解" in said(refused) and "between today and a year" in said(refused)
    assert desk.post(f"{where}/keep", typed(meeting, **{**action, "owner": "nobody"})).status_code == 400
    for _again in range(2):
        assert "The action stands" in said(desk.post(f"{where}/keep", typed(meeting, **action), follow=True))
    stale = desk.post(f"{where}/keep", typed(meeting, version=1, minutes="另一位写的"))
    assert stale.status_code == 409 and "另一位写的" in said(stale)
    auto = desk.post(f"{where}/keep", typed(meeting), headers={"X-Autosave": "1"})
    assert auto.json()["version"] == Meeting.objects.get(id=meeting.id).version and "Saved" in auto.json()["said"]
    assert desk.post(f"{where}/keep", typed(meeting, version=1), headers={"X-Autosave": "1"}).status_code == 409
    assert desk.post(f"{where}/keep", typed(meeting, do="nothing")).status_code == 404
    assert "1 actions go to their owners" in said(desk.post(f"{where}/keep", typed(meeting, do="publish"), follow=True))
    assert desk.post(f"{where}/keep", typed(meeting)).status_code == 409
    tell(FRIDAY + HOUR)
    code = Action.objects.get().matter_code
    assert code in said(desk.get(where)) and code in said(desk.get("/console/meetings"))
    assert "ActionLine" not in said(desk.get("/console/meetings"))  # a card has a slot named actions: no page names its own so
    assert "This matter was decided there" in said(desk.get(f"/console/matters/{code}"))
    assert "Agenda and minutes" in said(desk.get(f"/console/duties/{meeting.occurrence_id}"))
    assert "下周再调一次" in said(desk.get(f"{where}/paper"))
    assert "stands beside" in said(desk.post(f"{where}/addendum", {"text": "会后补充"}, follow=True))
    assert desk.post(f"{where}/addendum", {"text": ""}).status_code == 400
    table = b"".join(desk.get("/console/meetings?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "组织调解" in table and code in table


def test_a_meeting_is_convened_by_hand_and_everyone_reads_its_public_words(town: Meeters) -> None:
    shown = report(town.town.community, class_code="E-0401", text="张三家门口")
    desk = sign_in(town, "street")
    assert "Convene a meeting" in said(desk.get("/console/meetings"))
    wanted = {"kind": "hearing", "area": town.street.id, "starts_at": "2026-03-09T09:30"}
    assert desk.post("/console/meetings", {**wanted, "starts_at": "2020-01-01T09:30"}).status_code == 400
    made = desk.post("/console/meetings", wanted)
    assert made.status_code == 302
    assert desk.post("/console/meetings", wanted).status_code == 409
    meeting = Meeting.objects.get(kind="hearing")
    anybody = Client(HTTP_ACCEPT_LANGUAGE="en")
    assert "Open hearing" in said(anybody.get("/meetings"))
    page = said(anybody.get(f"/meetings/{meeting.id}"))
    assert shown.code in page and "张三" not in page
    at(FRIDAY + timedelta(days=4))
    item = Item.objects.get(meeting=meeting)
    words = {f"told-{item.id}": "通道两日内清空，电话13800138000", "public_text": "到场十五人", "held_at": "2026-03-09T09:30", "do": "publish"}
    desk.post(f"/console/meetings/{meeting.id}/keep", typed(meeting, **words))
    page = said(anybody.get(f"/meetings/{meeting.id}"))
    assert "通道两日内清空" in page and "到场十五人" in page and "13800138000" not in page and "下周再调一次" not in page and "大家都到了" not in page
    assert "What was decided" in said(anybody.get("/meetings"))
    friday = town.convened()
    assert anybody.get(f"/meetings/{friday.id}").status_code == 404


def test_whoever_may_not_keep_minutes_reads_or_is_refused(town: Meeters) -> None:
    meeting = town.convened()
    where, head, other = f"/console/meetings/{meeting.id}", sign_in(town, "grid"), sign_in(town, "street", -1)
    assert Client().get("/console/meetings").status_code == 302 and Client().get(where).status_code == 302
    assert head.post(f"{where}/keep", typed(meeting)).status_code == 403 and head.post(f"{where}/addendum", {"text": "x"}).status_code == 403
    assert head.get(where).status_code == 404 and other.get(where).status_code == 404  # of another area
    assert other.post(f"{where}/keep", typed(meeting)).status_code == 404
    assert head.post("/console/meetings", {"kind": "hearing"}).status_code == 403
    assert Meeting.objects.get(id=meeting.id).version == 1


def test_pages_ask_the_database_a_constant_number_of_times(town: Meeters, django_assert_max_num_queries: object) -> None:
    desk = sign_in(town, "street")
    for grid in range(5):
        report(town.town.community, grid=0, class_code="D-0101", text=f"争吵{grid}", key=f"{grid}")
    meeting = town.convened()
    desk.get(f"/console/meetings/{meeting.id}")
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        page = said(desk.get(f"/console/meetings/{meeting.id}"))
    assert len(re.findall(r'<li id="item-', page)) == 5  # the playbook's most
