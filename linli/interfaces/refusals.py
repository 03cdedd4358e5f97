"""Refusals as answers: a clear page, a fragment or a JSON body, in the reader's language, with the fitting status."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext
from ninja import NinjaAPI

from linli.interfaces.access import BadKey
from linli.kernel.access.rules import NotSignedIn
from linli.kernel.refusal import N_, Kind, Refusal

STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.MISSING: 404, Kind.CONFLICT: 409, Kind.LIMIT: 429}
NOBODY = 401
API_PREFIX = "/api/"
REPORT_PREFIX = "/open311/"  # says its refusals itself, in the form of its standard
REQUEST_MOST = 100  # megabytes: more than every upload of one form together; a longer one is refused before its body is read


class FormExpired(Refusal):
    """The form's token is missing or another session's."""

    code = "access.form_expired"
    message = N_("This form is no longer valid. Go back, load the page again and send it once more.")
    kind = Kind.FORBIDDEN


class RequestTooLong(Refusal):
    """More is sent at once than any form of the program takes."""

    code = "request.too_long"
    message = N_("More was sent at once than is taken: at most %(limit)s MB.")


def refuse_too_long(request: HttpRequest) -> None:
    """Look at the length that a request announces; one that announces none has no body for us.

    Raises:
        RequestTooLong.
    """
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isascii() and announced.isdigit() and int(announced) > REQUEST_MOST * 1_000_000:
        raise RequestTooLong(limit=REQUEST_MOST)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return NOBODY if isinstance(refusal, NotSignedIn | BadKey) else STATUS[refusal.kind]


def sentence(refusal: Refusal) -> str:
    """The refusal as a sentence in the active language."""
    return refusal.sentence(gettext)


def body_of(refusal: Refusal) -> dict[str, Any]:
    """The JSON body: ``{"code", "message", "field"}``."""
    return {"code": refusal.code, "message": sentence(refusal), "field": refusal.field or None}


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponseBase:
    """The refusal in the form that the caller reads: JSON for programs, a fragment for htmx, a page for people."""
    status = status_of(refusal)
    if wants_json(request):
        response: HttpResponse = JsonResponse(body_of(refusal), status=status)
        if status == NOBODY:
            response["WWW-Authenticate"] = "Bearer"
        return response
    by_script = request.headers.get("HX-Request") == "true"
    if isinstance(refusal, NotSignedIn):
        target = redirect_to_login(request.get_full_path() if request.method == "GET" and not by_script else _page_of(request))
        if not by_script:
            return target
        return HttpResponse(status=status, headers={"HX-Redirect": target.url})
    context = {"refusal": refusal, "sentence": sentence(refusal), "status": status}
    return render(request, "accounts/refusal_note.html" if by_script else "accounts/refusal.html", context, status=status)


def _page_of(request: HttpRequest) -> str:
    """The page that a form or a script was on; a form cannot be sent again after signing in."""
    current = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "/"
    own = f"{request.scheme}://{request.get_host()}"
    return current.removeprefix(own) if current.startswith(own + "/") else "/"


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIX) or request.get_preferred_type(["text/html", "application/json"]) == "application/json"


class RefusalMiddleware(MiddlewareMixin):
    """Answers any refusal that a view lets pass. The write around it, if any, was taken back already."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        if request.path.startswith(REPORT_PREFIX):
            return None
        try:
            refuse_too_long(request)
        except RequestTooLong as refusal:
            return answer(request, refusal)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return answer(request, exception) if isinstance(exception, Refusal) else None


def answer_refusals(api: NinjaAPI) -> None:
    """Have a JSON API answer refusals; the library keeps exceptions from the middleware."""

    @api.exception_handler(Refusal)
    def _answer(_request: HttpRequest, exception: Refusal) -> HttpResponse:
        response = JsonResponse(body_of(exception), status=status_of(exception))
        if response.status_code == NOBODY:
            response["WWW-Authenticate"] = "Bearer"
        return response


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponseBase:  # noqa: ARG001 - Django names it
    """Django's CSRF failure, said like any other refusal."""
    return answer(request, FormExpired())


def uuid_given(text: str) -> UUID:
    """The id that an address or a form names.

    Raises:
        Http404: it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
