"""Deadlines and the backstop: the clock's work depends on deadlines alone, never on when somebody looked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.case import Case, revised
from linli.engines.matters.rules.clocks import next_owner, next_wake, settle
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.decide import decide
from linli.engines.matters.rules.states import OPEN, State, Verb
from tests.unit.engines.matters.made import AREAS, AT, DAY, HOUR, FakeWorld, begun, named, policy

WORLD, POLICY = FakeWorld(), policy()
MINUTES = st.integers(0, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes))
CLASSES = st.sampled_from(sorted(POLICY.classes))
SUSPENDABLE = (State.REPORTED, State.FILED, State.DISPATCHED)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    case = begun(area=draw(st.sampled_from(sorted(AREAS))), class_code=draw(CLASSES), placing=draw(st.sampled_from(["inside", "unplaced"])))
    state = draw(st.sampled_from(sorted(OPEN - {State.SUSPENDED})))
    case = revised(case, state=state, handled_at=AT if state in (State.HANDLED, State.VERIFIED) else None)
    if state in SUSPENDABLE and draw(st.booleans()):
        until = AT + timedelta(minutes=draw(st.integers(1, 60 * 24 * 60)))
        case = decide(case, Command(case.id, Verb.SUSPEND, AT, reason="x", until=until), world=WORLD, policy=POLICY)
    return case


def settled(case: Case, at: datetime) -> Case:
    return settle(case, world=WORLD, policy=POLICY, at=at)[0]


@given(cases(), MINUTES, MINUTES)
def test_settling_twice_is_settling_once(case: Case, one: timedelta, other: timedelta) -> None:
    early, late = AT + min(one, other), AT + max(one, other)
    assert settled(settled(case, late), late) == settled(case, late)
    assert settled(settled(case, early), late) == settled(case, late)
    assert settled(settled(case, late), early) == settled(case, late)


@given(cases(), MINUTES)
def test_the_clock_only_moves_up_and_keeps_the_promise(case: Case, later: timedelta) -> None:
    after, hops = settle(case, world=WORLD, policy=POLICY, at=AT + later)
    assert after.is_open and after.due_at == case.due_at and after.level >= case.level
    assert after.level_due_at >= after.level_since >= case.level_since
    assert after.version == case.version + len(hops)
    assert [hop.level for hop in hops] == sorted(hop.level for hop in hops)
    assert [hop.at for hop in hops] == sorted(hop.at for hop in hops)
    assert all(hop.at <= AT + later for hop in hops)
    assert after.level_due_at > AT + later or after.level == POLICY.top  # settled means: nothing is due below the top


@given(cases(), MINUTES)
def test_what_wakes_a_case_changes_it_and_before_nothing_does(case: Case, later: timedelta) -> None:
    wake = next_wake(case, policy=POLICY)
    at = AT + later
    changed = settled(case, at) != case
    assert changed == (wake is not None and wake <= at)


def test_the_top_never_passes_on_and_stays_overdue() -> None:
    case = settled(begun(), AT + 400 * DAY)
    assert (case.level, case.accountable_post_id) == (2, named("district"))
    assert next_wake(case, policy=POLICY) is None
    assert case.overdue_at(AT + 400 * DAY)
    assert next_owner(world=WORLD, policy=POLICY, level=2, area_id=AREAS["g1"]) is None


def test_the_hop_counts_from_its_deadline_not_from_when_it_was_seen() -> None:
    case = settled(begun(), AT + 9 * HOUR)
    assert (case.level, case.level_since, case.level_due_at) == (1, AT + 8 * HOUR, AT + 56 * HOUR)


def test_the_class_gives_a_level_its_own_clock() -> None:
    assert begun(class_code="E-2").level_due_at == AT + HOUR


@pytest.mark.parametrize("left", [0, 3])
def test_a_review_date_that_passes_takes_up_the_clock_where_it_stood(left: int) -> None:
    case = begun()
    asked = Command(case.id, Verb.SUSPEND, AT + (8 - left) * HOUR - timedelta(seconds=1), reason="x", until=AT + 5 * DAY)
    case = decide(case, asked, world=WORLD, policy=POLICY)
    assert case.state is State.SUSPENDED and case.level_due_at == AT + 5 * DAY
    back, hops = settle(case, world=WORLD, policy=POLICY, at=AT + 5 * DAY)
    assert [hop.verb for hop in hops] == [Verb.RESUME] and back.state is State.DISPATCHED
    assert back.level_due_at == AT + 5 * DAY + left * HOUR + timedelta(seconds=1)
    on = settled(case, AT + 6 * DAY)
    assert on.level == 1 and on.level_since == back.level_due_at


def test_a_case_whose_top_level_the_directory_lost_goes_to_the_root_post() -> None:
    world = FakeWorld(without=frozenset({"street", "district"}))
    case, _ = settle(begun(), world=world, policy=POLICY, at=AT + 10 * HOUR)
    assert (case.level, case.accountable_post_id) == (2, world.root())
    assert next_wake(case, policy=POLICY) is None  # so the sweep does not turn on it for ever
