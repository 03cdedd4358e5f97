"""What care tells the house: pseudonyms, places and codes, never a person's words. Key: the case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class CareEvent(Event):
    """Something happened to a care case. ``label`` is its pseudonym; ``post`` answers for it; ``level`` sets the visits."""

    topic: ClassVar[str] = ""
    label: str
    area: UUID
    area_path: str
    post: UUID
    level: str


@dataclass(frozen=True, slots=True)
class CareOpened(CareEvent):
    """A care case was opened on a consent or a statutory duty."""

    topic: ClassVar[str] = "care.opened"


@dataclass(frozen=True, slots=True)
class CareChanged(CareEvent):
    """A care case has another level, another post or a longer term: its visits are derived anew."""

    topic: ClassVar[str] = "care.changed"


@dataclass(frozen=True, slots=True)
class CareEnded(CareEvent):
    """A care case ended: no further visit is due."""

    topic: ClassVar[str] = "care.ended"


@dataclass(frozen=True, slots=True)
class GlassBroken(Event):
    """Somebody outside a case's circle reads it in need; a colleague reviews it. ``post`` answers for the case."""

    topic: ClassVar[str] = "care.glass_broken"
    label: str
    post: UUID
    glass: UUID
