"""Slots tile a shift; each is judged once its grace is over; a check-in counts for one that lacks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.patrols.rules.answers import TRANSITIONS, Answer, AnsweredAlready, NoteMissing, answer, next_telling, noted
from linli.engines.duties.patrols.rules.slots import AfterTheShift, BeforeTheShift, Span

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    interval = draw(st.integers(10, 300))
    return Span(START, START + draw(st.integers(15, 1440)) * MINUTE, interval * MINUTE, draw(st.integers(0, interval - 1)) * MINUTE)


@given(spans())
def test_slots_tile_the_shift_and_none_is_shorter_than_the_interval(span: Span) -> None:
    slots = [span.slot(number) for number in range(span.slots)]
    assert slots[0][0] == span.starts and slots[-1][1] == span.ends
    assert all(end == begin for (_, end), (begin, _) in pairwise(slots))
    assert all(end - begin >= span.interval for begin, end in slots) or span.slots == 1
    assert all(end - begin < 2 * span.interval for begin, end in slots)


@given(spans(), st.integers(-60, 2000))
def test_a_slot_is_judged_when_its_grace_is_over(span: Span, minutes: int) -> None:
    at = START + minutes * MINUTE
    assert span.judged_by(at) == sum(span.judged_at(number) <= at for number in range(span.slots))


@given(spans(), st.integers(0, 1440 * 60), st.sets(st.integers(0, 150)))
def test_a_check_in_counts_for_the_running_slot_or_for_the_one_before_that_lacks_it(span: Span, seconds: int, taken: set[int]) -> None:
    at = START + timedelta(seconds=seconds)
    if at >= span.ends + span.grace:
        with pytest.raises(AfterTheShift):
            span.slot_of(at, taken=taken)
        return
    slot, running = span.slot_of(at, taken=taken), span.running(at)
    assert slot in (running, running - 1) and 0 <= slot < span.slots
    begins, _ends = span.slot(slot)
    assert begins <= at < span.judged_at(slot)
    if slot == running - 1:
        assert slot not in taken
    elif running > 0 and running - 1 not in taken:
        assert at >= span.judged_at(running - 1)


def test_before_and_after_the_shift() -> None:
    span = Span(START, START + 180 * MINUTE, 60 * MINUTE, 10 * MINUTE)
    assert (span.slots, span.slot_of(START), span.slot_of(START + 190 * MINUTE - TICK, taken={1})) == (3, 0, 2)
    with pytest.raises(BeforeTheShift):
        span.slot_of(START - TICK)
    with pytest.raises(AfterTheShift):
        span.slot_of(START + 190 * MINUTE)


def test_a_shift_shorter_than_the_interval_has_one_slot() -> None:
    span = Span(START, START + 45 * MINUTE, 60 * MINUTE, 0 * MINUTE)
    assert (span.slots, span.slot(0), span.judged_by(START + 45 * MINUTE)) == (1, (START, START + 45 * MINUTE), 1)


@pytest.mark.parametrize("state", list(Answer))
@pytest.mark.parametrize("wanted", list(Answer))
def test_answers_go_forward_only(state: Answer, wanted: Answer) -> None:
    if wanted in TRANSITIONS[state]:
        assert answer(state, wanted, " 暴雨  停巡 ") == (wanted, "暴雨 停巡")
    else:
        with pytest.raises(AnsweredAlready):
            answer(state, wanted, "x")


def test_notes() -> None:
    assert answer(Answer.OPEN, Answer.ACKNOWLEDGED, "") == (Answer.ACKNOWLEDGED, "")
    for wanted, note in ((Answer.FORGIVEN, ""), (Answer.RESOLVED, " \n"), (Answer.ACKNOWLEDGED, "x" * 501)):
        with pytest.raises(NoteMissing):
            answer(Answer.OPEN, wanted, note)
    assert len(noted("x" * 500)) == 500


def test_levels_are_told_until_there_is_none_above() -> None:
    assert next_telling(told=1, levels=3, at=START, every=10 * MINUTE) == START + 10 * MINUTE
    assert next_telling(told=3, levels=3, at=START, every=MINUTE) is None
