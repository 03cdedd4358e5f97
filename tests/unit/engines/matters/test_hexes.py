"""Hexagons hold squares, each square exactly once, and lead back to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.hexes import gathered, hex_of_square, is_hex, outline, resolution_for, squares_in
from linli.engines.matters.rules.intake import cell_of

lons, lats = st.floats(70, 135), st.floats(18, 53)


@given(lon=lons, lat=lats, resolution=st.sampled_from([7, 8, 9]))
def test_a_hexagon_leads_back_to_its_squares(lon: float, lat: float, resolution: int) -> None:
    cell = cell_of(lon, lat)
    assert cell is not None
    assert cell in squares_in(hex_of_square(cell, resolution))


@given(lon=lons, lat=lats)
def test_no_count_is_lost_or_doubled(lon: float, lat: float) -> None:
    middle = cell_of(lon, lat)
    assert middle is not None
    rows = [(middle + (dy << 20) + dx, 2, 1) for dy in range(-4, 5) for dx in range(-4, 5)]
    sums = gathered(rows, 8)
    assert sum(count for count, _ in sums.values()) == 162 and sum(left for _, left in sums.values()) == 81
    for name, (count, _) in sums.items():
        assert count == 2 * len([cell for cell, _, _ in rows if cell in squares_in(name)])


def test_a_larger_window_has_larger_hexagons() -> None:
    assert [resolution_for(degrees) for degrees in (0.03, 0.3, 1.0, 2.0, 5.0, 60.0)] == [9, 8, 7, 6, 5, 4]


def test_an_outline_is_closed_and_a_word_is_no_hexagon() -> None:
    name = hex_of_square(cell_of(116.4, 39.9) or 0, 8)
    assert is_hex(name) and outline(name)[0] == outline(name)[-1] and len(outline(name)) == 7
    assert not is_hex("nowhere") and not is_hex("")
