"""A draw: the same from the same seed whatever the order, never more than asked, and heavier places sooner."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.inspections.rules.draw import HEAVIEST, drawn, weight

PLACES = st.dictionaries(st.uuids(), st.integers(1, HEAVIEST), max_size=30)


@given(weights=PLACES, count=st.integers(1, 40), seed=st.text(min_size=1, max_size=20))
def test_it_draws_so_many_different_ones_and_the_order_of_candidates_changes_nothing(weights: dict[UUID, int], count: int, seed: str) -> None:
    found = drawn(weights, count=count, seed=seed)
    assert len(found) == len(set(found)) == min(count, len(weights))
    assert set(found) <= weights.keys()
    assert drawn(dict(reversed(weights.items())), count=count, seed=seed) == found


@given(weights=PLACES, count=st.integers(1, 10), seed=st.text(min_size=1, max_size=20))
def test_drawing_more_keeps_who_was_drawn(weights: dict[UUID, int], count: int, seed: str) -> None:
    assert drawn(weights, count=count + 1, seed=seed)[:count] == drawn(weights, count=count, seed=seed)


def test_a_place_that_weighs_ten_times_as_much_is_drawn_about_ten_times_as_often() -> None:
    heavy, light = UUID(int=1), UUID(int=2)
    times = sum(drawn({heavy: 100, light: 10}, count=1, seed=f"day {number}") == [heavy] for number in range(4_000))
    assert 3_500 < times < 3_760  # 10 in 11 of 4,000 is 3,636; a standard deviation is 18


def test_who_was_never_inspected_weighs_as_much_as_a_year() -> None:
    today = date(2026, 1, 5)
    assert weight(last=None, today=today) == weight(last=today - timedelta(days=900), today=today) == HEAVIEST
    assert weight(last=today, today=today) == weight(last=today + timedelta(days=3), today=today) == 1
    assert weight(last=today - timedelta(days=30), today=today) == 30
