"""A post and its terms: who held it, holds it and will hold it, and who comes after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from linli.directory.organisation.models import Appointment
from linli.directory.organisation.playbook import READ
from linli.directory.organisation.rules import Holding, NobodyPresent, PostNode, UnitNode
from linli.directory.organisation.selectors.snapshot import organisation
from linli.directory.people.selectors import names_of
from linli.kernel.access.rules import Actor

MOST_TERMS = 30
SUCCESSORS = 6


@dataclass(frozen=True, slots=True)
class Term:
    """One appointment. ``state``: present, coming or past."""

    id: UUID
    person_id: UUID
    person: str
    starts_at: datetime
    ends_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Successor:
    """A post in the order of succession, its appointee ("" while vacant), and whether they are away."""

    post: PostNode
    person: str
    away: bool


@dataclass(frozen=True, slots=True)
class PostPage:
    post: PostNode
    unit: UnitNode
    holding: Holding | None
    holder: str
    terms: Sequence[Term]
    order: Sequence[Successor]


def post_page(*, actor: Actor, at: datetime, post_id: UUID) -> PostPage:
    """Return a post with its terms, the newest first; two queries.

    Refuses an unknown post, and an actor without ``directory.read`` in its area.
    """
    snapshot = organisation()
    post = snapshot.post(post_id)
    actor.require(READ, area_path=post.area_path)
    rows = list(
        Appointment.objects.filter(post_id=post_id).order_by("-starts_at").values_list("id", "person_id", "person__display_name", "starts_at", "ends_at")
    )[:MOST_TERMS]
    try:
        holding: Holding | None = snapshot.holder(post_id, at)
    except NobodyPresent:
        holding = None
    order = list(islice(snapshot.successors(post), SUCCESSORS))
    appointees = {key: snapshot.appointee(key, at) for key in order}
    names = names_of({person for person in appointees.values() if person} | ({holding.person_id} if holding else set()))
    return PostPage(
        post=post,
        unit=snapshot.unit(post.unit_id),
        holding=holding,
        holder=names.get(holding.person_id, "") if holding else "",
        terms=[Term(key, person, name, starts, ends, _state(starts, ends, at)) for key, person, name, starts, ends in rows],
        order=[
            Successor(snapshot.post(key), names.get(person, "") if person else "", bool(person and snapshot.is_absent(person, at)))
            for key, person in appointees.items()
        ],
    )


def _state(starts_at: datetime, ends_at: datetime | None, at: datetime) -> str:
    if ends_at is not None and ends_at <= at:
        return "past"
    return "coming" if starts_at > at else "present"
