"""One occurrence: its clock, and what check-ins make of it, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils.translation import gettext, override
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.rules.cadence import DaysOff, Period, TimesPer
from linli.engines.duties.rules.policy import DutyRule, Evidence
from linli.engines.duties.rules.task import (
    CHECK_INS,
    CheckIn,
    EvidenceMissing,
    NotPossible,
    State,
    Task,
    Verb,
    decide,
    dropped,
    next_try,
    resumed,
    settle,
)
from linli.kernel.access.rules import Confidentiality
from linli.kernel.calendar.rules import ClockUnit, TimeLimit
from linli.kernel.refusal import Refusal

OPENS = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
POSTS = [UUID(int=number) for number in range(1, 6)]
RULE = DutyRule(
    code="visit", names={}, kind="visit", subject_kind="care_case", where={}, chain=("a", "b", "c", "d", "e"), cadence=TimesPer(1, Period.WEEK),
    days_off=DaysOff.KEEP, opens=480, closes=1200, answer=TimeLimit(10, ClockUnit.URGENT_HOURS), evidence=frozenset(), form=None, retries=2,
    retry_hours=24, confidentiality=Confidentiality.INTERNAL,
)  # fmt: skip
TASK = Task(
    id=UUID(int=9), version=1, policy_id=UUID(int=8), rule="visit", area_id=UUID(int=7), area_path="x/", confidentiality=Confidentiality.INTERNAL,
    state=State.PLANNED, level=0, post_id=POSTS[0], first_post_id=POSTS[0], opens_at=OPENS, due_at=OPENS + 100 * HOUR, hand_on_at=None,
    answered_at=None, started_at=None, arrived_at=None, done_at=None, refused_at=None, missed_at=None, attempts=0, tried_at=None,
    explained_at=None, excused_at=None,
)  # fmt: skip


class Five:
    """Five levels with a post each; hours run always."""

    def post_for(self, chain: tuple[str, ...], level: int, area_id: UUID) -> tuple[int, UUID] | None:
        return (level, POSTS[level]) if level < len(chain) else None

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        return start + limit.amount * HOUR


WORLD = Five()


def at(hours: float) -> datetime:
    return OPENS + hours * HOUR


def settled(task: Task, hours: float) -> Task:
    return settle(task, rule=RULE, world=WORLD, at=at(hours))[0]


def done(task: Task, verb: Verb, hours: float, *, late: float = 0, first: bool = False, note: str = "x") -> Task:
    return decide(task, CheckIn(verb, at(hours), note, first_holder=first), rule=RULE, world=WORLD, recorded_at=at(hours + late))


@given(first=st.floats(-10, 200), second=st.floats(0, 200))
def test_the_clock_does_not_depend_on_when_it_is_looked_at(first: float, second: float) -> None:
    assert settled(settled(TASK, first), first + second) == settled(TASK, first + second)


@pytest.mark.parametrize(("hours", "level"), [(0, 0), (9.9, 0), (10, 1), (25, 2), (39, 3), (41, 4), (99, 4)])
def test_silence_goes_up_level_by_level_and_stays_at_the_last(hours: float, level: int) -> None:
    task = settled(TASK, hours)
    assert (task.state, task.level, task.post_id) == (State.OPEN, level, POSTS[level])


def test_an_answer_keeps_it_where_it_is_and_the_first_post_gets_it_back() -> None:
    held = done(settled(TASK, 12), Verb.TAKE, 12)
    assert settled(held, 90).level == 1
    back = done(settled(TASK, 12), Verb.TAKE, 12, first=True)
    assert settled(back, 90).level == 0 and back.first_post_id == back.post_id


class FourOfFive(Five):
    """Nobody at the first place of the chain, nor at the third."""

    def post_for(self, chain: tuple[str, ...], level: int, area_id: UUID) -> tuple[int, UUID] | None:
        return next(((place, POSTS[place]) for place in range(level, len(chain)) if place not in (0, 2)), None)


@pytest.mark.parametrize("silent", [0, 12, 22])
def test_whoever_had_it_first_has_it_back_at_their_own_place_of_the_chain(silent: float) -> None:
    """What is above it is looked up from there: it would be the same post, if the place were another."""
    task = settle(TASK, rule=RULE, world=FourOfFive(), at=at(silent))[0]
    back = decide(task, CheckIn(Verb.TAKE, at(silent), first_holder=True), rule=RULE, world=FourOfFive(), recorded_at=at(silent))
    assert (back.level, back.post_id, back.first_post_id) == (1, POSTS[1], POSTS[1])
    assert FourOfFive().post_for(RULE.chain, back.level + 1, TASK.area_id) == (3, POSTS[3])


def test_what_was_dropped_and_is_asked_for_again_counts_its_time_to_answer_anew() -> None:
    was = dropped(done(settled(TASK, 15), Verb.NOTE, 15))
    again = resumed(was, rule=RULE, world=WORLD, at=at(50))
    assert was.wake_at is None and (again.state, again.level, again.hand_on_at) == (State.OPEN, 1, at(60))
    assert settled(again, 61).level == 2 and settled(again, 100).state is State.MISSED
    answered = resumed(dropped(done(settled(TASK, 15), Verb.NOT_HOME, 15)), rule=RULE, world=WORLD, at=at(50))
    assert settled(answered, 99).level == 1 and answered.attempts == 1


steps = st.lists(st.tuples(st.sampled_from(sorted(CHECK_INS)), st.floats(-20, 300), st.floats(0, 300), st.booleans()), max_size=12)


@given(steps=steps)
def test_whatever_comes_in_whatever_order_the_record_stays_honest(steps: list[tuple[Verb, float, float, bool]]) -> None:
    task, clock = TASK, -100.0
    for verb, hours, late, first in steps:
        clock = max(clock, hours + late)
        before = task = settled(task, clock)
        try:
            task = decide(before, CheckIn(verb, at(hours), "note", first_holder=first), rule=RULE, world=WORLD, recorded_at=at(clock))
        except Refusal:
            assert task == before
            continue
        assert task.version == before.version + 1
        assert before.state is not State.PLANNED and (verb is Verb.NOTE or before.state not in (State.DONE, State.REFUSED))
        assert verb is not Verb.NOTE or replace(task, version=before.version) == before  # words change nothing
        assert (task.done_at is not None) == (task.state is State.DONE) and (task.refused_at is not None) == (task.state is State.REFUSED)
        if task.done_at is not None:
            assert (task.missed_at is not None) == (task.done_at > task.due_at)
        if before.missed_at is not None and task.missed_at is None:
            assert (task.done_at or task.refused_at or task.due_at) <= task.due_at and task.state in (State.DONE, State.REFUSED)
        assert task.wake_at is None or task.state in (State.PLANNED, State.OPEN)
        assert task.excused_at is None or task.missed_at is not None


def test_attempts_are_not_visits_and_the_next_try_is_proposed() -> None:
    task = done(settled(TASK, 1), Verb.NOT_HOME, 2)
    assert task.state is State.OPEN and next_try(task, RULE) == at(26)
    task = done(task, Verb.NOT_HOME, 30)
    assert next_try(task, RULE) is None and settled(task, 100).state is State.MISSED


def test_evidence_is_asked_for_by_name() -> None:
    rule = replace(RULE, evidence=frozenset({Evidence.NOTE, Evidence.ARRIVAL}))
    with pytest.raises(EvidenceMissing) as refused:
        decide(settled(TASK, 1), CheckIn(Verb.FINISH, at(1)), rule=rule, world=WORLD, recorded_at=at(1))
    assert refused.value.sentence() == "To finish this duty, something is missing: the arrival there, a note."
    with override("zh-hans"):
        assert refused.value.sentence(gettext) == "完成这项工作还缺少：到达现场、文字说明。"


def test_what_cannot_be_done_any_more_says_why_in_the_readers_language() -> None:
    with pytest.raises(NotPossible) as refused:
        done(done(settled(TASK, 1), Verb.FINISH, 2), Verb.START, 3)
    assert "is done;" in refused.value.sentence()
    for state in State:
        with override("zh-hans"):
            said = NotPossible(state=state.said()).sentence(gettext)
        assert not [letter for letter in said if letter.isascii() and letter.isalpha()]
