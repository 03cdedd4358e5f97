"""Several playbooks to one: agreement joins, a conflict is an error unless it is overridden by name."""

from __future__ import annotations

from typing import Any

from linli.kernel.playbooks.rules.composing import Composed, Lineage, compose
from linli.kernel.playbooks.rules.source import Value, read_source

BASE = """
calendar: {timezone: Asia/Shanghai, holidays: CN}
tea:
  kinds:
    - {code: green, steep: 2 hours, cup: small}
    - {code: black, steep: 3 hours}
  words: [a, b]
"""


def tree(text: str, file: str = "own.yaml") -> Value:
    root, problems = read_source(text.encode(), file)
    assert root is not None and not problems
    return root


def joined(own: str, *bases: str, overrides: tuple[str, ...] = ()) -> tuple[dict[str, Any], list[str]]:
    head = f"playbook: {{name: own, overrides: [{', '.join(repr(name) for name in overrides)}]}}\n"
    result: Composed = compose(tree(head + own), [tree(base, f"base{number}.yaml") for number, base in enumerate(bases)], overrides, {})
    content = result.root.plain()
    del content["playbook"]
    return content, [problem.sentence() for problem in result.problems]


def test_what_only_one_says_and_what_both_say_alike_is_joined() -> None:
    content, problems = joined("tea: {kinds: [{code: white, steep: 1 hour}], words: [a, b], sugar: 1}\n", BASE, "water: {hot: true}\n")
    assert not problems
    assert [kind["code"] for kind in content["tea"]["kinds"]] == ["green", "black", "white"]
    assert content["tea"]["sugar"] == 1 and content["water"] == {"hot": True} and content["calendar"]["holidays"] == "CN"


def test_a_change_without_its_name_is_an_error_with_both_places() -> None:
    _, problems = joined("tea: {kinds: [{code: green, steep: 9 hours}]}\n", BASE)
    assert len(problems) == 1
    assert problems[0].startswith("own.yaml:2: tea.kinds[green].steep: this says something else than base0.yaml, line 5")


def test_a_change_by_name_holds_and_the_rest_still_joins() -> None:
    content, problems = joined("tea: {kinds: [{code: green, steep: 9 hours}]}\n", BASE, overrides=("tea.kinds[green].steep",))
    assert not problems
    assert content["tea"]["kinds"] == [{"code": "green", "steep": "9 hours", "cup": "small"}, {"code": "black", "steep": "3 hours"}]


def test_a_whole_place_can_be_overridden_or_taken_out() -> None:
    content, problems = joined("tea: {kinds: [{code: white}], words: }\n", BASE, overrides=("tea.kinds", "tea.words"))
    assert not problems
    assert content["tea"] == {"kinds": [{"code": "white"}]}


def test_rights_are_sets_that_methods_add_to_and_a_named_place_takes_away_from() -> None:
    base = "access: {roles: {head: {permissions: [tea.read, tea.pour]}}}\n"
    other = "access: {roles: {head: {permissions: [tea.read, water.boil]}}}\n"
    content, problems = joined("access: {roles: {head: {permissions: [cup.wash, tea.pour]}}}\n", base, other)
    assert not problems and content["access"]["roles"]["head"]["permissions"] == ["tea.read", "tea.pour", "water.boil", "cup.wash"]
    content, problems = joined("access: {roles: {head: {permissions: [tea.read]}}}\n", base, other, overrides=("access.roles.head.permissions",))
    assert not problems and content["access"]["roles"]["head"]["permissions"] == ["tea.read"]


def test_two_bases_that_disagree_need_the_files_own_word() -> None:
    other = "calendar: {timezone: America/New_York}\n"
    _, problems = joined("x: {y: 1}\n", BASE, other)
    assert len(problems) == 1 and problems[0].startswith("base1.yaml:1: calendar.timezone: ")
    content, problems = joined("calendar: {timezone: America/New_York}\n", BASE, other, overrides=("calendar.timezone",))
    assert not problems and content["calendar"]["timezone"] == "America/New_York"
    content, problems = joined("calendar: {timezone: Asia/Urumqi}\n", BASE, other, overrides=("calendar.timezone",))
    assert not problems and content["calendar"]["timezone"] == "Asia/Urumqi"


def test_what_one_base_has_overridden_of_the_other_holds_whichever_comes_first() -> None:
    child = "tea: {kinds: [{code: green, steep: 9 hours}], words: [c]}\n"
    trees = [tree(BASE, "ground.yaml"), tree(child, "child.yaml")]
    lineage = {"child.yaml": Lineage(frozenset({"ground.yaml"}), ("tea.kinds[green].steep", "tea.words"))}
    for bases in (trees, trees[::-1]):
        result = compose(tree("playbook: {name: own}\n"), bases, (), lineage)
        content = result.root.plain()
        assert not result.problems
        assert {kind["code"]: kind["steep"] for kind in content["tea"]["kinds"]} == {"green": "9 hours", "black": "3 hours"}
        assert content["tea"]["words"] == ["c"]


def test_what_a_stranger_says_or_a_child_did_not_name_is_still_a_conflict() -> None:
    child = "tea: {kinds: [{code: green, steep: 9 hours}], words: [c]}\n"
    bases = [tree(BASE, "ground.yaml"), tree(child, "child.yaml")]
    unnamed = compose(tree("playbook: {name: own}\n"), bases, (), {"child.yaml": Lineage(frozenset({"ground.yaml"}), ("tea.words",))})
    assert [problem.where for problem in unnamed.problems] == ["tea.kinds[green].steep"]
    stranger = compose(tree("playbook: {name: own}\n"), bases, (), {"child.yaml": Lineage(frozenset({"other.yaml"}), ("tea.kinds", "tea.words"))})
    assert [problem.where for problem in stranger.problems] == ["tea.kinds[green].steep", "tea.words"]


def test_an_override_that_overrides_nothing_is_an_error_with_the_nearest_place() -> None:
    _, problems = joined("tea: {sugar: 1}\n", BASE, overrides=("tea.sugar", "tea.suger"))
    assert problems[0].startswith("own.yaml:1: playbook.overrides[0]: nothing is overridden")
    assert problems[1].startswith("own.yaml:1: playbook.overrides[1]: this file says nothing") and "did you mean tea.sugar?" in problems[1]


def test_lists_without_names_are_taken_whole() -> None:
    _, problems = joined("tea: {words: [a, c]}\n", BASE)
    assert len(problems) == 1 and ": tea.words: " in problems[0]
