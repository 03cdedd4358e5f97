"""Streets walked along: never more than there is, more rounds never less, along counts and across does not."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.patrols.rules.coverage import Leg
from linli.engines.duties.patrols.rules.streets import BIT_METRES, walked_along
from linli.kernel.geo.rules import metres_between, metres_per_degree

LON, LAT = 116.4, 39.9
EAST, NORTH = metres_per_degree(LAT)
MILLIMETRES = st.integers(0, 400_000).map(lambda value: value / 1000)
SPOTS = st.tuples(MILLIMETRES, MILLIMETRES)  # metres
LINES = st.lists(st.lists(SPOTS, min_size=2, max_size=5, unique=True), min_size=1, max_size=6)
LEGS = st.lists(st.tuples(SPOTS, SPOTS, st.booleans()), max_size=8)


def at(east: float, north: float) -> tuple[float, float]:
    return LON + east / EAST, LAT + north / NORTH


def street(*spots: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([at(*spot) for spot in spots])


def leg(start: tuple[float, float], end: tuple[float, float], walked: bool = True) -> Leg:
    return Leg(at(*start), at(*end), walked)


@given(LINES, LEGS)
def test_never_more_is_walked_than_there_is(lines: list, legs: list) -> None:
    found = walked_along([street(*spots) for spots in lines], [leg(*one) for one in legs])
    shares = found.shares()
    assert len(shares) == len(lines) and np.all((shares >= 0) & (shares <= 1))
    assert np.bincount(found.piece, weights=found.share) == pytest.approx(np.ones(len(lines)))
    assert max(metres_between(*start, *end) for start, end in zip(found.start.tolist(), found.end.tolist(), strict=True)) <= BIT_METRES * 1.01
    if not any(walked for *_, walked in legs):
        assert not shares.any()


@given(LINES, LEGS, LEGS)
def test_more_rounds_never_cover_less(lines: list, legs: list, more: list) -> None:
    streets = [street(*spots) for spots in lines]
    before = walked_along(streets, [leg(*one) for one in legs]).walked
    after = walked_along(streets, [leg(*one) for one in (*legs, *more)]).walked
    assert np.all(after >= before)


@given(SPOTS, SPOTS, st.floats(-15, 15))
def test_a_leg_along_a_street_covers_it_both_ways(start: tuple, end: tuple, beside: float) -> None:
    way = np.subtract(end, start)
    if np.hypot(*way) < 30:
        return
    aside = np.array([-way[1], way[0]]) / np.hypot(*way) * beside
    one, other = tuple(np.add(start, aside)), tuple(np.add(end, aside))
    for walk in (leg(one, other), leg(other, one)):
        assert walked_along([street(start, end)], [walk]).shares() == pytest.approx([1.0])
    assert not walked_along([street(start, end)], [leg(one, other, walked=False)]).shares().any()


@given(st.floats(0, 400), st.floats(45, 135), st.floats(100, 300))
def test_a_street_that_a_leg_crosses_was_not_walked(place: float, degrees: float, half: float) -> None:
    reach = half * np.cos(np.radians(degrees)), half * np.sin(np.radians(degrees))
    crossing = leg((place - reach[0], -reach[1]), (place + reach[0], reach[1]))
    assert not walked_along([street((0, 0), (400, 0))], [crossing]).shares().any()


def test_a_street_counts_as_far_as_the_leg_goes() -> None:
    found = walked_along([street((0, 0), (400, 0)), street((0, 100), (400, 100)), street((0, 0), (0, 400))], [leg((0, 5), (200, 5))])
    assert found.shares() == pytest.approx([0.55, 0, 0])  # and one bit beyond the end, whose middle is within reach
    runs = list(found.runs())
    assert [run.walked for run in runs] == [True, False, False, False] and [len(run.points) for run in runs] == [2, 2, 2, 2]
    assert runs[0].points[0] == at(0, 0) and runs[0].points[-1] == runs[1].points[0]


def test_a_bend_stays_in_what_is_drawn_and_only_the_side_that_was_walked_counts() -> None:
    found = walked_along([street((0, 0), (200, 0), (200, 200))], [leg((0, 0), (200, 0))])
    assert found.shares() == pytest.approx([0.5], abs=1e-4)
    assert [len(run.points) for run in walked_along([street((0, 0), (200, 0), (200, 200))], []).runs()] == [3]


def test_without_streets_or_without_a_way_nothing_is_walked() -> None:
    assert len(walked_along([], [leg((0, 0), (10, 0))]).shares()) == 0 and not list(walked_along([], []).runs())
    assert not walked_along([street((0, 0), (10, 0))], [leg((5, 0), (5, 0))]).shares().any()
