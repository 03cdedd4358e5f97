"""The organisation in memory, and what it tells of a user and of an absence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from linli.directory.organisation import models
from linli.directory.organisation.playbook import MANAGE, DirectorySection
from linli.directory.organisation.rules import Absence, Appointment, AreaLink, Organisation, Passing, PostNode, UnitNode, passings
from linli.directory.people.models import Person
from linli.directory.territory.models import Area
from linli.kernel.access.rules import Actor, Grant
from linli.kernel.access.selectors import role_grant
from linli.kernel.epoch.services import Cached
from linli.kernel.playbooks.rules import UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook


def load_organisation() -> Organisation:
    """Read the whole organisation anew: six queries, whatever its size."""
    paths: dict[UUID, str] = {}
    areas = []
    for area_id, parent_id, path in Area.objects.values_list("id", "parent_id", "path").iterator():
        paths[area_id] = path
        areas.append(AreaLink(area_id, parent_id, path))
    return Organisation(
        areas=areas,
        units=[UnitNode(*row) for row in models.Unit.objects.values_list("id", "code", "names", "kind", "area_id", "parent_id")],
        posts=[
            PostNode(post_id, code, names, role, unit_id, area_id, paths[area_id], level, rank, is_root, retired_at is not None)
            for post_id, code, names, role, unit_id, area_id, level, rank, is_root, retired_at in models.Post.objects.values_list(
                "id", "code", "names", "role", "unit_id", "area_id", "level", "rank", "is_root", "retired_at"
            )
        ],
        appointments=[Appointment(*row) for row in models.Appointment.objects.values_list("post_id", "person_id", "starts_at", "ends_at")],
        absences=[Absence(*row) for row in models.Absence.objects.values_list("person_id", "starts_at", "ends_at", "reason")],
        users=dict(Person.objects.filter(user__isnull=False, user__is_active=True).values_list("user_id", "id")),
    )


_organisation: Cached[Organisation] = Cached(load_organisation)


def organisation(epoch: int | None = None) -> Organisation:
    """Who answers for what, in memory. With an epoch from ``epoch.hold()`` exactly, without one as last committed."""
    return _organisation.get(epoch)


def access_roles() -> dict[str, str]:
    """Role of a post → role of the access section, by the active playbook; empty before one is applied."""
    try:
        return active_playbook().section(DirectorySection).access_roles()
    except (NoPlaybook, UnknownSection):
        return {}


def grants_of_user(user_id: UUID, at: datetime) -> tuple[list[Grant], UUID | None, Iterable[UUID]]:
    """The grant source of the directory: for every post that the user answers for at ``at``, own or by succession, its
    role in its area. Each (role, area) is given once.
    """
    snapshot = organisation()
    person_id = snapshot.person_of_user(user_id)
    if person_id is None:
        return [], None, ()
    roles = access_roles()
    posts = snapshot.posts_of_user(user_id, at)
    held = dict.fromkeys((roles.get(post.role, post.role), post.area_path) for post in posts)
    return [role_grant(role, path) for role, path in held], person_id, [post.id for post in posts]


def consequences_of_absence(*, actor: Actor, person_id: UUID, starts_at: datetime, ends_at: datetime | None) -> tuple[Passing, ...]:
    """Which posts would pass to whom, and when, were the person away: shown before it is saved.

    The person asks for themself; for others ``directory.manage`` is needed where they hold a post. Refuses with
    ``NobodyPresent`` when nobody would be left at the top desk.
    """
    snapshot = organisation()
    if actor.person_id != person_id:
        for path in {snapshot.post(post_id).area_path for post_id in snapshot.own_posts(person_id, starts_at)} or {""}:
            actor.require(MANAGE, area_path=path)
    return passings(snapshot, person_id, starts_at, ends_at)
