"""What every page knows of its reader and its place: name, language, theme. A context processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from linli.interfaces.basemap import basemap
from linli.kernel.clock.services import now

THEME_COOKIE = "theme"
DARK_MEDIA = {"auto": "(prefers-color-scheme: dark)", "light": "not all", "dark": "all"}


@dataclass(frozen=True, slots=True)
class Shell:
    """``theme`` is auto, light or dark; ``dark_media`` is the media query under which the dark colours hold;
    ``staff`` asks whether the reader holds any role (a template that never asks costs nothing);
    ``basemap`` tells the page's maps what lies under them, as JSON."""

    name: str
    language: str
    theme: str
    staff: Callable[[], bool]
    basemap: str = ""

    @property
    def dark_media(self) -> str:
        return DARK_MEDIA[self.theme]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: ``shell``, and ``now`` (the program's clock, read when first used)."""
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    under = basemap()
    return {
        "shell": Shell(
            name=getattr(settings, "COMMUNITY_NAME", None) or ("Linli" if get_language() == "en" else "邻里"),
            language=get_language() or settings.LANGUAGE_CODE,
            theme=theme if theme in DARK_MEDIA else "auto",
            staff=lambda: bool(getattr(getattr(request, "actor", None), "grants", ())),
            basemap=under.described() if under else "",
        ),
        "now": now,  # a template calls it when it first meets it
    }


def absolute(request: HttpRequest, path: str) -> str:
    """The address of a page as others reach it."""
    return settings.PUBLIC_URL.rstrip("/") + path if settings.PUBLIC_URL else request.build_absolute_uri(path)
