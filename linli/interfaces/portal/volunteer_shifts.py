"""A volunteer's own shifts: sign up, leave, offer and take over; be there and go; hours behind one; a calendar by private address.

Going before the shift ends is asked once more, on a page: here it cannot be said anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
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
from linli.engines.duties.shifts.rules.presence import MARGIN_MOST, Presence
from linli.engines.duties.shifts.rules.signing import Part
from linli.engines.duties.shifts.selectors.presence import OwnPresence, own_hours, own_presence, own_presence_in
from linli.engines.duties.shifts.selectors.rosters import feed_shifts, has_feed, own_shifts, person_of_feed
from linli.engines.duties.shifts.services.feeds import end_feed, renew_feed
from linli.engines.duties.shifts.services.presence import arrive, leave
from linli.engines.duties.shifts.services.rosters import cancel, offer, sign_up, take_offer
from linli.interfaces.access import actor_of_request, public_route, signed_in_route
from linli.interfaces.duty_words import KINDS
from linli.interfaces.refusals import sentence, status_of, uuid_given
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

MARGIN = timedelta(minutes=MARGIN_MOST)


@signed_in_route
@never_cache
@require_GET
def shifts(request: HttpRequest) -> HttpResponseBase:
    """Coming shifts of one's teams, and the hours behind one."""
    return _page(request)


def _page(request: HttpRequest, *, address: str = "", refusal: Refusal | None = None) -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    try:
        active_playbook()
    except NoPlaybook:
        return redirect("portal:volunteer")
    count, minutes = own_hours(actor=actor, at=at)
    lines = own_shifts(actor=actor, at=at)
    mine = [line for line in lines if line.part]
    near = own_presence(actor=actor, at=at, since=at - MARGIN, until=at + MARGIN)
    running = [(one, step) for one in near if (step := _step(one, at)) or one.span.starts <= at < one.span.ends]
    context = {
        "now": running,
        "asked": _asked(request, running, at),
        "mine": mine,
        "others": [line for line in lines if not line.part],
        "count": count,
        "hours": minutes / 60,
        "address": address,
        "refusal": sentence(refusal) if refusal else "",
    }
    context |= {"has_feed": has_feed(actor=actor), "known": actor.person_id}
    return render(request, "portal/volunteer_shifts.html", context, status=status_of(refusal) if refusal else 200)


def _step(one: OwnPresence, at: datetime) -> str:
    """What is to be said of a shift now: that one is there, that one has finished, or nothing."""
    span, standing = one.span, one.standing
    if standing.arrived_at is None:
        return "arrive" if span.starts - span.margin <= at < span.ends and standing.presence is not Presence.GONE else ""
    return "finish" if span.starts <= at <= span.ends + span.margin and standing.left_at is None else ""


def _asked(request: HttpRequest, running: list[tuple[OwnPresence, str]], at: datetime) -> UUID | None:
    """The shift of which it is asked whether one has finished already; none once it is over, or where there is nothing to finish."""
    given = request.GET.get("finish")
    return next((one.id for one, step in running if step == "finish" and str(one.id) == given and at < one.span.ends), None)


def _too_soon(shift_id: UUID, *, actor: Actor, at: datetime) -> bool:
    """Whether to ask once more before the actor goes: they are there, and the shift runs on."""
    one = own_presence_in({shift_id}, actor=actor, at=at).get(shift_id)
    return one is not None and _step(one, at) == "finish" and at < one.span.ends


@signed_in_route
@require_POST
def act(request: HttpRequest, shift_id: UUID, act: str) -> HttpResponseBase:
    """One step with a shift; what is refused is said above the shifts, where one chooses again."""
    common: dict[str, Any] = {"actor": actor_of_request(request), "at": now(), "shift_id": shift_id}
    if act == "finish" and not request.POST.get("sure") and _too_soon(shift_id, actor=common["actor"], at=common["at"]):
        return redirect(f"{reverse('portal:volunteer_shifts')}?finish={shift_id}#finish")
    try:
        with write():
            if act == "sign":
                part = sign_up(**common)
                said = _("You are in.") if part is Part.SIGNED else _("It is full; you are on the waiting list and move up when somebody leaves.")
            elif act == "leave":
                cancel(**common)
                said = _("You have left this shift.")
            elif act == "arrive":
                arrive(**common)
                said = _("You are here. Your captain sees it.")
            elif act == "finish":
                leave(**common)
                said = _("You have finished. Thank you.")
            elif act in ("offer", "keep"):
                offer(**common, offered=act == "offer")
                said = _("Offered to your colleagues; until somebody takes it, it is yours.") if act == "offer" else _("You keep it.")
            elif act == "take":
                take_offer(**common, part_id=uuid_given(request.POST.get("part", "")))
                said = _("You took it over. Thank you.")
            else:
                raise Http404
    except Refusal as refusal:
        return _page(request, refusal=refusal)
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
        event.add("uid", f"{duty.rule or duty.kind}-{duty.day.isoformat()}@linli")
        event.add("dtstamp", at)
        event.add("dtstart", duty.day)
        event.add("dtend", duty.day + timedelta(days=1))
        event.add(
            "summary", _("%(duty)s: %(n)s to be done by today") % {"duty": bilingual(duty.names, shown) or duty.rule or KINDS[duty.kind][0], "n": duty.count}
        )
        event.add("transp", "TRANSPARENT")
        book.add_component(event)
    return HttpResponse(book.to_ical(), content_type="text/calendar; charset=utf-8")
