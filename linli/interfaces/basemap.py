"""What lies under the maps, by setting. By default nothing: the community's own outlines are the ground, and no foreign server
learns who looks at which place.

``LINLI_BASEMAP``: empty · ``pmtiles:/path/city.pmtiles`` (a file on this machine, raster or vector, served by the program) ·
``tianditu:KEY`` (天地图, vector picture with Chinese names) · an address with ``{z}``, ``{x}`` and ``{y}`` (any raster tiles,
OpenStreetMap's among them). ``LINLI_BASEMAP_ATTRIBUTION``: whose map it is; those who made it ask that it be shown.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.interfaces.access import public_route

TIANDITU = (
    "https://t0.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
PART = re.compile(r"bytes=(\d+)-(\d+)")
MOST = 8 << 20  # bytes of a file in one answer


@dataclass(frozen=True, slots=True)
class Basemap:
    """``tiles``: address templates, the lowest first; ``file``: a PMTiles archive instead."""

    tiles: tuple[str, ...] = ()
    file: Path | None = None
    attribution: str = ""

    @property
    def servers(self) -> list[str]:
        """The foreign servers that a browser has to ask."""
        return sorted({"{0.scheme}://{0.netloc}".format(urlsplit(address)) for address in self.tiles})

    def described(self) -> str:
        """What a page's maps are told, as JSON."""
        told = {"pmtiles": reverse("basemap")} if self.file else {"tiles": self.tiles}
        return json.dumps({**told, "attribution": self.attribution})


@lru_cache(maxsize=4)
def read_setting(setting: str, attribution: str) -> Basemap | None:
    """The base map that a setting names; None for none.

    Raises:
        ImproperlyConfigured: it names none of the kinds, or a file that is not there.
    """
    kind, _, rest = setting.partition(":")
    if not setting:
        return None
    if kind == "pmtiles":
        file = Path(rest)
        if not file.is_file():
            raise ImproperlyConfigured(f"LINLI_BASEMAP: there is no file {file}")
        return Basemap(file=file, attribution=attribution)
    if kind == "tianditu" and rest:
        return Basemap(tiles=tuple(TIANDITU.format(layer=layer, key=rest) for layer in ("vec", "cva")), attribution=attribution or "天地图")
    if kind in ("http", "https") and all(place in setting for place in ("{z}", "{x}", "{y}")):
        return Basemap(tiles=(setting,), attribution=attribution)
    raise ImproperlyConfigured("LINLI_BASEMAP is pmtiles:/path/file, tianditu:KEY, or an http(s) address with {z}, {x} and {y}")


def basemap() -> Basemap | None:
    """The base map of this installation."""
    return read_setting(settings.BASEMAP, settings.BASEMAP_ATTRIBUTION)


@public_route
@require_safe
def archive(request: HttpRequest) -> HttpResponseBase:
    """A part of the PMTiles file (``Range: bytes=a-b``); browsers ask for the few parts that they show."""
    held = basemap()
    if held is None or held.file is None:
        raise Http404
    size = held.file.stat().st_size
    asked = PART.fullmatch(request.headers.get("Range", ""))
    first, last = (int(asked[1]), int(asked[2])) if asked else (0, size - 1)
    last = min(last, size - 1, first + MOST - 1)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with held.file.open("rb") as handle:
        handle.seek(first)
        body = handle.read(last - first + 1)
    answer = HttpResponse(body, status=206, content_type="application/octet-stream")
    answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = f'"{held.file.stat().st_mtime_ns:x}-{size:x}"'
    answer["Cache-Control"] = "public, max-age=86400"
    return answer
