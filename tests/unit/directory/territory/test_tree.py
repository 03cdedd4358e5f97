"""Who belongs to whom, codes, and what an import changes."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from linli.directory.territory.rules import demo
from linli.directory.territory.rules.findings import BadTerritory
from linli.directory.territory.rules.source import AreaSource, Codes, LayerSource, Scheme, TerritorySource
from linli.directory.territory.rules.tree import StoredArea, compare, in_reading_order, nest, plan_territory
from linli.kernel.geo.rules import check_areas


def box(x: float, y: float, w: float = 1, h: float = 1) -> shapely.Polygon:
    return shapely.box(x / 100, y / 100, (x + w) / 100, (y + h) / 100)


def area(code: str, polygon, **more) -> AreaSource:
    return AreaSource(code, {"zh": code}, code, polygon=polygon, **more)


def source(*layers: LayerSource, code: str = "999001", **more) -> TerritorySource:
    return TerritorySource(code, {"zh": "区", "en": "District"}, layers, **more)


STREETS = LayerSource("street", "s", (area("1", box(0, 0, 2, 2)), area("2", box(2, 0, 2, 2))))


def test_an_area_goes_to_the_one_that_holds_most_of_it():
    nested = nest([box(1.5, 0), box(1.2, 0), box(0, 0), box(9, 0)], [box(0, 0, 2, 2), box(2, 0, 2, 2)])
    assert nested.parent.tolist() == [0, 0, 0, 1]  # half and half: the first; far away: the nearest
    assert nested.split.tolist() == [True, True, False, False]
    assert nested.outside.tolist() == [False, False, False, True]


def test_water_beyond_the_upper_layer_does_not_split():
    assert not nest([box(-0.9, 0)], [box(0, 0, 2, 2)]).split[0]


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), min_size=1, max_size=12))
def test_the_owner_always_holds_the_largest_part(corners):
    lower = [box(x, y) for x, y in corners]
    upper = [box(0, 0, 1.3, 2), box(1.3, 0, 1.1, 2), box(2.4, 0, 1.6, 2)]
    nested = nest(lower, upper)
    for polygon, parent in zip(lower, nested.parent, strict=True):
        parts = shapely.area(shapely.intersection(polygon, np.array(upper)))
        assert parts[parent] == parts.max()


def test_levels_nest_one_by_one():
    communities = LayerSource("community", "c", (area("c1", box(0, 0, 2, 1)), area("c2", box(1.4, 1, 2, 1))))
    grids = LayerSource("grid", "g", (area("g1", box(1.4, 1), households=10), area("g2", box(0, 0), households=5)))
    plan = plan_territory(source(STREETS, communities, grids))
    paths = {found.code: found.path for found in plan.areas}
    # g1 lies in street 1 for the most part, but its community belongs to street 2: levels are joined one by one.
    assert paths["g1"] == "999001/2/c2/g1/" and paths["g2"] == "999001/1/c1/g2/"
    assert plan.split == {"street": 0, "community": 1, "grid": 0}
    assert plan.areas[0].households == 15
    assert [found.depth for found in plan.areas] == sorted(found.depth for found in plan.areas)


def test_a_code_stands_once_in_a_territory():
    with pytest.raises(BadTerritory, match="used by"):
        plan_territory(source(STREETS, LayerSource("grid", "g", (area("1", box(0, 0)),))))


def test_layers_on_different_ground_are_refused():
    with pytest.raises(BadTerritory, match="is the crs right"):
        plan_territory(source(STREETS, LayerSource("grid", "g", (area("g1", box(5000, 0)), area("g2", box(5001, 0))))))


def test_a_parent_field_must_name_an_area():
    grids = LayerSource("grid", "g", (area("g1", box(0, 0), parent="9"),))
    with pytest.raises(BadTerritory, match="no upper area 9"):
        plan_territory(source(STREETS, grids, nesting="field"))


def test_numbers_run_west_to_east_in_rows_from_north_to_south():
    points = [(x + 0.1 * y, y) for y in (2, 1, 0) for x in (0, 1, 2)]
    assert in_reading_order(points) == list(range(9))
    assert in_reading_order(points[::-1]) == list(range(8, -1, -1))
    assert in_reading_order([]) == [] and in_reading_order([(1, 1)]) == [0]


@pytest.mark.parametrize(
    ("codes", "first"),
    [
        (Codes(scheme=Scheme.BEIJING_15), "999001001001001"),
        (Codes(scheme=Scheme.CJT_349_20), "99900100100100000001"),
        (Codes(scheme=Scheme.TEMPLATE, template="{root}/{n}".replace("/", "-")), "999001-1"),
        (Codes(scheme=Scheme.TEMPLATE, template="{street}-{parent}-{n:04}"), "001-999001001001-0001"),
    ],
)
def test_grid_codes_follow_their_scheme(codes, first):
    streets = LayerSource("street", "s", (area("001", box(0, 0, 4, 4)),))
    communities = LayerSource("community", "c", (area("999001001001", box(0, 0, 4, 4)),))
    grids = LayerSource("grid", "g", tuple(area("", box(x, y)) for y in (0, 1) for x in (1, 0)), codes=codes)
    plan = plan_territory(source(streets, communities, grids))
    by_code = {found.code: found for found in plan.areas}
    assert by_code[first].centre == (0.005, 0.015)
    assert len([found for found in plan.areas if found.level == "grid"]) == 4


def test_beijing_codes_are_put_together_from_three_digit_layers():
    streets = LayerSource("street", "s", (area("003", box(0, 0, 4, 4)),))
    communities = LayerSource("community", "c", (area("017", box(0, 0, 4, 4)),))
    grids = LayerSource("grid", "g", (area("", box(0, 0)),), codes=Codes(scheme=Scheme.BEIJING_15))
    assert plan_territory(source(streets, communities, grids)).areas[-1].code == "999001003017001"
    with pytest.raises(BadTerritory, match="12-digit"):
        plan_territory(source(streets, communities, grids, code="BOS"))


def test_an_import_says_what_it_changes():
    plan = plan_territory(source(STREETS, LayerSource("grid", "g", (area("a", box(0, 0)), area("b", box(2, 0)), area("c", box(3, 0))))))
    stored = {found.code: StoredArea(found.path, found.record()) for found in plan.areas}
    assert compare(plan, stored).unchanged == len(plan.areas)
    moved = StoredArea("999001/1/b/", stored["b"].record)
    changed = StoredArea(stored["c"].path, (*stored["c"].record[:2], 99, *stored["c"].record[3:]))
    before = {code: found for code, found in stored.items() if code != "a"} | {"b": moved, "c": changed, "old": stored["a"]}
    report = compare(plan, before)
    assert (report.added, report.changed, dict(report.moved), report.removed) == (("a",), ("c",), {"b": ("999001/1/b/", "999001/2/b/")}, ("old",))
    assert report.levels == {"district": 1, "street": 2, "grid": 3}


def test_the_demo_territory_is_whole():
    territory = demo.territory()
    plan = plan_territory(territory)
    assert {level: not flaws for level, flaws in plan.flaws.items()} == {"street": True, "community": True, "grid": True}
    overlap = plan_territory(TerritorySource(**{**{name: getattr(territory, name) for name in territory.__dataclass_fields__}, "nesting": "largest-overlap"}))
    assert [found.path for found in overlap.areas] == [found.path for found in plan.areas]
    assert not any(found.split for found in overlap.areas)
    assert len(shapely.get_parts(shapely.union_all([found.polygon for found in plan.areas if found.level == "grid"]))) == 1
    assert check_areas({found.code: found.polygon for found in plan.areas if found.level == "grid"}) == []
    assert all(set(found.names) == {"zh", "en"} for found in plan.areas)
