"""The pages for what goes wrong, in the design. The last one asks nothing of the database, which may be what is wrong."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import get_language

from linli.interfaces.shell import Shell


def server_error(_request: HttpRequest) -> HttpResponseBase:
    """Something broke: say so plainly."""
    language = get_language() or "zh-hans"
    shell = Shell(name="Linli" if language == "en" else "邻里", language=language, theme="auto", staff=lambda: False)
    return HttpResponse(render_to_string("500.html", {"shell": shell}), status=500)
