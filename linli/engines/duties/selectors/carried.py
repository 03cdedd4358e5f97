"""Duties as somebody carries them along: enough to find the door, check in and fill in where no server is reached, and no more.

Of a care visit a phone holds the pseudonym, the area and the times. What was written down at the last one stays in the house.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, IntegerField, Q, When

from linli.directory.territory.selectors.things import points_of
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.playbook import ACT
from linli.engines.duties.rules.policy import DutyRule
from linli.engines.duties.rules.task import State
from linli.engines.duties.selectors.desk import AHEAD, DutyLine, lines_of, visible
from linli.engines.duties.services.checkin import ledger_left
from linli.engines.duties.services.confiding import is_confided
from linli.engines.duties.services.frame import Frame, NoSuchRule, frame
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import names_of_actors

MOST = 300  # duties that one person carries
MISSED = 50


@dataclass(frozen=True, slots=True)
class CarriedStep:
    """One check-in; ``number`` is the duty's version after it. Words are left out where the duty is private."""

    number: int
    verb: str
    at: datetime
    who: str
    words: str


@dataclass(frozen=True, slots=True)
class Carried:
    """One duty on a phone.

    Attributes:
        subject: says which duties are about the same; ``subject_kind``: what that is.
        form: the key of its form in :attr:`Load.forms`, or nothing. ``needs``: what finishing it asks for.
        confided: what is written at its visits is kept elsewhere, sealed (``services/confiding.py``).
        leaves: of a census, what its place's ledger has left: it is finished when they are written or confirmed.
        lon, lat: the place's own point, else one in its area (``exact`` says which); a person's home is never on a phone.
    """

    line: DutyLine
    subject: UUID
    subject_kind: str
    needs: tuple[str, ...]
    form: str
    retries: int
    retry_hours: int
    mine: bool
    may_act: bool
    arrived_at: datetime | None
    lon: float | None
    lat: float | None
    exact: bool
    confided: bool = False
    leaves: Sequence[Mapping[str, str]] = ()
    steps: Sequence[CarriedStep] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """What one person carries; ``forms``: JSON Schemas by key; ``left_out``: how many more there are than can be carried."""

    duties: Sequence[Carried]
    forms: Mapping[str, Mapping[str, Any]]
    left_out: int
    done_today: int


def carried(*, actor: Actor, at: datetime) -> Load:
    """Return what the actor's posts answer for now and within a week, and what they missed in the last one; constant queries."""
    posts, land = list(actor.post_ids), frame()
    if not posts:
        return Load((), {}, 0, 0)
    midnight = land.moment(land.day_of(at), 0)
    seen = visible(actor)
    mine = seen.filter(post_id__in=posts)
    had = seen.filter(_had(posts))
    live = mine.filter(Q(state=State.OPEN.value) | Q(state=State.PLANNED.value, opens_at__lte=at + AHEAD))
    live = live.annotate(ahead=Case(When(opens_at__gt=at, then=1), default=0, output_field=IntegerField())).order_by("ahead", "due_at", "id")
    missed = had.filter(_missed(at)).order_by("-missed_at", "id")
    rows: list[Occurrence] = list(live.select_related("subject")[: MOST + 1])
    left_out = live.count() - MOST if len(rows) > MOST else 0
    rows = [*missed.select_related("subject")[:MISSED], *rows[:MOST]]
    found = _carried(rows, actor=actor, at=at, land=land)
    forms = {one.form: dict(land.rule(row.policy, row.rule).form or {}) for one, row in zip(found, rows, strict=True) if one.form}
    return Load(found, forms, left_out, had.filter(state=State.DONE.value, done_at__gte=midnight, done_at__lt=midnight + timedelta(days=1)).count())


def begun_duties(*, actor: Actor, at: datetime, kinds: Collection[str]) -> list[Occurrence]:
    """Return what the actor carries about these kinds of subjects and can do now: begun, or missed in the last week; with its subject. One query."""
    posts = list(actor.post_ids)
    if not posts:
        return []
    begun = Q(post_id__in=posts) & (Q(state=State.OPEN.value) | Q(state=State.PLANNED.value, opens_at__lte=at))
    rows = visible(actor).filter(begun | _had(posts) & _missed(at), subject__kind__in=kinds)
    return list(rows.select_related("subject").order_by("due_at", "id")[:MOST])


def _had(posts: Sequence[UUID]) -> Q:
    return Q(post_id__in=posts) | Q(first_post_id__in=posts)


def _missed(at: datetime) -> Q:
    return Q(state=State.MISSED.value, missed_at__gt=at - AHEAD, excused_at=None)


def carried_duties(duty_ids: Collection[UUID], *, actor: Actor, at: datetime) -> dict[UUID, Carried]:
    """Return these duties as they are now with what was done for them, ended ones too; those that the actor may not see are not there."""
    rows = list(visible(actor).filter(id__in=duty_ids).select_related("subject"))
    private = {row.id for row in rows if row.confidentiality >= Confidentiality.PRIVATE}
    steps: dict[UUID, list[CheckInRecord]] = {}
    for step in CheckInRecord.objects.filter(occurrence__in=rows).order_by("version"):
        steps.setdefault(step.occurrence_id, []).append(step)
    people = names_of_actors([step.actor for told in steps.values() for step in told])
    told = {
        key: [CarriedStep(step.version, step.verb, step.at, people.get(step.actor, ""), "" if key in private else step.note) for step in of]
        for key, of in steps.items()
    }
    return {one.line.id: one for one in _carried(rows, actor=actor, at=at, land=frame(), steps=told)}


def _carried(
    rows: Sequence[Occurrence], *, actor: Actor, at: datetime, land: Frame, steps: Mapping[UUID, Sequence[CarriedStep]] | None = None
) -> list[Carried]:  # fmt: skip
    points, rules = points_of(_refs(rows)), [_rule(row, land) for row in rows]
    left = ledger_left({row.id for row, rule in zip(rows, rules, strict=True) if rule and rule.census})
    found = []
    for row, rule, line in zip(rows, rules, lines_of(rows, at=at, land=land), strict=True):
        centre = land.ground.area(row.area_id).centre
        point = points.get(row.subject.ref) or centre or (None, None)
        found.append(
            Carried(
                line=line,
                subject=row.subject_id,
                subject_kind=row.subject.kind,
                needs=tuple(sorted(what.value for what in rule.evidence)) if rule else (),
                form=f"{row.policy}:{row.rule}" if rule and rule.form else "",
                retries=rule.retries if rule else 0,
                retry_hours=rule.retry_hours if rule else 0,
                mine=row.post_id in actor.post_ids,
                may_act=actor.may(ACT, area_path=row.area_path, confidentiality=Confidentiality(row.confidentiality)),
                arrived_at=row.arrived_at,
                lon=point[0],
                lat=point[1],
                exact=row.subject.ref in points,
                confided=is_confided(row.subject.kind),
                leaves=left[row.id].leaves if row.id in left else (),
                steps=(steps or {}).get(row.id, ()),
            )
        )
    return found


def _rule(row: Occurrence, land: Frame) -> DutyRule | None:
    try:
        return land.rule(row.policy, row.rule)
    except NoSuchRule:
        return None


def _refs(rows: Iterable[Occurrence]) -> list[UUID]:
    return [row.subject.ref for row in rows if row.subject.kind in ("place", "facility")]
