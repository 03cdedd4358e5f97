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


@dataclass(frozen=True, slots=True)
class ShiftArrived(Event):
    """Somebody of a shift is there. Key: the shift. Who it is, is not in it."""

    topic: ClassVar[str] = "shifts.arrived"
    team: UUID


@dataclass(frozen=True, slots=True)
class ShiftLeft(Event):
    """Somebody of a shift has gone. Key: the shift. Who it is, is not in it."""

    topic: ClassVar[str] = "shifts.left"
    team: UUID


@dataclass(frozen=True, slots=True)
class ShiftMissed(Event):
    """People who signed up for a shift were not there by its grace, told once a shift. Key: the shift."""

    topic: ClassVar[str] = "shifts.missed"
    team: UUID
    count: int


@dataclass(frozen=True, slots=True)
class ShiftMissAnswered(Event):
    """A captain said of somebody missing how it was, or news came late that they had been there (``cleared``). Key: the shift."""

    topic: ClassVar[str] = "shifts.miss_answered"
    team: UUID
    answer: str
