"""Making, changing and retiring posts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext_lazy

from linli.directory.organisation.events import PostChanged, PostCreated, PostRetired
from linli.directory.organisation.models import Appointment, Post, Unit
from linli.directory.organisation.playbook import MANAGE
from linli.directory.organisation.rules import UnknownPost, UnknownPostArea, UnknownUnit
from linli.directory.organisation.services.root import keep_root_held
from linli.directory.territory.models import Area
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.epoch.services import bump
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal, Said
from linli.kernel.rows import insert_rows, update_rows

_OUT_OF_THE_WAY = 10_000  # ranks pass through here while they are exchanged: the index looks at each row


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
    """Plug in who needs posts: ``used(post_ids)`` returns those in use; ``what`` says by what (an ``N_`` sentence part, which may say
    ``%(count)s`` where a post is returned once for each thing that rests on it).

    An engine registers that it has open matters on a post, so that the directory need not know matters.
    """
    _uses[what] = used


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post to make, vacant. The root post must be appointed to in the same write."""

    code: str
    names: Mapping[str, str]
    role: str
    unit_id: UUID
    area_id: UUID
    level: str
    rank: int
    is_root: bool = False


def create_post(*, actor: Actor, at: datetime, post: NewPost) -> UUID:
    """Make one post; see :func:`create_posts`."""
    return create_posts(actor=actor, at=at, posts=[post])[0]


def create_posts(*, actor: Actor, at: datetime, posts: Sequence[NewPost]) -> list[UUID]:
    """Make posts in one batch, in a constant number of queries; return their ids in order.

    Refuses an actor without ``directory.manage`` in one of the areas, an unknown unit or area, a code or rank in use, a
    second root post.
    """
    paths = dict(Area.objects.filter(id__in={new.area_id for new in posts}).values_list("id", "path"))
    for new in posts:
        if new.area_id not in paths:
            raise UnknownPostArea(area=new.area_id)
    for path in set(paths.values()):
        actor.require(MANAGE, area_path=path)
    bump()
    names = {code: shown_name(shown, code) for code, shown in Post.objects.filter(code__in=[new.code for new in posts]).values_list("code", "names")}
    wanted = {new.unit_id for new in posts}
    units = set(Unit.objects.filter(id__in=wanted).values_list("id", flat=True))
    if wanted - units:
        raise UnknownUnit(unit=min(wanted - units))
    ranks = {
        (unit_id, level, rank): code
        for unit_id, level, rank, code in Post.objects.filter(unit_id__in=wanted, retired_at=None).values_list("unit_id", "level", "rank", "code")
    }
    root = Post.objects.filter(is_root=True).values_list("code", flat=True).first()
    for new in posts:
        if new.code in names:
            raise CodeTaken(code=new.code, name=names[new.code])
        names[new.code] = shown_name(new.names, new.code)
        taken = ranks.setdefault((new.unit_id, new.level, new.rank), new.code)
        if taken != new.code:
            raise RankTaken(rank=new.rank, post=taken)
        if new.is_root and root is not None:
            raise RootPostTaken(post=root)
        root = new.code if new.is_root else root
    return insert_posts(actor=actor, at=at, posts=posts)


def insert_posts(*, actor: Actor, at: datetime, posts: Sequence[NewPost]) -> list[UUID]:
    """Write posts that were checked already, with their audit entries and events; return their ids."""
    ids = [new_id() for _ in posts]
    columns = ("id", "code", "names", "role", "unit", "area", "level", "rank", "is_root")
    insert_rows(
        Post,
        columns,
        [(key, new.code, dict(new.names), new.role, new.unit_id, new.area_id, new.level, new.rank, new.is_root) for key, new in zip(ids, posts, strict=True)],
    )
    record(
        [
            Entry(
                at=at,
                actor=actor.id,
                action="organisation.create_post",
                subject_type="post",
                subject=key,
                to_state="vacant",
                details={"code": new.code, "role": new.role, "level": new.level, "rank": new.rank},
            )
            for key, new in zip(ids, posts, strict=True)
        ]
    )
    publish([PostCreated(key=key, at=at) for key in ids])
    for key, new in zip(ids, posts, strict=True):
        if new.is_root:
            keep_root_held(key)
    return ids


def change_posts(*, actor: Actor, at: datetime, posts: Mapping[UUID, tuple[Mapping[str, str], str, int]]) -> None:
    """Set names, role and rank of posts by id, in one batch; ranks may be exchanged among them.

    Refuses an actor without ``directory.manage`` in one of the areas, an unknown or retired post, a rank in use.
    """
    found = {post.id: post for post in Post.objects.filter(id__in=posts, retired_at=None).select_related("area")}
    if len(found) < len(posts):
        raise UnknownPost(post=min(posts.keys() - found.keys()))
    for path in {post.area.path for post in found.values()}:
        actor.require(MANAGE, area_path=path)
    bump()
    units = {post.unit_id for post in found.values()}
    others = Post.objects.filter(unit_id__in=units, retired_at=None).exclude(id__in=posts).values_list("unit_id", "level", "rank", "code")
    ranks = {(unit_id, level, rank): code for unit_id, level, rank, code in others}
    for post_id, (_, _, rank) in posts.items():
        post = found[post_id]
        taken = ranks.setdefault((post.unit_id, post.level, rank), post.code)
        if taken != post.code:
            raise RankTaken(rank=rank, post=taken)
    Post.objects.filter(id__in=posts).update(rank=F("rank") + _OUT_OF_THE_WAY)
    update_rows(Post, ("id", "names", "role", "rank"), [(key, dict(names), role, rank) for key, (names, role, rank) in posts.items()])
    record(
        [
            Entry(at=at, actor=actor.id, action="organisation.change_post", subject_type="post", subject=key, details={"role": role, "rank": rank})
            for key, (_, role, rank) in posts.items()
        ]
    )
    publish([PostChanged(key=key, at=at) for key in posts])


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
        if found := used([post_id]):
            raise PostInUse(post=post.code, what=Said(what, {"count": len(found)}))
    post.retired_at = at
    post.save(update_fields=["retired_at"])
    entry = Entry(at=at, actor=actor.id, action="organisation.retire_post", subject_type="post", subject=post_id, from_state="vacant", to_state="retired")
    record([entry])
    publish([PostRetired(key=post_id, at=at)])
    return post


def shown_name(names: Mapping[str, str], code: str) -> str:
    return names.get("zh") or names.get("en") or code
