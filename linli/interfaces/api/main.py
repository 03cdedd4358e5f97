"""The JSON API ``/api/v1``: described by itself (OpenAPI 3.1 at ``/api/v1/openapi.json``), refusals as ``{code, message, field}``."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from linli.interfaces.access import public_route
from linli.interfaces.api import alarms, directory, files, insight, matters, patrols, places, receipts, work
from linli.interfaces.api.reports import bad_body
from linli.interfaces.refusals import answer_refusals, body_of
from linli.kernel.refusal import N_, Kind, Refusal

DESCRIPTION = """Report, follow, handle and count matters of a neighbourhood.

A key goes with a request as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Names that come from data are `{"zh": …, "en": …}`.
Sentences are in the language of `Accept-Language`. Times carry their zone; points are WGS 84."""

api = NinjaAPI(title="Linli", version="1", description=DESCRIPTION, docs_url=None, openapi_url="/openapi.json", urls_namespace="api-v1")
answer_refusals(api)


@api.exception_handler(ValidationError)
def _not_understood(_request: HttpRequest, exception: ValidationError) -> HttpResponse:
    return JsonResponse(body_of(bad_body(exception.errors)), status=400)


@api.exception_handler(HttpError)
def _refused_by_the_library(_request: HttpRequest, exception: HttpError) -> HttpResponse:
    return JsonResponse({"code": "api.http", "message": str(exception), "field": None}, status=exception.status_code)


class NoSuchAddress(Refusal):
    code = "api.no_such_address"
    message = N_("The API has no such address. It describes itself at /api/v1/openapi.json.")
    kind = Kind.MISSING


@public_route
@csrf_exempt  # nothing is there to be changed
def unknown(_request: HttpRequest) -> HttpResponseBase:
    """Any other address below ``/api/``: said in JSON like every refusal."""
    raise NoSuchAddress


api.add_router("", matters.router)
api.add_router("", work.router)
api.add_router("", receipts.router)
api.add_router("", directory.router)
api.add_router("", insight.router)
api.add_router("", files.router)
api.add_router("", alarms.router)
api.add_router("", patrols.router)
api.add_router("", places.router)
