"""The tree of areas and whose a point is."""

import math
from uuid import UUID, uuid4

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.directory.territory.rules import AreaNode, BadPoint, Ground, Placing, UnknownArea, demo
from linli.directory.territory.rules.tree import plan_territory


def ground_of(plan, **options) -> Ground:
    ids = {area.code: uuid4() for area in plan.areas}
    nodes = [AreaNode(ids[a.code], a.code, a.level, a.path, a.names, ids[a.parent] if a.parent else None, a.households, a.centre, a.split) for a in plan.areas]
    polygons = {ids[a.code]: a.polygon for a in plan.areas if a.polygon is not None}
    return Ground(nodes, levels=("district", "street", "community", "grid"), polygons=polygons, **options)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return ground_of(plan_territory(demo.territory()))


def test_the_tree_can_be_walked(ground):
    grid = ground.by_code("999001002001004")
    assert grid.path == "999001/999001002/999001002001/999001002001004/"
    assert [area.code for area in ground.ancestors(grid.id)] == ["999001", "999001002", "999001002001"]
    assert ground.at_level(grid.id, "street").code == "999001002"
    assert ground.at_level(grid.id, "grid") is grid
    assert ground.at_level(ground.root.id, "grid") is None
    assert ground.by_path(grid.path) is grid is ground.area(grid.id)
    assert [area.code for area in ground.children(ground.root.id)] == ["999001001", "999001002"]
    assert [len(ground.of_level(level)) for level in ground.levels] == [1, 2, 4, 24]


def test_areas_are_found_by_name_in_both_languages(ground):
    assert ground.by_name("yuyin  COMMUNITY").code == "999001001001"
    assert ground.by_name("榆荫社区", level="community").code == "999001001001"
    assert ground.by_name("榆荫社区", level="grid") is None
    assert ground.by_name("nowhere") is None


def test_unknown_areas_are_refused(ground):
    for ask in (lambda: ground.by_code("x"), lambda: ground.by_path("x/"), lambda: ground.area(UUID(int=1)), lambda: ground.children(UUID(int=1))):
        with pytest.raises(UnknownArea):
            ask()


def test_every_centre_lies_in_its_own_grid(ground):
    for grid in ground.of_level("grid"):
        location = ground.locate(*grid.centre)
        assert (location.area, location.how, location.metres) == (grid, Placing.INSIDE, 0.0)


@settings(max_examples=100, deadline=None)
@given(st.floats(119.595, 119.626), st.floats(38.808, 38.824))
def test_one_point_or_many_and_every_polygon_asked_agree(lon, lat):
    ground = GROUND
    location = ground.locate(lon, lat)
    many = ground.locate_many([lon], [lat])
    assert list(many) == [location]
    owners = [grid for grid in ground.of_level("grid") if ground.polygon(grid.id).intersects(shapely.Point(lon, lat))]
    if owners:
        assert location.area == min(owners, key=lambda area: area.code)
        assert location.how in (Placing.INSIDE, Placing.BORDER)
    else:
        assert location.metres > 0


GROUND = ground_of(plan_territory(demo.territory()))


def test_a_shared_corner_has_one_owner_and_is_marked(ground):
    outline = ground.polygon(ground.by_code("999001001001005").id)
    lon, lat = next(point for point in outline.exterior.coords if sum(ground.polygon(g.id).touches(shapely.Point(point)) for g in ground.of_level("grid")) == 4)
    location = ground.locate(lon, lat)
    touching = [grid.code for grid in ground.of_level("grid") if ground.polygon(grid.id).intersects(shapely.Point(lon, lat))]
    assert (location.area.code, location.how) == (min(touching), Placing.BORDER)


def test_outside_goes_to_the_nearest_within_the_limit_and_else_to_the_root(ground):
    west, _, _, north = shapely.total_bounds([ground.polygon(grid.id) for grid in ground.of_level("grid")])
    near, far = ground.locate(west - 0.003, north - 0.002), ground.locate(west - 0.5, north)
    assert near.how is Placing.OUTSIDE and near.area.level == "grid" and 100 < near.metres < 1000
    assert far.how is Placing.OUTSIDE and far.area is ground.root and far.metres > 40_000
    assert list(ground.locate_many([west - 0.003, west - 0.5], [north - 0.002, north])) == [near, far]


def test_a_point_in_an_upper_area_far_from_every_grid_goes_to_that_area():
    root, street, grid = (AreaNode(uuid4(), code, level, "", {"zh": code}, None) for code, level in (("r", "district"), ("s", "street"), ("g", "grid")))
    nodes = [
        AreaNode(root.id, "r", "district", "r/", {"zh": "r"}, None),
        AreaNode(street.id, "s", "street", "r/s/", {"zh": "s"}, root.id),
        AreaNode(grid.id, "g", "grid", "r/s/g/", {"zh": "g"}, street.id),
    ]
    ground = Ground(nodes, levels=("district", "street", "grid"), polygons={street.id: shapely.box(0, 0, 0.1, 0.1), grid.id: shapely.box(0, 0, 0.01, 0.01)})
    assert ground.locate(0.09, 0.09).area.code == "s"
    assert ground.locate(0.2, 0.2).area.code == "r"
    assert [location.area.code for location in ground.locate_many([0.09, 0.2, 0.005], [0.09, 0.2, 0.005])] == ["s", "r", "g"]


def test_an_upper_area_without_children_owns_the_ground_that_no_grid_covers():
    ids = {code: uuid4() for code in "rabg"}
    nodes = [
        AreaNode(ids["r"], "r", "district", "r/", {"zh": "r"}, None),
        AreaNode(ids["a"], "a", "community", "r/a/", {"zh": "a"}, ids["r"]),
        AreaNode(ids["b"], "b", "community", "r/b/", {"zh": "b"}, ids["r"]),
        AreaNode(ids["g"], "g", "grid", "r/a/g/", {"zh": "g"}, ids["a"]),
    ]
    polygons = {ids["a"]: shapely.box(0, 0, 0.01, 0.01), ids["b"]: shapely.box(0.009, 0, 0.02, 0.01), ids["g"]: shapely.box(0, 0, 0.01, 0.01)}
    ground = Ground(nodes, levels=("district", "community", "grid"), polygons=polygons)
    assert ground.locate(0.0095, 0.005).area.code == "g"
    assert (ground.locate(0.015, 0.005).area.code, ground.locate(0.015, 0.005).how) == ("b", Placing.INSIDE)


def test_no_point_given(ground):
    community = ground.by_code("999001001002")
    assert (ground.unplaced().area, ground.unplaced().how) == (ground.root, Placing.UNPLACED)
    assert (ground.unplaced(community.id).area, ground.unplaced(community.id).how) == (community, Placing.UNPLACED)
    lost = ground.locate_many([math.nan], [0.0])[0]
    assert (lost.area, lost.how) == (ground.root, Placing.UNPLACED)
    with pytest.raises(BadPoint):
        ground.locate(500.0, 0.0)


def test_a_territory_without_outlines_answers_with_its_root():
    ground = Ground([AreaNode(uuid4(), "r", "district", "r/", {"zh": "r"}, None)], levels=("district",))
    assert (ground.locate(1.0, 2.0).area, ground.locate(1.0, 2.0).how) == (ground.root, Placing.OUTSIDE)
    assert ground.locate_many(np.array([1.0, 2.0]), np.array([1.0, 2.0]))[1].area is ground.root


def test_a_territory_has_one_root():
    with pytest.raises(ValueError, match="one root"):
        Ground([], levels=())
