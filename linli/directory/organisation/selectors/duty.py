"""Who stands at the desks of an area now: for screens that are looked at while it burns."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from linli.directory.organisation.playbook import READ
from linli.directory.organisation.rules import Holding, NobodyPresent, PostNode
from linli.directory.organisation.selectors.lists import PostLine
from linli.directory.organisation.selectors.snapshot import access_roles, organisation
from linli.directory.people.selectors import names_of
from linli.directory.territory.selectors import ground
from linli.kernel.access.rules import Actor, Confidentiality, contains
from linli.kernel.access.selectors import role_grant


def holders_who_may(*, permission: str, area_path: str, confidentiality: Confidentiality, at: datetime) -> set[UUID]:
    """Who may do something in an area by a post that they answer for at ``at``, own or by succession."""
    snapshot, roles, found = organisation(), access_roles(), set[UUID]()
    for post in snapshot.posts:
        if contains(post.area_path, area_path) and role_grant(roles.get(post.role, post.role), post.area_path).allows(permission, area_path, confidentiality):
            try:
                found.add(snapshot.holder(post.id, at).person_id)
            except NobodyPresent:
                continue
    return found


def duty_desks(*, actor: Actor, at: datetime, area_path: str) -> list[PostLine]:
    """The leading desk of an area and of each area directly below it, with who answers there at ``at``; one query.

    Empty for an actor without ``directory.read`` there: a wall then shows no names.
    """
    if not actor.may(READ, area_path=area_path):
        return []
    snapshot, land = organisation(), ground()
    area = land.by_path(area_path)
    desks: list[tuple[PostNode, Holding | None]] = []
    for place in (area, *land.children(area.id)):
        head = snapshot.head(place.level, place.id)
        if head is not None and head.area_id == place.id:
            try:
                desks.append((head, snapshot.holder(head.id, at)))
            except NobodyPresent:
                desks.append((head, None))
    names = names_of({holding.person_id for _, holding in desks if holding})
    return [PostLine(head, holding, names.get(holding.person_id, "") if holding else "") for head, holding in desks]
