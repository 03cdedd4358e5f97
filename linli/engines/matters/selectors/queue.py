"""The work queue: open matters (or all) that the actor may see, by clock; a constant number of queries per page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from linli.engines.matters.models import Matter
from linli.engines.matters.rules import words
from linli.engines.matters.rules.states import ENDED
from linli.engines.matters.services.act import NoSuchMatter
from linli.engines.matters.services.frame import Frame, frame
from linli.engines.matters.services.whistle import waiting_whistles
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope

PAGE = 50
SOON = timedelta(hours=4)
_ENDED = [state.value for state in ENDED]
COLUMNS = (
    "id", "code", "version", "kind", "class_code", "condition", "confidentiality", "state", "level", "accountable_post_id", "handler_post_id",
    "area_id", "area_path", "placing", "lon", "lat", "address", "text", "public_text", "source", "urgent", "reported_at", "due_at",
    "extended_due_at", "level_due_at", "closed_at", "closed_level", "policy", "extension_until", "returns", "reopenings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What to show; empty fields do not filter.

    Attributes:
        words: all of these stand in the matter's words.
        post_id: the accountable or handling post. ``whistled``: a department called to it has not reported in.
        since, until: when it was reported, half open.
        clock: "overdue" (promise passed), "soon" (the level's clock ends within four hours), or empty.
        after: place in the order where the page starts: the last row's ``cursor``.
    """

    mine: bool = False
    state: str = "open"  # open | ended | all | a state
    level: int | None = None
    kind: str = ""
    class_code: str = ""
    area_path: str = ""
    clock: str = ""
    urgent: bool = False
    unplaced: bool = False
    words: str = ""
    post_id: UUID | None = None
    whistled: bool = False
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue, with the names that it shows."""

    id: UUID
    code: str
    version: int
    class_names: Mapping[str, str]
    kind: str
    state: str
    level: int
    level_code: str
    post_names: Mapping[str, str]
    area_names: Mapping[str, str]
    address: str
    text: str
    urgent: bool
    confidentiality: int
    placing: str
    reported_at: datetime
    due_at: datetime
    level_due_at: datetime
    closed_at: datetime | None
    overdue: bool
    lon: float | None
    lat: float | None
    source: str
    extension_asked: bool
    cursor: tuple[datetime, UUID] = field(repr=False)


@dataclass(frozen=True, slots=True)
class QueuePage:
    rows: tuple[QueueRow, ...]
    after: tuple[datetime, UUID] | None  # where the next page starts; None at the end


def visible(actor: Actor) -> QuerySet[Matter]:
    """The matters that the actor may see."""
    return Matter.objects.filter(in_scope(actor.scopes("matters.read")))


def queue(*, actor: Actor, at: datetime, wanted: QueueFilter) -> QueuePage:
    """Return a page of the queue: open ones by the nearest deadline, all others by the latest report. One query."""
    actor.require_somewhere("matters.read")
    matters = _filtered(actor=actor, at=at, wanted=wanted)
    ended = wanted.state in ("ended", "all", *_ENDED)
    order = "reported_at" if ended else "level_due_at"
    if wanted.after is not None:
        when, last = wanted.after
        step = "lt" if ended else "gt"
        matters = matters.filter(Q(**{f"{order}__{step}": when}) | Q(**{order: when, f"id__{step}": last}))
    sign = "-" if ended else ""
    found = list(matters.order_by(f"{sign}{order}", f"{sign}id").values(*COLUMNS)[: wanted.limit + 1])
    land = frame()
    rows = tuple(row_of(values, land=land, at=at, order=order) for values in found[: wanted.limit])
    return QueuePage(rows, rows[-1].cursor if len(found) > wanted.limit else None)


def queue_counts(*, actor: Actor, at: datetime, area_path: str = "") -> dict[str, int]:
    """Return how many open matters the actor sees: all, mine, overdue, soon, unplaced, urgent. One query."""
    open_ones = visible(actor).filter(closed_at=None)
    if area_path:
        open_ones = open_ones.filter(area_path__startswith=area_path)
    counted = open_ones.aggregate(
        open=Count("id"),
        mine=Count("id", filter=_of_posts(actor.post_ids)),
        overdue=Count("id", filter=_promise_passed(at)),
        soon=Count("id", filter=Q(level_due_at__range=(at, at + SOON))),
        unplaced=Count("id", filter=Q(placing="unplaced")),
        urgent=Count("id", filter=Q(urgent=True)),
    )
    return {name: int(value) for name, value in counted.items()}


def _filtered(*, actor: Actor, at: datetime, wanted: QueueFilter) -> QuerySet[Matter]:
    matters = visible(actor)
    if wanted.state == "open":
        matters = matters.filter(closed_at=None)
    elif wanted.state == "ended":
        matters = matters.filter(closed_at__isnull=False)
    elif wanted.state != "all":
        matters = matters.filter(state=wanted.state)
    if wanted.mine:
        matters = matters.filter(_of_posts(actor.post_ids))
    if wanted.level is not None:
        matters = matters.filter(level=wanted.level)
    if wanted.area_path:
        matters = matters.filter(area_path__startswith=wanted.area_path)
    if wanted.clock == "overdue":
        matters = matters.filter(_promise_passed(at), closed_at=None)
    elif wanted.clock == "soon":
        matters = matters.filter(level_due_at__range=(at, at + SOON), closed_at=None)
    equal: dict[str, Any] = {"kind": wanted.kind, "class_code": wanted.class_code}
    matters = matters.filter(**{name: value for name, value in equal.items() if value})
    if wanted.urgent:
        matters = matters.filter(urgent=True)
    if wanted.words:
        matters = matters.filter(has_words(wanted.words))
    if wanted.post_id is not None:
        matters = matters.filter(_of_posts([wanted.post_id]))
    if wanted.whistled:
        matters = matters.filter(Exists(waiting_whistles().filter(matter=OuterRef("pk"))))
    if wanted.since is not None:
        matters = matters.filter(reported_at__gte=wanted.since)
    if wanted.until is not None:
        matters = matters.filter(reported_at__lt=wanted.until)
    return matters.filter(placing="unplaced") if wanted.unplaced else matters


def has_words(given: str) -> Q:
    """The condition that all of these words stand in a matter's words; what holds no word is found nowhere."""
    patterns = words.patterns(given)
    condition = Q() if patterns else Q(pk__in=[])
    for pattern in patterns:
        condition &= Q(words__words__icontains=pattern)
    return condition


def _promise_passed(at: datetime) -> Q:
    return Q(extended_due_at__lt=at) | Q(extended_due_at=None, due_at__lt=at)


def _of_posts(post_ids: Collection[UUID]) -> Q:
    return Q(accountable_post_id__in=list(post_ids)) | Q(handler_post_id__in=list(post_ids))


def row_of(values: Mapping[str, Any], *, land: Frame, at: datetime, order: str = "level_due_at") -> QueueRow:
    """Return the line of a matter's values (the columns named in this module)."""
    policy = land.policy_of(values["policy"])
    known = policy.classes.get(values["class_code"])
    until = values["closed_at"] or at
    return QueueRow(
        id=values["id"],
        code=values["code"],
        version=values["version"],
        class_names=known.names if known else {"zh": values["class_code"], "en": values["class_code"]},
        kind=values["kind"],
        state=values["state"],
        level=values["level"],
        level_code=policy.levels[values["level"]].level,
        post_names=land.organisation.post(values["accountable_post_id"]).names,
        area_names=land.ground.area(values["area_id"]).names,
        address=values["address"],
        text=values["text"],
        urgent=values["urgent"],
        confidentiality=values["confidentiality"],
        placing=values["placing"],
        reported_at=values["reported_at"],
        due_at=values["extended_due_at"] or values["due_at"],
        level_due_at=values["level_due_at"],
        closed_at=values["closed_at"],
        overdue=until > (values["extended_due_at"] or values["due_at"]),
        lon=values["lon"],
        lat=values["lat"],
        source=values["source"],
        extension_asked=values["extension_until"] is not None,
        cursor=(values[order], values["id"]),
    )


def id_of_code(*, actor: Actor, code: str) -> UUID:
    """Return the matter of a public number.

    Raises:
        NoSuchMatter: there is none that the actor may see.
    """
    found = visible(actor).filter(code=code).values_list("id", flat=True).first()
    if found is None:
        raise NoSuchMatter()
    return found
