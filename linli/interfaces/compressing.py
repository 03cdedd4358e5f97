"""Pages and small static files travel compressed; what was compressed at set-up goes out as it is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

WORDS = ("text/", "application/json", "application/javascript", "application/geo+json", "image/svg+xml")


class CompressingMiddleware(GZipMiddleware):
    """Django's own, for whole answers made of words only: a photo gains nothing, and a part of a file must stay as it is."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code != 200 or not response.headers.get("Content-Type", "").startswith(WORDS):
            return response
        return super().process_response(request, response)
