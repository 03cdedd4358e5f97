"""The app itself: one page that holds nothing of anybody, its manifest, and the worker that keeps it on the phone."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.interfaces.access import public_route, requires
from linli.interfaces.field.words import words

STATIC = Path(settings.STATICFILES_DIRS[0])
WORKER = STATIC / "js" / "field" / "worker.js"
MODULES = (
    "app",
    "camera",
    "day",
    "dom",
    "doors",
    "draft",
    "duty",
    "fill",
    "ground",
    "ledger",
    "lists",
    "matter",
    "outbox",
    "proof",
    "rounds",
    "sheet",
    "shifts",
    "signature",
    "store",
    "waiting",
)
SHARED = ("js/sign.js", "vendor/idb/idb.js")
STYLES = ("tokens", "dark", "base", "controls", "parts", "field")
ICONS = (("field-192.png", "192x192", "any"), ("field-512.png", "512x512", "any"), ("field-mask-512.png", "512x512", "maskable"))


@requires("matters.act", "duties.act", or_member=True)
@never_cache
@require_GET
def app(request: HttpRequest) -> HttpResponseBase:
    """The page. It is the same for everybody, in both languages at once, so that a phone can keep it."""
    return render(request, "field/app.html", {"told": told(), "modules": [*(f"js/field/{name}.js" for name in MODULES), *SHARED]})


@public_route
@require_GET
def manifest(_request: HttpRequest) -> HttpResponseBase:
    """What makes it an app of the phone."""
    name = getattr(settings, "COMMUNITY_NAME", None) or ("Linli" if get_language() == "en" else "邻里")
    home = reverse("field:app")
    icons = [{"src": static(f"img/{file}"), "sizes": sizes, "type": "image/png", "purpose": purpose} for file, sizes, purpose in ICONS]
    body = {
        "id": home,
        "start_url": home,
        "scope": home,
        "name": gettext("%(name)s in the field") % {"name": name},
        "short_name": name,
        "description": gettext("My grid on my phone, with signal and without."),
        "lang": "en" if get_language() == "en" else "zh-Hans",
        "display": "standalone",
        "background_color": "#f6f5f1",
        "theme_color": "#125e6b",
        "icons": icons,
    }
    answer = JsonResponse(body, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})
    answer["Vary"] = "Accept-Language, Cookie"
    return answer


@public_route
@require_GET
def worker(_request: HttpRequest) -> HttpResponseBase:
    """The service worker, with the list of what it keeps; it changes with every release, and the phone with it."""
    files = [static(f"js/field/{name}.js") for name in MODULES] + [static(f"css/{name}.css") for name in STYLES]
    files += [static(file) for file in ("js/start.js", "js/theme.js", "js/form.js", *SHARED, "vendor/icons/sprite.svg", "img/mark.svg")]
    laid = {"release": release(), "shell": reverse("field:app"), "files": files}
    text = f"const LAID = {json.dumps(laid)};\n{WORKER.read_text()}"
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=1)
def told() -> dict[str, Any]:
    """What the page tells its modules: the words of both languages, and where things are."""
    spoken = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            spoken[language] = words()
    return {
        "words": spoken,
        "cookie": settings.LANGUAGE_COOKIE_NAME,
        "csrf": settings.CSRF_COOKIE_NAME,
        "icons": static("vendor/icons/sprite.svg"),
        "mark": static("img/mark.svg"),
        "snapshot": reverse("field:snapshot"),
        "sync": reverse("field:sync"),
        "worker": reverse("field:worker"),
        "home": reverse("field:app"),
        "sign_in": f"{reverse('account_login')}?next={reverse('field:app')}",
        "sign_out": reverse("account_logout"),
        "portal": reverse("portal:home"),
        "patrol": reverse("portal:patrol"),
        "duty": reverse("console:duties"),
    }


@lru_cache(maxsize=1)
def release() -> str:
    """Changes with anything that the phone keeps."""
    template: Any = get_template("field/app.html")
    parts = (settings.STATIC_URL, json.dumps(told()), template.template.source)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=6).hexdigest()
