"""Everyday words lead to the class that they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.suggest import Offered, suggest

OFFERED = (
    Offered("light", {"zh": "路灯", "en": "Street light"}, ("灯不亮", "lamp")),
    Offered("cover", {"zh": "污水井盖", "en": "Sewer cover"}, ("井盖", "manhole")),
    Offered("lane", {"zh": "占用消防通道", "en": "Fire lane blocked"}, ("占用消防车通道",)),
    Offered("fire", {"zh": "火情", "en": "Fire"}, ("着火", "fire")),
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("门口的路灯坏了", "light"),
        ("井盖没了", "cover"),
        ("着火啦！", "fire"),
        ("The LAMPS are out", "light"),
        ("open manhole on our street", "cover"),
        ("消防通道被车堵死", "lane"),  # parts of a name
        ("路 灯 不亮 ｌａｍｐ", "light"),  # full-width letters
    ],
)
def test_words_lead_to_a_class(text: str, code: str) -> None:
    assert suggest(text, OFFERED)[0].code == code


@pytest.mark.parametrize("text", ["", "   ", "您好", "hello", "fireplace catalogue clampdown"])
def test_words_that_mean_none_suggest_none(text: str) -> None:
    assert not any(found.certain for found in suggest(text, OFFERED))


@given(st.text(max_size=200), st.integers(1, 5))
def test_any_text_gives_few_known_classes_the_likeliest_first(text: str, most: int) -> None:
    found = suggest(text, OFFERED, most=most)
    assert len(found) <= most and {one.code for one in found} <= {one.code for one in OFFERED}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
