"""What place ledgers tell the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class HazardMended(Event):
    """A look after a hazard says that it is mended; ``key`` is the hazard."""

    topic: ClassVar[str] = "inspections.hazard_mended"
    place: UUID
    matter: UUID | None = None


@dataclass(frozen=True, slots=True)
class HazardStands(Event):
    """A look after a hazard says that it is not mended; ``overdue``: its date was reached, so it goes up. ``key`` is the hazard."""

    topic: ClassVar[str] = "inspections.hazard_stands"
    place: UUID
    duty: UUID
    matter: UUID | None = None
    overdue: bool = True
