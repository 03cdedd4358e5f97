"""An unknown class, and the one that was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.playbook import MattersSection, compile_policy
from linli.engines.matters.rules.classes import LikelyClass, UnknownClass, unknown_class
from linli.engines.matters.rules.policy import Policy
from tests.factories import SMALL


@pytest.fixture(scope="module")
def policy() -> Policy:
    import yaml

    return compile_policy(MattersSection.model_validate(yaml.safe_load(SMALL.read_text())["matters"]))


@pytest.mark.parametrize(
    ("given_", "near"),
    [
        ("C-0102", "C-0101"),
        ("c0101", "C-0101"),
        ("water manhole", "C-0101"),
        ("上水井盖", "C-0101"),
        ("消防通道", "E-0401"),
        ("C-0101/mising", "C-0101/missing"),
        ("C-0101/zzz", "C-0101/missing"),
    ],
)
def test_the_nearest_is_named(policy: Policy, given_: str, near: str) -> None:
    refusal = unknown_class(given_, policy=policy)
    assert isinstance(refusal, LikelyClass) and str(refusal.params["near"]).startswith(near)
    assert refusal.code == UnknownClass.code


def test_nothing_near_is_not_guessed(policy: Policy) -> None:
    assert type(unknown_class("☃☃☃", policy=policy)) is UnknownClass


@given(st.text(max_size=300))
def test_any_text_is_refused_in_one_short_sentence(text: str) -> None:
    import yaml

    policy = compile_policy(MattersSection.model_validate(yaml.safe_load(SMALL.read_text())["matters"])) if not _held else _held[0]
    _held[:] = [policy]
    refusal = unknown_class(text, policy=policy)
    assert len(refusal.message % refusal.params) < 300


_held: list[Policy] = []
