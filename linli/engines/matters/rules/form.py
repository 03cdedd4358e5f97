"""The questions that a class asks, and whether a report answers them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from linli.kernel.boundaries import refused_attribute
from linli.kernel.refusal import N_, Refusal


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a class's form. ``type``: text, number, choice, choices or date; ``choices``: codes to choose from."""

    code: str
    type: str
    required: bool = False
    choices: frozenset[str] = frozenset()


class AnswerMissing(Refusal):
    code = "matters.answer_missing"
    message = N_("This class asks for “%(question)s”.")
    field = "details"


class BadAnswer(Refusal):
    code = "matters.bad_answer"
    message = N_("“%(given)s” does not answer “%(question)s” (%(expected)s).")
    field = "details"


class RefusedDetail(Refusal):
    """A declared attribute of persons that this program never takes in (DESIGN §1, boundary 3)."""

    code = "matters.refused_detail"
    message = N_("“%(name)s” is never taken in here: ethnicity, religion and political standing of persons.")
    field = "details"


@lru_cache(maxsize=4096)
def _never_taken(name: str) -> bool:
    return refused_attribute(name) is not None


def check_details(details: Mapping[str, object]) -> None:
    """Let pass details of which none names a refused attribute of persons.

    Raises:
        RefusedDetail: one of them does.
    """
    for name in details:
        if _never_taken(name):
            raise RefusedDetail(name=name[:60])


def check_answers(questions: Sequence[Question], details: Mapping[str, object]) -> None:
    """Let pass what answers the questions; details beyond them are kept as they are.

    Raises:
        AnswerMissing: a required question without an answer.
        BadAnswer: not of the question's type, or none of its choices.
    """
    for question in questions:
        given = details.get(question.code)
        if given is None or given in ("", []):
            if question.required:
                raise AnswerMissing(question=question.code)
        elif not _answers(question, given):
            expected = ", ".join(sorted(question.choices)) if question.choices else question.type
            raise BadAnswer(given=str(given)[:40], question=question.code, expected=expected[:200])


def _answers(question: Question, given: object) -> bool:
    if question.type == "choices":
        many = given if isinstance(given, list | tuple) else [given]
        return all(one in question.choices for one in many if isinstance(one, str)) and all(isinstance(one, str) for one in many)
    if isinstance(given, list | tuple | dict):
        return False
    if question.type == "choice":
        return str(given) in question.choices
    if question.type == "number":
        return _is_number(str(given))
    return _is_date(str(given)) if question.type == "date" else True


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True
