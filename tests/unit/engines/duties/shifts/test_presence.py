"""Being there: what is refused, what is told twice or in another order, who is missing, how long somebody was there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.shifts.rules.presence import (
    CalledOff,
    Ended,
    LeftBeforeArrival,
    LongOver,
    MissAnswer,
    MissAnswered,
    MissNoteMissing,
    NotArrived,
    NotBegun,
    Presence,
    Span,
    TooEarly,
    answer,
    arrive,
    leave,
    minutes_there,
    presence,
)
from linli.kernel.refusal import Refusal

STARTS = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SPAN = Span(STARTS, STARTS + 2 * HOUR, 30 * MINUTE, 15 * MINUTE)
OFF = Span(STARTS, STARTS + 2 * HOUR, 30 * MINUTE, 15 * MINUTE, called_off=True)


@pytest.mark.parametrize(
    ("when", "refusal"),
    [(STARTS - 31 * MINUTE, TooEarly), (STARTS - 30 * MINUTE, None), (STARTS, None), (SPAN.ends - MINUTE, None), (SPAN.ends, Ended)],
)
def test_one_arrives_from_the_margin_on_until_the_end(when: datetime, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        assert arrive(SPAN, None, when) == when
        return
    with pytest.raises(refusal):
        arrive(SPAN, None, when)


@pytest.mark.parametrize(
    ("arrived", "when", "refusal"),
    [
        (None, STARTS + HOUR, NotArrived), (STARTS - 10 * MINUTE, STARTS - MINUTE, NotBegun), (STARTS + HOUR, STARTS + 59 * MINUTE, LeftBeforeArrival),
        (STARTS, SPAN.ends + 31 * MINUTE, LongOver),
    ],
)  # fmt: skip
def test_going_has_its_time_too(arrived: datetime | None, when: datetime, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        leave(SPAN, arrived, None, when)


def test_nothing_is_said_of_a_shift_that_was_called_off() -> None:
    with pytest.raises(CalledOff):
        arrive(OFF, None, STARTS)
    with pytest.raises(CalledOff):
        leave(OFF, STARTS, None, STARTS + HOUR)


@given(st.lists(st.integers(-30, 119), min_size=1), st.lists(st.integers(119, 150), min_size=1))
def test_order_and_number_of_news_change_nothing(came: list[int], went: list[int]) -> None:
    def told(arrivals: list[int], goings: list[int]) -> tuple[datetime | None, datetime | None]:
        arrived = left = None
        for minute in arrivals:
            arrived = arrive(SPAN, arrived, STARTS + minute * MINUTE)
        for minute in goings:
            left = leave(SPAN, arrived, left, STARTS + minute * MINUTE)
        return arrived, left

    straight = told(came, went)
    assert told([*reversed(came), *came], [*went, *reversed(went)]) == straight
    assert straight == (STARTS + min(came) * MINUTE, STARTS + max(went) * MINUTE)
    assert straight[0] is not None and 0 <= minutes_there(SPAN.ends, *straight) <= 180


@pytest.mark.parametrize(
    ("arrived", "left", "minute", "stands"),
    [
        (None, None, -1, Presence.AHEAD), (None, None, 0, Presence.EXPECTED), (None, None, 15, Presence.MISSING), (None, None, 300, Presence.MISSING),

        (5, None, 6, Presence.THERE), (-10, None, -5, Presence.THERE), (5, 60, 61, Presence.GONE), (5, None, 120, Presence.GONE),
        (5, None, 4, Presence.EXPECTED),
    ],
)  # fmt: skip
def test_how_one_stands(arrived: int | None, left: int | None, minute: int, stands: Presence) -> None:
    times = [None if one is None else STARTS + one * MINUTE for one in (arrived, left)]
    assert presence(SPAN, *times, at=STARTS + minute * MINUTE) is stands


def test_a_grace_longer_than_the_shift_ends_with_it() -> None:
    assert Span(STARTS, STARTS + 15 * MINUTE, 30 * MINUTE, HOUR).missing_from == STARTS + 15 * MINUTE


def test_who_forgets_to_say_that_they_go_was_there_until_the_end() -> None:
    assert minutes_there(SPAN.ends, STARTS + 10 * MINUTE, None) == 110
    assert minutes_there(SPAN.ends, STARTS - 10 * MINUTE, SPAN.ends + 5 * MINUTE) == 135


def test_a_miss_is_answered_once_with_words() -> None:
    assert answer(MissAnswer.OPEN, MissAnswer.EXCUSED, "  was   ill ", arrived=False) == "was ill"
    for now, wanted, arrived in (
        (MissAnswer.EXCUSED, MissAnswer.CAME, False),
        (MissAnswer.OPEN, MissAnswer.OPEN, False),
        (MissAnswer.OPEN, MissAnswer.CAME, True),
    ):
        with pytest.raises(MissAnswered):
            answer(now, wanted, "x", arrived=arrived)
    for words in (" ", "x" * 501):
        with pytest.raises(MissNoteMissing):
            answer(MissAnswer.OPEN, MissAnswer.CAME, words, arrived=False)
