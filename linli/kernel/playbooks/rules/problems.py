"""What is wrong with a playbook, said so that its author can mend it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz, process, utils

from linli.kernel.playbooks.rules.schema import Path
from linli.kernel.refusal import N_, Refusal

NEAR = 60.0  # of 100: below it a suggestion would only puzzle


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A file, and a line and column in it, from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong.

    Attributes:
        place: where it stands.
        path: which value: ``("matters", "classes", 3, "kind")``.
        message: an English sentence, with ``%(name)s`` places where there are ``params``.
        expected: what would be right; "" where the message says it.
        nearest: the known name that was probably meant; "" if none is near.
    """

    place: Place
    path: Path
    message: str
    expected: str = ""
    nearest: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        return self.place.file

    @property
    def line(self) -> int:
        return self.place.line

    @property
    def column(self) -> int:
        return self.place.column

    @property
    def where(self) -> str:
        """The path as people write it: ``matters.classes[3].kind``."""
        return write_path(self.path)

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """``file:line: path: message (expected …; did you mean …?)``, its words through ``translate``."""
        params = {name: translate(value) if name == "attribute" else value for name, value in self.params.items()}
        said = filled(translate(self.message), params)
        hints = []
        if self.expected:
            hints.append(translate(N_("expected %(what)s")) % {"what": translate(self.expected)})
        if self.nearest:
            hints.append(translate(N_("did you mean %(name)s?")) % {"name": self.nearest})
        where = f"{self.where}: " if self.path else ""
        hint = f" ({'; '.join(hints)})" if hints else ""
        return f"{self.file}:{self.line}: {where}{said}{hint}"


class BadPlaybook(Refusal):
    """A playbook that cannot be used; ``problems`` says everything that is wrong with it."""

    code = "playbooks.bad"
    message = N_("The playbook has %(count)s problems. The first: %(first)s")

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(count=len(self.problems), first=self.problems[0] if self.problems else "")


def filled(message: str, params: Mapping[str, Any]) -> str:
    """The sentence with its places filled; one without params is taken as it is, per cent signs and all."""
    return message % params if params else message


def write_path(path: Path) -> str:
    """Write a path: names joined by dots, indexes and keys of items in brackets."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def nearest(given: object, known: Collection[str]) -> str:
    """The known name nearest to the one given, or "" where none is near."""
    found = process.extractOne(str(given), known, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=NEAR) if known else None
    return str(found[0]) if found else ""
