"""Doors are counted and read as addresses only; staircases are shared out evenly; coverage is exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.campaigns.rules.targets import BadHouse, BadTable, Door, Progress, doors_of, read_table, share_out, staircases


def test_a_building_is_units_floors_and_rooms() -> None:
    doors = doors_of(compound="幸福里", building="３号楼", units=2, floors=3, rooms=2)
    assert len(doors) == 12 and len({door.key for door in doors}) == 12
    assert doors[0] == Door("幸福里", "3号楼", "1", 1, "101") and doors[-1].label == "幸福里 3号楼 2 302"


@pytest.mark.parametrize("changed", [{"building": " "}, {"units": 0}, {"floors": 101}, {"rooms": 41}, {"building": "x" * 61}])
def test_no_building_has_such_counts(changed: dict[str, object]) -> None:
    with pytest.raises(BadHouse):
        doors_of(**{"compound": "", "building": "3", "units": 1, "floors": 6, "rooms": 2, **changed})  # type: ignore[arg-type]


def test_a_table_gives_doors_and_says_what_it_leaves_out() -> None:
    read = read_table("\ufeff小区,楼栋,单元,楼层,房号\n幸福里,3,1,2,201\n幸福里,３,1,2,２０１\n,,1,2,202\n幸福里,3,1,x,203\n幸福里,3\n")
    assert [door.label for door in read.doors] == ["幸福里 3 1 201"]
    assert [number for number, _why in read.refused] == [3, 4, 5, 6]


@pytest.mark.parametrize("text", ["", "楼栋,房号,姓名\n3,201,张三", "building,phone,room\n3,1,2", "room\n201", "building,楼栋,room\n1,1,1"])
def test_a_table_with_anything_but_addresses_is_refused(text: str) -> None:
    with pytest.raises(BadTable):
        read_table(text)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.integers(1, 12))
def test_staircases_are_shared_out_in_order_and_evenly(loads: list[int], helpers: int) -> None:
    shares = share_out(loads, helpers=helpers)
    assert len(shares) == len(loads) and shares == sorted(shares) and set(shares) <= set(range(helpers))
    for helper in set(shares):
        assert sum(load for load, one in zip(loads, shares, strict=True) if one == helper) <= sum(loads) / helpers + max(loads)


def test_nobody_gets_nothing_where_there_is_nothing() -> None:
    assert share_out([], helpers=3) == [] and share_out([0, 0], helpers=2) == [0, 0]


def test_staircases_are_read_by_their_numbers() -> None:
    assert staircases([("", "10", "1"), ("", "2", "1"), ("", "2", "1")]) == [("", "2", "1"), ("", "10", "1")]


def test_coverage_counts_what_was_done_and_the_goal_is_exact() -> None:
    assert Progress(2000, 1924, goal_share=95).share == 96.2
    assert Progress(2000, 1900, goal_share=95).reached and not Progress(2000, 1899, refused=50, leaflet=51, goal_share=95).reached
    assert Progress(2000, 1899, refused=50, leaflet=51).open == 0
    assert Progress(0, 0, goal_share=1).share == 0.0 and not Progress(0, 0, goal_share=1).reached
    assert Progress(5, 3, goal_count=3).reached and not Progress(5, 2, goal_count=3).reached
