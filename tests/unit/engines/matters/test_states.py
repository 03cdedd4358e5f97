"""The table of states: every open state reaches closing, and a playbook cannot take that away unseen."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.states import ENDED, OPEN, OPTIONAL, RESUMES_TO, TABLE, State, Verb, dead_ends, landing, next_state

DROPS = [frozenset(drops) for size in range(5) for drops in itertools.combinations(OPTIONAL, size)]
MOVES = sorted(TABLE)


def reaches(state: State, wanted: State, dropped: frozenset[str], forbidden: frozenset[tuple[State, Verb]] = frozenset()) -> bool:
    """Walks the table step by step: another way than the one under test."""
    seen, waiting = {state}, [state]
    while waiting:
        here = waiting.pop()
        nexts = [landing(to, dropped) for (at, verb), to in TABLE.items() if at is here and (at, verb) not in forbidden]
        if here is State.SUSPENDED and (here, Verb.RESUME) not in forbidden:
            nexts += RESUMES_TO
        for following in nexts:
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return wanted in seen


@pytest.mark.parametrize("dropped", DROPS)
def test_every_open_state_reaches_closed_whatever_steps_are_dropped(dropped: frozenset[str]) -> None:
    assert dead_ends(dropped) == frozenset()
    assert all(reaches(state, State.CLOSED, dropped) for state in OPEN)


@given(st.sampled_from(DROPS), st.frozensets(st.sampled_from([*MOVES, (State.SUSPENDED, Verb.RESUME)]), max_size=12))
def test_dead_ends_are_those_from_which_closed_cannot_be_walked_to(dropped: frozenset[str], forbidden: frozenset[tuple[State, Verb]]) -> None:
    assert dead_ends(dropped, forbidden) == {state for state in OPEN if not reaches(state, State.CLOSED, dropped, forbidden)}


def test_being_merged_or_refused_is_no_way_out() -> None:
    forbidden = [(State.VERIFIED, Verb.CLOSE)]
    assert State.DISPATCHED in dead_ends(frozenset(), forbidden)  # it could still be merged, and refused after a return


@pytest.mark.parametrize("dropped", DROPS)
def test_landing_rests_where_no_dropped_step_leads_on(dropped: frozenset[str]) -> None:
    for state in State:
        rest = landing(state, dropped)
        assert landing(rest, dropped) is rest
        assert all(TABLE.get((rest, OPTIONAL[step]), rest) is rest for step in dropped)


def test_nothing_leads_out_of_merged_and_only_reopening_out_of_the_other_ends() -> None:
    moves = {(state, verb) for (state, verb), to in TABLE.items() if state in ENDED and to is not state}
    assert moves == {(State.CLOSED, Verb.REOPEN), (State.REFUSED, Verb.REOPEN)}
    assert next_state(State.MERGED, Verb.SOLVE) is None


def test_the_clock_moves_every_open_state_and_no_ended_one() -> None:
    assert {state for state in State if next_state(state, Verb.TIME_OUT)} == OPEN - {State.SUSPENDED}  # whose clock resumes it first
    assert all(TABLE[state, Verb.TIME_OUT] in OPEN for state in OPEN - {State.SUSPENDED})
