"""Reading access: who an account or a key is, and what a query may show."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from linli.kernel.access import rules
from linli.kernel.access.models import ApiKey, RoleAssignment, User
from linli.kernel.access.rules import ANONYMOUS, PERMISSIONS, Actor, ActorKind, Grant, Role, Scope
from linli.kernel.epoch.services import Cached

GrantSource = Callable[[UUID, datetime], tuple[list[Grant], UUID | None, Iterable[UUID]]]
RoleSource = Callable[[], Mapping[str, Role]]

KEY_PREFIX = "linli_"
OPEN_PART = len(KEY_PREFIX) + 8

_grant_sources: list[GrantSource] = []
_role_sources: list[RoleSource] = []


# -- ports ------------------------------------------------------------------------------------------------------------


def register_grant_source(source: GrantSource) -> None:
    """Plug in who gives grants: ``source(user_id, at) -> (grants, person_id, post_ids)``. The directory fills it."""
    if source not in _grant_sources:
        _grant_sources.append(source)


def register_role_source(source: RoleSource) -> None:
    """Plug in where roles are defined: ``source() -> {code: Role}``. The active playbook fills it."""
    if source not in _role_sources:
        _role_sources.append(source)


# -- what is held in memory -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Key:
    id: UUID
    digest: bytes
    user_id: UUID | None
    user_is_resident: bool
    area_path: str
    grants: tuple[Grant, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Book:
    """Roles by code, keys by their open part, direct grants by user: rebuilt when the configuration's epoch moves."""

    roles: Mapping[str, Role]
    keys: Mapping[str, _Key]
    direct: Mapping[UUID, tuple[Grant, ...]]


def _build() -> _Book:
    known = rules.built_in_roles(PERMISSIONS)
    for source in _role_sources:
        known.update({code: role for code, role in source().items() if code not in known})
    keys = {}
    for row in (
        ApiKey.objects.filter(revoked_at=None)
        .exclude(user__is_active=False)
        .values("id", "prefix", "digest", "user_id", "user__kind", "role", "area_path", "expires_at")
    ):
        own = (rules.grant_of(known.get(row["role"]), row["role"], row["area_path"]),) if row["role"] else ()
        resident = row["user__kind"] == User.Kind.RESIDENT
        keys[row["prefix"]] = _Key(row["id"], bytes(row["digest"]), row["user_id"], resident, row["area_path"], own, row["expires_at"])
    direct: dict[UUID, tuple[Grant, ...]] = {}
    for user_id, role, area_path in RoleAssignment.objects.filter(ended_at=None).order_by("id").values_list("user_id", "role", "area_path"):
        direct[user_id] = (*direct.get(user_id, ()), rules.grant_of(known.get(role), role, area_path))
    return _Book(known, keys, direct)


_book: Cached[_Book] = Cached(_build)


# -- roles ------------------------------------------------------------------------------------------------------------


def roles(*, epoch: int | None = None) -> Mapping[str, Role]:
    """All roles by code: the built-in ones and the active playbook's."""
    return _book.get(epoch).roles


def role_grant(role: str, area_path: str, *, epoch: int | None = None) -> Grant:
    """The grant of holding ``role`` in an area; an unknown role grants nothing. For grant sources."""
    return rules.grant_of(roles(epoch=epoch).get(role), role, area_path)


# -- actors -----------------------------------------------------------------------------------------------------------


def actor_of(user: User, at: datetime, *, epoch: int | None = None) -> Actor:
    """The actor of an account already read; an inactive one is nobody."""
    if not user.is_active:
        return ANONYMOUS
    return _actor(user.pk, f"{ActorKind.USER}:{user.pk}", ActorKind.USER, at, resident=user.kind == User.Kind.RESIDENT, epoch=epoch)


def actor_of_user(user_id: UUID, at: datetime, *, epoch: int | None = None) -> Actor:
    """The actor of an account: its direct roles and what the grant sources say of it at ``at``. Unknown or inactive: nobody."""
    user = User.objects.only("id", "is_active", "kind").filter(pk=user_id).first()
    return ANONYMOUS if user is None else actor_of(user, at, epoch=epoch)


def actor_of_api_key(key: str, at: datetime, *, epoch: int | None = None) -> Actor | None:
    """The actor of a program's key, or None when the key is wrong, revoked, past its end, or its account is disabled.

    Keys are held in memory and read again when the configuration changes; the secret part is compared in constant time.
    """
    held = _book.get(epoch).keys.get(key[:OPEN_PART])
    digest = hashlib.sha256(key.encode(errors="replace")).digest()
    if held is None or not hmac.compare_digest(held.digest, digest) or (held.expires_at is not None and at >= held.expires_at):
        return None
    identity = f"{ActorKind.API_KEY}:{held.id}"
    if held.user_id is None:
        return Actor(id=identity, kind=ActorKind.API_KEY, grants=held.grants)
    actor = _actor(held.user_id, identity, ActorKind.API_KEY, at, resident=held.user_is_resident, epoch=epoch)
    return actor.within(held.area_path) if held.area_path else actor


def _actor(user_id: UUID, identity: str, kind: ActorKind, at: datetime, *, resident: bool, epoch: int | None) -> Actor:
    grants: list[Grant] = []
    person_id: UUID | None = None
    post_ids: set[UUID] = set()
    for source in _grant_sources:
        given, person, posts = source(user_id, at)
        grants.extend(given)
        person_id = person_id or person
        post_ids.update(posts)
    if resident:  # a code alone signs in: never power over other people's matters
        return Actor(id=identity, kind=kind, user_id=user_id, person_id=person_id)
    grants.extend(_book.get(epoch).direct.get(user_id, ()))
    return Actor(id=identity, kind=kind, user_id=user_id, person_id=person_id, grants=tuple(grants), post_ids=frozenset(post_ids))


# -- queries ----------------------------------------------------------------------------------------------------------


def in_scope(scopes: Iterable[Scope], *, path: str = "area_path", confidentiality: str = "confidentiality") -> Q:
    """The condition that keeps the rows which lie in one of the scopes; no scope keeps none.

    Args:
        path: name of the field that holds the row's area path.
        confidentiality: name of the field that holds its confidentiality; empty when the rows have none.
    """
    wanted = Q(pk__in=[])
    for scope in scopes:
        part = Q(**{f"{path}__startswith": scope.area_path}) if scope.area_path else Q()
        if confidentiality:
            part &= Q(**{f"{confidentiality}__lte": int(scope.clearance)})
        elif not scope.area_path:
            part = ~Q(pk__in=[])
        wanted |= part
    return wanted


def users(actor: Actor) -> QuerySet[User]:
    """Staff accounts, for those who manage access."""
    actor.require(rules.MANAGE)
    return User.objects.filter(kind=User.Kind.STAFF).order_by("username").prefetch_related("roles")


def api_keys(actor: Actor) -> QuerySet[ApiKey]:
    """Programs' keys, for those who manage access."""
    actor.require(rules.MANAGE)
    return ApiKey.objects.select_related("user").order_by("created_at")


def user_named(username: str) -> User | None:
    return User.objects.filter(username=username.strip().lower()).first()


def account_names(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """How the house calls these accounts: the display name, else the user name. One query, none for nobody."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    return {key: shown or name for key, shown, name in User.objects.filter(id__in=wanted).values_list("id", "display_name", "username")}


def names_of_actors(actors: Iterable[str]) -> dict[str, str]:
    """How the house calls these actors, by their id as records keep it: an account by its name, the program “the system”, others by their id.

    At most one query.
    """
    wanted = set(actors)
    users_by_actor = {actor: key for actor in wanted if (key := _user_key(actor)) is not None}
    names = account_names(users_by_actor.values())
    known = {actor: names[user] for actor, user in users_by_actor.items() if user in names}
    known |= {actor: gettext("the system") for actor in wanted if actor.startswith(f"{ActorKind.SYSTEM}:")}
    return {actor: known.get(actor, actor) for actor in wanted}


def _user_key(actor: str) -> UUID | None:
    kind, _, key = actor.partition(":")
    try:
        return UUID(key) if kind == ActorKind.USER else None
    except ValueError:
        return None
