"""YAML read with the place of every value, so that each error can name its line. Safe: plain data only.

Values follow the YAML 1.2 core schema, cautiously: true/false, null, whole numbers and decimals that read back exactly as
written; all else is text. So ``no``, ``on``, ``08:30``, ``0101`` and ``2026-10-01`` stay what the author wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from linli.kernel.playbooks.rules.problems import Place, Problem
from linli.kernel.playbooks.rules.schema import Path
from linli.kernel.refusal import N_

MAX_BYTES = 2_000_000
MAX_VALUES = 100_000  # after aliases are written out
MAX_DEPTH = 40
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the file: plain data below (``dict[str, Value]``, ``list[Value]`` or a scalar), and where it stands."""

    data: Any
    place: Place
    key: Place | None = None  # where its key stands, in a mapping

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.data, dict):
            return {name: value.plain() for name, value in self.data.items()}
        if isinstance(self.data, list):
            return [value.plain() for value in self.data]
        return self.data

    def find(self, path: Path) -> Value | None:
        """The value at ``path`` below this one."""
        found: Value | None = self
        for step in path:
            found = found.child(step) if found is not None else None
        return found

    def child(self, step: str | int) -> Value | None:
        if isinstance(self.data, dict):
            return self.data.get(str(step))
        if isinstance(self.data, list) and isinstance(step, int) and 0 <= step < len(self.data):
            child = self.data[step]
            assert isinstance(child, Value)
            return child
        return None

    def children_place(self, step: str | int) -> Place:
        """Where that child stands, else this value itself."""
        child = self.child(step)
        return child.place if child is not None else self.place

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Value]]:
        """This value and all below it, each with its path."""
        yield path, self
        if isinstance(self.data, dict):
            for name, value in self.data.items():
                yield from value.walk((*path, name))
        elif isinstance(self.data, list):
            for index, value in enumerate(self.data):
                yield from value.walk((*path, index))


class TooMuch(Exception):
    """The file is larger than any playbook when its aliases are written out."""


class TooDeep(Exception):
    """The file is nested deeper than any playbook."""


class _Loader(yaml.SafeLoader):
    """Composes nodes only; stops before a deep nest could exhaust the stack."""

    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooDeep(self.peek_event().start_mark)
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


@dataclass
class _Reader:
    file: str
    problems: list[Problem] = field(default_factory=list)
    open_nodes: set[int] = field(default_factory=set)
    count: int = 0

    def place(self, mark: Any) -> Place:
        return _place(self.file, mark)

    def problem(self, node: Node, path: Path, message: str, expected: str = "", **params: Any) -> None:
        self.problems.append(Problem(self.place(node.start_mark), path, message, expected=expected, params=params))

    def read(self, node: Node, path: Path, key: Place | None = None) -> Value:
        self.count += 1
        if self.count > MAX_VALUES:
            raise TooMuch
        place = self.place(node.start_mark)
        if id(node) in self.open_nodes:
            self.problem(node, path, N_("an alias may not contain itself"))
            return Value(None, place, key)
        if isinstance(node, ScalarNode):
            return Value(self._scalar(node, path), place, key)
        if node.tag not in _PLAIN_TAGS:
            self.problem(node, path, N_("the tag %(tag)s is not allowed here"), N_("plain values"), tag=node.tag)
            return Value(None, place, key)
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return Value([self.read(item, (*path, index)) for index, item in enumerate(node.value)], place, key)
            assert isinstance(node, MappingNode)
            return Value(self._mapping(node, path), place, key)
        finally:
            self.open_nodes.discard(id(node))

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Value]:
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problem(key_node, path, N_("a key is one word or text"), N_("text"))
                continue
            if key_node.tag == _MERGE or (key_node.value == "<<" and key_node.style is None):
                self._merge(key_node, value_node, path, merged)
                continue
            name = key_node.value
            if name in own:
                self.problem(key_node, (*path, name), N_("this key stands here twice (first in line %(line)s)"), line=_line(own[name]))
                continue
            own[name] = self.read(value_node, (*path, name), self.place(key_node.start_mark))
        return {**merged, **own}

    def _merge(self, key: Node, node: Node, path: Path, merged: dict[str, Value]) -> None:
        parts = node.value if isinstance(node, SequenceNode) else [node]
        for part in parts:
            if not isinstance(part, MappingNode):
                self.problem(key, path, N_("<< takes a mapping, or a list of mappings"), N_("an alias such as *name"))
                continue
            value = self.read(part, path)
            if isinstance(value.data, dict):
                for name, child in value.data.items():
                    merged.setdefault(name, child)

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        text: str = node.value
        if node.tag == _TEXT or node.style is not None:
            return text
        if node.tag not in _RESOLVED:
            self.problem(node, path, N_("the tag %(tag)s is not allowed here"), N_("plain values"), tag=node.tag)
            return None
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text in ("true", "True", "TRUE"):
            return True
        if text in ("false", "False", "FALSE"):
            return False
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text) and repr(float(text)) == text:
            return float(text)
        return text


_RESOLVED = tuple(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "timestamp", "value", "merge"))


def _line(value: Value) -> int:
    return (value.key or value.place).line


def read_source(raw: bytes, file: str) -> tuple[Value | None, list[Problem]]:
    """Read the bytes of a YAML file; return its root (None where it cannot be read at all) and every problem found.

    Refused: not UTF-8, over 2 MB, syntax errors (tabs among them), several documents, tags, duplicate keys, keys that
    are not text, aliases that contain themselves or that write out to more than 100,000 values, nesting over 40 levels.
    """
    if len(raw) > MAX_BYTES:
        return None, [Problem(Place(file, 1, 1), (), N_("the file is too large"), expected=N_("at most 2 MB"))]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_of(file, raw[: error.start].decode("utf-8-sig", "replace"), error.start)
        return None, [Problem(place, (), N_("the file is not UTF-8 text"), expected=N_("UTF-8"))]
    try:
        root = yaml.compose(text, Loader=_Loader)
    except TooDeep as error:
        return None, [Problem(_place(file, error.args[0]), (), N_("values are nested too deeply"), expected=N_("at most 40 levels"))]
    except yaml.MarkedYAMLError as error:
        return None, [_syntax(error.problem or "", text, _place(file, error.problem_mark or error.context_mark))]
    except yaml.reader.ReaderError as error:
        character = f"U+{ord(error.character) if isinstance(error.character, str) else int(error.character):04X}"
        place = _place_of(file, text, error.position)
        return None, [Problem(place, (), N_("the file holds a character that is not allowed: %(character)s"), params={"character": character})]
    if root is None:
        return None, [Problem(Place(file, 1, 1), (), N_("the file is empty"), expected=N_("a playbook"))]
    reader = _Reader(file)
    try:
        value = reader.read(root, ())
    except TooMuch:
        return None, [Problem(Place(file, 1, 1), (), N_("the file holds too many values when its aliases are written out"), expected=N_("at most 100,000"))]
    if not isinstance(value.data, dict):
        reader.problem(root, (), N_("a playbook is a mapping of sections"), N_("sections such as playbook:, calendar:, matters:"))
        return None, reader.problems
    return value, reader.problems


def _place(file: str, mark: Any) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file, 1, 1)


def _place_of(file: str, text: str, position: int) -> Place:
    before = text[:position]
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _syntax(said: str, text: str, place: Place) -> Problem:
    lines = text.splitlines()
    here = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\\t" in said or "\t" in here[: place.column]:
        return Problem(place, (), N_("a tab may not be used to indent"), expected=N_("spaces"))
    return Problem(place, (), N_("this is not YAML: %(said)s"), params={"said": said})
