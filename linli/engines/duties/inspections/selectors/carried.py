"""Ledgers as somebody carries them along: of the places that an own duty is about now, and no others.

Whom to reach at a place stays in the house: such a leaf goes along as there or missing, without its answers and its form.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.engines.duties.inspections.models import Leaf
from linli.engines.duties.inspections.playbook import READ, WRITE, ledger_policy
from linli.engines.duties.inspections.rules.ledger import HAZARD, SAMPLE, SUBJECT_KINDS, LeafForm, Stake, is_lacking
from linli.engines.duties.inspections.selectors.ledgers import places_behind, visible_places
from linli.engines.duties.inspections.services.leaves import never_shown
from linli.engines.duties.models import SubjectRecord
from linli.engines.duties.rules.forms import BadForm, checked_answers
from linli.engines.duties.selectors.carried import begun_duties
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import names_of_actors

KINDS = (*SUBJECT_KINDS, SAMPLE, HAZARD)
Key = tuple[str, UUID]  # a place: its kind and id
LeafKey = tuple[str, UUID, str]  # and the form


@dataclass(frozen=True, slots=True)
class CarriedLeaf:
    """One leaf on a phone.

    Attributes:
        version: 0 where nothing was written yet; ``at``: when the current one was. ``lacking``: it is not there, or not of this year.
        answers: None where there are none, or where they stay in the house. ``fits``: they, and what they were given with, are what the
            form asks for now, so they can be confirmed.
        by: who wrote the current version; said where two have met.
    """

    form: LeafForm
    version: int
    at: datetime | None
    answers: Mapping[str, Any] | None
    lacking: bool
    fits: bool
    by: str


@dataclass(frozen=True, slots=True)
class CarriedLedger:
    """A place's ledger; ``duties``: the own ones about it."""

    kind: str
    place: UUID
    label: str
    stake: Stake
    duties: tuple[UUID, ...]
    leaves: tuple[CarriedLeaf, ...]
    may_write: bool


def carried_ledgers(*, actor: Actor, at: datetime) -> list[CarriedLedger]:
    """Return the ledgers of the places that the actor's duties are about now. A constant number of queries; none where the actor sees no ledger."""
    duties = begun_duties(actor=actor, at=at, kinds=KINDS) if actor.holds(READ) else []
    behind = places_behind({(duty.subject.kind, duty.subject.ref) for duty in duties})
    about: dict[Key, list[UUID]] = {}
    for duty in duties:
        place = behind.get((duty.subject.kind, duty.subject.ref))
        if place is not None:
            about.setdefault(place, []).append(duty.id)
    rows = _subjects(about, actor=actor)
    written, today = _current(rows), _Today(at)
    found = []
    for row, stake in rows.items():
        leaves = tuple(today.leaf(form, written.get((row.kind, row.ref, form.code)), stake.code) for form in stake.forms.values())
        may_write = actor.may(WRITE, area_path=row.area_path, confidentiality=Confidentiality.INTERNAL)
        found.append(CarriedLedger(row.kind, row.ref, row.label, stake, tuple(about[row.kind, row.ref]), leaves, may_write))
    return found


def carried_leaves(wanted: Collection[LeafKey], *, actor: Actor, at: datetime) -> dict[LeafKey, CarriedLeaf]:
    """Return these leaves as they are now, with who wrote them; those that the actor may not see are not there."""
    rows = _subjects({(kind, place) for kind, place, _ in wanted}, actor=actor)
    written = _current(rows)
    today = _Today(at, names_of_actors([leaf.writer for leaf in written.values()]))
    found = {(row.kind, row.ref, form.code): (form, stake.code) for row, stake in rows.items() for form in stake.forms.values()}
    return {key: today.leaf(form, written.get(key), stake) for key, (form, stake) in found.items() if key in wanted}


def _subjects(places: Iterable[Key], *, actor: Actor) -> dict[SubjectRecord, Stake]:
    """The places of these that the actor may see, each with its stake; in the order of their labels."""
    wanted, policy = set(places), ledger_policy()[1]
    found = visible_places(actor).filter(kind__in=SUBJECT_KINDS, ref__in=[ref for _, ref in wanted]).order_by("label", "id") if wanted else ()
    of = {row: policy.stake_of(row.kind, str(row.facts.get("class", ""))) for row in found if (row.kind, row.ref) in wanted}
    return {row: stake for row, stake in of.items() if stake is not None}


def _current(rows: Collection[SubjectRecord]) -> dict[LeafKey, Leaf]:
    found = Leaf.objects.filter(place__in=[row.ref for row in rows], current=True, forgotten_at=None) if rows else ()
    return {(leaf.kind, leaf.place, leaf.form): leaf for leaf in found}


class _Today:
    """What a leaf comes to at an instant."""

    def __init__(self, at: datetime, names: Mapping[str, str] | None = None) -> None:
        self.land, self.names = frame(), names or {}
        self.today = self.land.day_of(at)

    def leaf(self, form: LeafForm, current: Leaf | None, stake: str) -> CarriedLeaf:
        if current is None:
            return CarriedLeaf(form, 0, None, None, True, False, "")
        answers = current.answers if form.contact_days is None else None
        fits = answers is not None and _fits(answers, form) and not never_shown(current, form, stake=stake)
        lacking = is_lacking(form, self.land.day_of(current.at), today=self.today)
        return CarriedLeaf(form, current.version, current.at, answers, lacking, fits, self.names.get(current.writer, ""))


def _fits(answers: Mapping[str, Any], form: LeafForm) -> bool:
    try:
        checked_answers(answers, form.schema)
    except BadForm:
        return False
    return True
