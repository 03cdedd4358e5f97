"""Three must-arrive: a matter asks somebody to be there, whoever it turns out to concern, at whatever hour it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from linli.directory.territory.selectors import ground
from linli.engines.duties import tasks
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.check import broken_invariants
from linli.engines.duties.services import checkin
from linli.engines.matters.rules.command import Command, Place
from linli.engines.matters.rules.states import Verb as Step
from linli.engines.matters.services.act import act
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import Community, community, report

BAIBUTING = Path(__file__).resolve().parents[3] / "playbooks" / "baibuting" / "playbook.yaml"
MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning in China
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
QUARREL, EVENT, OTHER_EVENT, LAMP = "D-0102", "E-0501", "E-0502", "C-0118"


@dataclass
class Town:
    community: Community

    def report(self, code: str, *, at: datetime = MORNING) -> UUID:
        made = report(self.community, class_code=code, at=at, text="楼道里吵得厉害")
        self.run(at + MINUTE)
        return made.matter_id

    def correct(self, matter: UUID, *, at: datetime, **what: Any) -> None:
        with write():
            (result,) = act([Command(matter, Step.CORRECT, at, reason="电话核实", **what)], actor=SYSTEM)
        assert not isinstance(result, Refusal), result
        self.run(at + MINUTE)

    def go(self, duty: Occurrence, *, at: datetime) -> None:
        with write():
            (result,) = checkin.check_in([checkin.Command((duty.id,), Verb.FINISH, at)], actor=SYSTEM, at=at)
        assert not isinstance(result, Refusal), result

    def run(self, at: datetime) -> None:
        with write():
            set_clock(to=at)
        while dispatch_once():
            pass
        tasks.derive_due(at)
        tasks.sweep(at)

    def next_door(self) -> Place:
        area = self.community.grids[1]
        return Place(area.id, area.path, "inside", *ground().area(area.id).centre)


def asked() -> list[tuple[str, str, UUID]]:
    """The arrivals that a matter asks for, and those that it asked for: rule, state, area."""
    return list(Occurrence.objects.filter(subject__kind="matter").order_by("opens_at", "rule").values_list("rule", "state", "area_id"))


@pytest.fixture
def town(committed: None) -> Town:
    made = Town(community(at=MORNING - timedelta(days=1), playbook=BAIBUTING))
    made.run(MORNING - HOUR)
    return made


def test_corrected_into_a_class_that_asks_it_asks_whom_it_concerns(town: Town) -> None:
    lamp, here = town.report(LAMP), town.community.grids[0].id
    assert asked() == []
    town.correct(lamp, at=MORNING + 26 * HOUR, class_code=QUARREL)  # found out a day later: the days count from then
    assert asked() == [("arrive_dispute", "open", here)]


def test_corrected_away_nobody_has_to_go_and_back_again_somebody_has(town: Town) -> None:
    quarrel, here = town.report(QUARREL), town.community.grids[0].id
    town.correct(quarrel, at=MORNING + HOUR, class_code=LAMP)
    assert asked() == [("arrive_dispute", "dropped", here)]
    town.correct(quarrel, at=MORNING + 2 * HOUR, class_code=QUARREL)
    assert asked() == [("arrive_dispute", "dropped", here), ("arrive_dispute", "open", here)]
    town.correct(quarrel, at=MORNING + 3 * HOUR, class_code=EVENT)
    assert [(rule, state) for rule, state, _ in asked()] == [("arrive_dispute", "dropped"), ("arrive_dispute", "dropped"), ("arrive_event", "open")]
    with write():
        (result,) = act([Command(quarrel, Step.SOLVE, MORNING + 4 * HOUR, text="已平息")], actor=SYSTEM)
    assert not isinstance(result, Refusal) and result.state.value == "closed"
    town.run(MORNING + 5 * HOUR)
    assert {state for _, state, _ in asked()} == {"dropped"}
    assert broken_invariants(actor=SYSTEM, at=MORNING + 5 * HOUR) == []


def test_moved_to_another_area_it_is_the_head_s_there(town: Town) -> None:
    quarrel = town.report(QUARREL)
    town.correct(quarrel, at=MORNING + HOUR, place=town.next_door())
    here, there = (grid.id for grid in town.community.grids[:2])
    assert asked() == [("arrive_dispute", "dropped", here), ("arrive_dispute", "open", there)]
    assert Occurrence.objects.get(state="open", subject__ref=quarrel).post_id == town.community.head("grid", 1).id


def test_who_has_gone_or_is_asked_already_is_not_asked_anew(town: Town) -> None:
    fire, here = town.report(EVENT), town.community.grids[0].id
    first = Occurrence.objects.get(subject__ref=fire)
    town.correct(fire, at=MORNING + HOUR, class_code=OTHER_EVENT)  # the same rule is about it
    first.refresh_from_db()
    assert first.state == "open" and len(asked()) == 1
    town.go(first, at=MORNING + 2 * HOUR)
    town.correct(fire, at=MORNING + 3 * HOUR, place=town.next_door())
    assert asked() == [("arrive_event", "done", here)]


def test_reported_by_day_it_is_missed_on_the_same_day(town: Town) -> None:
    quarrel = town.report(QUARREL)
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # in China
    assert Occurrence.objects.get(subject__ref=quarrel).due_at == midnight
    town.run(midnight + MINUTE)
    assert [state for _, state, _ in asked()] == ["missed"]


def test_reported_shortly_before_midnight_there_is_time_to_go_also_when_the_news_is_late(town: Town) -> None:
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # in China
    made = report(town.community, class_code=QUARREL, at=midnight - 30 * MINUTE)
    town.run(midnight + MINUTE)
    one = Occurrence.objects.get(subject__ref=made.matter_id)
    assert (one.state, one.due_at) == ("open", midnight + 24 * HOUR)
    town.run(midnight + 5 * HOUR)
    one.refresh_from_db()
    assert one.state == "open" and one.level > 0  # nobody answered: the next level has it
