"""What the teams tell the house. Key: the team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class MemberJoined(Event):
    """Somebody was taken into a team, having agreed."""

    topic: ClassVar[str] = "teams.member_joined"
    person: UUID


@dataclass(frozen=True, slots=True)
class MemberLeft(Event):
    """Somebody left a team, or took the application back."""

    topic: ClassVar[str] = "teams.member_left"
    person: UUID


@dataclass(frozen=True, slots=True)
class TeamDisbanded(Event):
    """A team is no more; everybody in it has left."""

    topic: ClassVar[str] = "teams.disbanded"


@dataclass(frozen=True, slots=True)
class CaptainChanged(Event):
    """A team has a captain more, or one handed over."""

    topic: ClassVar[str] = "teams.captain_changed"
    person: UUID


@dataclass(frozen=True, slots=True)
class ActivityHeld(Event):
    """A team held an activity at a venue."""

    topic: ClassVar[str] = "teams.activity_held"
    activity: UUID
    venue: str
    self_led: bool
    attendances: int
