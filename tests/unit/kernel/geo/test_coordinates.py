"""Chinese map datums, distances and coarse points."""

import math

import numpy as np
import pytest
import shapely
from coord_convert.transform import gcj2bd, wgs2bd, wgs2gcj
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.geo.rules import (
    BadPoint,
    area_square_metres,
    coarse_point,
    from_bd09,
    from_gcj02,
    metres_between,
    metres_per_degree,
    to_bd09,
    to_gcj02,
    valid_point,
)

CHINA = st.tuples(st.floats(73.5, 135.0), st.floats(4.0, 53.5))
ABROAD = st.tuples(st.floats(-179.0, 70.0), st.floats(-80.0, 80.0))


@given(CHINA)
def test_gcj02_agrees_with_an_independent_library(point):
    assert metres_between(*to_gcj02(*point), *wgs2gcj(*point)) < 0.05


@given(CHINA)
def test_bd09_agrees_with_an_independent_library(point):
    assert metres_between(*to_bd09(*point), *gcj2bd(*to_gcj02(*point))) < 0.05
    assert metres_between(*to_bd09(*point), *wgs2bd(*point)) < 0.1


def test_a_known_point():
    """Tiananmen: the three writings that are often quoted."""
    lon, lat = to_gcj02(116.391349, 39.907375)
    assert (lon, lat) == pytest.approx((116.397592, 39.908777), abs=2e-5)


@given(CHINA)
def test_there_and_back_is_within_half_a_metre(point):
    assert metres_between(*from_gcj02(*to_gcj02(*point)), *point) < 0.01
    assert metres_between(*from_bd09(*to_bd09(*point)), *point) < 0.01


@given(ABROAD)
def test_outside_china_nothing_moves(point):
    for convert in (to_gcj02, from_gcj02, to_bd09, from_bd09):
        assert convert(*point) == point


def test_arrays_convert_like_single_points():
    lons, lats = np.array([116.39, 121.47, -71.06]), np.array([39.9, 31.23, 42.36])
    many = from_bd09(lons, lats)
    for place in range(3):
        assert (many[0][place], many[1][place]) == pytest.approx(from_bd09(float(lons[place]), float(lats[place])), abs=1e-12)


@pytest.mark.parametrize(("lon", "lat"), [(181, 0), (0, 91), (math.nan, 0), (0, math.inf), (-180.001, 0)])
def test_what_is_no_place_on_earth_is_refused(lon, lat):
    with pytest.raises(BadPoint):
        valid_point(lon, lat)


@given(st.floats(-179.9, 179.9), st.floats(-85, 85), st.sampled_from([50.0, 200.0, 1000.0]))
def test_a_coarse_point_is_near_and_does_not_move_when_taken_again(lon, lat, metres):
    rough = coarse_point(lon, lat, metres=metres)
    assert metres_between(lon, lat, *rough) < metres * 0.8
    assert coarse_point(*rough, metres=metres) == rough


def test_neighbours_share_a_coarse_point():
    lon, lat = coarse_point(116.3913, 39.9073)
    assert {coarse_point(lon + step * 1e-4, lat + step * 1e-4) for step in range(-6, 7)} == {(lon, lat)}


def test_geodesic_measures():
    assert metres_between(0.0, 0.0, 1.0, 0.0) == pytest.approx(111_319.49, abs=0.01)
    assert metres_per_degree(0.0) == pytest.approx((111_319.49, 110_574.28), abs=0.01)
    assert area_square_metres(shapely.box(0, 0, 0.001, 0.001)) == pytest.approx(111.31949 * 110.57428, rel=1e-4)
