"""A class's questions and their answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.form import AnswerMissing, BadAnswer, Question, RefusedDetail, check_answers, check_details
from linli.kernel.refusal import Refusal

COLOUR = Question("colour", "choice", required=True, choices=frozenset({"red", "blue"}))
PARTS = Question("parts", "choices", choices=frozenset({"lid", "frame"}))
DEPTH = Question("depth", "number")
SINCE = Question("since", "date")
FORM = (COLOUR, PARTS, DEPTH, SINCE, Question("words", "text"))


RIGHT = (
    {"colour": "red", "parts": ["lid", "frame"], "depth": "3.5", "since": "2026-03-02", "words": "x", "more": 1},
    {"colour": "blue", "parts": "lid", "depth": 4, "since": "2026-03-02T09:00:00Z"},
    {"colour": "blue", "parts": [], "depth": ""},
)


@pytest.mark.parametrize("right", RIGHT)
def test_answers_pass_until_one_of_them_is_none_of_the_choices(right: dict[str, object]) -> None:
    assert check_answers(FORM, right) is None
    with pytest.raises(BadAnswer):
        check_answers(FORM, {**right, "colour": "green"})


@pytest.mark.parametrize("details", [{}, {"colour": ""}, {"colour": None}])
def test_a_required_answer_may_not_be_missing(details: dict[str, object]) -> None:
    with pytest.raises(AnswerMissing, match="colour"):
        check_answers(FORM, details)


WRONG = (
    {"colour": "green"},
    {"colour": ["red"]},
    {"parts": ["lid", "door"]},
    {"parts": [1]},
    {"depth": "deep"},
    {"depth": "nan"},
    {"depth": [1]},
    {"since": "monday"},
    {"since": {}},
)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_answer_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        check_answers(FORM, {"colour": "red", **wrong})


@given(st.dictionaries(st.sampled_from([question.code for question in FORM]), st.none() | st.text() | st.integers() | st.floats() | st.lists(st.text())))
def test_any_answer_passes_or_is_refused(details: dict[str, object]) -> None:
    try:
        check_answers(FORM, details)
    except Refusal as refusal:
        assert refusal.message % refusal.params


@pytest.mark.parametrize("name", ["ethnicity", "民族", "religion", "PoliticalStatus"])
def test_refused_attributes_of_persons(name: str) -> None:
    with pytest.raises(RefusedDetail):
        check_details({"ok": 1, name: "x"})


def test_other_details_pass_until_one_names_what_is_refused() -> None:
    details = {"branch": "x", "media_url": "y", "楼栋": "3"}
    assert check_details(details) is None
    with pytest.raises(RefusedDetail):
        check_details({**details, "宗教": "x"})
