"""The occurrence of a duty that runs at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.engines.duties.models import Occurrence


@dataclass(frozen=True, slots=True)
class Seen:
    """One occurrence as it stands; ``count``: how many of its rule and subject there are."""

    id: UUID
    state: str
    area_id: UUID
    post_id: UUID
    missed_at: datetime | None
    excused_at: datetime | None
    attempts: int
    count: int


def occurrence_at(*, rule: str, ref: UUID, at: datetime, kind: str = "") -> Seen | None:
    """The subject's occurrence of the rule that began last by ``at``, else the first that comes; None where there is none."""
    rows = Occurrence.objects.filter(rule=rule, subject__ref=ref)
    if kind:
        rows = rows.filter(subject__kind=kind)
    row = rows.filter(opens_at__lte=at).order_by("-opens_at").first() or rows.order_by("opens_at").first()
    if row is None:
        return None
    return Seen(row.id, row.state, row.area_id, row.post_id, row.missed_at, row.excused_at, row.attempts, rows.count())
