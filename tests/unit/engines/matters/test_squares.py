"""Groups on a map add up, stay in the window's squares and tell no place finer than a square."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from linli.engines.matters.rules.intake import CELL_DEGREES, cell_of
from linli.engines.matters.rules.squares import Squares, grouped

HERE = (119.0, 38.0)
AROUND = (118.0, 37.0, 120.0, 39.0)


def squares_at(places: list[tuple[int, int, int, int]]) -> Squares:
    """Squares by (east, north) steps from a corner, with count and overdue; a place given twice counts once."""
    rows = {}
    for east, north, count, overdue in places:
        cell = cell_of(HERE[0] + (east + 0.5) * CELL_DEGREES, HERE[1] + (north + 0.5) * CELL_DEGREES)
        rows[cell] = (cell, count, min(count, overdue))
    return Squares.of(list(rows.values()))


PLACES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 50), st.integers(0, 50)), max_size=80)


@settings(max_examples=60)
@given(PLACES, st.integers(0, 22), st.integers(1, 60))
def test_counts_add_up_and_groups_are_few(places: list[tuple[int, int, int, int]], zoom: int, most: int) -> None:
    squares = squares_at(places)
    groups = grouped(squares, box=AROUND, zoom=zoom, most=most)
    assert sum(group.count for group in groups) == squares.counts.sum()
    assert sum(group.overdue for group in groups) == squares.overdue.sum()
    assert len(groups) <= most
    for group in groups:
        west, south, east, north = group.box
        assert west <= group.lon <= east and south <= group.lat <= north


def test_near_each_square_is_its_own_and_far_out_they_are_one() -> None:
    squares = squares_at([(0, 0, 1, 0), (1, 0, 2, 1)])
    near = grouped(squares, box=AROUND, zoom=18)
    assert [(group.count, group.cell is not None) for group in near] == [(2, True), (1, True)]
    (far,) = grouped(squares, box=AROUND, zoom=8)
    assert (far.count, far.overdue, far.cell) == (3, 1, None)


def test_a_mark_stands_in_the_middle_of_its_square_whatever_the_exact_place() -> None:
    cell = cell_of(119.0001, 38.0001)
    (mark,) = grouped(Squares.of([(cell, 1, 0)]), box=AROUND, zoom=20)
    assert (mark.lon, mark.lat) == (119.001, 38.001)


def test_outside_the_window_nothing_is_told() -> None:
    assert grouped(squares_at([(0, 0, 1, 0)]), box=(0.0, 0.0, 1.0, 1.0), zoom=12) == []
