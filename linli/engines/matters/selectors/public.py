"""What everyone may read, and what a reporter reads with the tracking code."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules import words
from linli.engines.matters.rules.intake import CELL_DEGREES, cells_around, cells_in
from linli.engines.matters.rules.states import State, Verb
from linli.engines.matters.selectors.page import StepView, steps_of
from linli.engines.matters.services.act import NoSuchMatter
from linli.engines.matters.services.frame import Frame, frame
from linli.engines.matters.services.reporters import NoSuchReceipt, tidy_code
from linli.kernel.access.rules import Confidentiality
from linli.kernel.geo.rules import coarse_point, metres_between

SEARCHED = 20_000  # how many of the newest matters words are looked for in: a bound on the work of one page
TOLD_VERBS = frozenset(verb.value for verb in Verb) - {
    "note",
    "ask_reporter",
    "correct",
    "redact",
    "call_back",
    "join",
    "rate",
    "ask_extension",
    "decline_extension",
}
ANSWERING_VERBS = frozenset({"report_back", "solve", "refuse"})
REASONED_VERBS = frozenset({"suspend", "refuse", "reopen"})


@dataclass(frozen=True, slots=True)
class PublicMatter:
    """A public matter as everyone sees it: the public words, a coarse point, no address of a home, no reporter."""

    id: UUID
    code: str
    class_code: str
    class_names: Mapping[str, str]
    kind: str
    state: str
    level_code: str
    post_names: Mapping[str, str]
    area_names: Mapping[str, str]
    words: str
    lon: float | None
    lat: float | None
    reported_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: str
    overdue: bool
    reporters: int
    version: int


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What the holder of a tracking code sees: the own report, the matter's story in plain steps, the answer."""

    code: str
    report_id: UUID
    matter: PublicMatter
    at: datetime
    text: str
    anonymous: bool
    emergency: str
    answered_at: datetime | None
    answer: str
    rating: int | None
    solved: bool | None
    comment: str
    story: tuple[StepView, ...]
    can_rate: bool
    holder_present: bool
    question: str  # an open question of the handlers to the reporter
    question_answered: bool  # a reporter has answered since
    merged: bool


def public_matters() -> QuerySet[Matter]:
    """Every public matter; merged ones are told by the one that goes on."""
    return Matter.objects.filter(confidentiality=Confidentiality.PUBLIC.value).exclude(state__in=("merged", "refused"))


@dataclass(frozen=True, slots=True)
class PublicFilter:
    state: str = "open"  # open | closed | all
    class_code: str = ""
    kind: str = ""
    area_path: str = ""
    words: str = ""  # looked for in the public words of the newest SEARCHED matters
    classes: tuple[str, ...] = ()  # classes that the words may mean: found as well
    box: tuple[float, float, float, float] | None = None  # west, south, east, north
    since: datetime | None = None
    before: tuple[datetime, UUID] | None = None
    limit: int = 30


def public_list(*, at: datetime, wanted: PublicFilter) -> list[PublicMatter]:
    """Return public matters, the newest first. Two queries whatever the length, three with words."""
    matters = public_matters()
    if wanted.state == "open":
        matters = matters.filter(closed_at=None)
    elif wanted.state == "closed":
        matters = matters.filter(closed_at__isnull=False)
    if wanted.class_code:
        matters = matters.filter(class_code=wanted.class_code)
    if wanted.kind:
        matters = matters.filter(kind=wanted.kind)
    if wanted.area_path:
        matters = matters.filter(area_path__startswith=wanted.area_path)
    if wanted.box is not None:
        west, south, east, north = squared(wanted.box)
        matters = matters.filter(lon__gte=west, lon__lte=east, lat__gte=south, lat__lte=north)
        if cells := cells_in(west, south, east, north):  # a few squares of the map are found by their index
            matters = matters.filter(cell__in=cells)
    if wanted.since is not None:
        matters = matters.filter(reported_at__gte=wanted.since)
    if wanted.words:
        for last in Matter.objects.order_by("-reported_at").values_list("reported_at", flat=True)[SEARCHED : SEARCHED + 1]:
            matters = matters.filter(reported_at__gt=last)
        found = Q(public_text__icontains=wanted.words) | Q(code__iexact=wanted.words) | Q(class_code__in=wanted.classes)
        matters = matters.filter(found)
    if wanted.before is not None:
        matters = matters.filter(reported_at__lte=wanted.before[0]).exclude(reported_at=wanted.before[0], id__gte=wanted.before[1])
    return as_public(list(matters.order_by("-reported_at", "-id")[: wanted.limit]), at=at)


def public_matter(*, at: datetime, code: str) -> tuple[PublicMatter, tuple[StepView, ...]]:
    """Return one public matter and its story in plain steps, without anybody's words but the answers given.

    Raises:
        NoSuchMatter: none of that number, or it is not public.
    """
    matter = public_matters().filter(code=code).first()
    if matter is None:
        raise NoSuchMatter()
    (shown,) = as_public([matter], at=at)
    return shown, _plain_story(steps_of(matter, land=frame()))


def public_matters_of(*, at: datetime, matter_ids: Collection[UUID]) -> dict[UUID, PublicMatter]:
    """Return those of these matters that are public now, by id. Two queries."""
    return {shown.id: shown for shown in as_public(list(public_matters().filter(id__in=matter_ids)), at=at)}


def nearby(*, at: datetime, lon: float, lat: float, class_code: str = "", metres: float = 150.0, limit: int = 5) -> list[tuple[PublicMatter, int]]:
    """Return open public matters within ``metres`` of a point, the nearest first, each with its distance in metres."""
    matters = public_matters().filter(closed_at=None, cell__in=cells_around(lon, lat, metres))
    if class_code:
        matters = matters.filter(class_code=class_code)
    ranked = sorted(((metres_between(lon, lat, m.lon or 0.0, m.lat or 0.0), m) for m in matters.order_by("-reported_at")[:200]), key=lambda pair: pair[0])
    near = [(distance, matter) for distance, matter in ranked if distance <= metres][:limit]
    shown = as_public([matter for _, matter in near], at=at)
    # To the next fifty metres: exact distances from a few points would give the exact place away.
    return [(matter, math.ceil(distance / 50) * 50) for matter, (distance, _) in zip(shown, near, strict=True)]


def classes_near(*, at: datetime, lon: float, lat: float, metres: float = 150.0, days: int = 180, most: int = 4) -> list[str]:
    """Return the classes of public matters most often reported around a point of late, the most frequent first. One query."""
    near = public_matters().filter(cell__in=cells_around(lon, lat, metres), reported_at__gt=at - timedelta(days=days))
    counted = near.values_list("class_code").annotate(n=Count("id")).order_by("-n", "class_code")
    return [code for code, _ in counted[:most]]


def squared(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return the box widened to whole squares of about 200 m, so that ever smaller boxes do not find a place that is shown coarsely."""
    west, south, east, north = (side / CELL_DEGREES for side in box)
    return math.floor(west) * CELL_DEGREES, math.floor(south) * CELL_DEGREES, math.ceil(east) * CELL_DEGREES, math.ceil(north) * CELL_DEGREES


def receipt(*, at: datetime, tracking: str) -> ReceiptView:
    """Return what the holder of a tracking code sees, whatever the matter's visibility: it is their own report.

    Raises:
        NoSuchReceipt: no report has this code.
    """
    report = Report.objects.select_related("matter").filter(code=tidy_code(tracking)).first()
    if report is None:
        raise NoSuchReceipt()
    matter = report.matter
    land = frame()
    (shown,) = as_public([matter], at=at)
    steps = steps_of(matter, land=land)
    story = _plain_story(steps, with_questions=True)
    known = land.policy_of(matter.policy).classes.get(matter.class_code)
    asked = [step for step in story if step.verb == "ask_reporter"]
    answered = bool(asked) and any(step.verb == "note" and step.actor == "system:reporter" and step.at >= asked[-1].at for step in steps)
    return ReceiptView(
        code=report.code,
        report_id=report.id,
        matter=shown,
        at=report.at,
        text=report.text,
        anonymous=report.anonymous,
        emergency=known.emergency if known else "",
        answered_at=report.answered_at if matter.closed_at else None,
        answer=report.answer if matter.closed_at else "",
        rating=report.rating,
        solved=report.solved,
        comment=report.comment,
        story=story,
        can_rate=matter.closed_at is not None,
        holder_present=land.organisation.holder(matter.accountable_post_id, at).person_id is not None,
        question=asked[-1].text if asked and matter.closed_at is None else "",
        question_answered=answered,
        merged=report.first_matter != matter.id,
    )


def as_public(matters: Sequence[Matter], *, at: datetime) -> list[PublicMatter]:
    """Return the public faces of matters; one query for their reporters."""
    land = frame()
    counted: dict[Any, int] = dict(Report.objects.filter(matter__in=[m.id for m in matters]).values_list("matter").annotate(n=Count("id")).order_by())
    return [_public(matter, land=land, at=at, reporters=counted.get(matter.id, 0)) for matter in matters]


def _public(matter: Matter, *, land: Frame, at: datetime, reporters: int) -> PublicMatter:
    policy = land.policy_of(matter.policy)
    known = policy.classes.get(matter.class_code)
    point = coarse_point(matter.lon, matter.lat) if matter.lon is not None and matter.lat is not None else (None, None)
    promise = matter.extended_due_at or matter.due_at
    return PublicMatter(
        id=matter.id,
        code=matter.code,
        class_code=matter.class_code,
        class_names=known.names if known else {"zh": matter.class_code, "en": matter.class_code},
        kind=matter.kind,
        state=matter.state,
        level_code=policy.levels[matter.level].level,
        post_names=land.organisation.post(matter.accountable_post_id).names,
        area_names=land.ground.area(matter.area_id).names,
        words=matter.public_text,
        lon=point[0],
        lat=point[1],
        reported_at=matter.reported_at,
        due_at=promise,
        closed_at=matter.closed_at,
        outcome=words.public(matter.outcome_text) if State(matter.state) is State.CLOSED else "",
        overdue=(matter.closed_at or at) > promise,
        reporters=reporters,
        version=matter.version,
    )


def _plain_story(steps: Sequence[StepView], *, with_questions: bool = False) -> tuple[StepView, ...]:
    """The steps that everyone may know. Staff's reasons and notes stay inside; answers and, to the reporter, questions are told."""
    told = []
    for step in steps:
        if step.verb in TOLD_VERBS or (with_questions and step.verb == "ask_reporter"):
            text = words.public(step.text) if step.verb in ANSWERING_VERBS or step.verb == "ask_reporter" else ""
            told.append(replace(step, text=text, reason=words.public(step.reason) if step.verb in REASONED_VERBS else "", actor=""))
    return tuple(told)
