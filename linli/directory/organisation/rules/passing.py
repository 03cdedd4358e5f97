"""What an absence would do, shown before it is saved."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from uuid import UUID

from linli.directory.organisation.rules.nodes import FOREVER, Passing
from linli.directory.organisation.rules.snapshot import Organisation


def passings(organisation: Organisation, person_id: UUID, starts_at: datetime, ends_at: datetime | None) -> tuple[Passing, ...]:
    """Which posts would pass to whom, and when, were the person absent in ``[starts_at, ends_at)``.

    Refuses with ``NobodyPresent`` when nobody would be left at the top desk.
    """
    until = ends_at or FOREVER
    own = set(organisation.own_posts(person_id, starts_at))
    found: list[Passing] = []
    for post in organisation.posts:
        order = tuple(organisation.successors(post))
        if own.isdisjoint(order):
            continue
        edges = {starts_at, until, *(edge for edge in organisation.edges(order) if starts_at < edge < until)}
        found.extend(_passings_of(organisation, post.id, sorted(edges), person_id))
    return tuple(found)


def _passings_of(organisation: Organisation, post_id: UUID, edges: list[datetime], person_id: UUID) -> list[Passing]:
    found: list[Passing] = []
    for start, edge in pairwise(edges):
        if organisation.holder(post_id, start).person_id != person_id:
            continue
        holding = organisation.holder(post_id, start, without=person_id)
        end = None if edge == FOREVER else edge
        if found and found[-1].ends_at == start and found[-1].holding == holding:
            found[-1] = Passing(post_id, found[-1].starts_at, end, holding)
        else:
            found.append(Passing(post_id, start, end, holding))
    return found
