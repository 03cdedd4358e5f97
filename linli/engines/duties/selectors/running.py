"""The occurrence of a duty that runs at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.policy import DutyRule
from linli.engines.duties.services.frame import frame


@dataclass(frozen=True, slots=True)
class Seen:
    """One occurrence as it stands.

    Attributes:
        count: how many of its rule and subject there are.
        visit_serves: how many duties the visit that ended it served; 0 while nobody ended it.
    """

    id: UUID
    state: str
    area_id: UUID
    post_id: UUID
    due_at: datetime
    missed_at: datetime | None
    excused_at: datetime | None
    attempts: int
    count: int
    visit_serves: int


def occurrence_at(*, rule: str, ref: UUID, at: datetime, kind: str = "") -> Seen | None:
    """The subject's occurrence of the rule that began last by ``at``, else the first that comes; None where there is none."""
    rows = Occurrence.objects.filter(rule=rule, subject__ref=ref)
    if kind:
        rows = rows.filter(subject__kind=kind)
    row = rows.filter(opens_at__lte=at).order_by("-opens_at").first() or rows.order_by("opens_at").first()
    if row is None:
        return None
    return Seen(row.id, row.state, row.area_id, row.post_id, row.due_at, row.missed_at, row.excused_at, row.attempts, rows.count(), _served(row))


@dataclass(frozen=True, slots=True)
class Begun:
    """A duty that may be carried out from ``opens_at`` to ``due_at``: its rule, and what kind of subject it is about."""

    id: UUID
    rule: str
    about: str
    opens_at: datetime
    due_at: datetime


def begun_by(at: datetime) -> list[Begun]:
    """Every duty that has begun by ``at`` and has not ended, in the order of their beginnings. One query."""
    rows = Occurrence.objects.filter(state__in=["planned", "open"], opens_at__lt=at).order_by("opens_at", "id")
    return [Begun(*row) for row in rows.values_list("id", "rule", "subject__kind", "opens_at", "due_at")]


def rule_named(code: str) -> DutyRule:
    """A rule of the playbook that holds. Raises: NoSuchRule."""
    land = frame()
    return land.rule(land.policy_id, code)


def _served(row: Occurrence) -> int:
    visit = CheckInRecord.objects.filter(occurrence=row, verb__in=["finish", "refuse"]).values_list("visit", flat=True).last()
    return CheckInRecord.objects.filter(visit=visit).count() if visit else 0
