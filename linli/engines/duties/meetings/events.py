"""What meetings tell the house. Key: the meeting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class MinutesPublished(Event):
    """The minutes of a meeting are closed: its actions hold from now on, and become matters or duties."""

    topic: ClassVar[str] = "meetings.minutes_published"
    meeting_kind: str
    area_path: str
    confidentiality: int
    actions: int


@dataclass(frozen=True, slots=True)
class MeetingCalledOff(Event):
    """A meeting will not be held: whoever was invited is told, with the reason that stands on it."""

    topic: ClassVar[str] = "meetings.called_off"
    area_path: str
