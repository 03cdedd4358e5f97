"""What may be stored, how it is named, and who may see it."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.access.rules import Confidentiality
from linli.kernel.files import rules
from linli.kernel.files.rules import BY_NAME, Region, Rendition, ReviewState

JPEG, PNG, DOCX = BY_NAME["image/jpeg"], BY_NAME["image/png"], rules.BY_ENDING["docx"]


@pytest.mark.parametrize(
    ("media", "name", "claim", "lie"),
    [
        (JPEG, "a.jpg", "image/jpeg", ""),
        (JPEG, "A.JPEG", "image/pjpeg; charset=binary", ""),
        (JPEG, "noending", "", ""),
        (JPEG, "a.jpg", "application/octet-stream", ""),
        (JPEG, "a.png", "image/jpeg", ".png"),
        (JPEG, "a.jpg", "image/png", "image/png"),
        (JPEG, "a.jpg.exe", "image/jpeg", ".exe"),
        (PNG, "a.png", "text/html", "text/html"),
        (DOCX, "a.docx", "application/zip", ""),
        (DOCX, "a.xlsx", "", ".xlsx"),
    ],
)
def test_a_claim_that_the_content_contradicts_is_named(media: rules.MediaType, name: str, claim: str, lie: str) -> None:
    assert rules.false_claim(media, name, claim) == lie


@given(st.text(max_size=300))
def test_a_stored_name_is_always_safe(claimed: str) -> None:
    name = rules.clean_name(claimed, JPEG)
    assert 0 < len(name) <= rules.NAME_LENGTH
    assert rules.ending_of(name) in JPEG.endings
    assert not set(name) & set('/\\<>:"|?*') and not name.startswith(".")
    assert not any(unicodedata.category(c)[0] == "C" for c in name)


def test_a_name_that_reads_backwards_is_straightened() -> None:
    assert rules.clean_name("..\\..\\inv\u202egnp.exe", JPEG) == "invgnp.jpg"
    assert rules.clean_name("/tmp/漏水 照片.JPG", JPEG) == "漏水 照片.jpg"


_edge = st.integers(0, 1000)
_side = st.integers(1, 9000)


@given(_edge, _edge, _edge, _edge, _side, _side)
def test_a_blurred_box_covers_its_region_and_stays_in_the_picture(a: int, b: int, c: int, d: int, width: int, height: int) -> None:
    region = Region(min(a, c), min(b, d), max(a, c), max(b, d))
    left, top, right, bottom = region.pixels(width, height)
    assert 0 <= left <= region.left * width / 1000 and region.right * width / 1000 <= right <= width
    assert 0 <= top <= region.top * height / 1000 and region.bottom * height / 1000 <= bottom <= height
    assert not region.is_sound or (right > left and bottom > top)


@given(_side, _side, st.integers(1, 5000))
def test_fitting_never_enlarges_and_keeps_a_pixel(width: int, height: int, side: int) -> None:
    w, h = rules.fitted(width, height, side)
    assert 1 <= w <= width and 1 <= h <= height and (max(w, h) <= side or (w, h) == (width, height))


@given(st.sampled_from(list(Rendition)), st.sampled_from(list(ReviewState)), st.sampled_from(list(Confidentiality)))
def test_only_cleared_public_renditions_of_public_owners_are_open(rendition: Rendition, state: ReviewState, level: Confidentiality) -> None:
    opened = rules.is_open_to_all(rendition, state, level)
    assert opened == (rendition in rules.PUBLIC_RENDITIONS and state == ReviewState.CLEARED and level == Confidentiality.PUBLIC)
    assert rendition.is_public or rules.needed_level(rendition, level) >= Confidentiality.INTERNAL
    assert rules.needed_level(rendition, level) >= level


def test_degrees_are_read_or_refused() -> None:
    assert rules.degrees([42, 21, 36], "N") == pytest.approx(42.36)
    assert rules.degrees([71, 3, 30], "W") == pytest.approx(-71.0583, abs=1e-4)
    for parts, reference in (([91, 0, 0], "N"), ([math.nan, 0, 0], "N"), ([1, 2], "N"), ([1, 2, 3], "?"), ([-1, 0, 0], "E")):
        assert rules.degrees(parts, reference) is None
