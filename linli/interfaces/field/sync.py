"""The lane between phone and server: everything to carry (GET), and a batch of actions in the order in which they were done (POST)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

import orjson
import shapely
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import names_of
from linli.directory.territory.selectors import ground
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.field import matters
from linli.interfaces.field.parcels import OLDEST, BadParcel, Lane, Parcel, Taken
from linli.interfaces.refusals import body_of
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import account_names
from linli.kernel.clock.services import now
from linli.kernel.files.rules import FileLimits
from linli.kernel.files.services import Examined, examine
from linli.kernel.geo.rules import metres_per_degree
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

LANES: dict[str, Lane] = {"matters": matters.LANE}
MOST = 50  # actions in a batch
AREAS = 60  # outlines on a phone
DETAIL = 5.0  # metres to which they are simplified
PHOTOS_ONLY = FileLimits(documents=False)


class SomebodyElse(Refusal):
    """The phone hands in what another person did on it: it is never put under the name of whoever is signed in now."""

    code = "field.somebody_else"
    message = N_("Another person is signed in on this phone now. What was done before waits until its own person signs in.")
    kind = Kind.FORBIDDEN
    field = "who"


@requires("matters.act")
@never_cache
@require_GET
def snapshot(request: HttpRequest) -> HttpResponseBase:
    """Everything of the actor's posts and areas, by kind of work; who it is for, so that no phone shows it to anybody else."""
    at, actor = now(), actor_of_request(request)
    get_token(request)  # the phone sends the cookie's token back with what it hands in
    return _json(
        {
            "now": at,
            "zone": timezone.get_current_timezone_name(),
            "who": {"id": actor.id, "name": _name(actor)},
            "areas": _areas(actor),
            "kinds": {kind: lane.carried(actor=actor, at=at) for kind, lane in LANES.items()},
        }
    )


@requires("matters.act")
@never_cache
@require_POST
def sync(request: HttpRequest) -> HttpResponseBase:
    """Take a batch: ``actions`` (JSON array of parcels) with their photos, by ``who``. Each is done, or refused, by itself, in order.

    The answer tells for each key: ``done`` with the version after it, ``conflict`` with the subject as it is now, ``refused``
    with a sentence, or ``held``: what it builds on was not done.

    Raises:
        SomebodyElse: who did them is not who is signed in.
        BadParcel: this is no batch.
    """
    at, actor = now(), actor_of_request(request)
    if request.POST.get("who") != actor.id:
        raise SomebodyElse()
    try:
        given = orjson.loads(request.POST.get("actions", ""))
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise BadParcel()
    versions: dict[str, int] = {}
    results = [_one(raw, request, versions, actor=actor, at=at) for raw in given]
    return _json({"now": at, "who": {"id": actor.id}, "results": results})


def _one(raw: Any, request: HttpRequest, versions: dict[str, int], *, actor: Actor, at: datetime) -> dict[str, Any]:
    """Carry one action out, in a transaction of its own. ``versions``: what the actions before it led to, by key."""
    key = str(raw.get("key", ""))[:64] if isinstance(raw, dict) else ""
    parcel: Parcel | None = None
    try:
        parcel = _parsed(raw)
        if parcel.after and parcel.after not in versions:
            return {"key": key, "status": "held"}
        taken = _take(parcel, request, versions.get(parcel.after, parcel.version), actor=actor, at=at)
    except Refusal as refusal:
        told: dict[str, Any] = {"key": key, "status": "refused", **body_of(refusal)}
        if parcel is not None and (refusal.kind is Kind.CONFLICT or refusal.field == "at"):
            told |= {"status": "conflict", "present": LANES[parcel.kind].present(parcel.subject, actor=actor, at=at)}
        return told
    versions[key] = taken.version
    return {"key": key, "status": "done", "version": taken.version, "repeated": taken.repeated}


def _take(parcel: Parcel, request: HttpRequest, version: int, *, actor: Actor, at: datetime) -> Taken:
    photos = _photos(request, parcel)
    happened = max(min(parcel.at, at), at - OLDEST)
    with write():
        return LANES[parcel.kind].take(parcel, version=version, actor=actor, at=happened, photos=photos)


def _parsed(raw: Any) -> Parcel:
    try:
        parcel = Parcel.model_validate(raw)
    except ValidationError as wrong:
        raise BadParcel() from wrong
    if parcel.kind not in LANES:
        raise BadParcel()
    return parcel


def _photos(request: HttpRequest, parcel: Parcel) -> list[Examined]:
    """The photos of an action, decoded before the write opens.

    Raises:
        BadParcel: fewer came than the phone says.
    """
    given = [request.FILES.get(f"photo:{parcel.key}:{number}") for number in range(parcel.photos)]
    if None in given:
        raise BadParcel()
    return [
        examine(content=cast(BinaryIO, one), claimed_name=one.name or "", claimed_type=one.content_type or "", limits=PHOTOS_ONLY)
        for one in given
        if one is not None
    ]


def _name(actor: Actor) -> str:
    user = UUID(actor.id.removeprefix("user:")) if actor.id.startswith("user:") else None
    if user is None:
        return ""
    person = organisation().person_of_user(user)
    return names_of([person]).get(person, "") if person is not None else account_names([user]).get(user, "")


def _areas(actor: Actor) -> list[dict[str, Any]]:
    """The lowest areas that the actor acts in, with their outlines; and their neighbours, to find one's way."""
    land = ground()
    reach = tuple(scope.area_path for scope in actor.scopes("matters.act"))
    lowest = land.of_level(land.levels[-1])
    own = [area for area in lowest if area.path.startswith(reach)]
    parents = {area.parent_id for area in own}
    beside = [area for area in lowest if area.parent_id in parents and not area.path.startswith(reach)] if len(own) < AREAS // 2 else []
    shown = []
    for area in [*own, *beside][:AREAS]:
        outline = land.polygon(area.id)
        if outline is not None:
            outline = shapely.set_precision(outline.simplify(DETAIL / metres_per_degree(outline.centroid.y)[1]), 1e-6)
        shape = shapely.geometry.mapping(outline) if outline is not None else None
        shown.append({"code": area.code, "names": dict(area.names), "own": area.path.startswith(reach), "centre": area.centre, "outline": shape})
    return shown


def _json(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), content_type="application/json")
