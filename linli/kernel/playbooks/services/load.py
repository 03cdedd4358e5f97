"""Reading playbooks from files: those of the repository, and any file. No database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from linli.kernel.playbooks.rules import registered_sections
from linli.kernel.playbooks.rules.composing import Lineage, compose
from linli.kernel.playbooks.rules.head import Meta
from linli.kernel.playbooks.rules.problems import BadPlaybook, Place, Problem, nearest
from linli.kernel.playbooks.rules.schema import Section, Sections
from linli.kernel.playbooks.rules.source import Value, read_source
from linli.kernel.playbooks.rules.validation import META, validate
from linli.kernel.refusal import N_, Kind, Refusal

FILE = "playbook.yaml"


class UnknownPlaybook(Refusal):
    code = "playbooks.unknown"
    message = N_("There is no playbook %(name)s. There are: %(known)s")
    kind = Kind.MISSING


@dataclass(frozen=True, slots=True)
class LoadedPlaybook:
    """A valid playbook, composed, ready to be applied.

    Attributes:
        meta: its head.
        content: plain JSON values of the whole effective playbook, the head included.
        sections: the same as models.
        digest: sha256 of the JSON of ``content``, in its order, without the author's notes on composing.
    """

    meta: Meta
    content: Mapping[str, Any]
    sections: Sections
    digest: str

    @property
    def name(self) -> str:
        return self.meta.name


def shipped_folder() -> Path:
    """Where the repository's playbooks live, one folder each."""
    return Path(settings.REPOSITORY) / "playbooks"


def shipped_playbooks() -> dict[str, Path]:
    """The repository's playbooks: name → file."""
    return {path.parent.name: path for path in sorted(shipped_folder().glob(f"*/{FILE}"))}


def find_playbook(name_or_file: str) -> Path:
    """The file of a shipped playbook's name, or the file itself (or the ``playbook.yaml`` in the folder) of that path.

    Raises:
        UnknownPlaybook: neither.
    """
    shipped = shipped_playbooks()
    if name_or_file in shipped:
        return shipped[name_or_file]
    path = Path(name_or_file)
    if path.is_dir():
        path = path / FILE
    if path.is_file():
        return path
    raise UnknownPlaybook(name=name_or_file, known=", ".join(shipped) or "–")


def load_playbook(path: Path, *, models: Mapping[str, type[Section]] | None = None) -> LoadedPlaybook:
    """Read, compose and validate the playbook in ``path``; ``models`` are the wired sections unless given.

    What it builds on (``extends``) is looked for in folders beside its own, then among the shipped ones.

    Raises:
        BadPlaybook: with every problem found.
    """
    root, problems = _composed(path, (), {})
    if root is None:
        raise BadPlaybook(problems)
    found = validate(root, registered_sections() if models is None else models)
    problems = sorted([*problems, *found.problems], key=lambda problem: problem.place)
    if problems or found.meta is None:
        raise BadPlaybook(problems)
    return loaded(found.meta, root.plain(), found.sections)


def loaded(meta: Meta, content: dict[str, Any], sections: Mapping[str, Section]) -> LoadedPlaybook:
    """Put the parts of a valid playbook together; composing is done, so its notes are left out of the content."""
    head = {key: value for key, value in content[META].items() if key not in ("extends", "overrides")}
    content = {**content, META: head}
    digest = hashlib.sha256(orjson.dumps(content)).hexdigest()
    return LoadedPlaybook(meta=meta, content=content, sections=Sections(sections), digest=digest)


def _composed(path: Path, children: tuple[Path, ...], lineage: dict[str, Lineage]) -> tuple[Value | None, list[Problem]]:
    """The file's tree with what it builds on joined in, and the problems of reading and joining; its ``lineage`` is written down."""
    file = _shown(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        return None, [Problem(Place(file, 1, 1), (), N_("the file cannot be read: %(why)s"), params={"why": error.strerror or "?"})]
    root, problems = read_source(raw, file)
    if root is None:
        return None, problems
    extends = root.find((META, "extends"))
    if extends is None:
        return root, problems
    # Not through the head's model: another mistake in the head must not leave everything that is built on unfound.
    names, overrides = _names(extends), _names(root.find((META, "overrides")))
    bases: list[Value] = []
    builds_on: set[str] = set()
    for index, name in enumerate(names):
        where = (META, "extends", index)
        place = (extends.child(index) or extends).place
        base = _beside(path, name)
        if base is None:
            known = sorted(shipped_playbooks())
            problems.append(Problem(place, where, N_("there is no playbook of this name"), expected=", ".join(known), nearest=nearest(name, known)))
        elif base.resolve() in (path.resolve(), *children):
            problems.append(Problem(place, where, N_("playbooks cannot build on each other in a circle")))
        else:
            value, found = _composed(base, (*children, path.resolve()), lineage)
            problems += found
            near = _shown(base)
            builds_on |= {near, *(lineage[near].builds_on if near in lineage else ())}
            if value is not None:
                bases.append(value)
    lineage[file] = Lineage(frozenset(builds_on), tuple(overrides))
    result = compose(root, bases, overrides, lineage)
    return result.root, [*problems, *result.problems]


def _names(value: Value | None) -> list[str]:
    """The names in a list as far as they are any; validation says what is wrong with the others."""
    plain = value.plain() if value is not None else None
    return [str(name) for name in plain] if isinstance(plain, list) else []


def _beside(path: Path, name: str) -> Path | None:
    near = path.resolve().parent.parent / name / FILE
    return near if near.is_file() else shipped_playbooks().get(name)


def _shown(path: Path) -> str:
    """The path as it was given, shortened to the working folder where it lies there."""
    try:
        return str(path.resolve().relative_to(Path.cwd())) if path.is_absolute() else str(path)
    except ValueError:
        return str(path)
