"""Likeness of two reports."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.duplicates import Seen, likeness
from tests.unit.engines.matters.made import AT

SEEN = st.builds(
    Seen,
    lon=st.just(116.4),
    lat=st.just(39.9),
    class_code=st.sampled_from(["a", "b"]),
    kind=st.sampled_from(["event", "component"]),
    at=st.integers(0, 60 * 24 * 60).map(lambda minutes: AT + timedelta(minutes=minutes)),
    words=st.text(max_size=40),
)
METRES = st.floats(0, 400, allow_nan=False)


def like(one: Seen, other: Seen, metres: float):
    return likeness(one, other, metres_apart=metres, within_metres=150, within_days=30)


@given(SEEN, SEEN, METRES)
def test_the_score_lies_between_nought_and_one_and_goes_both_ways(one: Seen, other: Seen, metres: float) -> None:
    found = like(one, other, metres)
    assert found == like(other, one, metres)
    assert found is None or 0 <= found.score <= 1


@given(SEEN, SEEN, METRES, METRES)
def test_nearer_is_never_less_alike(one: Seen, other: Seen, a: float, b: float) -> None:
    near, far = like(one, other, min(a, b)), like(one, other, max(a, b))
    assert far is None or (near is not None and near.score >= far.score)


@given(SEEN, SEEN, METRES)
def test_sooner_after_is_never_less_alike(one: Seen, other: Seen, metres: float) -> None:
    middle = Seen(other.lon, other.lat, other.class_code, other.kind, one.at + (other.at - one.at) / 2, other.words)
    far, near = like(one, other, metres), like(one, middle, metres)
    assert far is None or (near is not None and near.score >= far.score)


@given(SEEN)
def test_the_same_report_twice_is_wholly_alike(one: Seen) -> None:
    found = like(one, one, 0.0)
    assert found is not None and found.score >= (1.0 if any(character.isalnum() for character in one.words) else 0.85)


@given(SEEN, SEEN, METRES)
def test_another_kind_or_beyond_the_bounds_is_no_likeness(one: Seen, other: Seen, metres: float) -> None:
    beyond = metres > 150 or abs(one.at - other.at) > timedelta(days=30) or one.kind != other.kind
    assert (like(one, other, metres) is None) == beyond
