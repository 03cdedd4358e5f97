"""Several playbooks to one (DECIDED 12): what they agree on is joined, a conflict is an error unless it is overridden by name. Pure.

Mappings join key by key. Lists whose items are all named (``code``, ``name``, ``key``, ``id`` or ``level``) join item by item;
``permissions`` join as the sets that they are: a method adds the rights that it needs. Other lists and plain values are taken whole.
Where two playbooks, or the file and one that it builds on, say different things about the same place, the file must name that
place under ``playbook: overrides:`` and its own word then holds. What a playbook has overridden of one that it builds on holds against
that one's word from elsewhere too, for it is no other word than the one overridden. A place is written as in errors, an item by its name:
``calendar.hours``, ``matters.classes[0101].conditions``. A key that is overridden and left empty is taken out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from linli.kernel.playbooks.rules.problems import Problem, nearest, write_path
from linli.kernel.playbooks.rules.schema import Path
from linli.kernel.playbooks.rules.source import Value
from linli.kernel.refusal import N_

ITEM_NAMES = ("code", "name", "key", "id", "level")
SETS = ("permissions",)
HEAD = "playbook"


@dataclass(frozen=True, slots=True)
class Composed:
    root: Value
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a file builds on, near and far, and the places that it overrides there."""

    builds_on: frozenset[str]
    overrides: tuple[str, ...]


@dataclass
class _Join:
    """One joining of playbooks; ``overrides`` are the places named, ``used`` those that settled something."""

    overrides: tuple[str, ...]
    lineage: Mapping[str, Lineage]
    problems: list[Problem] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def overridden(self, where: str) -> bool:
        found = _covering(self.overrides, where)
        self.used.update(found)
        return bool(found)

    def later(self, old: Value, new: Value, where: str) -> Value | None:
        """That of the two whose file has overridden this place of the other's file; None where neither has."""
        for one, other in ((old, new), (new, old)):
            line = self.lineage.get(one.place.file)
            if line is not None and other.place.file in line.builds_on and _covering(line.overrides, where):
                return one
        return None

    def join(self, old: Value, new: Value, path: Path, *, own: bool) -> Value:
        """Join ``new`` into ``old``; ``own``: new is the composing file's word, which may override."""
        where = write_path(path)
        if old.plain() == new.plain():
            return new
        if own and where and self.overridden(where):
            return new
        if not own and (settled := self.later(old, new, where)) is not None:
            return settled
        if isinstance(old.data, dict) and isinstance(new.data, dict):
            return Value(self._mappings(old.data, new.data, path, own=own), new.place, new.key)
        name = item_name(old, new)
        if name is not None:
            return Value(self._lists(old.data, new.data, name, path, own=own), new.place, new.key)
        if path[-1:] and path[-1] in SETS and isinstance(old.data, list) and isinstance(new.data, list):
            return Value([*old.data, *(item for item in new.data if item.plain() not in old.plain())], new.place, new.key)
        if own or not self.overridden(where):
            message = N_("this says something else than %(file)s, line %(line)s")
            expected = N_("one word on it, or its place under playbook: overrides:")
            self.problems.append(Problem(new.place, path, message, expected=expected, params={"file": old.place.file, "line": old.place.line}))
        return new

    def _mappings(self, old: Mapping[str, Value], new: Mapping[str, Value], path: Path, *, own: bool) -> dict[str, Value]:
        joined = dict(old)
        for key, value in new.items():
            if own and key in old and value.data is None and self.overridden(write_path((*path, key))):
                del joined[key]  # an overridden place left empty is taken out
                continue
            joined[key] = self.join(old[key], value, (*path, key), own=own) if key in old else value
        return joined

    def _lists(self, old: Sequence[Value], new: Sequence[Value], name: str, path: Path, *, own: bool) -> list[Value]:
        items = {str(item.data[name].data): item for item in old}
        for item in new:
            key = str(item.data[name].data)
            here = (*path[:-1], f"{path[-1]}[{key}]") if path else (f"[{key}]",)
            items[key] = self.join(items[key], item, here, own=own) if key in items else item
        return list(items.values())


def item_name(*lists: Value) -> str | None:
    """The key that names every item of all these lists, or None where they are not lists of named items."""
    if not all(isinstance(one.data, list) for one in lists):
        return None
    for name in ITEM_NAMES:
        if all(_names_all(one.data, name) for one in lists):
            return name
    return None


def _names_all(items: Sequence[Value], name: str) -> bool:
    names = [item.data[name].data for item in items if isinstance(item.data, dict) and name in item.data]
    return len(names) == len(items) == len({str(one) for one in names}) and all(isinstance(one, str | int) for one in names)


def _covering(overrides: Sequence[str], where: str) -> list[str]:
    return [name for name in overrides if where == name or where.startswith((f"{name}.", f"{name}["))]


def compose(own: Value, bases: Sequence[Value], overrides: Sequence[str], lineage: Mapping[str, Lineage]) -> Composed:
    """Join ``bases`` (each already composed) in order, then ``own``; the head is the own one. ``lineage``: of the files in the bases."""
    joining = _Join(tuple(overrides), lineage)
    joined = Value({}, own.place)
    for base in bases:
        joined = joining.join(joined, _without_head(base), (), own=False)
    between = {problem.where for problem in joining.problems}
    joined = joining.join(joined, _without_head(own), (), own=True)
    head = own.child(HEAD)
    data = {**({HEAD: head} if head is not None else {}), **joined.data}
    problems = joining.problems
    names = head.child("overrides") if head is not None else None
    for index, name in enumerate(overrides):
        settled = _find(own, name)
        place = (names.child(index) if names is not None else None) or own
        if name not in joining.used or settled is None:
            known = sorted(between | {write_path(path) for path in _places(own)})
            message = N_("nothing is overridden at this place") if settled is not None else N_("this file says nothing at this place")
            problems.append(Problem(place.place, (HEAD, "overrides", index), message, nearest=nearest(name, known) if settled is None else ""))
    return Composed(Value(data, own.place), tuple(problems))


def _without_head(root: Value) -> Value:
    return Value({name: value for name, value in root.data.items() if name != HEAD}, root.place)


def _places(value: Value, path: Path = ()) -> list[Path]:
    """Every place below, items of named lists by their names."""
    found: list[Path] = [path] if path else []
    if isinstance(value.data, dict):
        for key, child in value.data.items():
            found += _places(child, (*path, key))
    else:
        name = item_name(value) if path else None
        if name is not None:
            for item in value.data:
                found += _places(item, (*path[:-1], f"{path[-1]}[{item.data[name].data}]"))
    return found


def _find(root: Value, where: str) -> Path | None:
    return next((path for path in _places(root) if write_path(path) == where), None)
