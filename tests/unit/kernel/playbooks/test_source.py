"""YAML of many broken kinds, each with its place; and what a value means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.playbooks.rules.source import read_source

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))


@pytest.mark.parametrize(
    ("raw", "line", "column", "said"),
    [
        (b"", 1, 1, "empty"),
        (b"# only a remark\n", 1, 1, "empty"),
        (b"- a\n", 1, 1, "mapping of sections"),
        (b"just words\n", 1, 1, "mapping of sections"),
        (b"a:\n\tb: 1\n", 2, 1, "a tab may not be used to indent (expected spaces)"),
        ("a: 1\n名称: \u90bb\n".encode("gb18030"), 2, 1, "not UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, 1, "not UTF-8"),
        (b"a: 1\nb: \xff\n", 2, 4, "not UTF-8"),
        (b'a: "\x01"\n', 1, 5, "U+0001"),
        (b"a: [1, 2\n", 2, 1, "not YAML"),
        (b"a: 'x\n", 2, 1, "not YAML"),
        (b"a: *gone\n", 1, 4, "undefined alias"),
        (b"a: 1\n---\nb: 2\n", 2, 1, "another document"),
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", 4, 3, "twice (first in line 3)"),
        (b"? [a]\n: b\n", 1, 3, "a key is one word"),
        (b"a: &a [*a]\n", 1, 4, "contain itself"),
        (b"a: " + b"[" * 5000, 1, 43, "nested too deeply"),
        (b"a: !!python/object/apply:os.system [x]\n", 1, 4, "tag"),
        (b"a: !!set {b}\n", 1, 4, "tag"),
        (b"a: !local x\n", 1, 4, "tag"),
        (b"a: &b [1]\nc:\n  <<: *b\n", 3, 3, "<< takes a mapping"),
        (LAUGHS.encode(), 1, 1, "too many values"),
        (b"a: " + b"x" * 2_000_001, 1, 1, "too large"),
    ],
)  # fmt: skip
def test_broken_files(raw: bytes, line: int, column: int, said: str) -> None:
    _, problems = read_source(raw, "f.yaml")
    assert [(problem.line, problem.column) for problem in problems] == [(line, column)]
    assert said in problems[0].sentence()
    assert problems[0].sentence().startswith(f"f.yaml:{line}: ")


def test_values_stay_what_the_author_wrote() -> None:
    root, problems = read_source(
        b'a: [1, -2, 0, 1.5, 1.10, 0101, 08:30, 2026-10-01, no, on, true, null, ~, "5", 1e3, 0x10, 1_000]\nb: !!str 7\n1: one\n', "f.yaml"
    )
    assert not problems and root is not None
    assert root.plain() == {
        "a": [1, -2, 0, 1.5, "1.10", "0101", "08:30", "2026-10-01", "no", "on", True, None, None, "5", "1e3", "0x10", "1_000"],
        "b": "7",
        "1": "one",
    }


def test_anchors_and_merges_are_written_out_with_their_places() -> None:
    root, problems = read_source(b"a: &a {x: 1, y: 2}\nb: *a\nc:\n  <<: *a\n  y: 3\nd:\n  <<: [*a, {z: 9}]\n", "f.yaml")
    assert not problems and root is not None
    assert root.plain() == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}, "d": {"x": 1, "y": 2, "z": 9}}
    own = root.find(("c", "y"))
    assert own is not None and (own.place.line, own.place.column) == (5, 6)


def test_a_byte_order_mark_is_no_harm() -> None:
    root, problems = read_source(b"\xef\xbb\xbfa: 1\n", "f.yaml")
    assert not problems and root is not None and root.plain() == {"a": 1}


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_get_an_answer(raw: bytes) -> None:
    root, problems = read_source(raw, "f.yaml")
    assert (root is not None and isinstance(root.plain(), dict)) or problems
    assert all(problem.line >= 1 and problem.column >= 1 and problem.sentence() for problem in problems)
