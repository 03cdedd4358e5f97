"""One family of refusals: a code, the facts, and a sentence that interfaces put into the reader's language."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


def N_(message: str) -> str:  # noqa: N802 - gettext's usual name for "translate later"
    """Mark ``message`` for translation; the interface translates it when it shows it."""
    return message


class Kind(StrEnum):
    """What a refusal means to the caller; each interface maps it to its own status."""

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

    def __str__(self) -> str:
        return f"{self.code}: {self.message % self.params}"
