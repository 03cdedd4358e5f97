"""What shifts tell the house. Key: the shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class PartChanged(Event):
    """Somebody's part in a shift changed: signed up, waits, moved up from waiting, left, handed over."""

    topic: ClassVar[str] = "shifts.part_changed"
    person: UUID
    part: str


@dataclass(frozen=True, slots=True)
class ShiftCalledOff(Event):
    """A shift is not held; who was in it is free."""

    topic: ClassVar[str] = "shifts.called_off"
