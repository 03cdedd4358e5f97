"""What the maps of staff draw: the community's own outlines, and open matters as clusters made by the database."""

from __future__ import annotations

import math
from functools import lru_cache

import orjson
import shapely
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from linli.directory.territory.rules import Ground
from linli.directory.territory.selectors import ground
from linli.engines.matters.selectors.wall import Cluster, map_clusters
from linli.engines.matters.services.frame import frame
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Refusal

SIMPLIFIED = 5e-5  # degrees, about five metres: finer than a screen shows
JSON = "application/geo+json"


class BadWindow(Refusal):
    code = "command.bad_window"
    message = N_("The window of the map is west,south,east,north in degrees and a zoom from 0 to 24.")
    field = "bbox"


@lru_cache(maxsize=8)
def _outlines(land: Ground, language: str) -> bytes:
    """The outlines of all areas as GeoJSON; names on the two levels below the root only, so that they can be read."""
    features = []
    for area in land:
        outline = land.polygon(area.id)
        if outline is None:
            continue
        depth = land.depth(area.id)
        level = max(1, depth)
        shape = orjson.loads(shapely.to_geojson(shapely.set_precision(outline.simplify(SIMPLIFIED), 1e-6)))
        name = bilingual(dict(area.names), language) if depth == 1 or (depth == 2 and len(land.levels) > 3) else ""
        features.append({"type": "Feature", "properties": {"name": name if depth == 1 else "", "level": level}, "geometry": shape})
    return orjson.dumps({"type": "FeatureCollection", "features": features})


@requires("matters.read", "insight.read", "matters.report_for_others")
@require_GET
def areas(request: HttpRequest) -> HttpResponseBase:  # noqa: ARG001 - Django names it
    """Every area's outline."""
    response = HttpResponse(_outlines(ground(), get_language() or ""), content_type=JSON)
    response["Cache-Control"] = "private, max-age=600"
    return response


@requires("matters.read")
@require_GET
def points(request: HttpRequest) -> HttpResponseBase:
    """Open matters in a window: ``bbox=w,s,e,n&zoom=z``."""
    actor = actor_of_request(request)
    bbox, zoom = window(request)
    found = map_clusters(actor=actor, at=now(), bbox=bbox, zoom=zoom)
    language = get_language() or ""
    names = {code: bilingual(dict(known.names), language) for code, known in frame().policy.classes.items()}
    body = orjson.dumps({"type": "FeatureCollection", "features": [_feature(cluster, names) for cluster in found]})
    response = HttpResponse(body, content_type=JSON)
    response["Cache-Control"] = "no-store"
    return response


def window(request: HttpRequest) -> tuple[tuple[float, float, float, float], int]:
    """The window asked for.

    Raises:
        BadWindow: not four finite degrees and a zoom.
    """
    try:
        west, south, east, north = (float(side) for side in request.GET["bbox"].split(","))
        zoom = int(request.GET.get("zoom", "12"))
    except (KeyError, ValueError):
        raise BadWindow from None
    if not all(map(math.isfinite, (west, south, east, north))) or west > east or south > north or not 0 <= zoom <= 24:
        raise BadWindow
    return (west, south, east, north), zoom


def _feature(cluster: Cluster, names: dict[str, str]) -> dict[str, object]:
    state = "overdue" if cluster.overdue else "soon" if cluster.soon else "ok"
    properties: dict[str, object] = {"count": cluster.count, "state": state}
    if cluster.code:
        properties |= {"code": cluster.code, "title": f"{names.get(cluster.class_code, cluster.class_code)} {cluster.code}"}
        properties["url"] = reverse("console:matter", args=[cluster.code])
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [round(cluster.lon, 6), round(cluster.lat, 6)]}}
