"""One family of refusals: a code, the facts, and a sentence that interfaces put into the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


def N_(message: str) -> str:  # noqa: N802 - gettext's usual name for "translate later"
    """Mark ``message`` for translation; the interface translates it when it shows it."""
    return message


@dataclass(frozen=True, slots=True)
class Said:
    """Words with their facts, put into the reader's language by whoever shows them; made by :func:`saying`.

    A fact that is itself said, or a tuple of such, is translated along.
    """

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """The words, through ``translate``, with their places filled; without facts they are taken as they are."""
        return in_words(self.message, self.params, translate)

    def __str__(self) -> str:
        return self.sentence()


@dataclass(frozen=True, slots=True)
class Title:
    """What a playbook calls something, in both languages: whoever shows it gets the reader's."""

    zh: str
    en: str

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """The one of the language that ``translate`` puts things into."""
        return self.en if translate(_ENGLISH) == _ENGLISH else self.zh

    def __str__(self) -> str:
        return self.sentence()


_ENGLISH = N_("read in English")


def saying(message: str, **params: Any) -> Said:
    """Mark ``message`` for translation, as :func:`N_` does, and keep the facts that fill it."""
    return Said(message, params)


def in_words(message: str, params: Mapping[str, Any], translate: Callable[[str], str]) -> str:
    """``message`` through ``translate``, its ``%(name)s`` places filled.

    What among the facts has a ``sentence`` says it likewise; a tuple is said one after the other.
    """
    said = {name: _fact(value, translate) for name, value in params.items()}
    return translate(message) % said if said else translate(message)


def _fact(value: Any, translate: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return translate(N_(", ")).join(str(_fact(one, translate)) for one in value)
    return value.sentence(translate) if hasattr(value, "sentence") else value


class Kind(StrEnum):
    """What a refusal means to the caller; each interface maps it to its own status. ``LIMIT``: too often or too much at once, later it may be taken."""

    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    CONFLICT = "conflict"
    LIMIT = "limit"


class Refusal(Exception):
    """A request that is understood and not carried out. Subclasses live beside the function that raises them.

    Attributes:
        code: stable machine name, ``domain.what``.
        message: English sentence with ``%(name)s`` places, marked with :func:`N_`.
        kind: what it means to the caller.
        field: name of the input at fault, where there is one.
        params: the facts that fill the sentence; never personal data of a third person.
    """

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = N_("This cannot be done.")
    kind: ClassVar[Kind] = Kind.INVALID
    field: ClassVar[str] = ""

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(str(self))

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """What is refused, through ``translate``."""
        return in_words(self.message, self.params, translate)

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence()}"
