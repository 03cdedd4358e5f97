"""Who may do what, where, and how deep: role × area × confidentiality. Pure.

An area path is the codes from the root joined by "/" with a trailing "/" (``25025/A1/14/``); an area holds another
when its path is a prefix of the other's. The empty path is everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import ClassVar
from uuid import UUID

from linli.kernel.refusal import N_, Kind, Refusal

OPERATOR = "operator"
REPORTER = "reporter"
EVERYWHERE = ""


class Confidentiality(IntEnum):
    """How closely a record is kept; a clearance reads its own level and every lower one."""

    PUBLIC = 0
    INTERNAL = 1
    PRIVATE = 2
    SEALED = 3


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "apikey"
    ANONYMOUS = "anonymous"
    SYSTEM = "system"


class Forbidden(Refusal):
    """The actor lacks the permission there, or at that confidentiality. ``params``: ``permission``."""

    code: ClassVar[str] = "access.forbidden"
    message: ClassVar[str] = N_("You may not do this here (%(permission)s).")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


class NotSignedIn(Refusal):
    """Nobody is signed in, and the route or service needs somebody."""

    code: ClassVar[str] = "access.not_signed_in"
    message: ClassVar[str] = N_("Sign in first.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


def contains(outer: str, inner: str) -> bool:
    """Whether the area of path ``outer`` is or holds the area of path ``inner``."""
    return inner.startswith(outer)


def _meet(first: str, second: str) -> bool:
    return contains(first, second) or contains(second, first)


@dataclass(frozen=True, slots=True)
class Role:
    """What a role may do: from the playbook's ``access`` section, or built in."""

    code: str
    permissions: frozenset[str]
    clearance: Confidentiality = Confidentiality.INTERNAL


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held in an area: its permissions there and below, up to its clearance."""

    role: str
    permissions: frozenset[str]
    area_path: str
    clearance: Confidentiality

    def __post_init__(self) -> None:
        if self.area_path and not self.area_path.endswith("/"):
            raise ValueError(f"an area path ends with a slash: {self.area_path!r}")

    def allows(self, permission: str, area_path: str, confidentiality: Confidentiality) -> bool:
        return permission in self.permissions and confidentiality <= self.clearance and contains(self.area_path, area_path)


@dataclass(frozen=True, slots=True)
class Scope:
    """One area and the clearance held in it, for a permission: what a selector filters by."""

    area_path: str
    clearance: Confidentiality

    def covers(self, other: Scope) -> bool:
        return contains(self.area_path, other.area_path) and other.clearance <= self.clearance


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Everything that asks access is given one; it holds all that the answer needs."""

    id: str
    kind: ActorKind
    user_id: UUID | None = None
    person_id: UUID | None = None
    grants: tuple[Grant, ...] = ()
    post_ids: frozenset[UUID] = frozenset()

    @classmethod
    def system(cls, what: str) -> Actor:
        """The program itself, doing ``what``: may do everything."""
        return cls(id=f"system:{what}", kind=ActorKind.SYSTEM)

    @property
    def is_anonymous(self) -> bool:
        return self.kind is ActorKind.ANONYMOUS

    def may(self, permission: str, *, area_path: str = EVERYWHERE, confidentiality: Confidentiality = Confidentiality.PUBLIC) -> bool:
        """Whether the actor may do this in that area to a record of that confidentiality.

        Without ``area_path`` the question is about everywhere: a grant for one area does not answer it. A page that
        shows each its own part asks :meth:`holds`.
        """
        if self.kind is ActorKind.SYSTEM:
            return True
        return any(grant.allows(permission, area_path, confidentiality) for grant in self.grants)

    def require(self, permission: str, *, area_path: str = EVERYWHERE, confidentiality: Confidentiality = Confidentiality.PUBLIC) -> None:
        """Like :meth:`may`.

        Raises:
            NotSignedIn: an anonymous actor, who could sign in.
            Forbidden: somebody else who may not.
        """
        if not self.may(permission, area_path=area_path, confidentiality=confidentiality):
            raise NotSignedIn if self.is_anonymous else Forbidden(permission=permission)

    def holds(self, permission: str) -> bool:
        """Whether the actor has the permission anywhere at all: the question of a route."""
        return self.kind is ActorKind.SYSTEM or any(permission in grant.permissions for grant in self.grants)

    def require_somewhere(self, permission: str) -> None:
        """Like :meth:`holds`.

        Raises:
            NotSignedIn: an anonymous actor.
            Forbidden: somebody else without it.
        """
        if not self.holds(permission):
            raise NotSignedIn if self.is_anonymous else Forbidden(permission=permission)

    def scopes(self, permission: str) -> tuple[Scope, ...]:
        """Where the actor holds the permission, and how deep: no scope lies inside another one."""
        if self.kind is ActorKind.SYSTEM:
            return (Scope(EVERYWHERE, Confidentiality.SEALED),)
        return widest(Scope(grant.area_path, grant.clearance) for grant in self.grants if permission in grant.permissions)

    def within(self, area_path: str) -> Actor:
        """The same actor with its reach cut to one area: a key that is narrower than its account."""
        cut = (
            grant if contains(area_path, grant.area_path) else replace(grant, area_path=area_path) for grant in self.grants if _meet(area_path, grant.area_path)
        )
        return replace(self, grants=tuple(cut))


ANONYMOUS = Actor(id="anonymous", kind=ActorKind.ANONYMOUS)
SYSTEM = Actor.system("linli")


def widest(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The same reach in the fewest scopes, widest first."""
    kept: list[Scope] = []
    for scope in sorted(set(scopes), key=lambda s: (len(s.area_path), s.area_path, -s.clearance)):
        if not any(other.covers(scope) for other in kept):
            kept.append(scope)
    return tuple(kept)


# -- permissions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Permission:
    """A thing that can be allowed. ``administrative`` ones belong to the built-in role ``operator``."""

    name: str
    text: str
    administrative: bool = False


PERMISSIONS: dict[str, Permission] = {}


def declare(name: str, *, text: str, administrative: bool = False) -> str:
    """Declare a permission ``room.verb``; ``text`` is an English sentence part marked with ``N_``. Returns the name.

    Saying the same twice is harmless (modules are loaded again in tests).

    Raises:
        ValueError: a bad name, or the name is taken with another meaning.
    """
    permission = Permission(name, text, administrative)
    if "." not in name or name != name.lower():
        raise ValueError(f"a permission is named room.verb in lower case: {name!r}")
    if PERMISSIONS.setdefault(name, permission) != permission:
        raise ValueError(f"the permission {name!r} is declared already, with another meaning")
    return name


def built_in_roles(permissions: Mapping[str, Permission]) -> dict[str, Role]:
    """Roles that need no playbook.

    ``operator`` has every administrative permission, and reads nothing private. ``reporter`` may do what anybody may,
    under a name of its own: the role of a gateway's key.
    """
    administrative = frozenset(p.name for p in permissions.values() if p.administrative)
    return {
        OPERATOR: Role(OPERATOR, administrative, Confidentiality.INTERNAL),
        REPORTER: Role(REPORTER, frozenset(), Confidentiality.PUBLIC),
    }


def grant_of(role: Role | None, code: str, area_path: str) -> Grant:
    """The grant of holding ``role`` in an area; a role that the playbook no longer knows grants nothing."""
    if role is None:
        return Grant(code, frozenset(), area_path, Confidentiality.PUBLIC)
    return Grant(role.code, role.permissions, area_path, role.clearance)


def normal_phone(text: str, *, country: str) -> str | None:
    """Bring a phone number into the one form that is stored and compared: E.164, ``+8613800000000``.

    Args:
        text: as a person types it: spaces, dashes and brackets are skipped, ``00`` counts as ``+``.
        country: calling code of numbers written without one, digits only.

    Returns:
        The number, or None when it cannot be one (ITU-T E.164: 8 to 15 digits here).
    """
    bare = "".join(character for character in text if character not in " -().\u3000\u00a0\t")
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if not bare.startswith("+"):
        bare = f"+{country}{bare.removeprefix('0')}"
    digits = bare[1:]
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15):
        return None
    return bare


MANAGE = declare("access.manage", text=N_("manage accounts, roles and keys"), administrative=True)
