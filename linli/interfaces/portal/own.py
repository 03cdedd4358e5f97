"""One's own data: the reports of a signed-in resident together; for the holder of a code, correcting and taking back."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.engines.matters.selectors.own import OwnReport, own_data, own_reports
from linli.engines.matters.selectors.public import receipt
from linli.engines.matters.services.own import correct_contact, make_all_anonymous, withdraw_words
from linli.engines.matters.services.reporters import tidy_code
from linli.interfaces.access import actor_of_request, public_route, signed_in_route
from linli.interfaces.portal.forms import OwnContactForm
from linli.interfaces.portal.show import clock_of
from linli.interfaces.portal.tracking import show_story
from linli.kernel.access.services.own import OwnAccount, delete_own_account, own_account
from linli.kernel.clock.services import now
from linli.kernel.writing import write


def _held(request: HttpRequest) -> tuple[OwnAccount, list[OwnReport]]:
    actor = actor_of_request(request)
    account = own_account(actor=actor)
    return account, own_reports(actor=actor, at=now(), phone=account.phone, email=account.email)


@signed_in_route
@never_cache
@require_GET
def own(request: HttpRequest) -> HttpResponseBase:
    """My reports together, and what is kept of my account."""
    account, found = _held(request)
    at = now()
    reports = [(one, clock_of(one.matter, at=at)) for one in found]
    return render(request, "portal/own.html", {"account": account, "reports": reports, "named": sum(not one.anonymous for one in found)})


@signed_in_route
@never_cache
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Everything that is kept of the account and of its reports, as a file to take along."""
    account, found = _held(request)
    at = now()
    kept: dict[str, Any] = {
        "exported_at": at.isoformat(),
        "account": {"phone": account.phone, "email": account.email, "language": account.language, "since": account.since.isoformat()},
        "reports": [own_data(at=at, tracking=one.tracking) for one in found],
    }
    headers = {"Content-Disposition": 'attachment; filename="linli-own-data.json"'}
    return HttpResponse(orjson.dumps(kept, option=orjson.OPT_INDENT_2), content_type="application/json", headers=headers)


@signed_in_route
@require_POST
def anonymous(request: HttpRequest) -> HttpResponseBase:
    """Delete name, contact and account from every own report; the reports go on."""
    _account, found = _held(request)
    with write():
        make_all_anonymous(actor=actor_of_request(request), at=now(), report_ids=[one.id for one in found])
    messages.success(request, _("None of these reports names you any more. Keep the codes: they are the only way to them now."))
    return render(request, "portal/own_codes.html", {"reports": found})


@signed_in_route
@require_POST
def leave(request: HttpRequest) -> HttpResponseBase:
    """Delete the account, and name nobody on its reports."""
    _account, found = _held(request)
    actor, at = actor_of_request(request), now()
    with write():
        make_all_anonymous(actor=actor, at=at, report_ids=[one.id for one in found])
        delete_own_account(actor=actor, at=at)
    logout(request)
    messages.success(request, _("Your account is deleted. Keep the codes: they are the only way to your reports now."))
    return render(request, "portal/own_codes.html", {"reports": found})


@public_route
@require_POST
def correct(request: HttpRequest, code: str) -> HttpResponseBase:
    """Give or correct how one is told, with the code in hand."""
    form = OwnContactForm(request.POST)
    at = now()
    if not form.is_valid():
        return show_story(request, receipt(at=at, tracking=code), status=400, contact=form)
    with write():
        correct_contact(at=at, tracking=code, contact=form.contact, language=get_language() or "")
    messages.success(request, _("Changed. This is how you will be told."))
    return redirect("portal:story", code=tidy_code(code))


@public_route
@require_POST
def withdraw(request: HttpRequest, code: str) -> HttpResponseBase:
    """Delete everything that came from this reporter, once nobody needs it any more."""
    with write():
        withdraw_words(at=now(), tracking=code)
    messages.success(request, _("Deleted: your name, your contact, your words and your photos. What was done stays."))
    return redirect("portal:story", code=tidy_code(code))
