"""The values of the organisation, and its refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from linli.kernel.refusal import N_, Kind, Refusal

DEPARTMENT = "department"
FOREVER = datetime.max.replace(tzinfo=UTC)


class UnknownPost(Refusal):
    code: ClassVar[str] = "organisation.unknown_post"
    message: ClassVar[str] = N_("There is no post %(post)s.")
    kind: ClassVar[Kind] = Kind.MISSING


class UnknownUnit(Refusal):
    code: ClassVar[str] = "organisation.unknown_unit"
    message: ClassVar[str] = N_("There is no unit %(unit)s.")
    kind: ClassVar[Kind] = Kind.MISSING


class UnknownPostArea(Refusal):
    code: ClassVar[str] = "organisation.unknown_area"
    message: ClassVar[str] = N_("There is no area %(area)s.")
    kind: ClassVar[Kind] = Kind.MISSING


class NoRootPost(Refusal):
    code: ClassVar[str] = "organisation.no_root_post"
    message: ClassVar[str] = N_("The top desk is not set up yet, so nobody could answer for a matter.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NobodyPresent(Refusal):
    """The top desk has nobody at the instant asked: only before its first appointment, the database keeps the rest."""

    code: ClassVar[str] = "organisation.nobody_present"
    message: ClassVar[str] = N_("Nobody was present at the top desk at %(at)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class Skip(StrEnum):
    """Why a post was passed over."""

    VACANT = "vacant"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class AreaLink:
    """What the organisation needs to know of an area."""

    id: UUID
    parent_id: UUID | None
    path: str


@dataclass(frozen=True, slots=True)
class UnitNode:
    id: UUID
    code: str
    names: Mapping[str, str]
    kind: str
    area_id: UUID
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PostNode:
    """A post. ``rank`` 1 leads its area and level; ``level`` is the level of the chain at which it answers."""

    id: UUID
    code: str
    names: Mapping[str, str]
    role: str
    unit_id: UUID
    area_id: UUID
    area_path: str
    level: str
    rank: int
    is_root: bool = False
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    post_id: UUID
    person_id: UUID
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    person_id: UUID
    starts_at: datetime
    ends_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """Who answers for ``post_id`` at an instant: ``person_id``, from their own post ``acting_post_id``.

    ``succession`` lists the posts passed over, in order, each with the reason; empty when the post's own appointee is present.
    """

    post_id: UUID
    person_id: UUID
    acting_post_id: UUID
    succession: tuple[tuple[UUID, Skip], ...] = ()

    @property
    def is_acting(self) -> bool:
        return self.acting_post_id != self.post_id


@dataclass(frozen=True, slots=True)
class Passing:
    """For ``[starts_at, ends_at)`` a post passes from a person to ``holding``; ``ends_at=None``: until further notice."""

    post_id: UUID
    starts_at: datetime
    ends_at: datetime | None
    holding: Holding
