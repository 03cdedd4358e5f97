"""What has to be told about matters, and to whom: for the flows that write notices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import Q

from linli.engines.matters.models import Matter, Report, Step
from linli.engines.matters.services.frame import Frame, frame
from linli.engines.matters.services.report import CONTACT
from linli.engines.matters.services.whistle import waiting_whistles
from linli.kernel.sealing import unseal


@dataclass(frozen=True, slots=True)
class Brief:
    """A matter in the few words of a notice. ``names`` are bilingual; ``place`` is the address given, else the area."""

    id: UUID
    code: str
    class_names: Mapping[str, str]
    address: str
    area_names: Mapping[str, str]
    level: int
    post_id: UUID
    post_names: Mapping[str, str]
    handler_id: UUID | None
    due_at: datetime
    level_due_at: datetime
    closed_at: datetime | None
    reopen_until: datetime | None
    outcome: str
    urgent: bool

    def place(self, language: str) -> str:
        return self.address or self.area_names.get(language, "")


@dataclass(frozen=True, slots=True)
class ToTell:
    """One reporter who left a way to be told."""

    report_id: UUID
    matter_id: UUID
    tracking: str
    language: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class Move:
    """A step that brought a matter to a post: the names of the post that had it before, and why it was taken."""

    from_post: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    """One department called to a matter."""

    matter_id: UUID
    unit_names: Mapping[str, str]
    post_id: UUID
    reason: str
    due_at: datetime


def briefs(matter_ids: Collection[UUID]) -> dict[UUID, Brief]:
    """The briefs of these matters; one query."""
    land = frame()
    return {matter.id: _brief(matter, land) for matter in Matter.objects.filter(id__in=matter_ids)}


def moves_of(versions: Mapping[UUID, int]) -> dict[UUID, Move]:
    """The step that made each of these matters this version, with who answered for it before; one query."""
    land = frame()
    found: dict[UUID, Move] = {}
    owners: dict[UUID, UUID] = {}
    steps = Step.objects.filter(matter_id__in=versions).order_by("matter_id", "version")
    for matter, version, post, reason in steps.values_list("matter_id", "version", "post_id", "reason"):
        if version == versions[matter]:
            before = owners.get(matter)
            found[matter] = Move(land.organisation.post(before).names if before else {}, reason)
        if post is not None:
            owners[matter] = post
    return found


def running_out(*, after: datetime, until: datetime, limit: int = 500) -> list[Brief]:
    """The open matters whose level's clock ends within the span and that then move up, the nearest first."""
    land = frame()
    found = Matter.objects.filter(wake_at__gt=after, wake_at__lte=until).exclude(state="suspended").order_by("wake_at")[:limit]
    return [_brief(matter, land) for matter in found]


def _brief(matter: Matter, land: Frame) -> Brief:
    policy = land.policy_of(matter.policy)
    known = policy.classes.get(matter.class_code)
    return Brief(
        id=matter.id,
        code=matter.code,
        class_names=known.names if known else {"zh": matter.class_code, "en": matter.class_code},
        address=matter.address,
        area_names=land.ground.area(matter.area_id).names,
        level=matter.level,
        post_id=matter.accountable_post_id,
        post_names=land.organisation.post(matter.accountable_post_id).names,
        handler_id=matter.handler_post_id,
        due_at=matter.extended_due_at or matter.due_at,
        level_due_at=matter.level_due_at,
        closed_at=matter.closed_at,
        reopen_until=land.under(matter.policy).due(matter.closed_at, policy.reopen_within) if matter.closed_at else None,
        outcome=matter.outcome_text,
        urgent=matter.urgent,
    )


def reporters_to_tell(matter_ids: Collection[UUID]) -> list[ToTell]:
    """The reporters of these matters who left a telephone number or an e-mail address; one query."""
    left = Report.objects.filter(matter_id__in=matter_ids).filter(Q(phone_fingerprint__isnull=False) | Q(email_fingerprint__isnull=False))
    told = []
    for report, matter, tracking, language, sealed in left.values_list("id", "matter_id", "code", "language", "contact"):
        contact = orjson.loads(unseal(sealed, purpose=CONTACT)) if sealed else {}
        told.append(ToTell(report, matter, tracking, language, contact.get("phone", ""), contact.get("email", "")))
    return told


def open_calls(matter_ids: Collection[UUID]) -> list[Call]:
    """The departments called to these matters that have not reported in; one query."""
    land = frame()
    waiting = waiting_whistles().filter(matter_id__in=matter_ids)
    return [Call(whistle.matter_id, land.organisation.unit(whistle.unit_id).names, whistle.post_id, whistle.reason, whistle.due_at) for whistle in waiting]


def last_words(matter_ids: Collection[UUID], *, verb: str) -> dict[UUID, str]:
    """The text of the newest step ``verb`` of each matter; one query, none for no matters."""
    if not matter_ids:
        return {}
    return dict(Step.objects.filter(matter_id__in=matter_ids, verb=verb).order_by("matter_id", "version").values_list("matter_id", "text"))
