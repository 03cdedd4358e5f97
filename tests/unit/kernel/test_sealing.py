"""A seal opens for its own purpose, under any key still held, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.sealing import FINGERPRINT_BYTES, Unreadable, fingerprint, seal, sealed_under, unseal

TEXTS = st.text(max_size=200)


@given(TEXTS)
def test_what_is_sealed_can_be_read_again(text: str) -> None:
    assert unseal(seal(text, purpose="phone"), purpose="phone") == text


def test_equal_texts_give_different_seals_and_equal_fingerprints() -> None:
    assert seal("13800000000", purpose="phone") != seal("13800000000", purpose="phone")
    assert fingerprint("13800000000", purpose="phone") == fingerprint("13800000000", purpose="phone")
    assert len(fingerprint("x", purpose="phone")) == FINGERPRINT_BYTES


def test_purposes_are_apart() -> None:
    with pytest.raises(Unreadable):
        unseal(seal("text", purpose="phone"), purpose="name")
    assert fingerprint("text", purpose="phone") != fingerprint("text", purpose="name")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_seal_is_refused(place: int, change: int) -> None:
    blob = bytearray(seal("some text", purpose="phone"))
    blob[place % len(blob)] ^= change
    with pytest.raises(Unreadable):
        unseal(bytes(blob), purpose="phone")


@given(st.binary(max_size=60))
def test_rubbish_is_refused(blob: bytes) -> None:
    with pytest.raises(Unreadable):
        unseal(blob, purpose="phone")


def test_an_old_key_still_opens_and_the_newest_seals(settings) -> None:
    settings.SEALING_KEYS = [("k1", "first secret")]
    old = seal("text", purpose="phone")
    settings.SEALING_KEYS = [("k2", "second secret"), ("k1", "first secret")]
    assert unseal(old, purpose="phone") == "text"
    assert (sealed_under(old), sealed_under(seal("text", purpose="phone"))) == ("k1", "k2")
    settings.SEALING_KEYS = [("k2", "second secret")]
    with pytest.raises(Unreadable):
        unseal(old, purpose="phone")
