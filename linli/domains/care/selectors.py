"""Reads of the care desk: pseudonyms, days and counts. What a person told is read by a verb only, which writes the reading down."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from linli.directory.organisation.rules import PostNode
from linli.directory.organisation.selectors import organisation
from linli.domains.care.models import CareCase, CareRead, GlassBreak
from linli.domains.care.playbook import REVIEW, WORK
from linli.domains.care.services.frame import ground_for, today_of, works_on_care
from linli.kernel.access.rules import Actor, contains
from linli.kernel.access.selectors import in_scope


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One open case on the desk, without its content. ``mine``: the actor is of its circle."""

    id: UUID
    label: str
    area_id: UUID
    post_id: UUID
    purpose: str
    level: str
    review_on: date
    ends_on: date
    mine: bool
    review_due: bool


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One reading of a case."""

    at: datetime
    reader: str
    what: str
    ground: str


@dataclass(frozen=True, slots=True)
class GlassBrief:
    """A reading in need that waits for its review. Of the same reader's earlier ones of that case: ``waiting`` still wait,
    ``unjustified`` were found not justified.
    """

    id: UUID
    label: str
    area_path: str
    reader: str
    at: datetime
    waiting: int
    unjustified: int


def desk(*, actor: Actor, at: datetime) -> list[CaseLine]:
    """Open cases: the actor's own where ``care.work`` is held, and, where ``care.review`` is held, all; next review first.

    Raises:
        Forbidden: neither is held anywhere.
    """
    if not actor.holds(REVIEW):
        actor.require_somewhere(WORK)
    own = Q(worker_post_id__in=actor.post_ids)
    if actor.person_id is not None:
        own |= Q(helpers__person_id=actor.person_id, helpers__until=None)
    working = in_scope(actor.scopes(WORK), confidentiality="") & own
    wanted = working | in_scope(actor.scopes(REVIEW), confidentiality="")
    mine = set(CareCase.objects.filter(working, closed_at=None).values_list("id", flat=True))
    today = today_of(at)
    rows = CareCase.objects.filter(wanted, closed_at=None).distinct().order_by("review_on", "label")
    return [
        CaseLine(row.id, row.label, row.area_id, row.worker_post_id, row.purpose, row.level, row.review_on, row.ends_on, row.id in mine, row.review_on <= today)
        for row in rows.defer("sealed", "key_wrapped")
    ]


def readings(*, actor: Actor, at: datetime, case_id: UUID) -> list[ReadLine]:
    """Every reading of a case, newest first, for its own people.

    Raises:
        Forbidden, NotYourCase.
    """
    case = CareCase.objects.filter(id=case_id).first()
    if case is None:
        return []
    ground_for(actor, case, at)
    rows = CareRead.objects.filter(case_id=case_id).order_by("-at", "-id").values_list("at", "reader", "what", "ground")
    return [ReadLine(*row) for row in rows]


def glasses_to_tell(*, glass_ids: Collection[UUID] | None = None) -> list[GlassBrief]:
    """The readings in need that wait for a review (of these ids, where given), the oldest first; one query."""
    rows = GlassBreak.objects.filter(reviewed_at=None)
    if glass_ids is not None:
        rows = rows.filter(id__in=glass_ids)
    earlier = GlassBreak.objects.filter(case=OuterRef("case"), reader=OuterRef("reader"), at__lt=OuterRef("at")).order_by().values("case")

    def counted(which: Q) -> Any:
        return Coalesce(Subquery(earlier.filter(which).values(count=Count("id"))), 0)

    found = rows.annotate(waiting=counted(Q(reviewed_at=None)), unjustified=counted(Q(justified=False))).order_by("at", "id")
    return [GlassBrief(*row) for row in found.values_list("id", "case__label", "case__area_path", "reader", "at", "waiting", "unjustified")]


def of_label(label: str) -> UUID | None:
    """The case of a pseudonym; None where there is none. Who may read it is asked by the verb that reads."""
    return CareCase.objects.filter(label=label, erased_at=None).values_list("id", flat=True).first()


def label_of(case_id: UUID) -> str:
    """The pseudonym of a case; "" for an unknown one."""
    return CareCase.objects.filter(id=case_id).values_list("label", flat=True).first() or ""


def labels_of_bells(device_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The pseudonyms of the open cases in whose homes these bells hang."""
    found = CareCase.objects.filter(bell_id__in=set(device_ids), closed_at=None).values_list("bell_id", "label")
    return {bell: label for bell, label in found if bell is not None}


def posts_with_open_cases(post_ids: Collection[UUID]) -> list[UUID]:
    """The post of each open case that rests on one of these posts, once a case; asked by the directory before a post is retired."""
    return list(CareCase.objects.filter(worker_post_id__in=post_ids, closed_at=None).values_list("worker_post_id", flat=True))


def answering_posts(case: CareCase) -> list[PostNode]:
    """The other posts that a case could be handed over to, the nearest area first."""
    posts = [post for post in organisation().posts if post.id != case.worker_post_id and contains(post.area_path, case.area_path)]
    return sorted((post for post in posts if works_on_care(post, case.area_path)), key=lambda post: (-len(post.area_path), post.rank, post.code))


def open_cases() -> list[dict[str, Any]]:
    """Label, area, post and level of every open case: what the duties need to derive the visits. No content."""
    names = ("id", "label", "area_id", "worker_post_id", "level", "ends_on", "opened_at")
    return list(CareCase.objects.filter(closed_at=None).order_by("label").values(*names))
