"""Subjects come from whoever owns them, by two ways into one table.

The port, for owners above this engine (domains, flows) and below it (the directory, wired in ``config/wiring.py``):

* **Push**: ``set_subjects([Subject(...)], actor=…, at=…)`` when one begins or changes, ``end_subjects([(kind, ref)], …)`` when
  it ends. The whole subject is handed over each time. Said twice, nothing happens twice. What has not begun yet is derived
  anew within seconds; what has begun stays as it was.
* **Pull**: ``register_subject_source(kind, source)``: ``source()`` returns every subject of the kind as it is now. It is asked
  when configuration or territory changes, and daily. Kinds with a source are owned by it: they cannot be pushed.

A subject is ``(kind, ref)``: a kind that playbooks name, and the owner's UUID. See :class:`Subject` for what it may carry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from linli.directory.territory.selectors import ground
from linli.engines.duties.models import CheckInRecord, SubjectRecord
from linli.engines.duties.playbook import MANAGE
from linli.engines.duties.rules.subjects import Span, SpanKind, Subject, checked
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, json_text, update_rows
from linli.kernel.sweeps import wake_sweep

Source = Callable[[], Iterable[Subject]]
DERIVE = "duties.derive"
_sources: dict[str, Source] = {}
SUBJECT_FIELDS = ("kind", "ref", "area_id", "label", "facts", "spans", "days", "pauses")  # what :func:`subject_of` reads
_COLUMNS = ("id", "kind", "ref", "area", "area_path", "label", "facts", "spans", "days", "at", "recorded_at")


class SourcedKind(Refusal):
    code = "duties.sourced_kind"
    message = N_("Subjects of the kind %(kind)s are kept by the directory; they cannot be given by hand.")
    kind = Kind.CONFLICT
    field = "kind"


def register_subject_source(kind: str, source: Source) -> None:
    """Have every subject of ``kind`` come from ``source()``; called by ``config/wiring.py``.

    Raises:
        ValueError: another source gives this kind.
    """
    if _sources.setdefault(kind, source) is not source:
        raise ValueError(f"two sources give subjects of the kind {kind!r}")


def subject_sources() -> dict[str, Source]:
    """The registered sources, by kind."""
    return dict(_sources)


def set_subjects(subjects: Sequence[Subject], *, actor: Actor, at: datetime) -> list[UUID | Refusal]:
    """Take these subjects as they are from now on; each is taken or refused by itself. Answers with the engine's own id of each.

    Needs ``duties.manage`` for the subject's area (an owner's service passes its system actor). Unchanged ones cost one look.
    Refused: overlapping spans, a pause without a reason, a fact of a refused kind, an area that is not there, a sourced kind.
    """
    results: list[UUID | Refusal] = []
    wanted: list[Subject] = []
    for subject in subjects:
        try:
            if subject.kind in _sources:
                raise SourcedKind(kind=subject.kind)
            area = ground().area(subject.area_id)
            actor.require(MANAGE, area_path=area.path)
            wanted.append(checked(subject))
        except Refusal as refusal:
            results.append(refusal)
            continue
        results.append(subject.ref)
    ids = _store(wanted, actor=actor, at=at)
    return [result if isinstance(result, Refusal) else ids[subject.kind, result] for subject, result in zip(subjects, results, strict=True)]


def end_subjects(refs: Sequence[tuple[str, UUID]], *, actor: Actor, at: datetime, erase: bool = False) -> int:
    """Nothing more is due for these from ``at`` on; return how many ended now. Said twice, nothing happens.

    Args:
        erase: forget the label, the facts, the days and what was said of their duties as well, of those that had ended before too
            (DESIGN, boundary 5).
    """
    rows = _known(refs)
    for row in rows.values():
        actor.require(MANAGE, area_path=row.area_path)
    ended = [row for row in rows.values() if row.ended_at is None]
    SubjectRecord.objects.filter(id__in=[row.id for row in ended]).update(ended_at=at, stale=True)
    if erase:
        ids = [row.id for row in rows.values()]
        SubjectRecord.objects.filter(id__in=ids).update(label="—", facts={}, spans=[], days={}, pauses=[])
        CheckInRecord.objects.filter(occurrence__subject__in=ids).update(note="", form=None)
    record([_entry(row.id, "end_subject", actor=actor, at=at) for row in ended])
    if ended:
        wake_sweep(DERIVE)
    return len(ended)


def refresh_sources(*, kinds: Collection[str], at: datetime) -> int:
    """Ask the sources of ``kinds`` and take what changed; return how many did. Inside a write; safe to repeat."""
    actor = Actor.system("duties")
    changed = 0
    for kind, source in _sources.items():
        if kind not in kinds:
            continue
        subjects = [checked(subject) for subject in source()]
        before = SubjectRecord.objects.filter(stale=True).count()
        _store(subjects, actor=actor, at=at)
        changed += SubjectRecord.objects.filter(stale=True).count() - before
        refs = [subject.ref for subject in subjects]
        changed += SubjectRecord.objects.filter(kind=kind, ended_at=None).exclude(ref__in=refs).update(ended_at=at, stale=True)
    return changed


def subject_of(row: SubjectRecord) -> Subject:
    """The row as the rules read it."""
    return Subject(
        kind=row.kind,
        ref=row.ref,
        area_id=row.area_id,
        label=row.label,
        facts=row.facts,
        spans=(*spans_from(row.spans), *pauses_of(row)),
        days={name: date.fromisoformat(day) for name, day in row.days.items()},
    )


def spans_from(rows: Iterable[Sequence[Any]]) -> tuple[Span, ...]:
    """Spans from their stored form: kind, first, last, code, reason."""
    return tuple(
        Span(SpanKind(kind), date.fromisoformat(first), date.fromisoformat(last) if last else None, code, reason) for kind, first, last, code, reason in rows
    )


def pauses_of(row: SubjectRecord) -> tuple[Span, ...]:
    """The pauses that were entered for a subject (``services/pausing.py``)."""
    return tuple(Span(SpanKind.PAUSE, date.fromisoformat(first), date.fromisoformat(last) if last else None, reason=why) for first, last, why in row.pauses)


def _plain(subject: Subject) -> tuple[Any, ...]:
    spans = [[span.kind.value, span.first.isoformat(), span.last.isoformat() if span.last else None, span.code, span.reason] for span in subject.spans]
    return (dict(subject.facts), spans, {name: day.isoformat() for name, day in subject.days.items()})


def _known(refs: Sequence[tuple[str, UUID]]) -> dict[tuple[str, UUID], SubjectRecord]:
    """Those of these that are on record, locked in the order of their ids: everybody's order, across kinds."""
    kinds: dict[str, list[UUID]] = {}
    for kind, ref in refs:
        kinds.setdefault(kind, []).append(ref)
    if not kinds:
        return {}
    asked = reduce(or_, (Q(kind=kind, ref__in=given) for kind, given in kinds.items()))
    return {(row.kind, row.ref): row for row in SubjectRecord.objects.select_for_update().filter(asked).order_by("id")}


def _store(subjects: Sequence[Subject], *, actor: Actor, at: datetime) -> dict[tuple[str, UUID], UUID]:
    land = ground()
    lock_subjects()
    latest = {(subject.kind, subject.ref): subject for subject in subjects}  # the last word of a batch holds
    known = _known(list(latest))
    ids: dict[tuple[str, UUID], UUID] = {}
    fresh, changed, entries = [], [], []
    for key, subject in latest.items():
        path = land.area(subject.area_id).path
        facts, spans, days = _plain(subject)
        row = known.get(key)
        ids[key] = row.id if row else new_id()
        if row is None:
            fresh.append((ids[key], subject.kind, subject.ref, subject.area_id, path, subject.label.strip(), facts, spans, days, at, at))
            entries.append(_entry(ids[key], "set_subject", actor=actor, at=at))
            continue
        now = (subject.area_id, path, subject.label.strip(), json_text([facts, spans, days]), None)
        if now != (row.area_id, row.area_path, row.label, json_text([row.facts, row.spans, row.days]), row.ended_at):
            changed.append((row.id, subject.area_id, path, subject.label.strip(), facts, spans, days, None, True))
            entries.append(_entry(row.id, "set_subject", actor=actor, at=at))
    insert_rows(SubjectRecord, _COLUMNS, fresh)
    update_rows(SubjectRecord, ("id", "area", "area_path", "label", "facts", "spans", "days", "ended_at", "stale"), changed)
    if actor.id != "system:duties":  # what the directory knows is on record there
        record(entries)
    if fresh or changed:
        wake_sweep(DERIVE)
    return ids


def lock_subjects() -> None:
    """One writer of subjects at a time: two that hand over the same new one would otherwise both insert it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('duties.subjects'))")


def _entry(subject: UUID, verb: str, *, actor: Actor, at: datetime) -> Entry:
    return Entry(at=at, actor=actor.id, action=f"duties.{verb}", subject_type="duty_subject", subject=subject)
