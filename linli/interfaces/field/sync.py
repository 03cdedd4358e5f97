"""The lane between phone and server: everything to carry (GET), and a batch of actions in the order in which they were done (POST)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
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
from linli.interfaces.field import doors, duties, ledgers, matters, rounds, shifts
from linli.interfaces.field.parcels import BadParcel, Handed, Lane, Parcel, Taken
from linli.interfaces.refusals import body_of
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import account_names
from linli.kernel.clock.services import now
from linli.kernel.files.rules import PHOTOS_ONLY, SIGNATURE_ONLY, FileLimits
from linli.kernel.files.services import Examined, examine
from linli.kernel.geo.rules import metres_per_degree
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

log = logging.getLogger(__name__)
LANES: dict[str, Lane] = {
    "matters": matters.LANE,
    "duties": duties.LANE,
    "doors": doors.LANE,
    "shifts": shifts.LANE,
    "rounds": rounds.LANE,
    "ledgers": ledgers.LANE,
}
MOST = 50  # actions in a batch
AREAS = 60  # outlines on a phone
DETAIL = 5.0  # metres to which they are simplified


class SomebodyElse(Refusal):
    """The phone hands in what another person did on it: it is never put under the name of whoever is signed in now."""

    code = "field.somebody_else"
    message = N_("Another person is signed in on this phone now. What was done before waits until its own person signs in.")
    kind = Kind.FORBIDDEN
    field = "who"


class CannotBeDone(Refusal):
    """Something broke while one action was carried out: it waits on the phone, and those behind it go on."""

    code = "field.cannot_be_done"
    message = N_("The server could not carry this out. It has been noted; try again later.")


@requires("matters.act", "duties.act", or_member=True)
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
            "kinds": {kind: carried for kind, lane in LANES.items() if (carried := lane.carried(actor=actor, at=at)) is not None},
        }
    )


@requires("matters.act", "duties.act", or_member=True)
@never_cache
@require_POST
def sync(request: HttpRequest) -> HttpResponseBase:
    """Take a batch: ``actions`` (JSON array of parcels) with their photos, by ``who``. Each is done, or refused, by itself, in order.

    The answer tells for each key: ``done`` with the version after it, ``conflict`` with the subject as it is now, ``refused``
    with a sentence, or ``held``: what it builds on was not done. Actions of a lane that takes many share a transaction.

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
    batch = _Batch(request, [_key(raw) for raw in given], actor=actor, at=at)
    for lane, run in _runs([_parsed(raw) for raw in given]):
        batch.carry_out(lane, run)
    return _json({"now": at, "who": {"id": actor.id}, "results": [batch.results[place] for place in range(len(given))]})


def _runs(parcels: Sequence[Parcel | None]) -> Iterator[tuple[str, list[tuple[int, Parcel]]]]:
    """The parcels with their places in the batch, in order, cut where the kind of work changes or a lane takes no more at once."""
    run: list[tuple[int, Parcel]] = []
    for place, parcel in enumerate(parcels):
        if run and (parcel is None or parcel.kind != run[0][1].kind or len(run) == LANES[parcel.kind].together):
            yield run[0][1].kind, run
            run = []
        if parcel is not None:
            run.append((place, parcel))
    if run:
        yield run[0][1].kind, run


class _Batch:
    """One batch on its way: what each action came to, and the versions that those led to on which later ones build."""

    def __init__(self, request: HttpRequest, keys: Sequence[str], *, actor: Actor, at: datetime) -> None:
        self.request, self.actor, self.at = request, actor, at
        self.versions: dict[str, int] = {}
        self.results: dict[int, dict[str, Any]] = {place: {"key": key, **_refused(BadParcel())} for place, key in enumerate(keys)}

    def carry_out(self, kind: str, run: Sequence[tuple[int, Parcel]]) -> None:
        """Carry a run of one kind out, in one transaction where its lane does so."""
        lane, ready, asking = LANES[kind], [], []
        keys = {parcel.key for _, parcel in run}
        for place, parcel in run:
            if parcel.after and parcel.after not in self.versions and parcel.after not in keys:
                self._set(place, parcel, {"status": "held"})
                continue
            try:
                photos, signature = _photos(self.request, parcel), _signature(self.request, parcel)
            except Refusal as refusal:
                self._set(place, parcel, _refused(refusal))
                continue
            done_before = {"after": ""} if parcel.after in self.versions else {}
            ready.append((place, Handed(parcel.model_copy(update=done_before), self.versions.get(parcel.after, parcel.version), photos, signature)))
        for (place, handed), outcome in zip(ready, self._taken(lane, [handed for _, handed in ready]), strict=True):
            if isinstance(outcome, Taken):
                self.versions[handed.parcel.key] = outcome.version
                self._set(place, handed.parcel, {"status": "done", "version": outcome.version, "also": outcome.also, "repeated": outcome.repeated})
            elif outcome is None:
                self._set(place, handed.parcel, {"status": "held"})
            else:
                self._set(place, handed.parcel, _refused(outcome))
                if outcome.kind is Kind.CONFLICT or outcome.field == "at":
                    asking.append((place, handed.parcel))
        if asking:
            presents = lane.present([parcel for _, parcel in asking], actor=self.actor, at=self.at)
            for (place, _), present in zip(asking, presents, strict=True):
                if present is not None:
                    self.results[place] |= {"status": "conflict", "present": present}

    def _set(self, place: int, parcel: Parcel, result: dict[str, Any]) -> None:
        self.results[place] = {"key": parcel.key, **result}

    def _taken(self, lane: Lane, handed: Sequence[Handed]) -> list[Taken | Refusal | None]:
        """What became of them; where something breaks, one by one, so that a poisonous one stops only itself."""
        if not handed:
            return []
        try:
            with write():
                return lane.take(handed, actor=self.actor, at=self.at)
        except Refusal as refusal:
            return [refusal]
        except Exception:
            if len(handed) == 1:
                log.exception("an action of the field app cannot be carried out: %s", handed[0].parcel.kind)
                return [CannotBeDone()]
        found: list[Taken | Refusal | None] = []
        for one in handed:
            found += self._taken(lane, [one])
        return found


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {"status": "refused", **body_of(refusal)}


def _key(raw: Any) -> str:
    return str(raw.get("key", ""))[:64] if isinstance(raw, dict) else ""


def _parsed(raw: Any) -> Parcel | None:
    """The parcel, or None for what is none."""
    try:
        parcel = Parcel.model_validate(raw)
    except ValidationError:
        return None
    return parcel if parcel.kind in LANES else None


def _photos(request: HttpRequest, parcel: Parcel) -> list[Examined]:
    """The photos of an action, decoded before the write opens; BadParcel where fewer came than the phone says."""
    return [_picture(request, f"photo:{parcel.key}:{number}", PHOTOS_ONLY) for number in range(parcel.photos)]


def _signature(request: HttpRequest, parcel: Parcel) -> Examined | None:
    return _picture(request, f"signature:{parcel.key}", SIGNATURE_ONLY) if parcel.signed else None


def _picture(request: HttpRequest, name: str, limits: FileLimits) -> Examined:
    file = request.FILES.get(name)
    if file is None:
        raise BadParcel()
    return examine(content=cast(BinaryIO, file), claimed_name=file.name or "", claimed_type=file.content_type or "", limits=limits)


def _name(actor: Actor) -> str:
    user = UUID(actor.id.removeprefix("user:")) if actor.id.startswith("user:") else None
    if user is None:
        return ""
    person = organisation().person_of_user(user)
    return names_of([person]).get(person, "") if person is not None else account_names([user]).get(user, "")


def _areas(actor: Actor) -> list[dict[str, Any]]:
    """The lowest areas that the actor acts in, with their outlines; and their neighbours, to find one's way."""
    land = ground()
    reach = tuple(scope.area_path for permission in ("matters.act", "duties.act") for scope in actor.scopes(permission))
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
