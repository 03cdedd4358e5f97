"""What the directory of people says has happened; key: the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class PersonKnown(Event):
    """A person was entered."""

    topic: ClassVar[str] = "people.known"


@dataclass(frozen=True, slots=True)
class PersonErased(Event):
    """A person's personal values were erased; the pseudonym stays."""

    topic: ClassVar[str] = "people.erased"
