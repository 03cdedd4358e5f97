"""A mapping is checked like a playbook: file, line, path."""

from __future__ import annotations

from pathlib import Path

import pytest

from linli.directory.organisation.playbook import DirectorySection
from linli.engines.matters.playbook import MattersSection
from linli.interfaces.replay.mapping import BadMapping, Mapping, check_against, load_mapping
from linli.kernel.playbooks.services.load import find_playbook, load_playbook

FOLDER = Path(__file__).parents[4] / "playbooks" / "lianqin" / "mappings"
SMALL = """\
mapping:
  name: small
  title: {zh: 小, en: small}
file: {timezone: Asia/Shanghai}
columns: {number: no, opened: at}
classes:
  by: [kind]
  rules:
    灯: {default: {class: C-0118}}
closing: {empty: {zh: 已办结。, en: Closed.}}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadMapping) as caught:
        load_mapping(path)
    return [problem.sentence() for problem in caught.value.problems]


def test_the_smallest_mapping_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert load_mapping(path).named_columns() == ["no", "at", "kind"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("columns: {number: no", "columns: {numbr: no", 5, "columns.numbr: there is no key of this name"),
        ("Asia/Shanghai", "Asia/Shanghia", 4, "file.timezone: there is no such time zone"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Shanghai, encoding: gb18031", 4, "file.encoding: there is no such encoding"),
        ("opened: at", "opened: at, lon: x", 5, "columns: a point needs both lon and lat"),
        ("{class: C-0118}}", "{class: C-0118}, cases: {坏: {class: C-0118}}}", 9, "cases need a second column"),
        ("closing: {", "closing: {drop: ['('], ", 10, "this is not a regular expression"),
        ("number: no", "number: 民族", 5, "never takes in"),
    ],
)
def test_every_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert SMALL.replace(old, new) != SMALL
    found = problems(tmp_path, SMALL.replace(old, new))
    assert any(f"mapping.yaml:{line}:" in sentence and said in sentence for sentence in found), found


def known() -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    sections = load_playbook(find_playbook("lianqin")).sections
    classes = {part.code: frozenset(row.code for row in part.conditions) for part in sections.section(MattersSection).classes}
    return classes, frozenset(part.code for part in sections.section(DirectorySection).departments)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_mappings_name_only_what_the_playbook_has(path: Path) -> None:
    mapping = load_mapping(path)
    check_against(mapping, path, *known())
    assert isinstance(mapping, Mapping)


def test_a_class_that_the_playbook_lacks_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(SMALL.replace("C-0118", "C-9118"), encoding="utf-8")
    with pytest.raises(BadMapping) as caught:
        check_against(load_mapping(path), path, *known())
    (problem,) = caught.value.problems
    assert (problem.line, problem.params["given"]) == (9, "C-9118")
