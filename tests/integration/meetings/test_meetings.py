"""A Friday meeting from its duty to what came of it: convened, gathered, kept, published once, followed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, connections, transaction

from linli.directory.organisation.selectors import organisation
from linli.engines.duties import tasks as duties
from linli.engines.duties.meetings import tasks
from linli.engines.duties.meetings.models import Action, Addendum, Item, Meeting, SeatRow
from linli.engines.duties.meetings.rules import Becomes, Came, MinutesClosed, NobodyCame, NotHeldYet, NotPublishedYet
from linli.engines.duties.meetings.selectors.desk import meeting_page, meetings, spoken_about
from linli.engines.duties.meetings.selectors.public import public_meeting, public_meetings
from linli.engines.duties.meetings.services.agenda import (
    CannotGo,
    ChangedMeanwhile,
    ConvenedAlready,
    NoSuchMeeting,
    add_item,
    convene,
    drop_item,
    gather_again,
)
from linli.engines.duties.meetings.services.minutes import (
    Draft,
    NoDutyForPost,
    NoSuchOwner,
    add_addendum,
    drop_action,
    publish_minutes,
    save_minutes,
)
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import Verb as DutyVerb
from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.page import matter_page
from linli.engines.matters.services.act import act
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind, Forbidden
from linli.kernel.access.selectors import role_grant
from linli.kernel.audit.models import AuditEntry
from linli.kernel.events.models import Delivery
from linli.kernel.writing import write
from tests.factories import MONDAY, person, report
from tests.integration.duties.made import did
from tests.integration.meetings.made import FRIDAY, TODAY, Meeters, meeting_town, tell

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def town(db: None, tmp_path: Path) -> Meeters:
    return meeting_town(tmp_path)


@pytest.fixture
def real_town(committed: str, tmp_path: Path) -> Meeters:
    return meeting_town(tmp_path)


def done(matter: UUID, verb: Verb, at: datetime, **more: Any) -> None:
    with write():
        (result,) = act([Command(matter, verb, at, **more)], actor=SYSTEM)
    if isinstance(result, Exception):
        raise result


def test_the_duty_convenes_the_meeting_on_its_last_day_with_its_seats_and_what_is_open(town: Meeters) -> None:
    quarrel = report(town.town.community, class_code="D-0101", text="楼上楼下争吵")
    report(town.town.community, class_code="E-0401")  # open and in time: not for this meeting
    meeting = town.convened()
    assert meeting.starts_at == FRIDAY and meeting.names["en"] == "Friday hard cases" and meeting.confidentiality == 1
    seats = list(SeatRow.objects.filter(meeting=meeting).order_by("number").values_list("names__en", flat=True))
    assert "street desk" in seats[0] and seats[-1] == "Property company" and "Water" in seats[-2] and len(seats) > 4
    (item,) = Item.objects.filter(meeting=meeting)
    assert (item.matter, item.code, item.why, item.names["en"]) == (quarrel.matter_id, quarrel.code, "open", "Quarrel between neighbours")
    before = Meeting.objects.count()
    assert tasks.convene_ahead(MONDAY + HOUR) == 0 and Meeting.objects.count() == before
    done(quarrel.matter_id, Verb.SOLVE, MONDAY + 2 * HOUR, text="已和好")
    lamp = report(town.town.community, class_code="E-0401", key="lamp")
    done(lamp.matter_id, Verb.SUSPEND, MONDAY + 2 * HOUR, reason="等配件", until=MONDAY + 20 * DAY)
    tasks.follow_agendas(MONDAY + 3 * HOUR)
    (item,) = Item.objects.filter(meeting=meeting)  # what is settled has gone, what waits has come
    assert (item.code, item.why) == (lamp.code, "suspended")


def test_what_was_decided_becomes_a_matter_with_its_owner_and_day_and_is_followed_until_it_ends(town: Meeters) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    item = Item.objects.get(meeting=meeting)
    officer = next(seat.post for seat in SeatRow.objects.filter(meeting=meeting).exclude(post=None) if "Water" in seat.names["en"])
    head = town.town.community.head("grid", 1)
    first = town.action(item, owner=head.id, what="组织现场会")
    assert town.action(item, owner=head.id, what="组织现场会") == first  # the same form again
    town.action(item, owner=officer.id, what="开挖", key="b")
    town.held(meeting)
    assert town.publish(meeting) == 2
    organises, digs = Action.objects.order_by("at", "id")
    matter = Matter.objects.get(id=organises.matter)
    assert (matter.code, matter.source, matter.text, matter.area_id, matter.accountable_post_id) == (
        organises.matter_code, "meeting", "周五疑难会 2026-03-06", head.area_id, head.id,  # a private matter's words stay in the minutes
    )  # fmt: skip
    assert matter.due_at.astimezone(meeting.starts_at.tzinfo).date() >= TODAY + 5 * DAY - DAY
    assert Report.objects.get(matter=matter).key == f"action:{organises.id}"
    assert Matter.objects.get(id=digs.matter).handler_post_id == officer.id
    tell(FRIDAY + 2 * HOUR)
    assert Matter.objects.filter(source="meeting").count() == 2 and not Delivery.objects.exists()
    (out,) = spoken_about(actor=town.secretary(), matter_id=matter.id)
    assert out.came_out and out.meeting_id == meeting.id
    assert meetings(actor=town.secretary(), at=FRIDAY + 2 * HOUR).open_actions[0].state == "open"

    later = town.convened(MONDAY + 7 * DAY + HOUR)  # what is open comes before the next meeting by itself
    assert {item.earlier_id for item in Item.objects.filter(meeting=later, source="action")} == {organises.id, digs.id}
    for verb in (Verb.SOLVE, Verb.VERIFY, Verb.CLOSE):
        done(matter.id, verb, MONDAY + 8 * DAY, text="开过了")
    tell(MONDAY + 8 * DAY)
    organises.refresh_from_db()
    assert organises.ended_at is not None and organises.outcome == "closed"
    tasks.follow_agendas(MONDAY + 8 * DAY + HOUR)
    assert {item.earlier_id for item in Item.objects.filter(meeting=later, source="action")} == {digs.id}
    done(matter.id, Verb.REOPEN, MONDAY + 9 * DAY, reason="没有开成")
    tell(MONDAY + 9 * DAY)
    organises.refresh_from_db()
    assert organises.ended_at is None and organises.outcome == ""


def test_what_a_private_matter_led_to_is_read_only_by_those_who_may_read_that_matter(town: Meeters) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    with write():
        hand = add_item(actor=town.secretary(), at=FRIDAY, meeting_id=meeting.id, title="楼道清理")
    private, open_to_all = Item.objects.get(meeting=meeting, matter__isnull=False), Item.objects.get(id=hand)
    town.action(private, what="到张某家调解")
    town.action(open_to_all, what="清理二楼", key="b")
    town.held(meeting)
    town.publish(meeting)
    kept, told = (Matter.objects.get(id=Action.objects.get(item=item).matter) for item in (private, open_to_all))
    member = Actor("user:member", ActorKind.USER, grants=(role_grant("grid_member", town.street.path),))
    at = FRIDAY + 2 * HOUR
    assert matter_page(actor=member, at=at, code=told.code).matter.text == "清理二楼"
    assert matter_page(actor=member, at=at, code=kept.code).matter.text == "周五疑难会 2026-03-06"
    (out,) = spoken_about(actor=member, matter_id=kept.id)
    assert out.came_out and out.decision == ""
    assert "到张某家调解" not in str(meeting_page(actor=member, at=at, meeting_id=meeting.id).items)
    (out,) = spoken_about(actor=town.secretary(), matter_id=kept.id)
    assert out.decision == "到张某家调解"
    page = meeting_page(actor=town.secretary(), at=at, meeting_id=out.meeting_id)
    assert "到张某家调解" in [action.what for item in page.items for action in item.actions if action.matter_code == kept.code]


def test_an_action_that_is_a_duty_is_due_on_its_day_and_ends_with_it(town: Meeters) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    item, head = Item.objects.get(meeting=meeting), town.town.community.head("grid", 1)
    with pytest.raises(NoDutyForPost):
        town.action(item, owner=town.town.community.head("street").id, becomes=Becomes.DUTY, key="s")
    action = town.action(item, owner=head.id, becomes=Becomes.DUTY)
    town.held(meeting)
    town.publish(meeting)
    duties.derive_due(FRIDAY + 2 * HOUR)
    duties.sweep(FRIDAY + 2 * HOUR)
    duty = Occurrence.objects.get(rule="action_grid")
    assert (duty.post_id, duty.subject.ref, duty.subject.label) == (head.id, action, meeting.names["zh"])  # a private matter's words stay
    assert duty.due_at.date() == TODAY + 5 * DAY
    did(DutyVerb.FINISH, duty, actor=town.town.actor("grid", 1), at=FRIDAY + 3 * HOUR)
    tell(FRIDAY + 4 * HOUR)
    found = Action.objects.get()
    assert (found.ended_at is not None, found.outcome) == (True, "done")


def test_publishing_finishes_the_duty_at_the_time_of_the_meeting_however_late_the_minutes_are(town: Meeters) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    town.held(meeting)
    town.publish(meeting, at=FRIDAY + 2 * DAY)
    duty = Occurrence.objects.get(id=meeting.occurrence_id)
    assert (duty.state, duty.missed_at, duty.done_at) == ("done", None, FRIDAY - timedelta(minutes=30))


def test_minutes_are_published_once_and_only_added_to_afterwards(town: Meeters) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    secretary, item = town.secretary(), Item.objects.get(meeting=meeting)
    common: dict[str, Any] = {"actor": secretary, "at": FRIDAY + HOUR, "meeting_id": meeting.id}
    with pytest.raises(NotHeldYet), write():
        publish_minutes(**common)
    with write():
        save_minutes(**common, draft=Draft(1, FRIDAY))
    with pytest.raises(NobodyCame), write():
        publish_minutes(**common)
    with pytest.raises(NotPublishedYet), write():
        add_addendum(**common, text="补充")
    town.held(meeting)
    town.publish(meeting)
    for again in (
        lambda: publish_minutes(**common), lambda: save_minutes(**common, draft=Draft(4)), lambda: add_item(**common, title="再议"),
        lambda: gather_again(**common),
    ):  # fmt: skip
        with pytest.raises(MinutesClosed), write():
            again()
    with pytest.raises(MinutesClosed):
        town.action(item, key="late")
    with write():
        add_addendum(**common, text="会后业主委员会同意分摊", public_text="业主委员会同意分摊费用")
    page = meeting_page(actor=secretary, at=FRIDAY + DAY, meeting_id=meeting.id)
    assert page.line.state == "published" and page.addenda[0].text == "会后业主委员会同意分摊"
    verbs = set(AuditEntry.objects.filter(subject=meeting.id).values_list("action", flat=True))
    assert {"meetings.convene", "meetings.save_minutes", "meetings.publish_minutes", "meetings.add_addendum"} <= verbs


@pytest.mark.parametrize(
    "change",
    [
        lambda meeting: Meeting.objects.filter(id=meeting.id).update(minutes="改写"),
        lambda meeting: Meeting.objects.filter(id=meeting.id).update(closed_at=None),
        lambda meeting: Item.objects.filter(meeting=meeting).update(decision="改写"),
        lambda meeting: Item.objects.create(meeting=meeting, number=90, source="hand", names={}, confidentiality=1),
        lambda meeting: SeatRow.objects.filter(meeting=meeting).update(came="absent"),
        lambda meeting: Action.objects.filter(meeting=meeting).update(what="改写"),
        lambda meeting: Action.objects.filter(meeting=meeting).delete(),
        lambda meeting: Addendum.objects.filter(meeting=meeting).update(text="改写"),
        lambda meeting: Addendum.objects.filter(meeting=meeting).delete(),
    ],
)
def test_the_database_itself_keeps_what_is_published(town: Meeters, change: Any) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    town.action(Item.objects.get(meeting=meeting))
    town.held(meeting)
    town.publish(meeting)
    with write():
        add_addendum(actor=town.secretary(), at=FRIDAY + DAY, meeting_id=meeting.id, text="补充")
    Meeting.objects.filter(id=meeting.id).update(area_path=meeting.area_path)  # it may follow its area
    with pytest.raises(IntegrityError), transaction.atomic():
        change(meeting)


def test_an_addendum_needs_published_minutes_in_the_database_too(town: Meeters) -> None:
    meeting = town.convened()
    with pytest.raises(IntegrityError), transaction.atomic():
        Addendum.objects.create(meeting=meeting, text="早了", actor="x", at=FRIDAY, recorded_at=FRIDAY)


def test_whoever_may_not_is_refused_and_a_private_matter_stays_hidden(town: Meeters) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    head, member, outside = town.town.actor("grid"), person("grid_member", town.street.path), person("street_duty", town.town.community.streets[1].path)
    common: dict[str, Any] = {"at": FRIDAY, "meeting_id": meeting.id}
    with pytest.raises(NoSuchMeeting):
        meeting_page(actor=outside, **common)
    with pytest.raises(Forbidden):
        meetings(actor=person("nobody"), at=FRIDAY)
    with pytest.raises(NoSuchMeeting), write():
        save_minutes(actor=outside, **common, draft=Draft(1))
    with pytest.raises(Forbidden), write():
        save_minutes(actor=person("grid_head", town.street.path), **common, draft=Draft(1))
    with pytest.raises(NoSuchMeeting), write():
        publish_minutes(actor=head, **common)  # a grid's head sees what lies in the grid
    (item,) = meeting_page(actor=member, **common).items
    assert item.hidden and not item.names and not item.code and item.private
    (item,) = meeting_page(actor=town.secretary(), **common).items
    assert not item.hidden and item.code


def test_everyone_reads_the_public_words_of_a_public_meeting_and_nothing_else(town: Meeters) -> None:
    shown = report(town.town.community, class_code="E-0401", text="张三家门口堵了")
    secretary = town.secretary()
    with write():
        made = convene(actor=secretary, at=MONDAY, kind="hearing", area_id=town.street.id, starts_at=MONDAY + 2 * HOUR)
    with pytest.raises(ConvenedAlready), write():
        convene(actor=secretary, at=MONDAY, kind="hearing", area_id=town.street.id, starts_at=MONDAY + 2 * HOUR)
    inside = town.convened()
    with write():
        add_item(actor=secretary, at=MONDAY, meeting_id=made, title="李四家的事")
        add_item(actor=secretary, at=MONDAY, meeting_id=made, title="停车位怎么划", public_title="小区停车位划线方案")
    coming, published = public_meetings(at=MONDAY)
    assert [one.id for one in coming] == [made] and published == []
    found = public_meeting(meeting_id=made)
    assert [(one.matter_id, one.title, one.decision) for one in found.items] == [(shown.matter_id, "", ""), (None, "小区停车位划线方案", "")]
    items = {item.id: ("张三同意", "通道两日内清空") for item in Item.objects.filter(meeting_id=made, source="matter")}
    seats = dict.fromkeys(SeatRow.objects.filter(meeting_id=made).values_list("id", flat=True), Came.DEPUTY)
    with write():
        save_minutes(actor=secretary, at=MONDAY + 3 * HOUR, meeting_id=made, draft=Draft(1, MONDAY + 2 * HOUR, "张三发言", "十五位居民到场", seats, items))
    assert public_meeting(meeting_id=made).text == "" and public_meeting(meeting_id=made).items[0].decision == ""
    with write():
        publish_minutes(actor=secretary, at=MONDAY + 3 * HOUR, meeting_id=made)
    found = public_meeting(meeting_id=made)
    assert (found.text, found.items[0].decision) == ("十五位居民到场", "通道两日内清空")
    assert "张三" not in repr(found) and "李四" not in repr(found)
    with pytest.raises(NoSuchMeeting):
        public_meeting(meeting_id=inside.id)


def test_two_who_write_at_once_are_told_and_what_came_by_a_rule_or_was_decided_stays(town: Meeters) -> None:
    report(town.town.community, class_code="D-0101", text="争吵")
    meeting = town.convened()
    common: dict[str, Any] = {"actor": town.secretary(), "at": FRIDAY, "meeting_id": meeting.id}
    with write():
        assert save_minutes(**common, draft=Draft(1, minutes="第一位")) == 2
    with pytest.raises(ChangedMeanwhile), write():
        save_minutes(**common, draft=Draft(1, minutes="第二位"))
    with pytest.raises(CannotGo), write():
        drop_item(**common, item_id=Item.objects.get(meeting=meeting).id)
    with write():
        typed = add_item(**common, title="临时动议")
    with write():
        drop_item(**common, item_id=typed)
    item = Item.objects.get(meeting=meeting)
    with pytest.raises(NoSuchOwner):
        town.action(item, owner=organisation().posts_of(town.town.community.streets[1].id)[0].id)
    action = town.action(item)
    with write():
        drop_action(**common, action_id=action)
    assert not Action.objects.exists()


def test_of_two_who_publish_in_the_same_instant_one_does(real_town: Meeters) -> None:
    report(real_town.town.community, class_code="D-0101", text="争吵")
    meeting = real_town.convened()
    real_town.action(Item.objects.get(meeting=meeting))
    real_town.held(meeting)

    def publishing(_number: int) -> str:
        try:
            with write():
                publish_minutes(actor=real_town.secretary(), at=FRIDAY + HOUR, meeting_id=meeting.id)
        except MinutesClosed:
            return "refused"
        finally:
            connections.close_all()
        return "published"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(publishing, range(4))) == ["published", "refused", "refused", "refused"]
    tell(FRIDAY + 2 * HOUR)
    tell(FRIDAY + 2 * HOUR)
    assert Matter.objects.filter(source="meeting").count() == 1


def test_sweeps_in_the_same_instant_convene_once(real_town: Meeters) -> None:
    duties.derive_due(MONDAY + HOUR)
    duties.sweep(MONDAY + HOUR)

    def convening(_number: int) -> int:
        try:
            return tasks.convene_ahead(MONDAY + HOUR)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(convening, range(3)))
    assert sum(made) == Meeting.objects.count() == Occurrence.objects.filter(rule="friday", state="open").count() > 0
    assert Meeting.objects.filter(occurrence=None).count() == 0
    connection.close()
