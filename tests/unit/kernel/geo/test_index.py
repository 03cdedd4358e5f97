"""The polygon index gives the same answers as asking every polygon."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.kernel.geo.rules import BadPoint, Placing, PolygonIndex, metres_between
from linli.kernel.geo.rules.index import PLACINGS

WEST, SOUTH, SIZE = 116.30, 39.90, 0.02


def tessellation(seed: int, count: int) -> list[shapely.Polygon]:
    """Convex polygons that tile a box: the Voronoi cells of random points."""
    rng = np.random.default_rng(seed)
    box = shapely.box(WEST, SOUTH, WEST + SIZE, SOUTH + SIZE)
    points = shapely.MultiPoint(rng.uniform((WEST, SOUTH), (WEST + SIZE, SOUTH + SIZE), (count, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=box))
    return [cell for cell in shapely.intersection(cells, box) if cell.geom_type == "Polygon"]


def brute(polygons, lon, lat):
    return next((number for number, polygon in enumerate(polygons) if polygon.intersects(shapely.Point(lon, lat))), None)


def metres_to(polygon, lon, lat):
    foot = shapely.shortest_line(polygon, shapely.Point(lon, lat)).coords[0]
    return metres_between(*foot, lon, lat)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 25))
def test_every_point_is_found_where_asking_every_polygon_finds_it(seed, count):
    polygons = tessellation(seed, count)
    index = PolygonIndex(polygons, max_cells=20_000)
    rng = np.random.default_rng(seed + 1)
    points = rng.uniform((WEST - 0.002, SOUTH - 0.002), (WEST + SIZE + 0.002, SOUTH + SIZE + 0.002), (100, 2))
    # Corners, points on lines and middles of lines are where an index goes wrong.
    corners = np.concatenate([shapely.get_coordinates(polygon)[:3] for polygon in polygons[:10]])
    lines = np.array([polygon.exterior.interpolate(0.3, normalized=True).coords[0] for polygon in polygons[:10]])
    points = np.concatenate([points, corners, lines])
    many = index.locate_many(points[:, 0], points[:, 1])
    for place, (lon, lat) in enumerate(points.tolist()):
        hit = index.locate(lon, lat)
        assert (hit.index, hit.placing) == (many.index[place], PLACINGS[many.placing[place]])
        assert hit.metres == pytest.approx(many.metres[place])
        owner = brute(polygons, lon, lat)
        if owner is not None:
            assert hit.index == owner
            others = [metres_to(polygon, lon, lat) for number, polygon in enumerate(polygons) if number != owner]
            nearest = min(others)
            if abs(nearest - 5.0) > 0.1:  # the plane and the ellipsoid differ by millimetres here
                assert hit.placing is (Placing.BORDER if nearest < 5.0 else Placing.INSIDE)
        else:
            nearest = min(metres_to(polygon, lon, lat) for polygon in polygons)
            assert hit.metres == pytest.approx(nearest, rel=2e-3, abs=1e-3)
            assert metres_to(polygons[hit.index], lon, lat) == pytest.approx(nearest, rel=2e-3, abs=1e-3)
            assert hit.placing is (Placing.BORDER if hit.metres <= 5.0 else Placing.OUTSIDE)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_points_well_inside_are_inside(seed):
    polygons = tessellation(seed, 25)
    index = PolygonIndex(polygons, max_cells=20_000)
    for number, polygon in enumerate(polygons):
        core = polygon.buffer(-0.0001)  # about ten metres
        if not core.is_empty:
            point = core.representative_point()
            assert index.locate(point.x, point.y) == index.locate(point.x, point.y)
            assert (index.locate(point.x, point.y).index, index.locate(point.x, point.y).placing) == (number, Placing.INSIDE)


def test_overlaps_and_shared_lines_belong_to_the_first():
    left, right = shapely.box(0, 0, 0.011, 0.01), shapely.box(0.01, 0, 0.02, 0.01)
    index = PolygonIndex([left, right])
    assert index.locate(0.0105, 0.005).index == 0
    assert PolygonIndex([right, left]).locate(0.0105, 0.005).index == 0
    touching = PolygonIndex([shapely.box(0, 0, 0.01, 0.01), shapely.box(0.01, 0, 0.02, 0.01)])
    on_the_line = touching.locate(0.01, 0.005)
    assert (on_the_line.index, on_the_line.placing) == (0, Placing.BORDER)


def test_holes_and_multipolygons():
    ring = shapely.Polygon([(0, 0), (0.03, 0), (0.03, 0.03), (0, 0.03)], [[(0.01, 0.01), (0.02, 0.01), (0.02, 0.02), (0.01, 0.02)]])
    islands = shapely.MultiPolygon([shapely.box(0.012, 0.012, 0.018, 0.018), shapely.box(0.05, 0, 0.06, 0.01)])
    index = PolygonIndex([ring, islands])
    assert [index.locate(*point).index for point in ((0.005, 0.005), (0.015, 0.015), (0.055, 0.005))] == [0, 1, 1]
    assert index.locate(0.011, 0.011).placing is Placing.OUTSIDE


def test_far_away_and_no_point_at_all():
    index = PolygonIndex([shapely.box(0, 0, 0.01, 0.01)])
    far = index.locate(-120.0, 40.0)
    assert (far.index, far.placing) == (0, Placing.OUTSIDE) and far.metres > 10_000_000
    for lon, lat in ((math.nan, 0.0), (0.0, math.nan), (200.0, 0.0), (math.inf, 0.0)):
        with pytest.raises(BadPoint):
            index.locate(lon, lat)
    many = index.locate_many([math.nan, 0.005, 200.0], [0.0, 0.005, 0.0])
    assert many.index.tolist() == [-1, 0, -1]
    assert [PLACINGS[code] for code in many.placing] == [Placing.UNPLACED, Placing.INSIDE, Placing.UNPLACED]


def test_lists_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="equal length"):
        PolygonIndex([shapely.box(0, 0, 1, 1)]).locate_many([0.1, 0.2], [0.1])


def test_nothing_to_index_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        PolygonIndex([])
