"""What is wrong with areas that should tile the ground."""

import pytest
import shapely

from linli.kernel.geo.rules import FlawKind, area_square_metres, check_areas, repaired

BOWTIE = shapely.Polygon([(0, 0), (0.01, 0.01), (0.01, 0), (0, 0.01)])


def test_a_clean_tiling_has_no_flaws():
    tiles = {f"{x}{y}": shapely.box(x / 100, y / 100, (x + 1) / 100, (y + 1) / 100) for x in range(3) for y in range(3)}
    assert check_areas(tiles) == []


def test_a_hole_in_the_tiling_is_a_gap_with_its_neighbours_and_its_size():
    tiles = {f"{x}{y}": shapely.box(x / 100, y / 100, (x + 1) / 100, (y + 1) / 100) for x in range(3) for y in range(3)}
    hole = tiles.pop("11")
    (flaw,) = check_areas(tiles)
    assert flaw.kind is FlawKind.GAP and len(flaw.areas) == 8
    assert flaw.square_metres == pytest.approx(area_square_metres(hole), rel=1e-6)
    assert hole.contains(shapely.Point(flaw.lon, flaw.lat))


def test_an_overlap_names_both_and_its_size():
    (flaw,) = check_areas({"a": shapely.box(0, 0, 0.01, 0.01), "b": shapely.box(0.009, 0, 0.02, 0.01)})
    assert (flaw.kind, flaw.areas) == (FlawKind.OVERLAP, ("a", "b"))
    assert flaw.square_metres == pytest.approx(area_square_metres(shapely.box(0.009, 0, 0.01, 0.01)), rel=1e-6)


def test_a_crossed_outline_is_named_and_can_be_mended():
    (flaw,) = check_areas({"bow": BOWTIE, "box": shapely.box(0.02, 0, 0.03, 0.01)})
    assert (flaw.kind, flaw.areas) == (FlawKind.SELF_INTERSECTION, ("bow",)) and "Self-intersection" in flaw.reason
    mended = repaired(BOWTIE)
    assert mended.is_valid and mended.geom_type == "MultiPolygon" and mended.area == pytest.approx(0.00005)


def test_slivers_below_the_limit_are_left_out():
    areas = {"a": shapely.box(0, 0, 0.01, 0.01), "b": shapely.box(0.01 - 1e-10, 0, 0.02, 0.01)}
    assert check_areas(areas) == []
