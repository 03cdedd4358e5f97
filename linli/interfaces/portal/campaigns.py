"""Campaigns in the open: how far each is; and a helper's doors of today, each answered by one tap."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.engines.duties.campaigns.rules.doors import Advice
from linli.engines.duties.campaigns.selectors import own_doors, public_campaigns
from linli.engines.duties.campaigns.services.noting import Wish, note_attempts
from linli.interfaces.access import actor_of_request, public_route, signed_in_route
from linli.interfaces.campaign_words import OUTCOMES, way_of
from linli.interfaces.refusals import sentence
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


@public_route
@never_cache
@require_GET
def campaigns(request: HttpRequest) -> HttpResponseBase:
    """How far each public campaign is. Figures only."""
    try:
        active_playbook()
    except NoPlaybook:
        return render(request, "portal/campaigns.html", {"lines": []})
    return render(request, "portal/campaigns.html", {"lines": public_campaigns(at=now())})


@signed_in_route
@never_cache
@require_GET
def doors(request: HttpRequest) -> HttpResponseBase:
    """The doors that this helper goes to: now, later, and those that are done."""
    try:
        active_playbook()
    except NoPlaybook:
        return redirect("portal:volunteer")
    at = now()
    lists = []
    for found in own_doors(actor=actor_of_request(request), at=at):
        waiting = [door for door in found.doors if door.suggestion.advice is Advice.THEN and door.suggestion.not_before and door.suggestion.not_before > at]
        open_now = [door for door in found.doors if not door.result and door not in waiting]
        title = found.title or bilingual(dict(found.area_names), get_language() or "")
        ended = [(door, OUTCOMES[door.result]) for door in found.doors if door.result]
        lists.append({"title": title, "list": found, "now": open_now, "later": waiting, "ended": ended})
    return render(request, "portal/doors.html", {"lists": lists, "key": str(new_id())})


@signed_in_route
@require_POST
def note(request: HttpRequest, target_id: UUID) -> HttpResponseBase:
    """Note how it went at a door, or take one's last note back; sent twice, it is done once."""
    try:
        outcome = way_of(request.POST.get("outcome", ""))
    except ValueError:
        raise Http404 from None
    at = now()
    with write():
        (result,) = note_attempts(actor=actor_of_request(request), at=at, wishes=[Wish(target_id, outcome, at, request.POST.get("key", ""))])
    if isinstance(result, Refusal):
        messages.error(request, sentence(result))
    else:
        messages.success(request, _("Written down.") if outcome else _("Taken back; the door is open again."))
    return redirect("portal:doors")
