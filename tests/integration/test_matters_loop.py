"""The main loop: somebody reports, somebody owns it, it is solved or moves up by itself, the reporter hears back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linli.engines.matters.models import Matter, Report, Step
from linli.engines.matters.rules.decide import ChangedMeanwhile, Command
from linli.engines.matters.rules.states import State, Verb
from linli.engines.matters.services.act import Done, act, only
from linli.engines.matters.tasks import sweep
from linli.kernel.audit.models import AuditEntry
from linli.kernel.events.models import OutboxEvent
from linli.kernel.writing import write
from tests.factories import MONDAY, community, person, report

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def do(matter_id, verb, *, actor, at, **more):
    with write():
        return act([Command(matter_id=matter_id, verb=verb, at=at, **more)], actor=actor)[0]


def test_a_report_is_owned_and_has_a_deadline_at_once() -> None:
    town = community()
    receipt = report(town)
    matter = Matter.objects.get()
    assert (matter.state, matter.level, matter.placing) == ("dispatched", 0, "inside")
    assert matter.accountable_post_id == town.head("grid").id == receipt.post_id
    assert matter.level_due_at == MONDAY + 9 * HOUR  # eight working hours, lunch not counted
    assert (Step.objects.count(), AuditEntry.objects.filter(subject=matter.audit_ref).count()) == (1, 1)
    assert OutboxEvent.objects.filter(topic="matters.reported").count() == 1


def test_solved_on_the_spot_closes_and_tells_the_reporter() -> None:
    town = community()
    receipt = report(town)
    head = person("grid_head", town.grids[0].path)
    done = do(receipt.matter_id, Verb.SOLVE, actor=head, at=MONDAY + HOUR, text="已劝离，通道畅通")
    assert isinstance(done, Done) and done.state is State.CLOSED
    told = Report.objects.get()
    assert (told.answered_at, told.answer) == (MONDAY + HOUR, "已劝离，通道畅通")
    assert Matter.objects.get().closed_level == 0


def test_nobody_acts_and_it_moves_up_by_itself_to_the_top_which_keeps_it() -> None:
    town = community()
    report(town)
    assert sweep(at=MONDAY + 8 * HOUR) == 0
    assert sweep(at=MONDAY + 10 * HOUR) == 1
    matter = Matter.objects.get()
    assert (matter.level, matter.state, matter.accountable_post_id) == (1, "filed", town.head("street").id)
    assert sweep(at=MONDAY + timedelta(days=30)) == 1
    matter.refresh_from_db()
    assert (matter.level, matter.accountable_post_id, matter.wake_at) == (2, town.head("district").id, None)
    assert sweep(at=MONDAY + timedelta(days=90)) == 0  # overdue at the top, and still owned


def test_a_late_sweep_changes_nothing_but_when_it_is_written_down() -> None:
    town = community()
    receipt = report(town)
    desk = person("street_duty", town.streets[0].path)
    done = do(receipt.matter_id, Verb.SOLVE, actor=desk, at=MONDAY + timedelta(days=1), text="已清理")
    assert isinstance(done, Done)
    steps = list(Step.objects.order_by("version").values_list("verb", "at", "level"))
    assert steps[1] == ("time_out", MONDAY + 9 * HOUR, 1)
    assert steps[2][0] == "solve"


def test_what_somebody_else_changed_is_shown_and_not_overwritten() -> None:
    town = community()
    receipt = report(town)
    head = person("grid_head", town.grids[0].path)
    do(receipt.matter_id, Verb.NOTE, actor=head, at=MONDAY + HOUR, text="去现场")
    second = do(receipt.matter_id, Verb.SOLVE, actor=head, at=MONDAY + HOUR, text="好了", version=1)
    assert isinstance(second, ChangedMeanwhile)
    assert Matter.objects.get().state == "dispatched"


def test_the_grid_next_door_may_not_act() -> None:
    town = community()
    receipt = report(town)
    stranger = person("grid_head", town.grids[5].path)
    refused = do(receipt.matter_id, Verb.SOLVE, actor=stranger, at=MONDAY + HOUR, text="x")
    assert not isinstance(refused, Done)
    assert Matter.objects.get().version == 1


def test_a_merged_reporter_is_told_with_the_one_that_goes_on() -> None:
    town = community()
    first, second = report(town), report(town)
    desk = person("street_duty", town.streets[0].path)
    with write():
        only(act([Command(matter_id=second.matter_id, verb=Verb.MERGE, at=MONDAY + HOUR, into_id=first.matter_id, reason="同一处")], actor=desk))
        only(act([Command(matter_id=first.matter_id, verb=Verb.SOLVE, at=MONDAY + HOUR, text="已清理")], actor=desk))
    assert set(Report.objects.values_list("matter_id", "answer")) == {(first.matter_id, "已清理")}
