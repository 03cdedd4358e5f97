"""Whom matters can be dispatched to, with why each is suggested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from linli.directory.organisation.rules import Holding, Organisation, PostNode, UnitNode
from linli.engines.matters.models import Matter
from linli.engines.matters.services.frame import Frame


@dataclass(frozen=True, slots=True)
class Placed:
    """What of a matter decides whom it can go to."""

    id: UUID
    policy_id: UUID
    class_code: str
    level: int
    area_id: UUID
    area_path: str
    owner_id: UUID


class Why(StrEnum):
    """Why a post is suggested."""

    CLASS = "class"  # its department handles this class
    AREA = "area"  # it serves the matter's own area
    TEAM = "team"  # it is of the accountable post's unit


@dataclass(frozen=True, slots=True)
class PostChoice:
    """A post that can take a matter: why it is suggested (None: it only could), who is there now, what it has in hand."""

    post: PostNode
    unit: UnitNode
    holding: Holding
    why: Why | None
    in_hand: int = 0


def handlers_of(matters: Sequence[Placed], *, land: Frame, at: datetime) -> dict[UUID, list[PostChoice]]:
    """For each matter whom it can be dispatched to: the department of its class, the area's own posts, the team; then every other
    department. One query for all, on the index of handlers.
    """
    suggested = {matter.id: _suggested(matter, land=land) for matter in matters}
    loads = _in_hand({post_id for posts in suggested.values() for post_id in posts})
    made: dict[tuple[UUID, Why | None], PostChoice] = {}
    found: dict[UUID, list[PostChoice]] = {}
    for matter in matters:
        posts: dict[UUID, Why | None] = dict(suggested[matter.id])
        for post_id in _departments(matter, land=land):
            posts.setdefault(post_id, None)
        for post_id, why in posts.items():
            if (post_id, why) not in made:
                made[post_id, why] = choice_of(post_id, organisation=land.organisation, at=at, why=why, in_hand=loads.get(post_id, 0))
        found[matter.id] = [made[post_id, why] for post_id, why in posts.items()]
    return found


def _suggested(matter: Placed, *, land: Frame) -> dict[UUID, Why]:
    organisation = land.organisation
    policy = land.policy_of(matter.policy_id)
    known = policy.classes.get(matter.class_code)
    posts: dict[UUID, Why] = {}
    department = next((unit for unit in organisation.units if known and known.department and unit.code == known.department), None)
    if department is not None:
        posts[organisation.unit_desk(department.id).id] = Why.CLASS
    for post in organisation.posts_of_unit(organisation.post(matter.owner_id).unit_id):
        posts.setdefault(post.id, Why.TEAM)
    below = {level.level for level in policy.levels[: matter.level + 1]}
    for area in reversed(land.ground.chain(matter.area_id)):
        for post in organisation.posts_of(area.id):
            if post.level in below and post.rank == 1:
                posts.setdefault(post.id, Why.AREA)
    posts.pop(matter.owner_id, None)  # the desk itself need not send it anywhere: it can solve it
    return posts


def _departments(matter: Placed, *, land: Frame) -> list[UUID]:
    organisation, ground = land.organisation, land.ground
    units = (unit for unit in organisation.units if unit.kind == "department" and matter.area_path.startswith(ground.area(unit.area_id).path))
    return [organisation.unit_desk(unit.id).id for unit in units]


def _in_hand(post_ids: set[UUID]) -> dict[UUID, int]:
    """How many open matters each of these posts handles. One query on the index of handlers."""
    found: dict[UUID, int] = {}
    for post_id in Matter.objects.filter(handler_post_id__in=post_ids, closed_at=None).values_list("handler_post_id", flat=True)[:5_000]:
        if post_id is not None:
            found[post_id] = found.get(post_id, 0) + 1
    return found


def choice_of(post_id: UUID, *, organisation: Organisation, at: datetime, why: Why | None, in_hand: int = 0) -> PostChoice:
    post = organisation.post(post_id)
    return PostChoice(post, organisation.unit(post.unit_id), organisation.holder(post_id, at), why, in_hand)
