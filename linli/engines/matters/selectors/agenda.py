"""Open matters that a meeting has to speak about: suspended, overdue, reopened, of a kind or a class, at a level or above."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from linli.engines.matters.models import Matter
from linli.engines.matters.services.frame import frame

SCANNED = 500


@dataclass(frozen=True, slots=True)
class Ask:
    """One way onto an agenda; empty fields ask nothing. ``only``: suspended, overdue, reopened, or empty for any open matter."""

    kinds: Collection[str] = ()
    classes: Collection[str] = ()
    only: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class AgendaMatter:
    """A matter as an agenda shows it: class and area, nobody's words, no address. ``why``: the gravest of what is so."""

    id: UUID
    code: str
    class_names: Mapping[str, str]
    area_names: Mapping[str, str]
    confidentiality: int
    why: str


_GRAVEST = ("reopened", "overdue", "suspended", "open")


def matters_for_agenda(*, area_path: str, asked: Collection[Ask], at: datetime) -> list[AgendaMatter]:
    """The open matters of an area that meet any of ``asked``: reopened ones first, then overdue, suspended, others; each by its promise. One query."""
    if not asked:
        return []
    land = frame()
    wanted = Q(pk__in=[])
    for ask in asked:
        wanted |= _condition(ask, at=at)
    rows = Matter.objects.filter(wanted, closed_at=None, area_path__startswith=area_path).order_by("due_at", "id")[:SCANNED]
    found = []
    for row in rows:
        known = land.policy_of(row.policy).classes.get(row.class_code)
        names = known.names if known else {"zh": row.class_code, "en": row.class_code}
        found.append(AgendaMatter(row.id, row.code, names, land.ground.area(row.area_id).names, row.confidentiality, _why(row, at=at)))
    return sorted(found, key=lambda one: _GRAVEST.index(one.why))


def _condition(ask: Ask, *, at: datetime) -> Q:
    condition = ~Q(pk__in=[])
    if ask.kinds:
        condition &= Q(kind__in=ask.kinds)
    if ask.classes:
        condition &= Q(class_code__in=ask.classes)
    if ask.level:
        levels = [level.level for level in frame().policy.levels]
        condition &= Q(level__gte=levels.index(ask.level)) if ask.level in levels else Q(pk__in=[])
    if ask.only == "suspended":
        condition &= Q(state="suspended")
    elif ask.only == "reopened":
        condition &= Q(reopenings__gt=0)
    elif ask.only == "overdue":
        condition &= Q(extended_due_at=None, due_at__lt=at) | Q(extended_due_at__lt=at)
    return condition


def _why(row: Matter, *, at: datetime) -> str:
    if row.reopenings:
        return "reopened"
    if (row.extended_due_at or row.due_at) < at:
        return "overdue"
    return "suspended" if row.state == "suspended" else "open"
