"""Open311 GeoReport v2 as Django views. The POST that comes in masses is answered by the hot lane; uploads come here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, BinaryIO, cast

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt

from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.lookup import matter_by_code
from linli.engines.matters.selectors.published import PublishedFilter, code_of_receipt, published, published_steps
from linli.engines.matters.services.act import NoSuchMatter, act, only
from linli.engines.matters.services.frame import frame
from linli.engines.matters.services.report import report_matters
from linli.interfaces.access import KeyMissing, actor_of_key, key_of_request, public_route
from linli.interfaces.open311 import intake
from linli.interfaces.open311.formats import JSON, XML, written
from linli.interfaces.open311.jurisdiction import require_jurisdiction
from linli.interfaces.open311.requests import filter_of, shown, shown_step, steps_span
from linli.interfaces.open311.services import discovery as discovery_document
from linli.interfaces.open311.services import service_definition, service_list
from linli.interfaces.refusals import refuse_too_long, sentence
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.files.services import examine, store_file
from linli.kernel.playbooks.selectors import active_version
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

PURPOSE = "report_photo"
UPLOADS_MOST = 5
BODY_MOST = 64 * 1024  # of a form without uploads
Answer = tuple[str, Any]  # root element, content
View = Callable[..., HttpResponse]


class UnknownResource(Refusal):
    code = "open311.unknown_resource"
    message = N_("GeoReport v2 has no such address. Begin with discovery.json.")
    kind = Kind.MISSING


class WrongMethod(Refusal):
    code = "open311.wrong_method"
    message = N_("This address does not take %(method)s.")


class TooManyUploads(Refusal):
    code = "open311.too_many_uploads"
    message = N_("At most %(most)s files go with one report.")
    field = "media"


def georeport(*methods: str) -> Callable[[Callable[..., Answer]], View]:
    """Make a view of a function that returns a root element and its content: formats, jurisdiction, errors by the standard."""

    def make(function: Callable[..., Answer]) -> View:
        @public_route
        @csrf_exempt  # a key is asked for in each request that changes something; cookies are not looked at
        @wraps(function)
        def view(request: HttpRequest, form: str, **parts: str) -> HttpResponse:
            xml = form == "xml"
            try:
                if request.method not in methods:
                    raise WrongMethod(method=str(request.method))
                require_jurisdiction(request.GET.get("jurisdiction_id", ""))
                root, content = function(request, **parts)
            except Refusal as refusal:
                status = intake.status_of(refusal)
                return HttpResponse(intake.errors(status, sentence(refusal), xml=xml), status=status, content_type=(XML if xml else JSON).decode())
            return HttpResponse(written(root, content, xml=xml), content_type=(XML if xml else JSON).decode())

        return view

    return make


def _language() -> str:
    return get_language() or "zh-hans"


def _base(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _sender(request: HttpRequest, key: str) -> Actor:
    given = key or key_of_request(request) or ""
    if not given:
        raise KeyMissing
    return actor_of_key(given)


# -- services -------------------------------------------------------------------------------------------------------------


@georeport("GET", "HEAD")
def discovery(request: HttpRequest) -> Answer:
    return "discovery", discovery_document(endpoint=f"{_base(request)}/open311/v2", changed=active_version().at)


@georeport("GET", "HEAD")
def services(_request: HttpRequest) -> Answer:
    return "services", service_list(frame().section, _language())


@georeport("GET", "HEAD")
def definition(_request: HttpRequest, code: str) -> Answer:
    land = frame()
    return "service_definition", service_definition(land.section, land.policy, code, _language())


# -- requests -------------------------------------------------------------------------------------------------------------


def _wants_extensions(request: HttpRequest) -> bool:
    return request.GET.get("extensions", "").lower() in ("true", "1", "yes")


def _shown(request: HttpRequest, wanted: PublishedFilter) -> list[dict[str, Any]]:
    base, extended = _base(request), _wants_extensions(request)
    return [shown(found, base=base, language=_language(), extensions=extended) for found in published(at=now(), wanted=wanted)]


@georeport("GET", "HEAD")
def listed(request: HttpRequest) -> Answer:
    return "service_requests", _shown(request, filter_of(request.GET.dict(), at=now()))


@georeport("GET", "HEAD")
def one(request: HttpRequest, code: str) -> Answer:
    found = _shown(request, PublishedFilter(codes=(code,), limit=1))
    if not found:
        raise NoSuchMatter
    return "service_requests", found


@georeport("GET", "HEAD")
def token(_request: HttpRequest, token: str) -> Answer:
    return "service_requests", [{"service_request_id": code_of_receipt(tracking=token), "token": token}]


@public_route
@csrf_exempt
def requests(request: HttpRequest, form: str) -> HttpResponse:
    """GET lists; POST takes a report. What the lane does not take (uploads) and what tests send comes here."""
    if request.method != "POST":
        return listed(request, form=form)
    xml = form == "xml"
    try:
        answer: Any = _report(request)
    except Refusal as refusal:
        answer = refusal
    status, content_type, body = intake.render(answer, xml=xml, language=_language())
    return HttpResponse(body, status=status, content_type=content_type.decode())


def _report(request: HttpRequest) -> Any:
    at = now()
    multipart = str(request.content_type).startswith("multipart/")
    pairs, uploads = _multipart(request) if multipart else ([], [])
    idempotency = request.headers.get("Idempotency-Key", "")
    if multipart:
        asked = [(name, value) for name in request.GET for value in request.GET.getlist(name) if value]
        parsed = intake.parsed_form([*asked, *pairs], idempotency=idempotency, language=_language(), at=at)
    else:
        query = request.META.get("QUERY_STRING", "").encode()
        parsed = intake.parse(_body(request), query=query, idempotency=idempotency, language=_language(), at=at)
    require_jurisdiction(parsed.jurisdiction)
    actor = _sender(request, parsed.key)
    examined = [examine(content=cast(BinaryIO, upload), claimed_name=upload.name or "", claimed_type=upload.content_type or "") for upload in uploads]
    with write():
        stored = tuple(store_file(actor=actor, at=at, content=content, purpose=PURPOSE).id for content in examined)
        (answer,) = report_matters([intake.with_files(parsed.report, stored)], actor=actor, at=at)
        if isinstance(answer, Refusal):
            raise answer  # nothing half-written: the uploads go with it
    return answer


def _body(request: HttpRequest) -> bytes:
    refuse_too_long(request)
    try:
        body = request.body
    except RequestDataTooBig:
        raise intake.BadForm(most=intake.FIELDS_MOST) from None
    if len(body) > BODY_MOST:
        raise intake.BadForm(most=intake.FIELDS_MOST)
    return body


def _multipart(request: HttpRequest) -> tuple[list[tuple[str, str]], list[UploadedFile]]:
    refuse_too_long(request)
    try:
        pairs = [(name, value) for name in request.POST for value in request.POST.getlist(name) if value]
        uploads = [upload for name in request.FILES for upload in request.FILES.getlist(name)]
    except (MultiPartParserError, SuspiciousOperation):
        raise intake.BadForm(most=intake.FIELDS_MOST) from None
    if len(pairs) > intake.FIELDS_MOST or any("\ufffd" in value for _, value in pairs):
        raise intake.BadForm(most=intake.FIELDS_MOST)
    if len(uploads) > UPLOADS_MOST:
        raise TooManyUploads(most=UPLOADS_MOST)
    return pairs, uploads


# -- the extension for updates ------------------------------------------------------------------------------------------------


@georeport("GET", "HEAD", "POST")
def updates(request: HttpRequest) -> Answer:
    """GET: what happened to public matters in a span. POST: a note on a matter, by a key that may act on it."""
    if request.method == "POST":
        return "service_request_updates", [_note(request)]
    since, until, codes, most = steps_span(request.GET.dict(), at=now())
    return "service_request_updates", [shown_step(step) for step in published_steps(since=since, until=until, codes=codes, limit=most)]


def _note(request: HttpRequest) -> dict[str, Any]:
    _body(request)
    pairs, _ = _multipart(request)
    form = dict(pairs)
    actor = _sender(request, form.get("api_key", ""))
    found = matter_by_code(actor=actor, code=form.get("service_request_id", ""))
    at = now()
    note = Command(matter_id=found.id, verb=Verb.NOTE, at=at, text=form.get("description", "")[:4000], key=form.get("update_id", "")[:200])
    with write():
        done = only(act([note], actor=actor))
    return {"update_id": form.get("update_id") or f"{form.get('service_request_id', '')}-{done.version}", "account_id": None}


@georeport("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
def unknown(_request: HttpRequest, **_path: str) -> Answer:
    raise UnknownResource
