"""Making and retiring units and posts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy

from linli.directory.organisation.events import PostCreated, PostRetired, UnitCreated
from linli.directory.organisation.models import Appointment, Post, Unit
from linli.directory.organisation.playbook import MANAGE
from linli.directory.organisation.rules import UnknownPost, UnknownPostArea, UnknownUnit
from linli.directory.organisation.services.root import keep_root_held
from linli.directory.territory.models import Area
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.epoch.services import bump
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal


class CodeTaken(Refusal):
    code: ClassVar[str] = "organisation.code_taken"
    message: ClassVar[str] = N_("The code %(code)s is already used by %(name)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class RankTaken(Refusal):
    code: ClassVar[str] = "organisation.rank_taken"
    message: ClassVar[str] = N_("Rank %(rank)s of this unit belongs to the post %(post)s; two posts of one rank would leave the succession open.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "rank"


class RootPostTaken(Refusal):
    code: ClassVar[str] = "organisation.root_taken"
    message: ClassVar[str] = N_("There is one root post only: %(post)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class PostInUse(Refusal):
    """Something still rests on the post: an appointment, or what a room said through :func:`register_post_use`."""

    code: ClassVar[str] = "organisation.post_in_use"
    message: ClassVar[str] = N_("The post %(post)s cannot be retired yet: %(what)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT


PostUse = Callable[[Collection[UUID]], Collection[UUID]]
_uses: dict[str, PostUse] = {}


def register_post_use(what: str, used: PostUse) -> None:
    """Plug in who needs posts: ``used(post_ids)`` returns those in use; ``what`` says by what (an ``N_`` sentence part).

    An engine registers that it has open matters on a post, so that the directory need not know matters.
    """
    _uses[what] = used


def create_unit(*, actor: Actor, at: datetime, code: str, names: Mapping[str, str], kind: str, area_id: UUID, parent_id: UUID | None = None) -> Unit:
    """Make a unit for an area.

    Refuses an actor without ``directory.manage`` there, a code in use, an unknown area.
    """
    actor.require(MANAGE, area_path=_path(area_id))
    bump()
    _code_is_free(Unit, code)
    unit = Unit.objects.create(code=code, names=dict(names), kind=kind, area_id=area_id, parent_id=parent_id)
    record([Entry(at=at, actor=actor.id, action="organisation.create_unit", subject_type="unit", subject=unit.id, details={"code": code, "kind": kind})])
    publish([UnitCreated(key=unit.id, at=at)])
    return unit


def create_post(
    *,
    actor: Actor,
    at: datetime,
    code: str,
    names: Mapping[str, str],
    role: str,
    unit_id: UUID,
    area_id: UUID,
    level: str,
    rank: int,
    is_root: bool = False,
) -> Post:
    """Make a post, vacant. The root post must be appointed to in the same write.

    Refuses an actor without ``directory.manage`` there, a code or rank in use, a second root post.
    """
    actor.require(MANAGE, area_path=_path(area_id))
    bump()
    _code_is_free(Post, code)
    if not Unit.objects.filter(id=unit_id).exists():
        raise UnknownUnit(unit=unit_id)
    same = Post.objects.filter(unit_id=unit_id, level=level, rank=rank, retired_at=None).values_list("code", flat=True).first()
    if same is not None:
        raise RankTaken(rank=rank, post=same)
    if is_root:
        root = Post.objects.filter(is_root=True).values_list("code", flat=True).first()
        if root is not None:
            raise RootPostTaken(post=root)
    post = Post.objects.create(code=code, names=dict(names), role=role, unit_id=unit_id, area_id=area_id, level=level, rank=rank, is_root=is_root)
    if is_root:
        keep_root_held(post.id)
    details = {"code": code, "role": role, "level": level, "rank": rank}
    record([Entry(at=at, actor=actor.id, action="organisation.create_post", subject_type="post", subject=post.id, to_state="vacant", details=details)])
    publish([PostCreated(key=post.id, at=at)])
    return post


def retire_post(*, actor: Actor, at: datetime, post_id: UUID) -> Post:
    """Use a post no more from ``at`` on; its history stays.

    Refuses an actor without ``directory.manage`` there, the root post, and a post with a present or coming appointment or
    with open work.
    """
    post = Post.objects.select_related("area").filter(id=post_id, retired_at=None).first()
    if post is None:
        raise UnknownPost(post=post_id)
    actor.require(MANAGE, area_path=post.area.path)
    bump()
    if post.is_root:
        raise PostInUse(post=post.code, what=gettext_lazy("it is the root post"))
    if Appointment.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), post_id=post_id).exists():
        raise PostInUse(post=post.code, what=gettext_lazy("somebody is appointed to it"))
    for what, used in _uses.items():
        if used([post_id]):
            raise PostInUse(post=post.code, what=gettext_lazy(what))
    post.retired_at = at
    post.save(update_fields=["retired_at"])
    entry = Entry(at=at, actor=actor.id, action="organisation.retire_post", subject_type="post", subject=post_id, from_state="vacant", to_state="retired")
    record([entry])
    publish([PostRetired(key=post_id, at=at)])
    return post


def _path(area_id: UUID) -> str:
    path = Area.objects.filter(id=area_id).values_list("path", flat=True).first()
    if path is None:
        raise UnknownPostArea(area=area_id)
    return path


def _code_is_free(model: type[Unit | Post], code: str) -> None:
    names = model.objects.filter(code=code).values_list("names", flat=True).first()
    if names is not None:
        raise CodeTaken(code=code, name=names.get("zh") or names.get("en") or code)
