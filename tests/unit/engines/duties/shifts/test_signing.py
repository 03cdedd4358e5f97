"""Signing up and leaving: places, waiting, gates, the cut-off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.shifts.rules.signing import (
    TRANSITIONS,
    CutOffPassed,
    EnoughThisWeek,
    NotIn,
    NotReady,
    Part,
    ShiftOver,
    SignedAlready,
    TooLittleRest,
    Window,
    leave,
    sign,
)
from linli.kernel.refusal import Refusal

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(START, START + 4 * HOUR, most=2, cut_off=12 * HOUR)
GIVEN = {"taken": 0, "at": START - 24 * HOUR, "in_it": False, "missing": (), "own": (), "rest": 8 * HOUR, "held": 0, "most_a_week": 3}


@given(st.integers(0, 5), st.integers(-48, 48), st.booleans(), st.booleans(), st.none() | st.integers(-30, 30), st.integers(0, 5))
def test_a_place_while_there_is_one_then_waiting(taken: int, hour: int, in_it: bool, ready: bool, other: int | None, held: int) -> None:
    at = START + hour * HOUR
    own = () if other is None else ((START + other * HOUR, START + (other + 2) * HOUR),)
    near = other is not None and -10 < other < 12
    try:
        part = sign(WINDOW, **{**GIVEN, "taken": taken, "at": at, "in_it": in_it, "missing": () if ready else ("fire",), "own": own, "held": held})
    except Refusal as refusal:
        assert {ShiftOver: hour >= 0, SignedAlready: in_it, NotReady: not ready, TooLittleRest: near, EnoughThisWeek: held >= 3}[type(refusal)]
    else:
        assert part is (Part.SIGNED if taken < 2 else Part.WAITING) and hour < 0 and not in_it and ready and not near and held < 3


@given(st.none() | st.sampled_from(Part), st.integers(-48, 48), st.booleans())
def test_leaving_until_the_cut_off_and_a_captain_until_the_beginning(part: Part | None, hour: int, captain: bool) -> None:
    at = START + hour * HOUR
    if part not in (Part.SIGNED, Part.WAITING):
        expected: type[Refusal] | None = NotIn
    elif hour >= 0:
        expected = ShiftOver
    else:
        expected = CutOffPassed if part is Part.SIGNED and not captain and hour > -12 else None
    if expected is None:
        assert leave(WINDOW, part, at=at, by_captain=captain) is Part.CANCELLED
    else:
        with pytest.raises(expected):
            leave(WINDOW, part, at=at, by_captain=captain)


def test_what_has_ended_stays_ended() -> None:
    assert TRANSITIONS.keys() == set(Part) and not TRANSITIONS[Part.CANCELLED] | TRANSITIONS[Part.SWAPPED]
