"""Every verb of a matter's life, through the services, on PostgreSQL; who may not is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from linli.directory.organisation.models import Appointment, Post
from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import retire_post
from linli.directory.organisation.services.posts import PostInUse
from linli.engines.matters.models import Matter, Report, Step, Whistle
from linli.engines.matters.rules.command import BeforeItsTime, Command, Place
from linli.engines.matters.rules.decide import NothingAsked, NotPossible
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import Done, NoSuchMatter, NotOnThisMatter, OwnExtension, act
from linli.engines.matters.services.whistle import CalledAlready, NobodyCalled, NotCalled, NotOfThisDepartment, blow_whistle, report_in
from linli.engines.matters.tasks import sweep
from linli.kernel.access.rules import SYSTEM, Confidentiality, Forbidden
from linli.kernel.playbooks.services.apply import apply_playbook
from linli.kernel.playbooks.services.load import load_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, person, report
from tests.integration.matters.made import AT, DAY, HOUR, desk, district, do, done, head, holds, officer, unit, up_at_the_street

pytestmark = pytest.mark.django_db


# -- from report to closing -------------------------------------------------------------------------------------------


def test_the_whole_way_at_the_street_with_a_return_and_a_call_back(town: Community) -> None:
    one = report(town).matter_id
    up_at_the_street(one)
    street = desk(town)
    handler = town.head("grid").id
    assert done(one, Verb.DISPATCH, actor=street, at=AT + HOUR, post_id=handler).handler_post_id == handler
    assert done(one, Verb.RETURN, actor=head(town), at=AT + HOUR, reason="不属本网格").state == "filed"
    done(one, Verb.DISPATCH, actor=street, at=AT + HOUR, post_id=handler)
    assert done(one, Verb.REPORT_BACK, actor=head(town), at=AT + 2 * HOUR, text="已清").state == "handled"
    assert done(one, Verb.RETURN, actor=street, at=AT + 3 * HOUR, reason="还在").outcome_text == ""
    done(one, Verb.REPORT_BACK, actor=head(town), at=AT + 4 * HOUR, text="这次清了")
    assert done(one, Verb.VERIFY, actor=street, at=AT + 5 * HOUR).state == "verified"
    assert Report.objects.get().answered_at is None
    assert done(one, Verb.CALL_BACK, actor=street, at=AT + 5 * HOUR, reached=True).calls == 1
    closed = done(one, Verb.CLOSE, actor=street, at=AT + 6 * HOUR)
    assert (closed.state, closed.closed_level, closed.returns) == ("closed", 1, 2)
    assert (Report.objects.get().answer, Report.objects.get().answered_at) == ("这次清了", AT + 6 * HOUR)
    assert [step.version for step in Step.objects.order_by("version")] == list(range(1, 12))
    holds(AT + 6 * HOUR)


def test_refused_with_its_reason_told_to_the_reporter(town: Community) -> None:
    one = up_at_the_street(report(town).matter_id).id
    refused = done(one, Verb.REFUSE, actor=desk(town), at=AT + HOUR, reason="不属城市管理")
    assert (refused.state, refused.wake_at, Report.objects.get().answer) == ("refused", None, "不属城市管理")
    assert done(one, Verb.REOPEN, actor=desk(town), at=AT + 2 * HOUR, reason="误判").state == "reported"
    assert Report.objects.get().answered_at is None
    holds(AT + 2 * HOUR)


def test_a_place_that_nobody_knew_waits_for_the_top_desk_to_place_it(town: Community) -> None:
    one = report(town, lon=None, lat=None, address="不详").matter_id
    matter = Matter.objects.get()
    assert (matter.state, matter.placing, matter.level) == ("reported", "unplaced", 2)
    grid = town.grids[0]
    place = Place(grid.id, "wrong/on/purpose/", "inside", *grid.centre, "幸福路1号")
    matter = done(one, Verb.CORRECT, actor=district(), place=place, reason="电话核实")
    assert (matter.area_path, matter.placing, matter.address) == (grid.path, "inside", "幸福路1号")
    assert matter.cell is not None
    assert done(one, Verb.FILE, actor=district()).state == "dispatched"
    holds()


# -- extension --------------------------------------------------------------------------------------------------------


def test_an_extension_asked_for_granted_and_declined(town: Community) -> None:
    one = report(town)
    asked = done(one.matter_id, Verb.ASK_EXTENSION, actor=head(town), until=MONDAY + 5 * DAY, reason="等配件")
    assert asked.level_due_at == MONDAY + 9 * HOUR
    assert isinstance(do(one.matter_id, Verb.GRANT_EXTENSION, actor=head(town)), Forbidden)
    granted = done(one.matter_id, Verb.GRANT_EXTENSION, actor=desk(town))
    assert (granted.level_due_at, granted.wake_at, granted.due_at) == (MONDAY + 5 * DAY, MONDAY + 5 * DAY, one.due_at)
    assert sweep(at=MONDAY + 4 * DAY) == 0
    assert sweep(at=MONDAY + 5 * DAY) == 1
    two = report(town).matter_id
    done(two, Verb.ASK_EXTENSION, actor=head(town), until=MONDAY + 5 * DAY, reason="等")
    assert done(two, Verb.DECLINE_EXTENSION, actor=desk(town), reason="不必").extension_until is None
    assert isinstance(do(two, Verb.GRANT_EXTENSION, actor=desk(town)), NothingAsked)
    holds()


def test_nobody_decides_on_more_time_for_a_matter_that_is_theirs(town: Community) -> None:
    one = up_at_the_street(report(town).matter_id).id
    done(one, Verb.ASK_EXTENSION, actor=desk(town), at=AT + DAY, until=MONDAY + 30 * DAY, reason="等材料")
    for verb in (Verb.GRANT_EXTENSION, Verb.DECLINE_EXTENSION):
        assert isinstance(do(one, verb, actor=desk(town), at=AT + DAY, reason="x"), Forbidden), verb
    assert done(one, Verb.GRANT_EXTENSION, actor=district(), at=AT + DAY).level_due_at == MONDAY + 30 * DAY


def test_who_asked_for_more_time_does_not_grant_it_though_it_may_for_others(town: Community) -> None:
    one = report(town).matter_id
    done(one, Verb.ASK_EXTENSION, actor=desk(town), until=MONDAY + 5 * DAY, reason="等")
    assert isinstance(do(one, Verb.GRANT_EXTENSION, actor=desk(town)), OwnExtension)
    assert done(one, Verb.GRANT_EXTENSION, actor=district()).level_due_at == MONDAY + 5 * DAY


# -- the version that it began with -----------------------------------------------------------------------------------


def test_a_matter_finishes_under_the_working_hours_that_it_began_with(town: Community, tmp_path: Path) -> None:
    old = report(town).matter_id
    file = tmp_path / "playbook.yaml"
    file.write_text(SMALL.read_text().replace("version: 1.0.0", "version: 1.0.1").replace('"13:00-18:00"', '"13:00-14:00"'))
    with write():
        apply_playbook(actor=SYSTEM, at=MONDAY, playbook=load_playbook(file))
    new = report(town).matter_id
    up = [up_at_the_street(matter_id) for matter_id in (old, new)]
    local = [matter.level_due_at.astimezone(ZoneInfo("Asia/Shanghai")).hour for matter in up]
    assert local == [18, 14]  # a working day ends when the office does


# -- suspension -------------------------------------------------------------------------------------------------------


def test_suspended_until_resumed(town: Community) -> None:
    one = report(town).matter_id
    suspended = done(one, Verb.SUSPEND, actor=desk(town), until=MONDAY + 20 * DAY, reason="等施工许可")
    assert (suspended.state, suspended.wake_at) == ("suspended", MONDAY + 20 * DAY)
    assert sweep(at=MONDAY + 10 * DAY) == 0
    assert isinstance(do(one, Verb.SOLVE, actor=head(town), at=MONDAY + 10 * DAY, text="x"), NotPossible)
    resumed = done(one, Verb.RESUME, actor=head(town), at=MONDAY + 10 * DAY, reason="许可已下")
    assert (resumed.state, resumed.level_due_at) == ("dispatched", MONDAY + 10 * DAY + 8 * HOUR)


def test_a_review_date_that_passes_resumes_and_then_the_clock_goes_on(town: Community) -> None:
    one = report(town).matter_id
    done(one, Verb.SUSPEND, actor=desk(town), until=MONDAY + 20 * DAY, reason="等施工许可")
    assert sweep(at=MONDAY + 20 * DAY) == 1
    assert Matter.objects.get().state == "dispatched"
    assert sweep(at=MONDAY + 20 * DAY + 8 * HOUR) == 1
    assert list(Step.objects.order_by("version").values_list("verb", "actor"))[2:] == [("resume", "system:clock"), ("time_out", "system:clock")]
    holds(MONDAY + 20 * DAY + 8 * HOUR)


# -- who answers ------------------------------------------------------------------------------------------------------


def test_transfer_stays_on_its_level_and_in_its_area(town: Community) -> None:
    one = up_at_the_street(report(town).matter_id)
    other_street = next(street for street in town.streets if not town.grids[0].path.startswith(street.path))
    for wrong in (town.head("grid").id, organisation().head("street", other_street.id).id, unit_post("water")):
        assert isinstance(do(one.id, Verb.TRANSFER, actor=desk(town), reason="x", post_id=wrong), NotOnThisMatter)
    top = done(one.id, Verb.ESCALATE, actor=desk(town), reason="协调")
    second = next(post for post in organisation().posts if post.level == "district" and post.id != top.accountable_post_id)
    moved = done(one.id, Verb.TRANSFER, actor=district(), reason="分工", post_id=second.id)
    assert (moved.accountable_post_id, moved.level_due_at) == (second.id, top.level_due_at)
    holds()


def unit_post(code: str):
    return organisation().unit_desk(unit(code).id).id


def test_a_retired_post_is_given_nothing_and_one_with_open_matters_is_not_retired(town: Community) -> None:
    one = report(town).matter_id
    post = Post.objects.get(id=town.head("grid").id)
    Appointment.objects.filter(post=post).delete()
    with pytest.raises(PostInUse), write():
        retire_post(actor=SYSTEM, at=AT, post_id=post.id)
    up_at_the_street(one)
    done(one, Verb.DISPATCH, actor=desk(town), post_id=post.id)
    with pytest.raises(PostInUse), write():  # it handles one
        retire_post(actor=SYSTEM, at=AT, post_id=post.id)
    done(one, Verb.RETURN, actor=head(town), reason="岗位撤销")
    with write():
        retire_post(actor=SYSTEM, at=AT, post_id=post.id)
    assert isinstance(do(one, Verb.DISPATCH, actor=desk(town), post_id=post.id), NotOnThisMatter)
    holds()


def test_what_was_closed_by_a_post_retired_since_reopens_with_one_that_serves(town: Community) -> None:
    one = report(town).matter_id
    post = Post.objects.get(id=town.head("grid").id)
    done(one, Verb.SOLVE, actor=head(town), text="好了")
    Post.objects.filter(area=post.area).update(retired_at=AT)
    from linli.kernel.epoch.services import bump

    with write():
        bump()
    again = done(one, Verb.REOPEN, actor=desk(town), at=AT + HOUR, reason="又坏了")
    assert again.accountable_post_id != post.id and again.level == 1
    holds(AT + HOUR)


# -- whistle ----------------------------------------------------------------------------------------------------------


def test_called_departments_report_in_each_by_its_clock_late_ones_too(town: Community) -> None:
    one = report(town).matter_id
    water, fire = unit("water"), unit("fire")
    with write():
        blow_whistle(actor=desk(town), at=AT, matter_id=one, units=[water.id, fire.id, water.id], reason="爆管")
    assert list(Whistle.objects.values_list("due_at", flat=True)) == [AT + 4 * HOUR] * 2
    with pytest.raises(CalledAlready), write():
        blow_whistle(actor=desk(town), at=AT + HOUR, matter_id=one, units=[water.id], reason="爆管")
    with write():
        report_in(actor=officer("water"), at=AT + 6 * HOUR, matter_id=one, unit=water.id, answer="已到场")
    came = Whistle.objects.get(unit_id=water.id)
    assert came.reported_in_at > came.due_at
    with pytest.raises(NotCalled), write():
        report_in(actor=officer("water"), at=AT + 7 * HOUR, matter_id=one, unit=water.id, answer="又到")
    with pytest.raises(NotOfThisDepartment), write():
        report_in(actor=officer("water"), at=AT + 7 * HOUR, matter_id=one, unit=fire.id, answer="替消防报到")
    with pytest.raises(BeforeItsTime), write():
        report_in(actor=officer("fire"), at=AT - timedelta(minutes=30), matter_id=one, unit=fire.id, answer="早到")
    with pytest.raises(NobodyCalled), write():
        blow_whistle(actor=desk(town), at=AT, matter_id=one, units=[], reason="x")
    with pytest.raises(Forbidden), write():
        blow_whistle(actor=head(town), at=AT + 7 * HOUR, matter_id=one, units=[water.id], reason="x")
    holds(AT + 7 * HOUR)


def test_a_department_need_not_come_to_what_has_ended_and_can_be_called_again_when_it_is_reopened(town: Community) -> None:
    one = report(town).matter_id
    with write():
        blow_whistle(actor=desk(town), at=AT, matter_id=one, units=[unit("fire").id], reason="现场支援")
    done(one, Verb.SOLVE, actor=head(town), at=AT + HOUR, text="已疏通")
    called = Whistle.objects.get()
    assert (called.reported_in_at, called.released_at) == (None, AT + HOUR)
    with pytest.raises(Refusal), write():
        report_in(actor=officer("fire"), at=AT + 2 * HOUR, matter_id=one, unit=unit("fire").id, answer="到场")
    done(one, Verb.REOPEN, actor=desk(town), at=AT + 3 * HOUR, reason="又堵")
    with write():
        blow_whistle(actor=desk(town), at=AT + 4 * HOUR, matter_id=one, units=[unit("fire").id], reason="再来")
    assert Whistle.objects.count() == 2
    holds(AT + 4 * HOUR)


# -- correction -------------------------------------------------------------------------------------------------------


def test_a_corrected_class_takes_its_kind_urgency_and_depth_along(town: Community) -> None:
    one = report(town).matter_id
    fire = done(one, Verb.CORRECT, actor=desk(town), at=MONDAY + timedelta(minutes=5), class_code="E-0501", reason="是火情")
    assert (fire.urgent, fire.due_at, fire.level_due_at) == (True, MONDAY + HOUR, MONDAY + HOUR)
    quarrel = done(one, Verb.CORRECT, actor=desk(town), at=MONDAY + timedelta(minutes=6), class_code="D-0101", reason="是纠纷")
    assert (quarrel.kind, quarrel.confidentiality, quarrel.urgent) == ("dispute", Confidentiality.PRIVATE, False)
    assert isinstance(do(one, Verb.NOTE, actor=person("grid_member", town.grids[0].path), text="x"), NoSuchMatter)
    holds()


def test_the_owner_follows_a_corrected_place_to_the_grid_next_door(town: Community) -> None:
    one = report(town).matter_id
    next_door = town.grids[1]
    moved = done(one, Verb.CORRECT, actor=desk(town), place=Place(next_door.id, next_door.path, "inside", *next_door.centre), reason="地址写错")
    assert (moved.accountable_post_id, moved.area_path) == (town.head("grid", 1).id, next_door.path)
    assert isinstance(do(one, Verb.SOLVE, actor=head(town), text="x"), NoSuchMatter)
    assert isinstance(do(one, Verb.SOLVE, actor=head(town, 1), text="好了"), Done)


def test_a_place_on_ground_that_is_gone_is_refused_alone(town: Community) -> None:
    one, two = report(town).matter_id, report(town).matter_id
    nowhere = Place(one, "x/", "inside")  # no area has this id
    with write():
        lost, fine = act([Command(one, Verb.CORRECT, AT, place=nowhere, reason="x"), Command(two, Verb.NOTE, AT, text="y")], actor=SYSTEM)
    assert not isinstance(lost, Done) and isinstance(fine, Done)
