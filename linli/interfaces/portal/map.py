"""What maps ask for: groups of public matters in a window, and the outlines of areas."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.views.decorators.http import condition, require_GET

from linli.directory.territory.selectors import area_features, ground
from linli.engines.matters.rules.squares import Group, Squares, grouped
from linli.engines.matters.selectors.squares import MapFilter, Single, singles, squares
from linli.interfaces.access import public_route
from linli.interfaces.portal.browsing import area_path_of, box_of, wanted_of
from linli.interfaces.portal.show import own_name
from linli.interfaces.wording import clock_state
from linli.kernel.clock.services import now
from linli.kernel.epoch import services as epoch
from linli.kernel.refusal import N_, Refusal

FRESH = 15.0  # seconds for which counts by square are shown again
KEPT = 64  # filters whose counts are kept
DETAIL = 12.0  # metres to which outlines are simplified
GEOJSON = "application/geo+json"


class BadWindow(Refusal):
    code = "portal.bad_window"
    message = N_("A window of the map is bbox=west,south,east,north in degrees, and a zoom from 0 to 22.")
    field = "bbox"


@dataclass
class _Counts:
    """Counts by square of one filter, and when they were read; one thread at a time reads them anew."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    read: float = 0.0
    squares: Squares | None = None


_counts: epoch.Cached[dict[MapFilter, _Counts]] = epoch.Cached(dict)


def counted(wanted: MapFilter) -> Squares:
    """The counts by square, at most fifteen seconds old; while one thread reads them anew, the others show the last."""
    held = _counts.get()
    entry = held.setdefault(wanted, _Counts())
    while len(held) > KEPT:
        held.pop(next(iter(held)), None)
    known = entry.squares
    if known is not None and (time.monotonic() - entry.read < FRESH or not entry.lock.acquire(blocking=False)):
        return known
    if known is None:
        entry.lock.acquire()
    try:
        if entry.squares is None or time.monotonic() - entry.read >= FRESH:
            entry.squares = squares(at=now(), wanted=wanted)
            entry.read = time.monotonic()
        return entry.squares
    finally:
        entry.lock.release()


@public_route
@require_GET
def points(request: HttpRequest) -> HttpResponseBase:
    """Public matters in a window as GeoJSON groups; single ones with their name. At most two queries.

    Raises:
        BadWindow: no window, or no zoom.
    """
    box, wanted = box_of(request.GET.get("bbox", "")), wanted_of(request)
    zoom = request.GET.get("zoom", "")
    if box is None or not zoom.isdecimal() or int(zoom) > 22:
        raise BadWindow()
    chosen = MapFilter(wanted["state"], wanted["kind"], wanted["class_code"], area_path_of(wanted["area"]))
    groups = grouped(counted(chosen), box=box, zoom=int(zoom))
    at = now()
    names = singles(at=at, wanted=chosen, cells=[group.cell for group in groups if group.count == 1 and group.cell is not None])
    given = {name: value for name, value in wanted.items() if value and name not in ("box", "q")}
    features = [_feature(group, names.get(group.cell or -1) if group.count == 1 else None, at=at, given=given) for group in groups]
    answer = HttpResponse(orjson.dumps({"type": "FeatureCollection", "features": features}), content_type=GEOJSON)
    answer["Cache-Control"] = f"private, max-age={int(FRESH)}"
    return answer


def _feature(group: Group, single: Single | None, *, at: Any, given: dict[str, str]) -> dict[str, Any]:
    properties: dict[str, Any] = {"count": group.count, "overdue": group.overdue, "state": "overdue" if 2 * group.overdue > group.count else "ok"}
    if given.get("state") == "closed":
        properties["state"] = "done"
    if single is not None:
        state = clock_state(state=single.state, due_at=single.due_at, closed_at=single.closed_at, at=at)
        properties |= {"code": single.code, "title": own_name(single.class_names), "state": "done" if state == "late" else state}
        properties["url"] = reverse("portal:matter", args=[single.code])
    elif group.cell is not None:  # one square: it cannot be told apart any further, so it leads to a list
        properties["title"] = ngettext("%(n)d matter here", "%(n)d matters here", group.count) % {"n": group.count}
        properties["url"] = f"{reverse('portal:matters')}?{urlencode({**given, 'box': ','.join(map(str, group.box))})}"
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [group.lon, group.lat]}, "properties": properties}


# -- outlines -----------------------------------------------------------------------------------------------------------

_outlines: epoch.Cached[dict[tuple[tuple[str, ...], str], bytes]] = epoch.Cached(dict)


def _wanted_levels(request: HttpRequest) -> tuple[str, ...]:
    given = set(request.GET.get("level", "").split(","))
    return tuple(level for level in ground().levels if level in given)


def _tag(request: HttpRequest) -> str:
    return f'"{epoch.current()}-{"-".join(_wanted_levels(request))}-{get_language()}"'


@public_route
@require_GET
@condition(etag_func=_tag)
def areas(request: HttpRequest) -> HttpResponseBase:
    """Outlines of the areas of some levels (``?level=street,grid``) as GeoJSON, simplified to 12 m; kept until configuration changes.

    Properties: ``code``, ``name`` in the reader's language, ``level`` (1: the largest).
    """
    levels, language = _wanted_levels(request), get_language() or ""
    held = _outlines.get()
    body = held.get((levels, language))
    if body is None:
        body = held[levels, language] = orjson.dumps({"type": "FeatureCollection", "features": _areas(levels)})
    answer = HttpResponse(body, content_type=GEOJSON)
    answer["Cache-Control"] = "public, max-age=300"
    answer["Vary"] = "Accept-Language, Cookie"
    return answer


def _areas(levels: tuple[str, ...]) -> list[dict[str, Any]]:
    found = []
    for level in levels:
        rank = ground().levels.index(level) or 1
        for feature in area_features(level=level, detail_metres=DETAIL)["features"]:
            given = feature["properties"]
            found.append({**feature, "properties": {"code": given["code"], "name": own_name(given["names"]), "level": rank}})
    return found
