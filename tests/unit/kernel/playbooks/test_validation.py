"""Every problem of a playbook, with line, path, what was expected and the nearest name."""

from __future__ import annotations

import pytest

from linli.kernel.playbooks.rules.problems import Problem
from linli.kernel.playbooks.rules.source import read_source
from linli.kernel.playbooks.rules.validation import validate
from tests.unit.kernel.playbooks.sections import BODY, GOOD, HEAD, MODELS

LIMIT = "a time limit such as 2 urgent hours, 4 working hours or 5 working days"


def problems_of(text: str) -> list[Problem]:
    root, problems = read_source(text.encode(), "f.yaml")
    assert root is not None
    return [*problems, *validate(root, MODELS).problems]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_good_playbook_has_no_problems() -> None:
    assert problems_of(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "path", "said", "expected", "nearest"),
    [
        ("steep: 2 working hours", "steap: 2 working hours", "tea.kinds[0].steap", "no key of this name", "code, names, role, steep, cup, warm", "steep"),
        ("tea:\n  kinds", "teas:\n  kinds", "teas", "no section of this name", "kitchen, playbook, tea", "tea"),
        ("cup: small", "cup: smal", "tea.kinds[0].cup", "not one of the values", "small, large", "small"),
        ("steep: 2 working hours", "steep: 2 hours", "tea.kinds[0].steep", "cannot be read", LIMIT, ""),
        ("cup: small", "warm: maybe", "tea.kinds[0].warm", "wrong shape", "true or false", ""),
        ("{zh: 绿茶, en: Green tea}", "{zh: 绿茶, eng: Green tea}", "tea.kinds[0].names.eng", "no key of this name", "zh, en", "en"),
        ("{zh: 绿茶, en: Green tea}", "绿茶", "tea.kinds[0].names", "wrong shape", "a mapping (key: value)", ""),
        ("role: maker\n      steep: 2", "role: makers\n      steep: 2", "tea.kinds[0].role", "the kitchen has no role makers", "maker, server", "maker"),
        ("version: 1.0.0", "version: one", "playbook.version", "does not fit", "", ""),
        ("schema: 1", "schema: 2", "playbook.schema", "older than the playbook", "1 – 1", ""),
        ("name: tea", "name: Tea House", "playbook.name", "does not fit", "", ""),
    ],
)  # fmt: skip
def test_one_mistake(old: str, new: str, path: str, said: str, expected: str, nearest: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    found = [problem for problem in problems_of(text) if problem.where == path]
    assert len(found) == 1, problems_of(text)
    assert said in found[0].sentence() and found[0].nearest == nearest
    assert not expected or found[0].expected == expected
    assert found[0].line == line_of(text, new.splitlines()[0])


def test_a_missing_key_points_at_its_owner() -> None:
    text = GOOD.replace("      role: maker\n      steep: 1 working day\n", "      role: maker\n")
    (problem,) = problems_of(text)
    assert (problem.where, problem.line) == ("tea.kinds[1].steep", line_of(text, '- code: "01"'))


def test_a_missing_section_is_one_problem() -> None:
    text = HEAD + BODY[: BODY.index("tea:")]
    assert [(problem.where, problem.expected) for problem in problems_of(text)] == [("tea", "kinds")]


def test_every_problem_is_said_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("schema: 1", "schema: x").replace("cup: small", "cup: smal").replace("code: server", "cod: server") + "  sugar: -1\n  salt: 1\n"
    found = problems_of(text)
    assert [problem.where for problem in found] == [
        "playbook.schema", "kitchen.roles[1].code", "kitchen.roles[1].cod", "tea.kinds[0].cup", "tea.sugar", "tea.salt",
    ]  # fmt: skip
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)


def test_a_check_that_needs_a_broken_section_waits_for_it() -> None:
    text = GOOD.replace("- {code: server, ", "- {kode: server, ").replace("role: maker", "role: nobody")
    assert {problem.where for problem in problems_of(text)} == {"kitchen.roles[1].code", "kitchen.roles[1].kode"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (GOOD.replace("cup: small", "民族: 汉"), "tea.kinds[0].民族"),
        (GOOD.replace("cup: small", "political_status: x"), "tea.kinds[0].political_status"),
        (GOOD.replace("{zh: 绿茶, en: Green tea}", "{zh: 宗教信仰, en: Tea}"), "tea.kinds[0].names.zh"),
        (GOOD.replace("{zh: 绿茶, en: Green tea}", "{zh: 茶, en: Religion}"), "tea.kinds[0].names.en"),
        (GOOD + "  days: {is_party_member: [a]}\n", "tea.days.is_party_member"),
        (GOOD + "  days: {options: [党员, 群众]}\n", "tea.days.options[0]"),
    ],
)
def test_attributes_of_persons_are_refused_wherever_they_are_named(text: str, path: str) -> None:
    assert any(problem.where == path and "never takes in" in problem.sentence() for problem in problems_of(text))


def test_offices_and_the_methods_own_words_pass() -> None:
    text = GOOD.replace("{zh: 茶师, en: Maker}", "{zh: 党支部书记, en: Branch secretary}").replace("en: Making tea", "en: Tea whatever their religion")
    assert problems_of(text) == []


def test_a_number_is_taken_as_a_code_and_leading_zeros_stay() -> None:
    root, _ = read_source(GOOD.replace('"01"', "01").replace("code: green", "code: 110").encode(), "f.yaml")
    assert root is not None
    tea = validate(root, MODELS).sections["tea"]
    assert [kind.code for kind in tea.kinds] == ["110", "01"]  # type: ignore[attr-defined]
