"""Pauses between tries, and a reader's tail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.events.rules import HOLE_LIFE, LONGEST_PAUSE, MAX_ATTEMPTS, MOST_HOLES, Tail, next_try

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_pauses_grow_to_an_hour_and_then_end() -> None:
    pauses = [next_try(attempts, AT) for attempts in range(1, MAX_ATTEMPTS + 1)]
    assert pauses[-1] is None
    spans = [pause - AT for pause in pauses[:-1] if pause is not None]
    assert spans[:3] == [timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=80)]
    assert spans == sorted(spans) and spans[-1] == LONGEST_PAUSE


@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 6), min_size=1))
def test_a_tail_reads_every_event_once_whatever_the_order_of_commits(commits: list[int], steps: list[int]) -> None:
    """Events commit in any order; whoever follows sees each of them exactly once, within the life of a hole."""
    committed: list[int] = []
    seen: list[int] = []
    tail = Tail(0)
    order = list(commits)
    for step in [*steps, len(order)]:
        committed, order = committed + order[:step], order[step:]
        holes = {seq for seq, _ in tail.holes}
        found = [seq for seq in committed if seq > tail.seq or seq in holes]
        seen += found
        tail = tail.after(found, AT)
    assert sorted(seen) == list(range(1, 30)) and tail.holes == ()


def test_a_hole_that_stays_is_given_up() -> None:
    tail = Tail(1).after([4], AT)
    assert [seq for seq, _ in tail.holes] == [2, 3]
    assert [seq for seq, _ in tail.after([3], AT + timedelta(seconds=1)).holes] == [2]
    assert tail.after([], AT + HOLE_LIFE).holes == ()


def test_a_leap_of_numbers_does_not_fill_the_memory() -> None:
    tail = Tail(0).after([10_000_000], AT)
    assert len(tail.holes) == MOST_HOLES and tail.holes[-1][0] == 9_999_999
