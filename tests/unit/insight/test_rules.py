"""Figures say what they are a share of, and nothing where nothing was counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linli.insight.rules import MEASURES, Counts, figures, funnel, share, total

counts = st.builds(Counts, **{name: st.integers(0, 1_000) for name in MEASURES})


@given(st.dictionaries(st.integers(0, 2), counts))
def test_the_funnel_adds_up_and_each_level_is_a_share_of_what_reached_it(by_level: dict[int, Counts]) -> None:
    lines = funnel(by_level, 3)
    everything = sum(part.funnel for part in by_level.values())
    assert sum(line.closed for line in lines) == everything
    reached = everything
    for line in lines:
        assert line.share == share(line.closed, everything) and line.of_reached == share(line.closed, reached)
        reached -= line.closed
    if everything and lines[-1].closed:
        assert lines[-1].of_reached == 1  # the top level cannot pass anything on


def test_the_shape_of_the_method_is_read_as_it_is_meant() -> None:
    lines = funnel({0: Counts(funnel=80), 1: Counts(funnel=16), 2: Counts(funnel=4)}, 3)
    assert [(line.share, line.of_reached) for line in lines] == [(0.8, 0.8), (0.16, 0.8), (0.04, 1.0)]


def test_without_ratings_there_is_no_rate() -> None:
    found = figures({0: Counts(reported=3, closed=2, on_time=2)}, levels=3)
    assert found.rates.solved is None and found.rates.satisfied is None and found.rates.rated == 0
    assert found.rates.on_time == 1


def test_an_open_overdue_matter_counts_against_time_kept() -> None:
    found = figures({0: Counts(reported=4, open=1, closed=3, on_time=3, overdue=1)}, levels=3)
    assert found.rates.on_time == 0.75 and found.clocks["closing"].late == 1


@given(st.lists(counts, max_size=5))
def test_counts_add_up_field_by_field(parts: list[Counts]) -> None:
    for name in MEASURES:
        assert getattr(total(parts), name) == sum(getattr(part, name) for part in parts)
