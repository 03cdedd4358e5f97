"""Tracking: the matter's story for the holder of the code, and what the holder can do: answer, rate, take along, be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.engines.matters.selectors.own import contact_left, own_data
from linli.engines.matters.selectors.public import ReceiptView, receipt
from linli.engines.matters.services.act import Done
from linli.engines.matters.services.report import FILE_OWNER
from linli.engines.matters.services.reporters import NoSuchReceipt, Rating, answer_question, make_anonymous, rate_outcomes, tidy_code
from linli.engines.matters.services.visitors import note_failed_look_up
from linli.interfaces.access import public_route, visitor_of
from linli.interfaces.portal.forms import AnswerForm, OwnContactForm, RatingForm
from linli.interfaces.portal.offers import reopens_below
from linli.interfaces.portal.photos import public_photos
from linli.interfaces.portal.show import clock_of, now_words, story
from linli.interfaces.refusals import sentence, status_of
from linli.kernel.access.services.codes import codes_available
from linli.kernel.clock.services import now
from linli.kernel.files.selectors import photos_waiting
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


@public_route
@never_cache
def track(request: HttpRequest) -> HttpResponseBase:
    """Ask for the code; a code that exists leads to its story."""
    code = request.GET.get("code", "").strip()
    if not code:
        return render(request, "portal/track.html", {"codes_available": codes_available()})
    visitor = visitor_of(request)
    try:
        found = receipt(at=now(), tracking=code)
    except NoSuchReceipt as refusal:
        return _not_found(request, code, visitor, refusal)
    return redirect("portal:story", code=found.code)


def _not_found(request: HttpRequest, code: str, visitor: bytes, refusal: Refusal) -> HttpResponseBase:
    try:
        with write():
            note_failed_look_up(at=now(), visitor=visitor)
    except Refusal as too_many:
        refusal = too_many
    context = {"code": code, "error": sentence(refusal), "codes_available": codes_available()}
    return render(request, "portal/track.html", context, status=status_of(refusal))


@public_route
@never_cache
@require_GET
def follow(request: HttpRequest, code: str) -> HttpResponseBase:
    """The story: who has it now and until when, what was done, what one can do."""
    visitor = visitor_of(request)
    try:
        view = receipt(at=now(), tracking=code)
    except NoSuchReceipt as refusal:
        return _not_found(request, code, visitor, refusal)
    if view.code != code:
        return redirect("portal:story", code=view.code)
    return show_story(request, view)


def show_story(request: HttpRequest, view: ReceiptView, *, status: int = 200, **more: Any) -> HttpResponseBase:
    """The page of a receipt; ``more`` replaces a form by the one that was filled in."""
    at, matter = now(), view.matter
    context: Mapping[str, Any] = {
        "receipt": view,
        "matter": matter,
        "clock": clock_of(matter, at=at),
        "now_words": now_words(matter),
        "story": story(view.story, is_open=matter.closed_at is None),
        "photos": public_photos([matter.id]).get(matter.id, ()),
        "waiting": photos_waiting(FILE_OWNER, matter.id),
        "rating": RatingForm(initial={"stars": view.rating, "solved": None if view.solved is None else ("yes" if view.solved else "no")}),
        "answer": AnswerForm(),
        "contact": OwnContactForm.of(contact_left(tracking=view.code)),
        "reopens_to": reopens_below() - 1,
        **more,
    }
    return render(request, "portal/story.html", context, status=status)


@public_route
@require_POST
def rate(request: HttpRequest, code: str) -> HttpResponseBase:
    """One to five stars, solved or not, a word; “not solved” may open the matter again."""
    form = RatingForm(request.POST)
    at = now()
    if not form.is_valid():
        return show_story(request, receipt(at=at, tracking=code), status=400, rating=form)
    given = form.cleaned_data
    with write():
        (result,) = rate_outcomes([Rating(code, given["stars"], given["solved"] == "yes", given["comment"])], at=at)
    if isinstance(result, Refusal):
        raise result
    messages.success(request, _rated(result))
    return redirect("portal:story", code=tidy_code(code))


def _rated(done: Done) -> str:
    if done.state in ("filed", "reported", "dispatched"):
        return _("Thank you. It is open again, and somebody has it now.")
    return _("Thank you. Your rating counts in the public figures.")


@public_route
@require_POST
def answer(request: HttpRequest, code: str) -> HttpResponseBase:
    """The reporter's answer to the handlers' question."""
    form = AnswerForm(request.POST)
    at = now()
    if not form.is_valid():
        return show_story(request, receipt(at=at, tracking=code), status=400, answer=form)
    with write():
        answer_question(at=at, tracking=code, text=form.cleaned_data["text"])
    messages.success(request, _("Thank you. Those who handle it can read your answer now."))
    return redirect("portal:story", code=tidy_code(code))


@public_route
@require_POST
def forget(request: HttpRequest, code: str) -> HttpResponseBase:
    """Delete name, phone and e-mail of this report; the report itself goes on."""
    with write():
        make_anonymous(at=now(), tracking=code)
    messages.success(request, _("Your name, phone number and e-mail address are deleted. Keep the code: it is the only way to the outcome now."))
    return redirect("portal:story", code=tidy_code(code))


@public_route
@never_cache
@require_GET
def export(_request: HttpRequest, code: str) -> HttpResponseBase:
    """Everything kept of this report, as a file to take along."""
    data = own_data(at=now(), tracking=code)
    return HttpResponse(
        orjson.dumps(data, option=orjson.OPT_INDENT_2),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="linli-{data["tracking_code"]}.json"'},
    )
