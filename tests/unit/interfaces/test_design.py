"""The colours keep their contrast in both themes (WCAG 2.2: 4.5 for text, 3 for borders of controls and for focus)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import linli.interfaces

CSS = Path(linli.interfaces.__file__).parent / "static" / "css"
TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in ("paper", "surface", "raised")],
    *[(ink, "sunken") for ink in ("ink", "ink-2", "ink-3")],
    *[(name, ground) for name in ("ok", "soon", "overdue", "suspended", "warm") for ground in ("surface", f"{name}-soft")],
    *[("ink", f"{name}-soft") for name in ("ok", "soon", "overdue", "suspended", "warm", "brand", "plain")],
    ("brand", "paper"), ("brand", "surface"), ("brand", "brand-soft"), ("brand-strong", "brand-soft"), ("on-brand", "brand"), ("on-brand", "brand-strong"),
    ("surface", "overdue"), ("plain", "plain-soft"), ("paper", "ink"), ("ink-2", "brand-soft"), ("overdue", "paper"),
]  # fmt: skip
SHAPES = [("line-strong", "surface"), ("line-strong", "paper"), ("focus", "paper"), ("focus", "surface"), ("series-1", "surface"), ("series-2", "surface")]


def colours(*names: str) -> dict[str, str]:
    """The colours that hold when these files are linked in this order."""
    return {k: v for name in names for k, v in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", (CSS / name).read_text())}


LIGHT = colours("tokens.css")
DARK = colours("tokens.css", "dark.css")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read_on_their_grounds(theme: str) -> None:
    palette = LIGHT if theme == "light" else DARK
    found = {pair: round(contrast(palette[pair[0]], palette[pair[1]]), 2) for pair in TEXT}
    assert {pair: value for pair, value in found.items() if value < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_and_shapes_can_be_seen(theme: str) -> None:
    palette = LIGHT if theme == "light" else DARK
    found = {pair: round(contrast(palette[pair[0]], palette[pair[1]]), 2) for pair in SHAPES}
    assert {pair: value for pair, value in found.items() if value < 3} == {}


def test_dark_says_every_colour_anew() -> None:
    dark_only = colours("dark.css")
    assert set(dark_only) == set(LIGHT)
