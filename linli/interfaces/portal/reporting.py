"""Reporting: one form of three steps, a last look at what is near, the receipt. Everything works without script."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import address_candidates, ground_or_none
from linli.engines.matters.playbook import ClassPart
from linli.engines.matters.rules.intake import FarAway, on_earth
from linli.engines.matters.selectors.own import tracking_of_key
from linli.engines.matters.selectors.public import classes_near, nearby, receipt
from linli.engines.matters.services.report import ReportReceipt
from linli.engines.matters.services.visitors import PHOTOS_PER_REPORT, keep_photos, report_as_visitor
from linli.interfaces.access import actor_of_request, public_route, visitor_of
from linli.interfaces.portal.forms import NAMED, ReportForm, kept_photos, signed_photos
from linli.interfaces.portal.offers import condition_choices, offers, suggested
from linli.interfaces.portal.show import clock_of, map_bounds, map_levels
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.shell import absolute
from linli.kernel.access.services.own import own_account
from linli.kernel.clock.services import now
from linli.kernel.files.rules import PHOTOS_ONLY, OfferedPoint
from linli.kernel.files.services import examine
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

SHOWN_NEAR = 3
CANDIDATES = 5


def once(call: Callable[[], ReportReceipt]) -> ReportReceipt:
    """Write; where the same form arrived twice at the same moment, the second finds the first one's receipt."""
    try:
        with write():
            return call()
    except IntegrityError:
        with write():
            return call()


@dataclass
class _Photos:
    """The photos of a form so far, what was wrong with a new one, and the point that a camera offered."""

    ids: list[UUID]
    refusal: Refusal | None = None
    point: OfferedPoint | None = None


def _take_photos(request: HttpRequest, *, visitor: bytes) -> _Photos:
    """Keep what was uploaded, so that an error elsewhere in the form does not lose it."""
    photos = _Photos(kept_photos(request.POST.get("kept", "")))
    uploads = [upload for upload in request.FILES.getlist("photo") if upload.size][: PHOTOS_PER_REPORT - len(photos.ids)]
    try:
        examined = [
            examine(content=cast(BinaryIO, upload.file), claimed_name=upload.name or "", claimed_type=upload.content_type or "", limits=PHOTOS_ONLY)
            for upload in uploads
        ]
        if examined:
            with write():
                stored = keep_photos(examined, actor=actor_of_request(request), at=now(), visitor=visitor)
            photos.ids += [one.id for one in stored]
            photos.point = next((one.point for one in stored if one.point), None)
    except Refusal as refusal:
        photos.refusal = refusal
    return photos


@public_route
@never_cache
def report(request: HttpRequest) -> HttpResponseBase:
    """The form; sent, it becomes a matter, unless something has to be shown first."""
    if request.method != "POST":
        wanted = {name: request.GET[name] for name in ("class_code", "text", "lon", "lat") if name in request.GET}
        return _show(request, ReportForm(initial={"key": secrets.token_hex(16), **own_contact(request), **wanted}))
    visitor = visitor_of(request)
    photos = _take_photos(request, visitor=visitor)
    data = request.POST.copy()
    data["kept"] = signed_photos(photos.ids)
    if data.get("change"):  # a class suggested by the server was pressed
        data["class_code"] = str(data["change"])
    offered = photos.point if photos.point and not (data.get("lon") or data.get("place") or data.get("address")) else None
    if offered:
        data["lon"], data["lat"] = str(offered.longitude), str(offered.latitude)
    if photos.refusal is None and (offered or any(name in data for name in ("find", "name_it", "change"))):
        return _show(request, ReportForm(initial=data.dict(), photos=len(photos.ids)), offered=offered is not None)
    form = ReportForm(data, photos=len(photos.ids))
    joining = data.get("join", "")
    valid = form.is_valid() or (joining and not form.errors.keys() & {"who", "name", "phone", "email"})
    if photos.refusal is not None:
        form.told(photos.refusal)
        valid = False
    if not valid:
        return _show(request, form, status=400)
    return _send(request, form, photos, visitor=visitor, joining=joining)


def own_contact(request: HttpRequest) -> dict[str, str]:
    """What a form knows already of a resident who has signed in by code: that they want to be told, and how."""
    if not request.user.is_authenticated:
        return {}
    account = own_account(actor=actor_of_request(request))
    return {"who": NAMED, "phone": account.phone, "email": account.email} if account.resident else {}


def _send(request: HttpRequest, form: ReportForm, photos: _Photos, *, visitor: bytes, joining: str) -> HttpResponseBase:
    at, actor = now(), actor_of_request(request)
    if already := tracking_of_key(actor=actor, key=form.cleaned_data.get("key", "")):  # the same form again: its own matter is not another's
        return redirect("portal:done", code=already)
    if joining:
        for name in ("class_code", "condition", "lon", "lat", "address", "text"):
            form.cleaned_data.setdefault(name, None if name in ("lon", "lat") else "")
    elif "send" not in request.POST and (first := _to_show_first(request, form)):
        return render(request, "portal/look.html", {"form": form, "photos": len(photos.ids), **first})
    wanted = form.request(at=at, actor=actor, file_ids=tuple(photos.ids))
    if joining:
        wanted = replace(wanted, lon=None, lat=None, address="", area_code="")
    try:
        done = once(lambda: report_as_visitor(wanted, actor=actor, at=at, visitor=visitor, joining=joining))
    except Refusal as refusal:
        form.told(refusal)
        return _show(request, form, status=status_of(refusal))
    return redirect("portal:done", code=done.tracking)


def _to_show_first(request: HttpRequest, form: ReportForm) -> dict[str, Any]:
    """Open matters near and a number to call that the reporter has not seen yet."""
    seen = set(request.POST.getlist("seen"))
    given = form.cleaned_data
    near = _near(given["lon"], given["lat"], given["class_code"]) if given["lon"] is not None and given["lat"] is not None else []
    emergency = form.part.emergency if form.part else ""
    if {matter.code for matter, _clock in near} <= seen and (not emergency or f"call:{emergency}" in seen):
        return {}
    return {"near": near, "emergency": emergency, "part": form.part}


def _near(lon: float, lat: float, class_code: str) -> list[Any]:
    """Open public matters of the class near a point, with their clocks; distances are not told (DECIDED 9)."""
    known = offers().section
    if known is None or not class_code or not on_earth(lon, lat):
        return []
    at = now()
    found = nearby(at=at, lon=lon, lat=lat, class_code=class_code, metres=known.duplicates.metres, limit=SHOWN_NEAR)
    return [(matter, clock_of(matter, at=at)) for matter, _metres in found]


def _show(request: HttpRequest, form: ReportForm, *, status: int = 200, offered: bool = False) -> HttpResponseBase:
    text, address = str(form["text"].value() or ""), str(form["address"].value() or "")
    pointed = bool(form["lon"].value())
    asked = "find" in request.POST or form.is_bound
    words = suggested(text) if text and not form["class_code"].value() else []
    context = {
        "form": form,
        "status": status,
        "offered": offered,
        "suggestions": words,
        "usual": _usual(form["lon"].value(), form["lat"].value(), words) if not form["class_code"].value() else [],
        "candidates": address_candidates(text=address, limit=CANDIDATES) if asked and address and not pointed else None,
        "emergency": form.part.emergency if form.part else "",
        "part": form.part,
        "bounds": map_bounds(),
        "map_levels": map_levels(),
        "numbers": offers().emergencies,
        "most_photos": PHOTOS_PER_REPORT,
    }
    return render(request, "portal/report.html", context, status=status)


# -- fragments for the form's script ----------------------------------------------------------------------------------


@public_route
@require_GET
def suggestions(request: HttpRequest) -> HttpResponseBase:
    """Classes for the words typed so far and for the place."""
    words = suggested(request.GET.get("q", "")[:500])
    return render(request, "portal/part_suggestions.html", {"suggestions": words, "usual": _usual(request.GET.get("lon"), request.GET.get("lat"), words)})


def _usual(lon: object, lat: object, words: list[ClassPart]) -> list[ClassPart]:
    """Classes often reported around the point: the photo's, the device's or the pin's; those that the words say already are left out."""
    east, north = _number(lon), _number(lat)
    if east is None or north is None or not on_earth(east, north):
        return []
    known = offers().reported
    codes = classes_near(at=now(), lon=east, lat=north)
    return [known[code] for code in codes if code in known and known[code] not in words]


@public_route
@require_GET
def class_more(request: HttpRequest) -> HttpResponseBase:
    """What a class asks further: how it is, its own questions, a number to call."""
    code = request.GET.get("class_code", "")
    form = ReportForm(initial={"class_code": code})
    return render(request, "portal/part_class.html", {"form": form, "part": form.part, "emergency": form.part.emergency if form.part else ""})


@public_route
@require_GET
def places(request: HttpRequest) -> HttpResponseBase:
    """What an address may mean."""
    found = address_candidates(text=request.GET.get("q", "")[:200], limit=CANDIDATES)
    return render(request, "portal/part_places.html", {"candidates": found})


@public_route
@require_GET
def where(request: HttpRequest) -> HttpResponseBase:
    """Whose ground a point is, and what is open near it."""
    lon, lat = _number(request.GET.get("lon")), _number(request.GET.get("lat"))
    land = ground_or_none()
    if land is None or lon is None or lat is None or not on_earth(lon, lat):
        return render(request, "portal/part_where.html", {})
    location = land.locate(lon, lat)
    if location.metres > land.outside_metres and location.area.id == land.root.id:
        far = sentence(FarAway(km=round(location.metres / 1000), place=land.root.name("en" if get_language() == "en" else "zh")))
        return render(request, "portal/part_where.html", {"far": far})
    chain: tuple[AreaNode, ...] = land.chain(location.area.id)[1:] or land.chain(location.area.id)
    return render(request, "portal/part_where.html", {"chain": chain, "near": _near(lon, lat, request.GET.get("class_code", ""))})


def _number(text: object) -> float | None:
    try:
        return float(str(text or ""))
    except ValueError:
        return None


# -- the receipt ------------------------------------------------------------------------------------------------------


@public_route
@never_cache
def done(request: HttpRequest, code: str) -> HttpResponseBase:
    """The receipt: the code, a QR of its address, who has it now and until when."""
    at = now()
    view = receipt(at=at, tracking=code)
    address = absolute(request, reverse("portal:story", args=[view.code]))
    known = offers().classes.get(view.matter.class_code)
    promise = next((words for row, _name, words in condition_choices(known) if row), "") if known else ""
    context = {"receipt": view, "matter": view.matter, "clock": clock_of(view.matter, at=at), "address": address, "promise": promise}
    return render(request, "portal/done.html", context)
