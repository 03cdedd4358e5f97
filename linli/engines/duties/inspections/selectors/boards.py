"""Boards of inspections: how far the census and the monthly rounds are, what is left, and what was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from linli.engines.duties.inspections.models import Draw, Sampled
from linli.engines.duties.inspections.playbook import READ, ledger_policy
from linli.engines.duties.inspections.rules.draw import drawn
from linli.engines.duties.inspections.rules.ledger import HAZARD, SAMPLE, SUBJECT_KINDS
from linli.engines.duties.inspections.services.draws import seed_of
from linli.engines.duties.models import Occurrence, SubjectRecord
from linli.engines.duties.rules.cadence import SHARED
from linli.engines.duties.rules.policy import DutyRule
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Actor, Confidentiality, Scope
from linli.kernel.access.selectors import in_scope

BACK = timedelta(days=31)
LEFT = 200
DRAWS = 20


@dataclass(frozen=True, slots=True)
class Round:
    """One round of an inspection rule: how many places, how many done, left or missed; by area above the lowest one."""

    rule: str
    names: Mapping[str, str]
    total: int
    done: int
    left: int
    missed: int
    until: datetime | None
    areas: tuple[tuple[Mapping[str, str], int, int], ...]  # names, done, total


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A place that a round has still before it, or has missed."""

    duty: UUID
    label: str
    area_names: Mapping[str, str]
    state: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class DrawnPlace:
    """A place that was drawn; ``subject``: the duty's subject that stands for it; ``duty`` and its ``state``: None and empty before it is made."""

    subject: UUID
    kind: str
    place: UUID
    label: str
    duty: UUID | None
    state: str


@dataclass(frozen=True, slots=True)
class DrawLine:
    """A draw, its places with the state of their inspections, and whether drawing again gives the same."""

    names: Mapping[str, str]
    day: date
    area_names: Mapping[str, str]
    seed: str
    candidates: int
    holds: bool
    places: tuple[DrawnPlace, ...]


def rounds(*, actor: Actor, at: datetime) -> list[Round]:
    """The present round of each duty about places, hazards and drawn places. Two queries a rule."""
    actor.require_somewhere(READ)
    land = frame()
    found = []
    for rule in land.policy.rules.values():
        if rule.subject_kind not in (*SUBJECT_KINDS, SAMPLE, HAZARD):
            continue
        rows = list(_round(actor, rule, at).values_list("state", "area_id", "due_at"))
        areas: dict[UUID, list[int]] = {}
        for state, area_id, _ in rows:
            chain = land.ground.chain(area_id)
            above = chain[-2] if len(chain) > 1 else chain[-1]
            count = areas.setdefault(above.id, [0, 0])
            count[0] += state == "done"
            count[1] += 1
        states = [state for state, _, _ in rows]
        by_area = sorted(((land.ground.area(key).names, done, total) for key, (done, total) in areas.items()), key=lambda row: (row[1] / row[2], -row[2]))
        left = sum(1 for state in states if state in ("open", "planned"))
        until = max((due for _, _, due in rows), default=None)
        found.append(Round(rule.code, rule.names, len(rows), states.count("done"), left, states.count("missed"), until, tuple(by_area)))
    return found


def left_of(*, actor: Actor, at: datetime, rule: str) -> list[LeftLine]:
    """What a round has before it or has missed, the nearest end first; at most 200."""
    actor.require_somewhere(READ)
    land = frame()
    known = land.policy.rules.get(rule)
    if known is None or known.subject_kind not in (*SUBJECT_KINDS, SAMPLE, HAZARD):
        return []
    rows = _round(actor, known, at).filter(state__in=["open", "planned", "missed"]).select_related("subject").order_by("due_at", "id")[:LEFT]
    return [LeftLine(row.id, row.subject.label, land.ground.area(row.area_id).names, row.state, row.due_at) for row in rows]


def draws(*, actor: Actor) -> list[DrawLine]:
    """The last draws where the actor may look, the newest first."""
    actor.require_somewhere(READ)
    land, policy = frame(), ledger_policy()[1]
    rows = list(Draw.objects.filter(in_scope(_scopes(actor), confidentiality="")).order_by("-day", "id")[:DRAWS])
    places = list(Sampled.objects.filter(draw__in=[row.id for row in rows]).order_by("id"))
    made = Occurrence.objects.filter(subject__kind=SAMPLE, subject__ref__in=[one.id for one in places]).values_list("subject__ref", "id", "state")
    duties: dict[UUID, tuple[UUID | None, str]] = {ref: (duty, state) for ref, duty, state in made}
    labels = dict(SubjectRecord.objects.filter(kind__in=SUBJECT_KINDS, ref__in=[one.place for one in places]).values_list("ref", "label"))
    found = []
    for row in rows:
        known = policy.samplings.get(row.sampling)
        own = [one for one in places if one.draw_id == row.id]
        again = drawn({UUID(place): value for place, value in row.weights.items()}, count=row.count, seed=row.seed)
        area = land.ground.area(row.area_id)
        holds = {one.place for one in own} == set(again) and row.seed == seed_of(row.sampling, day=row.day, area_code=area.code)
        names = known.names if known else {"zh": row.sampling, "en": row.sampling}
        shown = tuple(DrawnPlace(one.id, one.kind, one.place, labels.get(one.place, ""), *duties.get(one.id, (None, ""))) for one in own)
        found.append(DrawLine(names, row.day, area.names, row.seed, len(row.weights), holds, shown))
    return found


def _round(actor: Actor, rule: DutyRule, at: datetime) -> QuerySet[Occurrence]:
    """The occurrences of the window that began last; of cadences that count from a day of their own, those of the last month."""
    rows = Occurrence.objects.filter(in_scope(_scopes(actor), confidentiality=""), rule=rule.code).exclude(state="dropped")
    if not isinstance(rule.cadence, SHARED):
        return rows.filter(Q(opens_at__gt=at - BACK, opens_at__lte=at) | Q(state="open"))
    latest = rows.filter(opens_at__lte=at).order_by("-opens_at").values_list("slot", flat=True).first()
    return rows.filter(slot=latest)


def _scopes(actor: Actor) -> list[Scope]:
    return [scope for scope in actor.scopes(READ) if scope.clearance >= Confidentiality.INTERNAL]
