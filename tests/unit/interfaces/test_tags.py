"""What the templates say of time, names and shares."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.template import TemplateSyntaxError
from django.utils.translation import override

import linli.interfaces
from linli.interfaces.tags import CLOCKS, NOTE_ICONS, bilingual, icon, icon_names, share, span_words, time_left

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
FOLDER = Path(linli.interfaces.__file__).parent
NAMED_ICON = re.compile(r'\{% icon "([\w-]+)"|<c-[^>]*\bicon="([\w-]+)"|<c-icon name="([\w-]+)"')


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=59), "under a minute"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=3, minutes=20, seconds=59), "3 h 20 min"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, hours=3, minutes=50), "2 days 3 h"),
        (timedelta(days=12, hours=3), "12 days"),
        (timedelta(hours=-7), "7 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(span: timedelta, words: str) -> None:
    with override("en"):
        assert span_words(span) == words


def test_time_left_turns_into_time_over() -> None:
    with override("en"):
        assert time_left(NOW + timedelta(hours=2), NOW) == "2 h left"
        assert time_left(NOW - timedelta(days=1), NOW) == "1 day over"


def test_names_fall_back_to_the_other_language() -> None:
    assert bilingual({"zh": "网格", "en": "Grid"}, "zh-hans") == "网格"
    assert bilingual({"zh": "网格", "en": "Grid"}, "en") == "Grid"
    assert bilingual({"zh": "网格", "en": ""}, "en") == "网格"
    assert bilingual(None, "en") == ""


def test_a_share_of_nothing_is_nothing() -> None:
    assert share(1, 3) == 33.33
    assert share(0, 0) == 0


def test_an_icon_is_decoration_unless_it_is_named_and_names_are_escaped() -> None:
    assert 'aria-hidden="true"' in icon("clock")
    assert 'aria-label="&lt;b&gt;"' in icon("clock", label="<b>")


def test_an_unknown_icon_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="no-such"):
        icon("no-such")


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = {name for name, _word in CLOCKS.values()} | set(NOTE_ICONS.values())
    for path in (FOLDER / "templates").rglob("*.html"):
        named |= {name for groups in NAMED_ICON.findall(path.read_text()) for name in groups if name}
    assert named - icon_names() == set()
