"""Coverage: lengths add up, walking more never covers less, and what is not known is not said."""

from __future__ import annotations

from uuid import UUID

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.patrols.rules.coverage import Leg, Plot, coverage, legs_of, route_metres, walked_pairs

LON, LAT = 116.4, 39.9
WEST, EAST = UUID(int=1), UUID(int=2)
POINTS = st.tuples(st.floats(LON, LON + 0.02), st.floats(LAT, LAT + 0.01))


def square(key: UUID, west: float, *, households: int | None = 100, buildings: tuple = ()) -> Plot:
    return Plot(key, shapely.box(LON + west, LAT, LON + west + 0.01, LAT + 0.01), households, buildings)


PLOTS = [square(WEST, 0.0), square(EAST, 0.01)]


def test_legs_join_neighbours_and_close_a_way_round() -> None:
    points = [(LON, LAT), (LON + 0.001, LAT), (LON + 0.001, LAT + 0.001)]
    assert legs_of(points, closed=False) == [(0, 1), (1, 2)] and legs_of(points, closed=True) == [(0, 1), (1, 2), (2, 0)]
    assert legs_of(points[:2], closed=True) == [(0, 1)] and legs_of(points[:1], closed=True) == legs_of([], closed=True) == []
    assert route_metres(points[:2], closed=False) == pytest.approx(85.4, abs=0.3)  # a thousandth of a degree of longitude at 39.9° N


@given(st.lists(st.tuples(POINTS, POINTS, st.booleans()), min_size=1, max_size=6))
def test_metres_of_the_areas_are_those_of_the_legs(ways: list) -> None:
    legs = [Leg(*way) for way in ways]
    found = coverage(PLOTS, legs, [], reach=50)
    assert sum(one.metres for one in found) == pytest.approx(sum(leg.metres for leg in legs), rel=0.01, abs=0.5)
    assert sum(one.walked for one in found) == pytest.approx(sum(leg.metres for leg in legs if leg.walked), rel=0.01, abs=0.5)
    assert all(one.left >= -1e-6 and 0 <= one.reached <= one.households for one in found)


@given(st.lists(st.tuples(POINTS, POINTS), min_size=1, max_size=5), st.integers(0, 4))
def test_walking_more_never_covers_less(ways: list, number: int) -> None:
    fewer = [Leg(start, end, place < number) for place, (start, end) in enumerate(ways)]
    more = [Leg(start, end, True) for start, end in ways]
    for before, after in zip(coverage(PLOTS, fewer, [], reach=50), coverage(PLOTS, more, [], reach=50), strict=True):
        assert after.walked >= before.walked - 1e-6 and after.reached >= before.reached


def test_households_are_counted_by_building_where_buildings_say() -> None:
    near, far = ((LON + 0.002, LAT + 0.005), 30), ((LON + 0.009, LAT + 0.009), 70)
    plots = [square(WEST, 0.0, households=500, buildings=(near, far)), square(EAST, 0.01, households=None)]
    west, east = coverage(plots, [Leg((LON + 0.001, LAT + 0.005), (LON + 0.003, LAT + 0.005), True)], [], reach=40)
    assert (west.households, west.reached, west.by_building) == (100, 30, True)
    assert (east.households, east.reached) == (None, None)
    west, _ = coverage(plots, [], [far[0]], reach=40)
    assert west.reached == 70
    assert [one.reached for one in coverage(plots, [], [], reach=40)] == [0, None]


def test_the_same_ground_is_not_counted_twice() -> None:
    leg = Leg((LON + 0.001, LAT + 0.005), (LON + 0.009, LAT + 0.005), True)
    (once,), (twice,) = coverage(PLOTS[:1], [leg], [], reach=50), coverage(PLOTS[:1], [leg, leg], [], reach=50)
    assert once.reached == twice.reached and 0 < once.reached < 100


def test_a_leg_needs_both_ends_in_one_slot() -> None:
    beat, a, b = UUID(int=9), UUID(int=10), UUID(int=11)
    assert walked_pairs([(beat, 0, a), (beat, 1, b), (beat, 1, a)]) == {(beat, 0): frozenset({a}), (beat, 1): frozenset({a, b})}


def test_nothing_to_draw_on_is_nothing() -> None:
    assert coverage([Plot(WEST, None, 10)], [], [], reach=50)[0].reached is None
    assert coverage([], [], [], reach=50) == []
