"""What inspections found: hazards, the looks after them, and when a place was last inspected.

The answers of an inspection's form say it (the playbook's ``inspections.hazards``), whoever handed them in and however: at the
desk, on the phone, hours later. A duty's answers are taken once: both tables are unique by the duty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.things import spots
from linli.engines.duties.inspections.events import HazardMended, HazardStands
from linli.engines.duties.inspections.models import Hazard, HazardCheck, LastInspection, Sampled
from linli.engines.duties.inspections.playbook import ledger_policy, policy_of
from linli.engines.duties.inspections.rules.ledger import HAZARD, SAMPLE, SUBJECT_KINDS, HazardTerms, check_mend_by, finding_of, next_look, until_of
from linli.engines.duties.models import CheckInRecord, Occurrence, SubjectRecord
from linli.engines.duties.rules.policy import DutyRule
from linli.engines.duties.rules.subjects import LABEL_MOST, Span, SpanKind, Subject
from linli.engines.duties.services.frame import NoSuchRule, frame
from linli.engines.duties.services.renewing import renew_subjects
from linli.engines.duties.services.subjects import end_subjects, set_subjects
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import Refusal

INSPECTIONS = Actor.system("inspections")


@dataclass(frozen=True, slots=True)
class Found:
    """A hazard that has no matter yet."""

    id: UUID
    words: str
    place: str
    area_id: UUID
    class_code: str
    found_at: datetime
    address: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class _Report:
    duty: UUID
    subject: SubjectRecord
    form: Mapping[str, object]
    at: datetime
    terms: HazardTerms | None
    inspection: bool


def check_mend_date(policy_id: UUID, rule: DutyRule, form: Mapping[str, object], day: date) -> None:
    """An answer check of the duties' engine: a date to mend something by lies on the day of the inspection or after it.

    Raises:
        BadMendBy.
    """
    if rule.subject_kind in (*SUBJECT_KINDS, SAMPLE, HAZARD) and (terms := _terms(policy_id)) is not None:
        check_mend_by(form, terms, look=rule.subject_kind == HAZARD, day=day)


def take_reports(duty_ids: Sequence[UUID], *, at: datetime) -> list[Found]:
    """Take the answers of these finished duties: hazards found, and what a look after one says. Safe to repeat.

    Returns the hazards found that have no matter yet, those of an earlier try included.
    """
    reports = _reports(duty_ids)
    places = _places([report.subject for report in reports])
    _inspected({places[one.subject.id]: one.at for one in sorted(reports, key=lambda one: one.at) if one.inspection and one.subject.id in places})
    taken = set(Hazard.objects.filter(duty__in=duty_ids).values_list("duty", flat=True))
    made: list[Hazard] = []
    for report in reports:
        place = places.get(report.subject.id)
        finding = finding_of(report.form, report.terms, day=_day(report.at)) if report.terms else None
        if place is None or finding is None or report.duty in taken:
            continue
        made.append(Hazard(
            kind=place[0], place=place[1], area_id=report.subject.area_id, area_path=report.subject.area_path, duty=report.duty, words=finding.words,
            found_at=report.at, recorded_at=machine_now(), rectify_by=finding.rectify_by,
        ))  # fmt: skip
    Hazard.objects.bulk_create(made)
    _taken(set_subjects(_looks(made, at=at), actor=INSPECTIONS, at=at))
    record([_entry("find_hazard", hazard.id, at=hazard.found_at) for hazard in made])
    _look_again([report for report in reports if report.subject.kind == HAZARD], at=at)
    return _without_matter(duty_ids)


def note_matter(*, hazard_id: UUID, matter_id: UUID, matter_code: str) -> None:
    """Keep which matter a hazard has become."""
    Hazard.objects.filter(id=hazard_id).update(matter=matter_id, matter_code=matter_code)


def _reports(duty_ids: Sequence[UUID]) -> list[_Report]:
    land = frame()
    forms = dict(CheckInRecord.objects.filter(occurrence_id__in=duty_ids, verb="finish").values_list("occurrence_id", "form"))
    found = []
    for row in (
        Occurrence.objects.filter(id__in=duty_ids, state="done", subject__kind__in=[*SUBJECT_KINDS, SAMPLE, HAZARD]).select_related("subject").order_by("id")
    ):
        try:
            inspection = land.rule(row.policy, row.rule).kind == "inspection"
        except NoSuchRule:
            inspection = False
        assert row.done_at is not None  # a constraint: what is done has its time
        found.append(_Report(row.id, row.subject, forms.get(row.id) or {}, row.done_at, _terms(row.policy), inspection))
    return found


def _terms(policy_id: UUID) -> HazardTerms | None:
    return policy_of(policy_id).hazards or ledger_policy()[1].hazards


def _places(subjects: Sequence[SubjectRecord]) -> dict[UUID, tuple[str, UUID]]:
    """Subject → the place that it stands for: itself, or the one that was drawn."""
    drawn = {row.id: (row.kind, row.place) for row in Sampled.objects.filter(id__in=[one.ref for one in subjects if one.kind == SAMPLE])}
    found = {}
    for one in subjects:
        place = (one.kind, one.ref) if one.kind in SUBJECT_KINDS else drawn.get(one.ref)
        if place is not None:
            found[one.id] = place
    return found


def _inspected(seen: Mapping[tuple[str, UUID], datetime]) -> None:
    """Remember when these places were inspected, unless a later time is known; one statement."""
    if not seen:
        return
    columns = list(zip(*((new_id(), kind, place, at) for (kind, place), at in sorted(seen.items())), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {LastInspection._meta.db_table} AS l (id, kind, place, at)"
            " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[])"
            " ON CONFLICT (kind, place) DO UPDATE SET at = greatest(l.at, excluded.at)",
            [list(column) for column in columns],
        )


def _look_again(reports: Sequence[_Report], *, at: datetime) -> None:
    """Take what looks after hazards say, the earliest first; what was taken before is left. Not mended, it is looked at again."""
    taken = set(HazardCheck.objects.filter(duty__in=[report.duty for report in reports]).values_list("duty", flat=True))
    refs = {report.subject.ref for report in reports}
    earlier = dict(HazardCheck.objects.filter(id__in=refs).values_list("id", "hazard_id"))  # looks that another one has followed since
    known = {row.id: row for row in Hazard.objects.select_for_update().filter(id__in={earlier.get(ref, ref) for ref in refs}).order_by("id")}
    for report in sorted(reports, key=lambda one: one.at):
        hazard = known.get(earlier.get(report.subject.ref, report.subject.ref))
        if hazard is None or report.terms is None or report.duty in taken:
            continue
        mended = report.form.get(report.terms.mended) is True
        check = HazardCheck.objects.create(hazard=hazard, duty=report.duty, mended=mended, at=report.at, recorded_at=machine_now())
        record([_entry("hazard_mended" if mended else "hazard_stands", hazard.id, at=report.at)])
        if hazard.mended_at is not None:
            continue
        if mended:
            hazard.mended_at = report.at
            Hazard.objects.filter(id=hazard.id).update(mended_at=report.at)
            end_subjects([(HAZARD, hazard.id)], actor=INSPECTIONS, at=at)
            publish([HazardMended(key=hazard.id, at=report.at, place=hazard.place, matter=hazard.matter)])
            continue
        day = _day(report.at)
        overdue = hazard.rectify_by <= day
        hazard.rectify_by = until_of(report.form, report.terms, day=day, stands=hazard.rectify_by)
        Hazard.objects.filter(id=hazard.id).update(rectify_by=hazard.rectify_by)
        _taken(renew_subjects(_looks([hazard], at=at, after=day), actor=INSPECTIONS, at=at, kept_as={hazard.id: check.id}))
        publish([HazardStands(key=hazard.id, at=report.at, place=hazard.place, duty=report.duty, matter=hazard.matter, overdue=overdue)])


def _looks(hazards: Sequence[Hazard], *, at: datetime, after: date | None = None) -> list[Subject]:
    """The looks whether each is mended: subjects of duties of the kind ``hazard`` with the day ``rectify``; ``after``: the day of the last one.

    The next look's subject has the hazard's id; one that was made and followed by another has the id of its :class:`HazardCheck`.
    """
    today, labels = _day(at), _labels(hazards)
    spans = () if after is None else (Span(SpanKind.ACTIVE, after + timedelta(days=1)),)
    return [
        Subject(
            HAZARD, hazard.id, hazard.area_id, f"{labels.get(hazard.place, '—')}：{hazard.words}"[:LABEL_MOST], {"kind": hazard.kind}, spans,
            days={"rectify": next_look(hazard.rectify_by, today=today)},
        )
        for hazard in hazards
    ]  # fmt: skip


def _taken(results: Sequence[UUID | Refusal]) -> None:
    for result in results:
        if isinstance(result, Refusal):
            raise result


def _labels(hazards: Sequence[Hazard]) -> dict[UUID, str]:
    return dict(SubjectRecord.objects.filter(kind__in=SUBJECT_KINDS, ref__in=[hazard.place for hazard in hazards]).values_list("ref", "label"))


def _without_matter(duty_ids: Sequence[UUID]) -> list[Found]:
    rows = list(Hazard.objects.filter(duty__in=duty_ids, matter=None).order_by("id"))
    labels = _labels(rows)
    terms = ledger_policy()[1].hazards
    where = {kind: spots(kind, [row.place for row in rows if row.kind == kind]) for kind in {row.kind for row in rows}}
    found = []
    for row in rows if terms else ():
        assert terms is not None
        place = where[row.kind].get(row.place)
        spot = (place.address, place.lon, place.lat) if place else ("", None, None)
        found.append(Found(row.id, row.words, labels.get(row.place, ""), row.area_id, terms.class_code, row.found_at, *spot))
    return found


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(ground().timezone)).date()


def _entry(verb: str, hazard: UUID, *, at: datetime) -> Entry:
    return Entry(at=at, actor=INSPECTIONS.id, action=f"inspections.{verb}", subject_type="hazard", subject=hazard)
