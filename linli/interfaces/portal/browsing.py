"""Around here: the public list of matters and one public matter, with “me too”."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground_or_none
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.rules.squares import Box
from linli.engines.matters.selectors.public import SEARCHED, PublicFilter, PublicMatter, public_list, public_matter
from linli.engines.matters.services.visitors import report_as_visitor
from linli.interfaces.access import actor_of_request, public_route, visitor_of
from linli.interfaces.portal.forms import ContactForm
from linli.interfaces.portal.offers import class_choices, offers, own, suggested
from linli.interfaces.portal.photos import public_photos
from linli.interfaces.portal.reporting import once, own_contact
from linli.interfaces.portal.show import clock_of, lines, map_bounds, map_levels, now_words, story
from linli.interfaces.refusals import sentence, status_of
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal

PAGE = 20
STATES = ("open", "closed", "all")


def wanted_of(request: HttpRequest) -> dict[str, str]:
    """The filters of the address, only those that mean something here; the map takes the same."""
    given = {name: request.GET.get(name, "").strip()[:80] for name in ("state", "kind", "class_code", "area", "q", "box")}
    known = offers()
    if given["state"] not in STATES:
        given["state"] = "open"
    if given["class_code"] not in known.classes:
        given["class_code"] = ""
    if given["kind"] not in {kind.code for kind in (known.section.kinds if known.section else ()) if kind.visibility == "public"}:
        given["kind"] = ""
    return given


def area_path_of(code: str) -> str:
    """The path of the area of a code; empty (everywhere) for none, and for one that is not known."""
    land = ground_or_none()
    return next((area.path for area in land if area.code == code), "") if land is not None and code else ""


def box_of(text: str) -> Box | None:
    """West, south, east, north from an address; None where it is not four numbers in order."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (west, south, east, north) if -180 <= west < east <= 180 and -90 <= south < north <= 90 else None


def area_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The two levels below the whole, for a choice: each large area with those in it."""
    land = ground_or_none()
    if land is None:
        return []
    language = "en" if get_language() == "en" else "zh"

    def named(areas: tuple[AreaNode, ...]) -> list[tuple[str, str]]:
        return [(area.code, area.name(language)) for area in areas]

    return [(area.name(language), [(area.code, area.name(language)), *named(land.children(area.id))]) for area in land.children(land.root.id)]


@public_route
@require_GET
def matters(request: HttpRequest) -> HttpResponseBase:
    """Public matters, the newest first, by state, kind, class, area and words. Two queries whatever the length."""
    at, wanted = now(), wanted_of(request)
    filtered = PublicFilter(
        state=wanted["state"],
        kind=wanted["kind"],
        class_code=wanted["class_code"],
        area_path=area_path_of(wanted["area"]),
        words=wanted["q"],
        classes=tuple(part.code for part in suggested(wanted["q"])) if wanted["q"] else (),
        box=box_of(wanted["box"]),
        before=_cursor(request.GET.get("before", "")),
        limit=PAGE + 1,
    )
    found = public_list(at=at, wanted=filtered) if offers().section and ground_or_none() else []  # nothing on an empty installation
    given = {name: value for name, value in wanted.items() if value and (name, value) != ("state", "open")}
    known = offers()
    context = {
        "matters": lines(found[:PAGE], at=at),
        "next": f"?{urlencode({**given, 'before': _place(found[PAGE - 1])})}" if len(found) > PAGE else "",
        "newest": f"?{urlencode(given)}" if filtered.before else "",
        "wanted": wanted,
        "query": urlencode(given),
        "filtered": len(given.keys() - {"state"}),
        "states": STATES,
        "kinds": [(kind.code, own(kind.names)) for kind in (known.section.kinds if known.section else ()) if kind.visibility == "public"],
        "classes": class_choices(known.classes)[1:],
        "areas": area_choices(),
        "searched": SEARCHED,
        "bounds": wanted["box"] if filtered.box else map_bounds(),
        "map_levels": map_levels(),
        "map_only": request.GET.get("view") == "map",
    }
    return render(request, "portal/matters.html", context)


def _place(matter: PublicMatter) -> str:
    return f"{matter.reported_at.isoformat()}_{matter.id}"


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    when, _underscore, key = text.partition("_")
    try:
        at = datetime.fromisoformat(when)
        return (at, UUID(key)) if at.tzinfo else None
    except ValueError:
        return None


@public_route
@require_GET
def matter(request: HttpRequest, code: str) -> HttpResponseBase:
    """One public matter: what everyone may know of it."""
    return _show(request, code, ContactForm(initial=own_contact(request)))


def _show(request: HttpRequest, code: str, form: ContactForm, *, status: int = 200) -> HttpResponseBase:
    at = now()
    found, steps = public_matter(at=at, code=code)
    context: dict[str, Any] = {
        "matter": found,
        "clock": clock_of(found, at=at),
        "now_words": now_words(found),
        "story": story(steps, is_open=found.closed_at is None),
        "photos": public_photos([found.id]).get(found.id, ()),
        "form": form,
        "key": request.POST.get("key") or secrets.token_hex(16),
    }
    return render(request, "portal/matter.html", context, status=status)


@public_route
def join(request: HttpRequest, code: str) -> HttpResponseBase:
    """“Me too”: one more reporter of an open public matter, who is told its outcome like the first."""
    if request.method != "POST":
        return redirect("portal:matter", code=code)
    at, actor, visitor = now(), actor_of_request(request), visitor_of(request)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _show(request, code, form, status=400)
    contact = form.contact
    wanted = ReportRequest(
        at=at,
        class_code="",
        key=request.POST.get("key", "")[:64],
        contact=contact,
        user_id=actor.user_id if contact else None,
        anonymous=not contact,
        language=get_language() or "zh-hans",
    )
    try:
        done = once(lambda: report_as_visitor(wanted, actor=actor, at=at, visitor=visitor, joining=code))
    except Refusal as refusal:
        form.add_error(None, sentence(refusal))
        return _show(request, code, form, status=status_of(refusal))
    return redirect("portal:done", code=done.tracking)
