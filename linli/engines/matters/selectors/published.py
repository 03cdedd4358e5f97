"""Public matters as other programs fetch them: by number, class, status, time and place, with when each last changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import DateTimeField, Exists, OuterRef, QuerySet, Subquery

from linli.engines.matters.models import Matter, Report, Step
from linli.engines.matters.rules import words
from linli.engines.matters.rules.states import State
from linli.engines.matters.selectors.public import ANSWERING_VERBS, TOLD_VERBS, PublicMatter, as_public, public_matters
from linli.engines.matters.services.frame import frame
from linli.engines.matters.services.report import FILE_OWNER
from linli.engines.matters.services.reporters import NoSuchReceipt, tidy_code
from linli.kernel.access.rules import ANONYMOUS, Confidentiality
from linli.kernel.files.selectors import files_of
from linli.kernel.geo.rules import coarse_point, metres_between, metres_per_degree

COARSE_METRES = 200.0  # side of the squares in which public points are shown


@dataclass(frozen=True, slots=True)
class PublishedFilter:
    """Which public matters; empty fields do not filter. The bounds of times are inclusive.

    Attributes:
        codes: public numbers; then nothing else filters, and refused and merged ones are found as well.
        near: (longitude, latitude, metres): the public point lies within; never the exact one, which must stay unknown.
    """

    codes: tuple[str, ...] = ()
    class_codes: tuple[str, ...] = ()
    is_open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None
    near: tuple[float, float, float] | None = None
    offset: int = 0
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class Published:
    """A public matter with what other programs ask for besides."""

    matter: PublicMatter
    updated_at: datetime
    unit_names: Mapping[str, str]
    area_code: str
    place: tuple[Mapping[str, str], ...]  # names of its areas, the smallest first
    merged_into: str  # public number of the one that goes on, or empty
    photos: tuple[UUID, ...]  # those that may be shown to everyone

    @property
    def is_open(self) -> bool:
        return self.matter.closed_at is None


@dataclass(frozen=True, slots=True)
class PublishedStep:
    """One step of a public matter that everyone may know."""

    id: UUID
    code: str
    verb: str
    state: str
    text: str
    at: datetime


def published(*, at: datetime, wanted: PublishedFilter) -> list[Published]:
    """Return public matters, the newest first; a constant number of queries."""
    if wanted.codes:
        matters = Matter.objects.filter(confidentiality=Confidentiality.PUBLIC, code__in=[code for code in wanted.codes if "\0" not in code])
    else:
        matters = _filtered(wanted)
        if wanted.near is not None:
            matters = Matter.objects.filter(id__in=_near(matters, wanted))
    changed = Subquery(Step.objects.filter(matter=OuterRef("pk")).order_by("-version").values("at")[:1], output_field=DateTimeField())
    first = 0 if wanted.near is not None and not wanted.codes else wanted.offset
    rows = list(matters.select_related("merged_into").annotate(changed_at=changed).order_by("-reported_at", "-id")[first : first + wanted.limit])
    land = frame()
    photos = files_of(ANONYMOUS, FILE_OWNER, [row.id for row in rows])
    found = []
    for row, shown in zip(rows, as_public(rows, at=at), strict=True):
        post = land.organisation.post(row.accountable_post_id)
        chain = land.ground.chain(row.area_id)
        into = row.merged_into
        found.append(
            Published(
                matter=shown,
                updated_at=row.changed_at or row.reported_at,
                unit_names=land.organisation.unit(post.unit_id).names,
                area_code=chain[-1].code,
                place=tuple(area.names for area in reversed(chain)),
                merged_into=into.code if into is not None and into.confidentiality == Confidentiality.PUBLIC else "",
                photos=tuple(photo.id for photo in photos.get(row.id, ())),
            )
        )
    return found


def _filtered(wanted: PublishedFilter) -> QuerySet[Matter]:
    matters = public_matters()
    if wanted.class_codes:
        matters = matters.filter(class_code__in=wanted.class_codes)
    if wanted.is_open is not None:
        matters = matters.filter(closed_at__isnull=wanted.is_open)
    if wanted.since is not None:
        matters = matters.filter(reported_at__gte=wanted.since)
    if wanted.until is not None:
        matters = matters.filter(reported_at__lte=wanted.until)
    if wanted.updated_since is not None or wanted.updated_until is not None:
        last = Step.objects.filter(matter=OuterRef("pk"))
        if wanted.updated_since is not None:
            matters = matters.filter(Exists(last.filter(at__gte=wanted.updated_since)))
        if wanted.updated_until is not None:
            matters = matters.filter(~Exists(last.filter(at__gt=wanted.updated_until)))
    return matters


def _near(matters: QuerySet[Matter], wanted: PublishedFilter) -> list[UUID]:
    """The ids of the page: those whose public point lies within the circle."""
    assert wanted.near is not None
    lon, lat, metres = wanted.near
    east, north = metres_per_degree(lat)
    reach = metres + COARSE_METRES
    wide, high = reach / max(east, 1.0), reach / north
    box = matters.filter(lon__gte=lon - wide, lon__lte=lon + wide, lat__gte=lat - high, lat__lte=lat + high)
    found = []
    for matter_id, x, y in box.order_by("-reported_at", "-id").values_list("id", "lon", "lat"):
        if x is not None and y is not None and metres_between(lon, lat, *coarse_point(x, y)) <= metres:
            found.append(matter_id)
            if len(found) >= wanted.offset + wanted.limit:
                break
    return found[wanted.offset :]


def published_steps(*, since: datetime, until: datetime, codes: Sequence[str] = (), limit: int = 1000) -> list[PublishedStep]:
    """Return the steps of public matters between two times that everyone may know, the earliest first. One query."""
    steps = Step.objects.filter(at__gte=since, at__lte=until, verb__in=TOLD_VERBS, matter__confidentiality=Confidentiality.PUBLIC)
    steps = steps.filter(matter__code__in=codes) if codes else steps.exclude(matter__state__in=(State.MERGED, State.REFUSED))
    rows = steps.order_by("at", "id").values_list("id", "matter__code", "verb", "to_state", "text", "at")[:limit]
    return [PublishedStep(key, code, verb, state, words.public(text) if verb in ANSWERING_VERBS else "", at) for key, code, verb, state, text, at in rows]


def code_of_receipt(*, tracking: str) -> str:
    """The public number of the matter that a tracking code belongs to.

    Raises:
        NoSuchReceipt: no report has this code.
    """
    code = Report.objects.filter(code=tidy_code(tracking)).values_list("matter__code", flat=True).first()
    if code is None:
        raise NoSuchReceipt
    return code
