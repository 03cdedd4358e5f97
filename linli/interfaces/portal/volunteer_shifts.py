"""A volunteer's own shifts: sign up, leave, offer and take over; hours behind one; a calendar by private address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import icalendar
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.engines.duties.selectors.feed import feed_duties
from linli.engines.duties.shifts.rules.signing import Part
from linli.engines.duties.shifts.selectors import feed_shifts, has_feed, own_hours, own_shifts, person_of_feed
from linli.engines.duties.shifts.services import cancel, end_feed, offer, renew_feed, sign_up, take_offer
from linli.interfaces.access import actor_of_request, public_route, signed_in_route
from linli.interfaces.refusals import uuid_given
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.writing import write


@signed_in_route
@never_cache
@require_GET
def shifts(request: HttpRequest) -> HttpResponseBase:
    """Coming shifts of one's teams, and the hours behind one."""
    return _page(request)


def _page(request: HttpRequest, *, address: str = "") -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    try:
        active_playbook()
    except NoPlaybook:
        return redirect("portal:volunteer")
    count, minutes = own_hours(actor=actor, at=at)
    lines = own_shifts(actor=actor, at=at)
    mine = [line for line in lines if line.part]
    context = {"mine": mine, "others": [line for line in lines if not line.part], "count": count, "hours": minutes / 60, "address": address}
    return render(request, "portal/volunteer_shifts.html", {**context, "has_feed": has_feed(actor=actor), "known": actor.person_id})


@signed_in_route
@require_POST
def act(request: HttpRequest, shift_id: UUID, act: str) -> HttpResponseBase:
    """One step with a shift."""
    common: dict[str, Any] = {"actor": actor_of_request(request), "at": now(), "shift_id": shift_id}
    with write():
        if act == "sign":
            part = sign_up(**common)
            said = _("You are in.") if part is Part.SIGNED else _("It is full; you are on the waiting list and move up when somebody leaves.")
        elif act == "leave":
            cancel(**common)
            said = _("You have left this shift.")
        elif act in ("offer", "keep"):
            offer(**common, offered=act == "offer")
            said = _("Offered to your colleagues; until somebody takes it, it is yours.") if act == "offer" else _("You keep it.")
        elif act == "take":
            take_offer(**common, part_id=uuid_given(request.POST.get("part", "")))
            said = _("You took it over. Thank you.")
        else:
            raise Http404
    messages.success(request, said)
    return redirect("portal:volunteer_shifts")


@signed_in_route
@never_cache
@require_POST
def feed(request: HttpRequest) -> HttpResponseBase:
    """Make a private address of one's calendar (shown once), or end it."""
    actor = actor_of_request(request)
    if request.POST.get("end"):
        with write():
            end_feed(actor=actor, at=now())
        messages.success(request, _("The address opens nothing any more."))
        return redirect("portal:volunteer_shifts")
    with write():
        secret = renew_feed(actor=actor, at=now())
    return _page(request, address=request.build_absolute_uri(reverse("portal:volunteer_calendar", args=[secret])))


@public_route
@never_cache
@require_GET
def calendar(request: HttpRequest, secret: str) -> HttpResponseBase:  # noqa: ARG001
    """The calendar behind a private address (RFC 5545), for whoever holds it."""
    at, person = now(), person_of_feed(secret)
    if person is None:
        raise Http404
    found = feed_shifts(secret=secret, at=at) or []
    shown = get_language() or ""
    book = icalendar.Calendar()
    book.add("prodid", "-//Linli//Shifts//EN")
    book.add("version", "2.0")
    book.add("x-wr-calname", _("My shifts and duties"))
    for shift in found:
        event = icalendar.Event()
        event.add("uid", f"{shift.id}@linli")
        event.add("dtstamp", now())
        event.add("dtstart", shift.starts_at)
        event.add("dtend", shift.ends_at)
        event.add("summary", f"{bilingual(shift.names, shown)} · {bilingual(shift.team, shown)}")
        event.add("status", "CANCELLED" if shift.called_off else "CONFIRMED")
        book.add_component(event)
    for duty in feed_duties(person_id=person, at=at):
        event = icalendar.Event()
        event.add("uid", f"{duty.rule}-{duty.day.isoformat()}@linli")
        event.add("dtstamp", at)
        event.add("dtstart", duty.day)
        event.add("dtend", duty.day + timedelta(days=1))
        event.add("summary", _("%(duty)s: %(n)s to be done by today") % {"duty": bilingual(duty.names, shown) or duty.rule, "n": duty.count})
        event.add("transp", "TRANSPARENT")
        book.add_component(event)
    return HttpResponse(book.to_ical(), content_type="text/calendar; charset=utf-8")
