"""What shifts tell the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class PartChanged(Event):
    """Somebody's part in a shift changed: signed up, waits, moved up from waiting, left, handed over; ``own``: by themselves. Key: the person."""

    topic: ClassVar[str] = "shifts.part_changed"
    shift: UUID
    part: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class ShiftCalledOff(Event):
    """A shift is not held; who was in it is free. Key: the shift."""

    topic: ClassVar[str] = "shifts.called_off"
