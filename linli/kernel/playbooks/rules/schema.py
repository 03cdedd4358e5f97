"""What sections of a playbook are made of, and the register of the sections there are. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from linli.kernel.refusal import N_, Kind, Refusal

Path = tuple[str | int, ...]


class UnknownSection(Refusal):
    code = "playbooks.unknown_section"
    message = N_("The playbook has no section %(section)s.")
    kind = Kind.MISSING


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong with a value that has the right shape, found by :meth:`Section.check`.

    Attributes:
        path: where, from the section's own root: ``("classes", 3, "kind")``.
        message: an English sentence; with ``params``, one with ``%(name)s`` places, marked with ``N_``.
        params: what fills the sentence.
        expected: what would be right, in a few words; "" where the message says it.
        known: the names that would be right; the one nearest to ``given`` is suggested.
        given: the name at fault; unless said, the value at ``path``.
    """

    path: Path
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    _: KW_ONLY
    expected: str = ""
    known: Collection[str] = ()
    given: str = ""


class Section(BaseModel):
    """Base of every part of a playbook. Unknown keys are refused; values are frozen once read.

    Give a field ``Field(title="Time limit", json_schema_extra={"zh": "时限"})`` so that comparisons of two playbooks
    read well in both languages. A whole number is taken as text where text is wanted (``code: 110``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, protected_namespaces=())

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Yield what is wrong with this section in the light of the others (``playbook.section(DirectorySection)``).

        Only the check of a top section is called; it looks into its own parts. ``playbook.get("directory")`` is None, and
        ``playbook.section(…)`` ends this check, where that section is itself broken: its own errors are shown first.
        """
        return ()


class Text(Section):
    """A name or sentence for people, in both languages."""

    zh: str = Field(min_length=1, title="Chinese", json_schema_extra={"zh": "中文"})
    en: str = Field(min_length=1, title="English", json_schema_extra={"zh": "英文"})

    def in_language(self, language: str) -> str:
        """The text for a language code such as ``zh-hans`` or ``en``; Chinese for any other."""
        return self.en if language.lower().startswith("en") else self.zh


S = TypeVar("S", bound=Section)


class Sections(Mapping[str, Section]):
    """The sections of one playbook, by name and by type."""

    __slots__ = ("_by_name", "_by_type")

    def __init__(self, sections: Mapping[str, Section]) -> None:
        self._by_name = dict(sections)
        self._by_type: dict[type[Section], Section] = {type(section): section for section in sections.values()}

    def __getitem__(self, name: str) -> Section:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def sections(self) -> Mapping[str, Section]:
        """The sections by name (the playbook itself is that mapping, too)."""
        return self

    def section(self, kind: type[S]) -> S:
        """The section of that type.

        Raises:
            UnknownSection: the playbook has none (its room is not wired), or it is broken and still being checked.
        """
        found = self._by_type.get(kind)
        if found is None:
            raise UnknownSection(section=kind.__name__)
        return found  # type: ignore[return-value]


class EffectivePlaybook(Sections):
    """A version as it was applied: what the program obeys. Immutable.

    Attributes:
        version_id: the version's id; matters pin it.
        name, number: the playbook's name, and the count of applications in this installation (1, 2, …).
    """

    __slots__ = ("name", "number", "version_id")

    def __init__(self, *, version_id: UUID, name: str, number: int, sections: Mapping[str, Section]) -> None:
        super().__init__(sections)
        self.version_id, self.name, self.number = version_id, name, number


_registered: dict[str, type[Section]] = {}


def register_section(name: str, model: type[Section]) -> None:
    """Make ``name`` a top-level section of playbooks, of that model. Called by ``config/wiring.py``.

    Raises:
        ValueError: another model holds the name.
    """
    if _registered.setdefault(name, model) is not model:
        raise ValueError(f"two models for playbook section {name!r}")


def registered_sections() -> dict[str, type[Section]]:
    """The sections there are, in the order of registration."""
    return dict(_registered)
