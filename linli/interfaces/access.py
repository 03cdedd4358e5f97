"""Who asks, and may they: marks on routes, and the actor on the request.

Every route carries exactly one mark, which an architecture test looks for (``view.access``):

* Django views: ``@public_route``, ``@signed_in_route``, ``@requires("room.verb")``;
* django-ninja operations: ``auth=ApiAccess.public()``, ``auth=ApiAccess.requires("room.verb")``.

A mark answers the route's question only, "does the actor hold this anywhere?"; the service or selector behind it asks about the
place and the confidentiality. A request's actor is its API key's, else its session's, else nobody's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from ninja.errors import HttpError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from linli.kernel.access.models import User
from linli.kernel.access.rules import ANONYMOUS, Actor, ActorKind, NotSignedIn
from linli.kernel.access.selectors import actor_of, actor_of_api_key
from linli.kernel.access.services.api_keys import note_api_key_use
from linli.kernel.access.services.limits import visitor_key
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Kind, Refusal

View = TypeVar("View", bound=Callable[..., Any])
BEARER = "bearer "
HEADER = "X-API-Key"


class BadKey(Refusal):
    """The request brings a key, and the key opens nothing."""

    code = "access.bad_key"
    message = N_("This API key is not valid.")
    kind = Kind.FORBIDDEN


class KeyMissing(NotSignedIn):
    """The request changes something for a program, and names no key."""

    code = "access.key_missing"
    message = N_("An API key is needed.")


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks: nothing (``public``), somebody (neither), or one of ``permissions``; with ``members`` whoever is of a post or a team passes too."""

    public: bool = False
    permissions: tuple[str, ...] = ()
    members: bool = False

    def admit(self, actor: Actor) -> None:
        """Let the actor pass.

        Raises:
            NotSignedIn, Forbidden: the route is not for this actor.
        """
        if self.public or (self.members and actor.person_id is not None) or any(actor.holds(permission) for permission in self.permissions):
            return
        if self.permissions:
            actor.require_somewhere(self.permissions[0])
        if actor.is_anonymous:
            raise NotSignedIn


# -- the actor of a request -------------------------------------------------------------------------------------------


def actor_of_request(request: HttpRequest) -> Actor:
    """The actor of the request's API key, else of its session, else nobody; asked once a request.

    Raises:
        BadKey: the request names a key that is wrong, revoked or past its end.
    """
    held = getattr(request, "_linli_actor", None)
    if held is None:
        held = _find_actor(request)
        request._linli_actor = held  # type: ignore[attr-defined]
    return cast(Actor, held)


def _find_actor(request: HttpRequest) -> Actor:
    key = key_of_request(request)
    if key is not None:
        return actor_of_key(key)
    user = request.user
    return actor_of(user, now()) if isinstance(user, User) else ANONYMOUS


def key_of_request(request: HttpRequest) -> str | None:
    """The API key in ``Authorization: Bearer …`` or ``X-API-Key``, if there is one."""
    authorization = request.headers.get("Authorization", "")
    if authorization[: len(BEARER)].lower() == BEARER:
        return authorization[len(BEARER) :].strip()
    return request.headers.get(HEADER)


_noted: dict[str, date] = {}


def actor_of_key(key: str) -> Actor:
    """The actor of an API key; remembers the day of its use, once a day and process.

    Raises:
        BadKey: wrong, revoked, past its end.
    """
    at = now()
    actor = actor_of_api_key(key, at)
    if actor is None:
        raise BadKey
    if _noted.get(actor.id) != at.date():
        note_api_key_use(actor=actor, on=at.date())
        _noted[actor.id] = at.date()
    return actor


def visitor_of(request: HttpRequest) -> bytes:
    """The key under which this visitor's tries are counted today; no address is kept. Ask before the write begins."""
    return visitor_key(request.META.get("REMOTE_ADDR", ""), at=now())


class ActorMiddleware(MiddlewareMixin):
    """Puts ``request.actor``: found when first looked at, so that a page for nobody costs no query."""

    def process_request(self, request: HttpRequest) -> None:
        request.actor = SimpleLazyObject(lambda: actor_of_request(request))  # type: ignore[attr-defined]


# -- marks of Django views --------------------------------------------------------------------------------------------


def marked(view: View, access: Access) -> View:
    """The view behind its question; ``request.actor`` is a plain :class:`Actor` inside. Works for sync and async views."""

    if iscoroutinefunction(view):

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor = await sync_to_async(actor_of_request)(request)
            request.actor = actor  # type: ignore[attr-defined]
            access.admit(actor)
            return cast(HttpResponseBase, await view(request, *args, **kwargs))

        guarded: Any = guarded_async
    elif access.public:

        @wraps(view)
        def passed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return cast(HttpResponseBase, view(request, *args, **kwargs))

        guarded = passed
    else:

        @wraps(view)
        def guarded_sync(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor = actor_of_request(request)
            request.actor = actor  # type: ignore[attr-defined]
            access.admit(actor)
            return cast(HttpResponseBase, view(request, *args, **kwargs))

        guarded = guarded_sync
    guarded.access = access
    return cast(View, guarded)


def public_route(view: View) -> View:
    """Mark a view that anybody may call; ``request.actor`` is there, and may be nobody."""
    return marked(view, Access(public=True))


def signed_in_route(view: View) -> View:
    """Mark a view that any signed-in person may call: their own account, their own reports."""
    return marked(view, Access())


def requires(*permissions: str, or_member: bool = False) -> Callable[[View], View]:
    """Mark a view that needs one of these permissions, held anywhere; the service behind it asks about the place.

    ``or_member``: or somebody whom the directory knows (the holder of a post, a member of a team), for what is their own there.
    """
    if not permissions:
        raise TypeError("requires() names at least one permission")

    def mark(view: View) -> View:
        return marked(view, Access(permissions=permissions, members=or_member))

    return mark


# -- marks of django-ninja operations ---------------------------------------------------------------------------------


class ApiAccess(AuthBase):
    """The mark of an API operation: ``auth=ApiAccess.requires("matters.read")``.

    A key comes as ``Authorization: Bearer …`` or ``X-API-Key``. A signed-in browser may call as well; then what changes
    anything needs the CSRF token, which a key does not.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, access: Access) -> None:
        super().__init__()
        self.access = access

    @classmethod
    def public(cls) -> ApiAccess:
        return cls(Access(public=True))

    @classmethod
    def signed_in(cls) -> ApiAccess:
        return cls(Access())

    @classmethod
    def requires(cls, *permissions: str) -> ApiAccess:
        if not permissions:
            raise TypeError("requires() names at least one permission")
        return cls(Access(permissions=permissions))

    def __call__(self, request: HttpRequest) -> Actor:
        actor = actor_of_request(request)
        if actor.kind is ActorKind.USER and isinstance(check_csrf(request), HttpResponse):
            raise HttpError(403, "CSRF")
        request.actor = actor  # type: ignore[attr-defined]
        self.access.admit(actor)
        return actor
