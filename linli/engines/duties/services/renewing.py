"""Asking anew: what was asked about a subject is asked no more, and what it asks now begins afresh.

A cadence that counts from a subject's own day makes one window for each day, and what has begun is never rewritten. So a subject
that is asked about once more (a hazard that still stands, a matter that lies elsewhere) gets a row of its own; the one before ends
and keeps what was done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from linli.engines.duties.models import Occurrence, SubjectRecord
from linli.engines.duties.playbook import MANAGE
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.services.frame import frame
from linli.engines.duties.services.subjects import lock_subjects, set_subjects, subject_of
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Standing:
    """A subject that has not ended; ``done``: the rules whose duty about it was carried out."""

    subject: Subject
    done: frozenset[str]


def standing(kind: str, refs: Collection[UUID]) -> dict[UUID, Standing]:
    """Those of these subjects that have not ended; two queries."""
    rows = list(SubjectRecord.objects.filter(kind=kind, ref__in=refs, ended_at=None))
    done: dict[UUID, set[str]] = {}
    for one, rule in Occurrence.objects.filter(subject__in=[row.id for row in rows], state="done").values_list("subject_id", "rule"):
        done.setdefault(one, set()).add(rule)
    return {row.ref: Standing(subject_of(row), frozenset(done.get(row.id, ()))) for row in rows}


def rules_asking(subject: Subject) -> frozenset[str]:
    """The rules of the playbook that holds now that are about this subject."""
    return frozenset(rule.code for rule in frame().policy.rules.values() if rule.subject_kind == subject.kind and subject.meets(rule.where))


def renew_subjects(subjects: Sequence[Subject], *, actor: Actor, at: datetime, kept_as: Mapping[UUID, UUID] = MappingProxyType({})) -> list[UUID | Refusal]:
    """Take these subjects as new ones; answers as ``set_subjects`` does.

    What was asked about each before ends as of a subject that has ended: what has begun and is not done is dropped. Its row stays
    under another reference, ``kept_as`` or its own id; pauses go over to the new one.
    """
    lock_subjects()  # before the rows, as set_subjects does
    refs: dict[str, list[UUID]] = {}
    for subject in subjects:
        refs.setdefault(subject.kind, []).append(subject.ref)
    rows = [row for kind, given in refs.items() for row in SubjectRecord.objects.select_for_update().filter(kind=kind, ref__in=given).order_by("id")]
    for row in rows:
        actor.require(MANAGE, area_path=row.area_path)
        SubjectRecord.objects.filter(id=row.id).update(ref=kept_as.get(row.ref, row.id), ended_at=row.ended_at or at, stale=True)
    record([
        Entry(at=at, actor=actor.id, action="duties.end_subject", subject_type="duty_subject", subject=row.id) for row in rows if row.ended_at is None
    ])  # fmt: skip
    taken = set_subjects(subjects, actor=actor, at=at)
    for row in rows:
        if row.pauses:
            SubjectRecord.objects.filter(kind=row.kind, ref=row.ref).update(pauses=row.pauses)
    return taken
