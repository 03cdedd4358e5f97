"""Lists for people to look at: who holds what now, who is away. A constant number of queries each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from linli.directory.organisation.models import Absence
from linli.directory.organisation.playbook import READ
from linli.directory.organisation.rules import Holding, NobodyPresent, PostNode
from linli.directory.organisation.selectors.snapshot import organisation
from linli.directory.people.selectors import names_of
from linli.kernel.access.rules import Actor, contains


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post, who answers for it now (None: nobody was appointed anywhere yet), and their name."""

    post: PostNode
    holding: Holding | None
    holder: str


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """Who is away from when to when, why by code, and the posts of theirs that others hold meanwhile."""

    id: UUID
    person_id: UUID
    person: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    posts: tuple[PostNode, ...]


def posts_held(*, actor: Actor, at: datetime, area_path: str = "") -> list[PostLine]:
    """The posts of an area and below with who answers for each at ``at``, in order of area, level and rank; of them, those
    in areas where the actor has ``directory.read``.
    """
    snapshot = organisation()
    scopes = actor.scopes(READ)
    order = {level: place for place, level in enumerate(snapshot.levels)}
    posts = [post for post in snapshot.posts if contains(area_path, post.area_path) and any(contains(scope.area_path, post.area_path) for scope in scopes)]
    posts.sort(key=lambda post: (post.area_path, order.get(post.level, len(order)), snapshot.unit(post.unit_id).code, post.rank))
    held: list[tuple[PostNode, Holding | None]] = []
    for post in posts:
        try:
            held.append((post, snapshot.holder(post.id, at)))
        except NobodyPresent:
            held.append((post, None))
    names = names_of(holding.person_id for _, holding in held if holding)
    return [PostLine(post, holding, names.get(holding.person_id, "") if holding else "") for post, holding in held]


def absences(*, actor: Actor, at: datetime) -> list[AbsenceLine]:
    """Present and coming absences of people with a post where the actor has ``directory.read``, and the actor's own."""
    snapshot = organisation()
    scopes = actor.scopes(READ)
    found: list[AbsenceLine] = []
    rows = Absence.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at)).select_related("person").order_by("starts_at", "id")
    for row in rows:
        posts = tuple(snapshot.post(post_id) for post_id in snapshot.own_posts(row.person_id, max(at, row.starts_at)))
        seen = any(contains(scope.area_path, post.area_path) for scope in scopes for post in posts) or (bool(scopes) and not posts)
        if seen or row.person_id == actor.person_id:
            found.append(AbsenceLine(row.id, row.person_id, row.person.display_name, row.starts_at, row.ends_at, row.reason, posts))
    return found
