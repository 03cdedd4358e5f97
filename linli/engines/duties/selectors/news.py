"""Duties in the few words of a notice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.cadence import windows_of
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.frame import NoSuchRule, frame


@dataclass(frozen=True, slots=True)
class Brief:
    """A duty: what it is called, for whom (a pseudonym), where, who answers for it, until when."""

    id: UUID
    names: Mapping[str, str]
    label: str
    area_names: Mapping[str, str]
    post_id: UUID
    post_names: Mapping[str, str]
    above: UUID | None
    due_at: datetime


def briefs(duty_ids: Collection[UUID]) -> dict[UUID, Brief]:
    """The briefs of these duties; one query. ``above`` is the post of the chain's next level, else that of the area's chain."""
    land = frame()
    found: dict[UUID, Brief] = {}
    for row in Occurrence.objects.filter(id__in=duty_ids).select_related("subject"):
        try:
            rule = land.rule(row.policy, row.rule)
            names, above = rule.names, land.post_for(rule.chain, row.level + 1, row.area_id)
        except NoSuchRule:
            names, above = {"zh": row.rule, "en": row.rule}, None
        upper = above[1] if above else _above(row.post_id, row.area_id)
        post = land.organisation.post(row.post_id)
        found[row.id] = Brief(row.id, names, row.subject.label, land.ground.area(row.area_id).names, row.post_id, post.names, upper, row.due_at)
    return found


def written_down(duty_ids: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """What was filled in when these duties were carried out, of those with a form; one query."""
    rows = CheckInRecord.objects.filter(occurrence__in=duty_ids, verb=Verb.FINISH.value, form__isnull=False)
    return {duty: form for duty, form in rows.order_by("version").values_list("occurrence_id", "form") if form}


def asked_at(duty_ids: Collection[UUID]) -> dict[UUID, tuple[Mapping[str, str], Mapping[str, Any]]]:
    """What these duties are called, and the schema of their form: to read answers that are kept elsewhere. One query."""
    land = frame()
    found: dict[UUID, tuple[Mapping[str, str], Mapping[str, Any]]] = {}
    for duty, policy, code in Occurrence.objects.filter(id__in=duty_ids).values_list("id", "policy", "rule"):
        try:
            rule = land.rule(policy, code)
        except NoSuchRule:
            found[duty] = {"zh": code, "en": code}, {}
        else:
            found[duty] = rule.names, rule.form or {}
    return found


def rules_about(kind: str) -> bool:
    """Whether the playbook that holds now has a duty about subjects of this kind."""
    return any(rule.subject_kind == kind for rule in frame().policy.rules.values())


def is_asked_for(subject: Subject, *, at: datetime) -> bool:
    """Whether a duty of the playbook that holds now is about this subject and could still be carried out, or comes."""
    land = frame()
    today = land.day_of(at)
    days = {"first": today, "last": today + timedelta(days=land.policy.horizon)}
    about = (rule for rule in land.policy.rules.values() if rule.subject_kind == subject.kind and subject.meets(rule.where))
    return any(windows_of(rule.cadence, subject, **days, days_off=rule.days_off, calendar=land.calendar) for rule in about)


def _above(post_id: UUID, area_id: UUID) -> UUID | None:
    chain = [post.id for post in frame().organisation.chain(area_id)]
    place = chain.index(post_id) if post_id in chain else -1
    return chain[place + 1] if 0 <= place < len(chain) - 1 else None
