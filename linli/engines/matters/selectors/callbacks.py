"""The call-back desk (回访): whom to call, with what to say and what they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.services.frame import Frame, frame
from linli.engines.matters.services.report import CONTACT
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope
from linli.kernel.sealing import unseal

MOST = 100
RECENT = timedelta(days=15)
LOW = 2  # stars that are called dissatisfied

COLUMNS = (
    "id", "code", "version", "class_code", "policy", "area_id", "area_path", "confidentiality", "state", "address", "outcome_text", "handled_at", "closed_at",
    "calls", "called_back_at", "level_due_at",
)  # fmt: skip


class Reason(StrEnum):
    """Why somebody is to be called."""

    CLOSING = "closing"  # verified: the playbook asks for the call before closing
    DISSATISFIED = "dissatisfied"  # closed, and the reporter rated it low or as not solved
    SILENT = "silent"  # closed lately, a telephone was left, and nothing was heard


@dataclass(frozen=True, slots=True)
class ToCall:
    """One reporter of the matter. ``name`` and ``phone`` are empty unless the actor may see identities."""

    name: str
    phone: str
    anonymous: bool
    hidden: bool
    rating: int | None
    solved: bool | None
    comment: str


@dataclass(frozen=True, slots=True)
class CallLine:
    """A matter whose reporters are to be called."""

    id: UUID
    code: str
    version: int
    class_names: Mapping[str, str]
    area_names: Mapping[str, str]
    address: str
    state: str
    outcome: str
    since: datetime | None
    due_at: datetime
    closed: bool
    calls: int
    attempts: int
    reporters: Sequence[ToCall]

    @property
    def phones(self) -> bool:
        """Whether anybody can be reached by telephone at all."""
        return any(one.phone or one.hidden for one in self.reporters)


def calls_to_make(*, actor: Actor, at: datetime, reason: Reason) -> list[CallLine]:
    """The matters to call about where the actor may record calls, the longest waiting first; two queries."""
    actor.require_somewhere("matters.verify")
    land = frame()
    matters = _waiting(actor=actor, at=at, reason=reason)
    rows = list(matters.order_by(F("closed_at").asc(nulls_first=True), "level_due_at", "id").values(*COLUMNS)[:MOST])
    reports: dict[UUID, list[Report]] = {}
    for report in Report.objects.filter(matter_id__in=[row["id"] for row in rows]).order_by("at", "id"):
        reports.setdefault(report.matter_id, []).append(report)
    return [_line(row, reports.get(row["id"], []), actor=actor, land=land) for row in rows]


def calls_waiting(*, actor: Actor, at: datetime) -> dict[str, int]:
    """How many matters wait for a call, by reason; a query each."""
    return {reason.value: _waiting(actor=actor, at=at, reason=reason).count() for reason in Reason}


def _waiting(*, actor: Actor, at: datetime, reason: Reason) -> QuerySet[Matter]:
    matters = Matter.objects.filter(in_scope(actor.scopes("matters.verify")))
    theirs = Report.objects.filter(matter=OuterRef("pk"))
    if reason is Reason.CLOSING:
        return matters.filter(state="verified", called_back_at=None)
    closed = matters.filter(state="closed", closed_at__gte=at - RECENT, called_back_at=None)
    if reason is Reason.DISSATISFIED:
        return closed.filter(Exists(theirs.filter(Q(rating__lte=LOW) | Q(solved=False))))
    return closed.filter(Exists(theirs.filter(rating=None, phone_fingerprint__isnull=False)), ~Exists(theirs.filter(rating__isnull=False)))


def _line(row: Mapping[str, Any], reports: Sequence[Report], *, actor: Actor, land: Frame) -> CallLine:
    policy = land.policy_of(row["policy"])
    known, code = policy.classes.get(row["class_code"]), row["class_code"]
    identity = actor.may("matters.read_identity", area_path=row["area_path"], confidentiality=Confidentiality(row["confidentiality"]))
    return CallLine(
        id=row["id"],
        code=row["code"],
        version=row["version"],
        class_names=known.names if known else {"zh": code, "en": code},
        area_names=land.ground.area(row["area_id"]).names,
        address=row["address"],
        state=row["state"],
        outcome=row["outcome_text"],
        since=row["closed_at"] or row["handled_at"],
        due_at=row["level_due_at"],
        closed=row["closed_at"] is not None,
        calls=row["calls"],
        attempts=policy.call_back_attempts,
        reporters=[_reporter(report, identity=identity) for report in reports],
    )


def _reporter(report: Report, *, identity: bool) -> ToCall:
    sealed = report.contact if identity and not report.anonymous else None
    contact = orjson.loads(unseal(sealed, purpose=CONTACT)) if sealed else {}
    hidden = not identity and not report.anonymous and report.phone_fingerprint is not None
    return ToCall(contact.get("name", ""), contact.get("phone", ""), report.anonymous, hidden, report.rating, report.solved, report.comment)
