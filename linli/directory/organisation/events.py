"""What the organisation says has happened. Keys are the post, person or unit; no personal data travels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class UnitCreated(Event):
    """A unit exists; key: the unit."""

    topic: ClassVar[str] = "organisation.unit_created"


@dataclass(frozen=True, slots=True)
class UnitChanged(Event):
    """A unit has other names; key: the unit."""

    topic: ClassVar[str] = "organisation.unit_changed"


@dataclass(frozen=True, slots=True)
class UnitRemoved(Event):
    """A unit that nothing rested on is gone; key: the unit."""

    topic: ClassVar[str] = "organisation.unit_removed"


@dataclass(frozen=True, slots=True)
class PostCreated(Event):
    """A post exists, vacant; key: the post."""

    topic: ClassVar[str] = "organisation.post_created"


@dataclass(frozen=True, slots=True)
class PostChanged(Event):
    """A post's names, role or rank changed; key: the post."""

    topic: ClassVar[str] = "organisation.post_changed"


@dataclass(frozen=True, slots=True)
class PostRetired(Event):
    """A post is used no more; key: the post."""

    topic: ClassVar[str] = "organisation.post_retired"


@dataclass(frozen=True, slots=True)
class Appointed(Event):
    """A person is appointed to a post from ``starts_at`` on; key: the post."""

    topic: ClassVar[str] = "organisation.appointed"
    person_id: UUID
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppointmentEnded(Event):
    """An appointment ends at ``ends_at``, or never begins (None); key: the post."""

    topic: ClassVar[str] = "organisation.appointment_ended"
    person_id: UUID
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class AbsenceRecorded(Event):
    """A person will be away; their posts pass on meanwhile; key: the person."""

    topic: ClassVar[str] = "organisation.absence_recorded"
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class AbsenceEnded(Event):
    """A person is back at ``ends_at``, or does not go (None); key: the person."""

    topic: ClassVar[str] = "organisation.absence_ended"
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class AreasStaffed(Event):
    """Units and posts that the playbook asks for were made; key: the root area."""

    topic: ClassVar[str] = "organisation.areas_staffed"
    units: int
    posts: int
