"""What the duties engine tells the rest of the house. Planned things are not told: they have not happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class DutyEvent(Event):
    """Something happened to one occurrence of a duty; ``key`` is its id.

    Attributes:
        rule: the playbook's code of it. ``post``: who answers for it after this; ``from_post``: before it.
    """

    topic: ClassVar[str] = ""
    rule: str
    post: UUID
    area_path: str
    confidentiality: int
    actor: str
    version: int
    due_at: datetime
    from_post: UUID | None = None


@dataclass(frozen=True, slots=True)
class DutyHandedOn(DutyEvent):
    """Nobody answered in time: the next level has the duty from now on."""

    topic: ClassVar[str] = "duties.handed_on"


@dataclass(frozen=True, slots=True)
class DutyCameBack(DutyEvent):
    """Whoever had the duty first has answered after all: it is theirs again."""

    topic: ClassVar[str] = "duties.came_back"


@dataclass(frozen=True, slots=True)
class DutyMissed(DutyEvent):
    """The duty's time ran out and it was not done."""

    topic: ClassVar[str] = "duties.missed"


@dataclass(frozen=True, slots=True)
class DutyDone(DutyEvent):
    """The duty was carried out; ``late`` says whether after its time."""

    topic: ClassVar[str] = "duties.done"
    late: bool = False


@dataclass(frozen=True, slots=True)
class DutyRefused(DutyEvent):
    """The visit was not wanted by the one visited: counted as refused."""

    topic: ClassVar[str] = "duties.refused"


@dataclass(frozen=True, slots=True)
class DutyExcused(DutyEvent):
    """The reason for a miss was accepted; the miss stays on record."""

    topic: ClassVar[str] = "duties.excused"


@dataclass(frozen=True, slots=True)
class DutiesPassed(Event):
    """The open duties of a post passed from one person to another, by absence, vacancy or return; ``key`` is the post."""

    topic: ClassVar[str] = "duties.passed"
    from_person: UUID
    to_person: UUID
    count: int
