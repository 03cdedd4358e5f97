"""Ledgers as people look for them, and one place's with everything that is known of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from linli.directory.territory.selectors.things import Spot, spots
from linli.engines.duties.inspections.models import Hazard, HazardCheck, LastInspection, Leaf, Sampled
from linli.engines.duties.inspections.playbook import CONTACTS, READ, WRITE, ledger_policy, policy_of
from linli.engines.duties.inspections.rules.ledger import HAZARD, RIGHT, SAMPLE, SUBJECT_KINDS, LeafForm, LedgerPolicy, Stake, finds_ledger_wrong, lacking
from linli.engines.duties.inspections.selectors.hazards import HazardView, hazard_views
from linli.engines.duties.inspections.services.leaves import LEAF_FILES, SEALED_FOR, NoSuchPlace, never_shown
from linli.engines.duties.models import CheckInRecord, Occurrence, SubjectRecord
from linli.engines.duties.services.checkin import FILE_OWNER, Left
from linli.engines.duties.services.frame import Frame, NoSuchRule, frame
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope, names_of_actors
from linli.kernel.files.selectors import FileView, files_of
from linli.kernel.sealing import unseal

PAGE = 50
INSPECTIONS_SHOWN = 24
AHEAD = timedelta(days=45)
ANY = "any"


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """What of the ledgers is asked for.

    Attributes:
        kind: place or entity. ``missing``: the code of a form, or :data:`ANY`. ``before``: last inspected before that instant, or never.
    """

    stake: str = ""
    kind: str = ""
    area_path: str = ""
    missing: str = ""
    before: datetime | None = None
    hazards: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One place in a list; ``lacking``: the names of forms that are not there or not of this year."""

    subject: UUID
    kind: str
    place: UUID
    label: str
    class_code: str
    stake: Stake
    area_names: Mapping[str, str]
    lacking: tuple[Mapping[str, str], ...]
    inspected_at: datetime | None
    hazards: int


@dataclass(frozen=True, slots=True)
class LeafVersion:
    """One version of a leaf. ``answers`` is None where it is sealed from this reader, or was forgotten; ``files``: its photos and signature."""

    version: int
    at: datetime
    by: str
    answers: Mapping[str, Any] | None
    schema: Mapping[str, Any]
    forgotten: bool
    files: tuple[FileView, ...] = ()


@dataclass(frozen=True, slots=True)
class LeafView:
    """A form of the ledger as it stands; ``lacking``: it is not there, or the year's census has not refreshed it.

    ``never_shown``: it asks by now for a photo or a signature that the current version was never given.
    """

    form: LeafForm
    current: LeafVersion | None
    older: tuple[LeafVersion, ...]
    lacking: bool
    never_shown: bool = False


@dataclass(frozen=True, slots=True)
class InspectionLine:
    """Something that was done at the place: an inspection or a visit, with its form, photos and signature."""

    duty: UUID
    names: Mapping[str, str]
    at: datetime
    by: str
    note: str
    form: Mapping[str, Any]
    schema: Mapping[str, Any] | None
    files: tuple[FileView, ...]


@dataclass(frozen=True, slots=True)
class ComingLine:
    duty: UUID
    names: Mapping[str, str]
    state: str
    opens_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """A place's loose leaf: its forms, what was done there, its hazards, what comes.

    ``outdated``: the last visit that asked said that the ledger is no longer right, and nothing was written since.
    """

    kind: str
    place: UUID
    label: str
    where: Spot | None
    area_names: Mapping[str, str]
    stake: Stake
    leaves: tuple[LeafView, ...]
    inspections: tuple[InspectionLine, ...]
    hazards: tuple[HazardView, ...]
    coming: tuple[ComingLine, ...]
    inspected_at: datetime | None
    may_write: bool
    outdated: InspectionLine | None = None


def ledgers(*, actor: Actor, at: datetime, wanted: LedgerFilter, first: int = 0, most: int = PAGE) -> tuple[list[LedgerLine], int]:
    """The places from number ``first`` on, those never inspected first, and how many there are. A constant number of queries.

    Raises:
        Forbidden: the actor may look nowhere.
    """
    actor.require_somewhere(READ)
    policy, land = ledger_policy()[1], frame()
    rows = _rows(actor, wanted, policy, land, at)
    total = rows.count()
    return _lines(rows.order_by(F("inspected_at").asc(nulls_first=True), "label", "id")[first : first + most], policy, land, at), total


def ledgers_after(*, actor: Actor, at: datetime, wanted: LedgerFilter, after: UUID | None = None, most: int = PAGE) -> list[LedgerLine]:
    """The places whose subjects come after ``after``, in the order of their ids, which nothing changes: for a reader that pages through all.

    Raises:
        Forbidden: the actor may look nowhere.
    """
    actor.require_somewhere(READ)
    policy, land = ledger_policy()[1], frame()
    rows = _rows(actor, wanted, policy, land, at).order_by("id")
    return _lines((rows.filter(id__gt=after) if after else rows)[:most], policy, land, at)


def _rows(actor: Actor, wanted: LedgerFilter, policy: LedgerPolicy, land: Frame, at: datetime) -> QuerySet[SubjectRecord]:
    year = land.moment(date(land.day_of(at).year, 1, 1), 0)
    return _asked(_of_stakes(visible_places(actor), policy, wanted.stake), policy, wanted, year=year)


def _lines(rows: QuerySet[SubjectRecord], policy: LedgerPolicy, land: Frame, at: datetime) -> list[LedgerLine]:
    today, page = land.day_of(at), list(rows)
    written = _written([row.ref for row in page], land)
    lines = []
    for row in page:
        class_code = str(row.facts.get("class", ""))
        stake = policy.stake_of(row.kind, class_code)
        assert stake is not None
        short = tuple(form.names for form in lacking(stake, written.get((row.kind, row.ref), {}), today=today))
        area, seen = land.ground.area(row.area_id).names, getattr(row, "inspected_at")  # noqa: B009 - annotated
        lines.append(LedgerLine(row.id, row.kind, row.ref, row.label, class_code, stake, area, short, seen, getattr(row, "open_hazards")))  # noqa: B009
    return lines


def ledger_page(*, actor: Actor, at: datetime, kind: str, place: UUID) -> LedgerPage:
    """One place's ledger. A constant number of queries.

    Raises:
        NoSuchPlace: there is none, or the actor may not see it.
    """
    policy, land = ledger_policy()[1], frame()
    row = visible_places(actor).filter(kind=kind, ref=place).first()
    stake = policy.stake_of(kind, str(row.facts.get("class", ""))) if row else None
    if row is None or stake is None:
        raise NoSuchPlace
    today = land.day_of(at)
    depth: dict[str, Any] = {"area_path": row.area_path, "confidentiality": Confidentiality.INTERNAL}
    hazards = hazard_views(Hazard.objects.filter(kind=kind, place=place))
    about = _about(row, hazards)
    last = LastInspection.objects.filter(kind=kind, place=place).values_list("at", flat=True).first()
    leaves = _leaves(actor, stake, kind, place, today=today, land=land, open_contacts=actor.may(CONTACTS, **depth))
    inspections = _inspections(actor, about, land)
    return LedgerPage(
        kind=kind,
        place=place,
        label=row.label,
        where=spots(kind, [place]).get(place),
        area_names=land.ground.area(row.area_id).names,
        stake=stake,
        leaves=leaves,
        inspections=inspections,
        hazards=hazards,
        coming=_coming(about, at, land),
        inspected_at=last,
        may_write=actor.may(WRITE, **depth),
        outdated=_outdated(inspections, leaves),
    )


def _outdated(inspections: Sequence[InspectionLine], leaves: Sequence[LeafView]) -> InspectionLine | None:
    written = max((leaf.current.at for leaf in leaves if leaf.current), default=None)
    asked = next((line for line in inspections if RIGHT in line.form), None)
    return asked if asked and finds_ledger_wrong(asked.form, at=asked.at, written=written) else None


def ledger_behind(*, actor: Actor, kind: str, ref: UUID) -> tuple[str, UUID] | None:
    """The place (kind and id) whose ledger belongs to a duty's subject; None where there is no ledger, or the actor may not see it."""
    place = places_behind([(kind, ref)]).get((kind, ref)) if actor.holds(READ) else None
    row = visible_places(actor).filter(kind=place[0], ref=place[1]).first() if place else None
    return place if row and ledger_policy()[1].stake_of(row.kind, str(row.facts.get("class", ""))) else None


def places_behind(subjects: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], tuple[str, UUID]]:
    """The place (kind and id) that each subject (kind and id) of a duty is about: itself, the one that was drawn, the one with the hazard."""
    found = {(kind, ref): (kind, ref) for kind, ref in subjects if kind in SUBJECT_KINDS}
    for kind, model in ((SAMPLE, Sampled), (HAZARD, Hazard)):
        refs = [ref for one, ref in subjects if one == kind]
        rows = model._default_manager.filter(id__in=refs).values_list("id", "kind", "place") if refs else ()
        found |= {(kind, ref): (of, place) for ref, of, place in rows}
    looks = [ref for one, ref in subjects if one == HAZARD and (one, ref) not in found]
    made = HazardCheck.objects.filter(id__in=looks).values_list("id", "hazard__kind", "hazard__place") if looks else ()
    return found | {(HAZARD, ref): (of, place) for ref, of, place in made}


def census_left(duty_ids: Collection[UUID]) -> dict[UUID, Left]:
    """Of census duties: the yearly leaves of their places that this year has not written or confirmed; a ledger source. Two queries."""
    policy, land = ledger_policy()[1], frame()
    rows = list(Occurrence.objects.filter(id__in=duty_ids, subject__kind__in=SUBJECT_KINDS).select_related("subject"))
    written, found = _written([row.subject.ref for row in rows], land), {}
    for row in rows:
        about, stake = row.subject, policy.stake_of(row.subject.kind, str(row.subject.facts.get("class", "")))
        if stake is not None:
            short = lacking(stake, written.get((about.kind, about.ref), {}), today=land.day_of(row.opens_at))
            found[row.id] = Left(about.label, tuple(form.names for form in short if form.yearly))
    return found


def visible_places(actor: Actor) -> QuerySet[SubjectRecord]:
    """Subjects of duties, as those of whose places the actor may see the ledger."""
    scopes = [scope for scope in actor.scopes(READ) if scope.clearance >= Confidentiality.INTERNAL]
    return SubjectRecord.objects.filter(in_scope(scopes, confidentiality=""), ended_at=None)


def _of_stakes(rows: QuerySet[SubjectRecord], policy: LedgerPolicy, code: str) -> QuerySet[SubjectRecord]:
    stakes = [stake for stake in policy.stakes.values() if not code or stake.code == code]
    wanted = Q(pk__in=[])
    for stake in stakes:
        wanted |= Q(kind=stake.kind, facts__class__in=sorted(stake.classes))
    last = LastInspection.objects.filter(kind=OuterRef("kind"), place=OuterRef("ref")).values("at")[:1]
    hazards = Hazard.objects.filter(kind=OuterRef("kind"), place=OuterRef("ref"), mended_at=None).order_by().values("place").annotate(n=Count("id")).values("n")
    return rows.filter(wanted).annotate(inspected_at=Subquery(last), open_hazards=Coalesce(Subquery(hazards, output_field=IntegerField()), Value(0)))


def _asked(rows: QuerySet[SubjectRecord], policy: LedgerPolicy, wanted: LedgerFilter, *, year: datetime) -> QuerySet[SubjectRecord]:
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.area_path:
        rows = rows.filter(area_path__startswith=wanted.area_path)
    if wanted.words:
        rows = rows.filter(label__icontains=wanted.words)
    if wanted.before is not None:
        rows = rows.filter(Q(inspected_at=None) | Q(inspected_at__lt=wanted.before))
    if wanted.hazards:
        rows = rows.filter(Q(open_hazards__gt=0))
    if not wanted.missing:
        return rows
    short = Q(pk__in=[])
    for number, stake in enumerate(policy.stakes.values()):
        forms = [form for form in stake.forms.values() if wanted.missing in (ANY, form.code)]
        if not forms:
            continue
        held = Leaf.objects.filter(kind=OuterRef("kind"), place=OuterRef("ref"), current=True, forgotten_at=None).filter(
            Q(form__in=[form.code for form in forms if not form.yearly]) | Q(form__in=[form.code for form in forms if form.yearly], at__gte=year)
        )
        count = held.order_by().values("place").annotate(n=Count("id")).values("n")
        rows = rows.annotate(**{f"held_{number}": Coalesce(Subquery(count, output_field=IntegerField()), Value(0))})
        short |= Q(kind=stake.kind, facts__class__in=sorted(stake.classes), **{f"held_{number}__lt": len(forms)})
    return rows.filter(short)


def _written(places: Sequence[UUID], land: Frame) -> dict[tuple[str, UUID], dict[str, date]]:
    found: dict[tuple[str, UUID], dict[str, date]] = {}
    rows = Leaf.objects.filter(place__in=places, current=True, forgotten_at=None).values_list("kind", "place", "form", "at")
    for kind, place, form, at in rows:
        found.setdefault((kind, place), {})[form] = land.day_of(at)
    return found


def _leaves(actor: Actor, stake: Stake, kind: str, place: UUID, *, today: date, land: Frame, open_contacts: bool) -> tuple[LeafView, ...]:
    rows = list(Leaf.objects.filter(kind=kind, place=place).order_by("form", "-version"))
    names = names_of_actors([row.writer for row in rows])
    files = files_of(actor, LEAF_FILES, [row.evidence for row in rows if row.evidence is not None])
    versions: dict[str, list[LeafVersion]] = {}
    for row in rows:
        known = policy_of(row.policy).stakes.get(stake.code)
        form = (known.forms.get(row.form) if known else None) or stake.forms.get(row.form)
        answers = row.answers
        if row.sealed is not None and open_contacts:
            answers = orjson.loads(unseal(row.sealed, purpose=SEALED_FOR))
        shown = tuple(files.get(row.evidence, ())) if row.evidence is not None else ()
        version = LeafVersion(row.version, row.at, names.get(row.writer, ""), answers, form.schema if form else {}, row.forgotten_at is not None, shown)
        versions.setdefault(row.form, []).append(version)
    written = {code: land.day_of(found[0].at) for code, found in versions.items() if not found[0].forgotten}
    short = {form.code for form in lacking(stake, written, today=today)}
    current = {row.form: row for row in rows if row.current}
    return tuple(
        LeafView(
            form,
            next(iter(versions.get(form.code, ())), None),
            tuple(versions.get(form.code, ())[1:]),
            form.code in short,
            form.code in current and never_shown(current[form.code], form, stake=stake.code),
        )
        for form in stake.forms.values()
    )


def _about(row: SubjectRecord, hazards: Sequence[HazardView]) -> Q:
    """The duties about a place: itself, where it was drawn, and the looks after its hazards."""
    drawn = list(Sampled.objects.filter(kind=row.kind, place=row.ref).values_list("id", flat=True))
    found = [one.id for one in hazards]
    looks = [*found, *HazardCheck.objects.filter(hazard__in=found).values_list("id", flat=True)]
    return Q(subject_id=row.id) | Q(subject__kind=SAMPLE, subject__ref__in=drawn) | Q(subject__kind=HAZARD, subject__ref__in=looks)


def _inspections(actor: Actor, about: Q, land: Frame) -> tuple[InspectionLine, ...]:
    duties = Occurrence.objects.filter(about, state="done")
    rows = list(
        CheckInRecord.objects.filter(verb="finish", occurrence__in=duties.values("id")).select_related("occurrence").order_by("-at", "id")[:INSPECTIONS_SHOWN]
    )
    names = names_of_actors([row.actor for row in rows])
    files = files_of(actor, FILE_OWNER, [row.visit for row in rows if row.files])
    found = []
    for row in rows:
        called, schema = _rule(land, row.occurrence)
        pictures = tuple(files.get(row.visit, ()))
        found.append(InspectionLine(row.occurrence_id, called, row.at, names.get(row.actor, ""), row.note, row.form or {}, schema, pictures))
    return tuple(found)


def _coming(about: Q, at: datetime, land: Frame) -> tuple[ComingLine, ...]:
    rows = Occurrence.objects.filter(about, Q(state="open") | Q(state="planned", opens_at__lte=at + AHEAD)).order_by("opens_at", "id")[:12]
    return tuple(ComingLine(row.id, _rule(land, row)[0], row.state, row.opens_at, row.due_at) for row in rows)


def _rule(land: Frame, row: Occurrence) -> tuple[Mapping[str, str], Mapping[str, Any] | None]:
    try:
        rule = land.rule(row.policy, row.rule)
    except NoSuchRule:
        return {"zh": row.rule, "en": row.rule}, None
    return rule.names, rule.form
