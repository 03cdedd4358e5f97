"""What patrols tell the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class RoundStarted(Event):
    """Somebody set out on a route. Key: the round. Who it is, is not in it."""

    topic: ClassVar[str] = "patrols.round_started"
    route: UUID


@dataclass(frozen=True, slots=True)
class CheckpointMet(Event):
    """A checkpoint was met in a slot. Key: the round."""

    topic: ClassVar[str] = "patrols.checkpoint_met"
    route: UUID
    checkpoint: UUID
    slot: int


@dataclass(frozen=True, slots=True)
class RoundFinished(Event):
    """A round is over. Key: the round."""

    topic: ClassVar[str] = "patrols.round_finished"
    route: UUID
    met: int


@dataclass(frozen=True, slots=True)
class SlotMissed(Event):
    """A slot of a shift went by without its whole route. Key: the miss."""

    topic: ClassVar[str] = "patrols.slot_missed"
    route: UUID
    team: UUID
    starts_at: datetime
    ends_at: datetime
    reached: int
    of: int


@dataclass(frozen=True, slots=True)
class SlotAnswered(Event):
    """A captain answered a missed slot, or news of it came in late. Key: the miss."""

    topic: ClassVar[str] = "patrols.slot_answered"
    route: UUID
    answer: str


@dataclass(frozen=True, slots=True)
class VolunteerSilent(Event):
    """A lone volunteer gave no sign in time; ``level`` counts from 1, ``post`` is told now beside the captains. Key: the alarm."""

    topic: ClassVar[str] = "patrols.volunteer_silent"
    team: UUID
    level: int
    post: UUID | None


@dataclass(frozen=True, slots=True)
class VolunteerHeard(Event):
    """A lone volunteer gave a sign, or a captain closed the alarm. Key: the alarm."""

    topic: ClassVar[str] = "patrols.volunteer_heard"
    team: UUID
    by_volunteer: bool
