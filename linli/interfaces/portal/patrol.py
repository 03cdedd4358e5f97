"""A volunteer's round: set out, meet checkpoints by code, tag or place, come back; and a sign that one is well. One tap each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.directory.territory.selectors import is_set_up
from linli.engines.duties.patrols.selectors.own import OwnPatrol, Scanned, own_patrol, scanned
from linli.engines.duties.patrols.selectors.team import displayed
from linli.engines.duties.patrols.services.lone import say_well, stop_watch, watch_me
from linli.engines.duties.patrols.services.proofs import Position, Proof
from linli.engines.duties.patrols.services.rounds import Back, check_in, finish_round, start_round
from linli.interfaces.access import actor_of_request, public_route, signed_in_route
from linli.interfaces.refusals import sentence, status_of, uuid_given
from linli.interfaces.shell import absolute
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import NotSignedIn
from linli.kernel.clock.services import now
from linli.kernel.geo.rules import BadPoint
from linli.kernel.ids import new_id
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

WATCHES = (10, 20, 30, 60)  # minutes that the page offers; the service takes 5 to 240
SHORTEST = 5  # seconds after which a display looks again at the soonest


@signed_in_route
@never_cache
@require_GET
def patrol(request: HttpRequest) -> HttpResponseBase:
    """Where one stands, the round that one is on, and who waits for a sign."""
    return _page(request)


def _page(request: HttpRequest, *, refusal: Refusal | None = None) -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    own = own_patrol(actor=actor, at=at) if is_set_up() else OwnPatrol((), {}, None, None)
    context = {
        "own": own, "key": str(new_id()), "watches": WATCHES, "refusal": sentence(refusal) if refusal else "", "at": at,
        "late": own.watch is not None and own.watch.well_by < at, "places": any(stand.routes for stand in own.stands),
    }  # fmt: skip
    return render(request, "portal/patrol.html", context, status=status_of(refusal) if refusal else 200)


@signed_in_route
@require_POST
def act(request: HttpRequest, act: str) -> HttpResponseBase:
    """One step: set out, come back, a sign, being waited for and no more."""
    common: dict[str, Any] = {"actor": actor_of_request(request), "at": now()}
    try:
        with write():
            if act == "start":
                start_round(**common, route_id=uuid_given(request.POST.get("route", "")), key=request.POST.get("key", ""))
                said = _("You are on your round. Thank you for walking.")
            elif act == "finish":
                said = _back(finish_round(**common))
            elif act == "well":
                until = say_well(**common)
                said = _("Good. The next sign is expected by %(time)s.") % {"time": f"{timezone.localtime(until):%H:%M}"}
            elif act == "watch":
                watch_me(**common, team_id=uuid_given(request.POST.get("team", "")), minutes=_minutes(request.POST.get("minutes", "")))
                said = _("Your team waits for your signs from now on.")
            elif act == "unwatch":
                stop_watch(**common)
                said = _("Nobody waits for a sign of you any more.")
            else:
                raise Http404
    except NotSignedIn:
        raise
    except Refusal as refusal:
        return _page(request, refusal=refusal)
    messages.success(request, said)
    return redirect("portal:patrol")


def _back(back: Back) -> str:
    """What a round that ended did for the patrol duty that it was walked for."""
    duty = back.duty
    if duty is None:
        return _("You are back. Thank you.")
    if duty.done:
        return _("You are back: every checkpoint was met, and the duty is done. Thank you.")
    if duty.why is not None:
        return _("You are back: every checkpoint was met. %(why)s") % {"why": sentence(duty.why)}
    names = [bilingual(one, get_language() or "") for one in duty.left]
    return _("You are back. The duty stays open: %(met)s of %(all)s checkpoints are met, still missing: %(left)s.") % {
        "met": duty.met, "all": duty.of, "left": " · ".join(names),
    }  # fmt: skip


@signed_in_route
@never_cache
@require_GET
def scan(request: HttpRequest, code: str = "", tag: str = "") -> HttpResponseBase:
    """Where the camera leads: what the code names, and one button. Nothing is written yet."""
    try:
        found = scanned(actor=actor_of_request(request), at=now(), proof=Proof(code=code, tag=tag))
    except NotSignedIn:
        raise
    except Refusal as refusal:
        return _scanned(request, None, refusal=refusal)
    return _scanned(request, found, code=code, tag=tag)


def _scanned(request: HttpRequest, found: Scanned | None, *, code: str = "", tag: str = "", refusal: Refusal | None = None) -> HttpResponseBase:
    context = {"found": found, "code": code, "tag": tag, "key": str(new_id()), "refusal": sentence(refusal) if refusal else ""}
    return render(request, "portal/patrol_scan.html", context, status=status_of(refusal) if refusal else 200)


@signed_in_route
@never_cache
@require_POST
def check(request: HttpRequest) -> HttpResponseBase:
    """Meet a checkpoint. Where the phone says where it is, that is compared and forgotten."""
    given = request.POST
    proof = Proof(given.get("code", "")[:300], given.get("tag", "")[:80], uuid_given(given["checkpoint"]) if given.get("checkpoint") else None)
    try:
        with write():
            met = check_in(actor=actor_of_request(request), at=now(), proof=proof, key=given.get("key", ""), position=_position(request))
    except NotSignedIn:
        raise
    except Refusal as refusal:
        return _scanned(request, None, refusal=refusal) if given.get("scanned") else _page(request, refusal=refusal)
    messages.success(request, _("This checkpoint counts, in slot %(number)s.") % {"number": met.slot + 1})
    return redirect("portal:patrol")


@public_route
@never_cache
@require_GET
def display(request: HttpRequest, secret: str) -> HttpResponseBase:
    """A display's page: the code of the moment, for whoever holds the private address; it asks again when the code changes."""
    at = now()
    found = displayed(secret=secret, at=at) if is_set_up() else None
    if found is None:
        raise Http404
    checkpoint, code = found
    left = max(timedelta(seconds=SHORTEST), code.ends - at)
    address = absolute(request, reverse("portal:patrol_code", args=[code.token]))
    answer = render(request, "portal/patrol_display.html", {"checkpoint": checkpoint, "code": code, "address": address})
    answer["Refresh"] = str(int(left.total_seconds()) + 1)
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _position(request: HttpRequest) -> Position | None:
    """Where the phone says it is; None where it does not.

    Raises:
        BadPoint: it says something that is no place.
    """
    lon, lat, accuracy = (request.POST.get(name, "")[:30] for name in ("lon", "lat", "accuracy"))
    if not lon and not lat:
        return None
    try:
        return Position(float(lon), float(lat), float(accuracy or 0))
    except ValueError:
        raise BadPoint(lon=lon, lat=lat) from None


def _minutes(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
