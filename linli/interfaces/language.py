"""The language switch: a form of one button that works without script."""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from linli.interfaces.access import public_route


@public_route
@csrf_exempt  # choosing a language changes nothing of anyone's; without a token the page stays cacheable and sets no cookie
def switch_language(request: HttpRequest) -> HttpResponseBase:
    """POST ``language`` and ``next``; keeps the choice in a cookie and returns to ``next`` (own addresses only)."""
    return set_language(request)


@lru_cache(maxsize=512)
def negotiated(accept_language: str) -> str:
    """The language of an ``Accept-Language`` header: Chinese unless English is asked for first."""
    first = accept_language.split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "zh-hans"
