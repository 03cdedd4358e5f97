"""Hazards: of a place, of a matter, and those that are open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from linli.directory.territory.selectors import ground
from linli.engines.duties.inspections.models import Hazard, HazardCheck
from linli.engines.duties.inspections.playbook import READ
from linli.engines.duties.inspections.rules.ledger import SUBJECT_KINDS
from linli.engines.duties.models import SubjectRecord
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope

MOST = 200


@dataclass(frozen=True, slots=True)
class HazardView:
    """A hazard with where it was found, its matter and the looks after it, the oldest first: (when, mended?)."""

    id: UUID
    kind: str
    place: UUID
    label: str
    area_names: Mapping[str, str]
    duty: UUID
    words: str
    found_at: datetime
    rectify_by: date
    matter: UUID | None
    matter_code: str
    mended_at: datetime | None
    checks: tuple[tuple[datetime, bool], ...]


def hazard_views(rows: QuerySet[Hazard], *, most: int = MOST) -> tuple[HazardView, ...]:
    """These hazards, the newest first; three queries."""
    found = list(rows.order_by("-found_at", "id")[:most])
    checks: dict[UUID, list[tuple[datetime, bool]]] = {}
    for hazard_id, at, mended in HazardCheck.objects.filter(hazard__in=[row.id for row in found]).order_by("at").values_list("hazard_id", "at", "mended"):
        checks.setdefault(hazard_id, []).append((at, mended))
    subjects = SubjectRecord.objects.filter(kind__in=SUBJECT_KINDS, ref__in=[row.place for row in found]).values_list("kind", "ref", "label")
    labels = {(kind, ref): label for kind, ref, label in subjects}
    land = ground()
    return tuple(
        HazardView(
            row.id, row.kind, row.place, labels.get((row.kind, row.place), ""), land.area(row.area_id).names, row.duty, row.words, row.found_at, row.rectify_by,
            row.matter, row.matter_code, row.mended_at, tuple(checks.get(row.id, ())),
        )
        for row in found
    )  # fmt: skip


def visible_hazards(actor: Actor) -> QuerySet[Hazard]:
    """The hazards of the areas whose ledgers the actor may see."""
    scopes = [scope for scope in actor.scopes(READ) if scope.clearance >= Confidentiality.INTERNAL]
    return Hazard.objects.filter(in_scope(scopes, confidentiality=""))


def origin_of(*, actor: Actor, matter_id: UUID) -> HazardView | None:
    """The hazard that a matter has come from, for those who may see ledgers there."""
    if not actor.holds(READ):
        return None
    return next(iter(hazard_views(visible_hazards(actor).filter(matter=matter_id), most=1)), None)


def open_hazards(*, actor: Actor) -> tuple[HazardView, ...]:
    """Hazards that nobody has seen mended, where the actor may look; at most 200."""
    return hazard_views(visible_hazards(actor).filter(mended_at=None))
