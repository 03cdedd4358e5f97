"""Calling a meeting off: with a reason, told to who was invited, seen in lists; never one that decided something, and for good."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.engines.duties.meetings import tasks
from linli.engines.duties.meetings.models import Item, Meeting, SeatRow
from linli.engines.duties.meetings.rules import CalledOff, DecidedAlready, MinutesClosed, NoReason, TooLong
from linli.engines.duties.meetings.selectors.desk import meeting_of_duty, meetings, spoken_about
from linli.engines.duties.meetings.selectors.public import public_meetings
from linli.engines.duties.meetings.services.agenda import NoSuchMeeting, add_item, call_off, convene, gather_again
from linli.engines.duties.meetings.services.minutes import Draft, add_addendum, publish_minutes, save_minutes
from linli.engines.duties.models import Occurrence
from linli.kernel.access.rules import Forbidden
from linli.kernel.audit.models import AuditEntry
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY, person, report
from tests.integration.meetings.made import FRIDAY, Meeters, meeting_town, tell
from tests.integration.meetings.test_pages import at as clock_at
from tests.integration.meetings.test_pages import said, sign_in, typed

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THURSDAY = FRIDAY - DAY


@pytest.fixture
def town(db: None, tmp_path: Path) -> Meeters:
    made = meeting_town(tmp_path)
    report(made.town.community, class_code="D-0101", text="争吵")
    return made


def by_hand(town: Meeters, *, kind: str = "hearing", starts_at: Any = FRIDAY) -> Meeting:
    with write():
        made = convene(actor=town.secretary(), at=MONDAY, kind=kind, area_id=town.street.id, starts_at=starts_at)
    return Meeting.objects.get(id=made)


def called(town: Meeters, meeting: Meeting, *, why: str = "礼堂停电", at: Any = MONDAY + HOUR, actor: Any = None) -> None:
    with write():
        call_off(actor=actor or town.secretary(), at=at, meeting_id=meeting.id, why=why)


def test_who_was_invited_is_told_once_with_the_reason(town: Meeters) -> None:
    meeting = by_hand(town, kind="hard_cases")
    tell(MONDAY + HOUR)
    Notice.objects.all().delete()
    called(town, meeting)
    tell(MONDAY + 2 * HOUR)
    posts = SeatRow.objects.filter(meeting=meeting, post__isnull=False).values_list("post_id", flat=True)
    invited = {f"person:{organisation().holder(post, MONDAY + HOUR).person_id}" for post in posts}
    notices = Notice.objects.filter(template="meetings.called_off")
    assert len(invited) > 3 and sorted(notices.values_list("recipient", flat=True)) == sorted(invited)
    assert all("礼堂停电" in notice.body and "取消" in notice.subject for notice in notices)
    assert AuditEntry.objects.filter(subject=meeting.id, action="meetings.call_off").count() == 1


def test_it_stands_in_the_list_as_called_off_and_on_no_matters_page(town: Meeters) -> None:
    meeting = by_hand(town)
    matter = report(town.town.community, class_code="E-0401")
    with write():
        gather_again(actor=town.secretary(), at=MONDAY, meeting_id=meeting.id)
    assert spoken_about(actor=town.secretary(), matter_id=matter.matter_id)
    called(town, meeting)
    found = meetings(actor=town.secretary(), at=MONDAY + 2 * HOUR)
    assert [(one.id, one.state, one.why) for one in found.called_off] == [(meeting.id, "called_off", "礼堂停电")]
    assert meeting.id not in {one.id for one in (*found.coming, *found.passed, *found.published)}
    assert not spoken_about(actor=town.secretary(), matter_id=matter.matter_id)
    (coming,), _ = public_meetings(at=MONDAY)
    assert coming.called_off and "停电" not in repr(coming)  # everyone reads that, not why
    assert not meetings(actor=town.secretary(), at=FRIDAY + 40 * DAY).called_off
    tasks.follow_agendas(MONDAY + 3 * HOUR)  # what is called off is not gathered for
    with write():
        again = convene(actor=town.secretary(), at=MONDAY, kind="hearing", area_id=town.street.id, starts_at=FRIDAY)
    assert again != meeting.id


@pytest.mark.parametrize("written", ["decision", "told", "minutes", "action"])
def test_what_decided_something_cannot_be_called_off(town: Meeters, written: str) -> None:
    meeting = town.convened()
    item = Item.objects.get(meeting=meeting)
    if written == "action":
        town.action(item)
    else:
        decisions = {item.id: ("先修再说" if written == "decision" else "", "已议" if written == "told" else "")}
        with write():
            save_minutes(
                actor=town.secretary(), at=FRIDAY, meeting_id=meeting.id,
                draft=Draft(1, FRIDAY, "大家都到了" if written == "minutes" else "", "", {}, decisions if written != "minutes" else {}),
            )  # fmt: skip
    with pytest.raises(DecidedAlready):
        called(town, meeting)
    assert Meeting.objects.get(id=meeting.id).called_off_at is None


def test_it_needs_a_reason_and_who_may_and_is_for_good(town: Meeters) -> None:
    meeting = town.convened()
    with pytest.raises(NoReason):
        called(town, meeting, why=" \n ")
    with pytest.raises(TooLong):
        called(town, meeting, why="长" * 201)
    with pytest.raises(Forbidden):
        called(town, meeting, actor=person("grid_head", town.street.path))
    with pytest.raises(NoSuchMeeting):
        called(town, meeting, actor=person("street_duty", town.town.community.streets[1].path))
    called(town, meeting)
    common: dict[str, Any] = {"actor": town.secretary(), "at": FRIDAY, "meeting_id": meeting.id}
    for again in (
        lambda: call_off(**common, why="再取消"), lambda: save_minutes(**common, draft=Draft(2)), lambda: add_item(**common, title="再议"),
        lambda: publish_minutes(**common), lambda: gather_again(**common), lambda: add_addendum(**common, text="补充"),
    ):  # fmt: skip
        with pytest.raises(CalledOff), write():
            again()


def test_published_minutes_cannot_be_called_off(town: Meeters) -> None:
    meeting = town.convened()
    town.held(meeting)
    town.publish(meeting)
    with pytest.raises(MinutesClosed):
        called(town, meeting, at=FRIDAY + 2 * HOUR)


def test_the_duty_of_a_meeting_that_is_called_off_waits_for_another_one(town: Meeters) -> None:
    meeting = town.convened()
    duty = meeting.occurrence_id
    assert duty
    called(town, meeting)
    assert tasks.convene_ahead(MONDAY + 2 * HOUR) == 0  # the sweep does not convene it again
    elsewhere = by_hand(town, kind="hard_cases", starts_at=FRIDAY + 5 * DAY)
    assert elsewhere.occurrence_id is None  # not in the duty's time
    other = by_hand(town, kind="hard_cases", starts_at=THURSDAY)
    assert other.occurrence_id == duty
    assert by_hand(town, kind="hard_cases", starts_at=THURSDAY + HOUR).occurrence_id is None  # one meeting holds it
    found = meeting_of_duty(actor=town.secretary(), occurrence_id=duty)
    assert found and found.meeting_id == other.id
    town.held(other, at=THURSDAY + HOUR, held_at=THURSDAY)
    town.publish(other, at=THURSDAY + 2 * HOUR)
    assert Occurrence.objects.get(id=duty).state == "done"


@pytest.mark.parametrize(
    "change",
    [
        lambda meeting: Meeting.objects.filter(id=meeting.id).update(called_off_at=None, called_off_why=""),
        lambda meeting: Meeting.objects.filter(id=meeting.id).update(called_off_why="改写"),
        lambda meeting: Meeting.objects.filter(id=meeting.id).update(closed_at=FRIDAY, held_at=FRIDAY),
        lambda meeting: Meeting.objects.filter(id=meeting.id).delete(),
        lambda meeting: Item.objects.filter(meeting=meeting).update(decision="改写"),
        lambda meeting: Item.objects.create(meeting=meeting, number=90, source="hand", names={}, confidentiality=1),
    ],
)
def test_the_database_itself_keeps_it_called_off(town: Meeters, change: Any) -> None:
    meeting = town.convened()
    called(town, meeting)
    with pytest.raises(IntegrityError), transaction.atomic():
        change(meeting)


@pytest.mark.parametrize("values", [{"called_off_at": FRIDAY}, {"called_off_why": "停电"}])
def test_a_reason_and_a_time_belong_together(town: Meeters, values: dict[str, Any]) -> None:
    meeting = town.convened()
    with pytest.raises(IntegrityError), transaction.atomic():
        Meeting.objects.filter(id=meeting.id).update(**values)


def test_on_the_desk_and_in_public(town: Meeters) -> None:
    clock_at(THURSDAY)
    meeting, desk, head = by_hand(town), sign_in(town, "street"), sign_in(town, "grid")
    where = f"/console/meetings/{meeting.id}"
    assert "Call this meeting off" in said(desk.get(where))
    assert head.post(f"{where}/call-off", {"why": "x"}).status_code in (403, 404)
    assert Client().post(f"{where}/call-off", {"why": "x"}).status_code == 302
    refused = desk.post(f"{where}/call-off", {"why": ""})
    assert refused.status_code == 400 and "field--bad" in said(refused)
    page = said(desk.post(f"{where}/call-off", {"why": "礼堂停电"}, follow=True))
    assert "This meeting is called off" in page and "礼堂停电" in page and "Call this meeting off" not in page and 'name="minutes"' not in page
    late = desk.post(f"{where}/call-off", {"why": "again"})
    assert late.status_code == 409 and "Convene another one" in said(late)
    assert desk.post(f"{where}/keep", typed(meeting)).status_code == 409
    listed = said(desk.get("/console/meetings"))
    assert "Called off" in listed and "礼堂停电" in listed
    assert "礼堂停电" in said(desk.get(f"{where}/paper"))
    for address in ("/meetings", f"/meetings/{meeting.id}"):
        public = said(Client(HTTP_ACCEPT_LANGUAGE="en").get(address))
        assert "called off" in public and "停电" not in public


def test_a_meeting_that_wrote_something_says_so_on_the_desk(town: Meeters) -> None:
    clock_at(FRIDAY)
    meeting, desk = town.convened(), sign_in(town, "street")
    desk.post(f"/console/meetings/{meeting.id}/keep", typed(meeting))
    refused = desk.post(f"/console/meetings/{meeting.id}/call-off", {"why": "停电"})
    assert refused.status_code == 409 and "Publish its minutes" in said(refused)
