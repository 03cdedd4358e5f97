"""Codes count in their period and its grace, are spelled in one way, and no other text is one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.patrols.rules.codes import (
    LETTERS,
    BadTag,
    CodeAhead,
    CodeExpired,
    NotACode,
    Rotation,
    Shown,
    message,
    read_short,
    read_tag,
    read_token,
    short,
    signed,
    token,
)

ANCHOR = datetime(2001, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))
MACS = st.binary(min_size=32, max_size=32)


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    seconds = draw(st.integers(60, 90 * 86400))
    return Rotation(timedelta(seconds=seconds), timedelta(seconds=draw(st.integers(0, seconds))), ANCHOR)


@given(rotations(), MOMENTS)
def test_every_instant_lies_in_one_period(rotation: Rotation, at: datetime) -> None:
    begins, ends = rotation.span(rotation.number(at))
    assert begins <= at < ends == rotation.span(rotation.number(at) + 1)[0]


@given(rotations(), MOMENTS)
def test_a_code_counts_from_its_beginning_to_the_end_of_its_grace(rotation: Rotation, at: datetime) -> None:
    number = rotation.number(at)
    begins, ends = rotation.span(number)
    tick = timedelta(microseconds=1)
    for good in (begins, at, ends - tick, ends + rotation.grace - tick):
        rotation.check(number, good)
    with pytest.raises(CodeAhead):
        rotation.check(number, begins - tick)
    with pytest.raises(CodeExpired):
        rotation.check(number, ends + rotation.grace)


@given(st.uuids(), st.integers(0, 2**32 - 1), MACS)
def test_a_code_says_what_it_was_made_of(checkpoint: UUID, period: int, mac: bytes) -> None:
    text = token(checkpoint, period, mac)
    found = read_token(text)
    assert (found.checkpoint, found.period) == (checkpoint, period) and len(text) == 43 and signed(found, mac)
    assert not signed(found, bytes(32)) or mac[:12] == bytes(12)


@given(st.text(max_size=60))
def test_no_other_text_is_a_code(text: str) -> None:
    try:
        found = read_token(text)
    except NotACode:
        return
    assert token(found.checkpoint, found.period, found.mac) == text


@given(st.uuids(), st.integers(0, 2**32 - 1), MACS, st.integers(0, 42), st.sampled_from("Aa0-_z"))
def test_a_changed_letter_is_another_code_or_none(checkpoint: UUID, period: int, mac: bytes, place: int, letter: str) -> None:
    text = token(checkpoint, period, mac)
    other = text[:place] + letter + text[place + 1 :]
    try:
        found = read_token(other)
    except NotACode:
        return
    assert other == text or (found.checkpoint, found.period, found.mac) != (checkpoint, period, mac[:12])


def test_what_is_signed_tells_sheets_from_displays() -> None:
    key = UUID(int=7)
    assert len({message(key, shown, 1) for shown in Shown} | {message(key, Shown.SHEET, 2), message(UUID(int=8), Shown.SHEET, 1)}) == 6


@given(st.binary(max_size=40))
def test_letters_are_read_as_people_write_them(seed: bytes) -> None:
    letters = short(hashlib.sha256(seed).digest())
    assert len(letters) == 8 and set(letters) <= set(LETTERS)
    assert read_short(letters) == read_short(f" {letters[:4].lower()}-{letters[4:]} ") == letters
    assert read_short(letters.replace("0", "o").replace("1", "l")) == letters


@pytest.mark.parametrize("text", ["", "ABC", "ABCDEFGHJ", "ABCDEFG!", "ABCDEFGU", "五六七八五六七八"])
def test_other_letters_are_none(text: str) -> None:
    assert read_short(text) is None


@given(st.binary(min_size=4, max_size=16), st.none() | st.integers(0, 2**24 - 1))
def test_a_tag_is_read_with_or_without_its_count(number: bytes, reading: int | None) -> None:
    text = number.hex(":") + ("" if reading is None else f"x{reading:06X}")
    found = read_tag(text)
    assert (found.number, found.reading) == (number.hex().upper(), reading)


@pytest.mark.parametrize("text", ["", "04A2", "04A2B3C4x12", "zz", "04A2B3C4x00001G", "0" * 34])
def test_other_texts_are_no_tag(text: str) -> None:
    with pytest.raises(BadTag):
        read_tag(text)
