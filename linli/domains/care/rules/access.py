"""Need to know: who may read a care case, on what ground. A role opens the desk, never a case by itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from linli.kernel.refusal import N_, Kind, Refusal


class Ground(StrEnum):
    """On what ground somebody reads a case; every reading is recorded with it."""

    WORKER = "worker"
    HELPER = "helper"
    GLASS = "glass"
    SEARCH = "search"
    REVIEW = "review"


class NotYourCase(Refusal):
    code: ClassVar[str] = "care.not_your_case"
    message: ClassVar[str] = N_("You are not among the people of this case. If somebody is in need now, break the glass and say why.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


class ReasonTooShort(Refusal):
    code: ClassVar[str] = "care.reason_too_short"
    message: ClassVar[str] = N_("Say in a sentence why you must read this case now. Your colleagues will review it.")
    field: ClassVar[str] = "reason"


class OwnGlass(Refusal):
    code: ClassVar[str] = "care.own_glass"
    message: ClassVar[str] = N_("Nobody reviews their own reading.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


REASON_LEAST = 10
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LABEL = re.compile(f"G([{LETTERS}]{{4}})([{LETTERS}]{{4}})")


def as_label(asked: str) -> str:
    """The pseudonym that somebody typed, as it is stored: ``g7k2m9qxf`` and ``Ｇ-7K2M 9QXF`` are ``G-7K2M-9QXF``; "" where it is none."""
    found = _LABEL.fullmatch(re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", asked)).upper())
    return f"G-{found[1]}-{found[2]}" if found else ""


@dataclass(frozen=True, slots=True)
class Circle:
    """The people of a case: the post that answers for it, and helpers now."""

    worker_post: UUID
    helpers: frozenset[UUID] = frozenset()


def ground_of(circle: Circle, *, person_id: UUID | None, post_ids: Collection[UUID], glass_until: datetime | None, at: datetime) -> Ground:
    """On what ground somebody may read the case at ``at``.

    Raises:
        NotYourCase: on none.
    """
    if circle.worker_post in post_ids:
        return Ground.WORKER
    if person_id is not None and person_id in circle.helpers:
        return Ground.HELPER
    if glass_until is not None and at < glass_until:
        return Ground.GLASS
    raise NotYourCase


def check_reason(reason: str) -> str:
    """The reason of a broken glass, tidied.

    Raises:
        ReasonTooShort: fewer than ten characters say nothing that could be reviewed.
    """
    said = " ".join(reason.split())
    if len(said) < REASON_LEAST:
        raise ReasonTooShort
    return said
