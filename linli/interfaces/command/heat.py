"""Where matters of a class come from: hexagons by how many were reported, and the records behind one of them."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.hexes import gathered, is_hex, outline, resolution_for, squares_in
from linli.engines.matters.selectors.patterns import by_square, of_squares
from linli.interfaces.access import requires
from linli.interfaces.command.wall import PERIODS, Wall, wall_of
from linli.interfaces.console.export import short_table
from linli.interfaces.console.pages import show
from linli.interfaces.console.queue import lines_of
from linli.interfaces.console.tables import asked_format, kept_query, taken
from linli.interfaces.tags import bilingual
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_, Kind, Refusal

JSON = "application/geo+json"


class UnknownPlace(Refusal):
    code = "command.unknown_place"
    message = N_("This is no place of the heat map. Begin again at the command screen.")
    kind = Kind.MISSING


@requires("insight.read")
@never_cache
@require_GET
def heat(request: HttpRequest) -> HttpResponseBase:
    """Hexagons of the wall's area as GeoJSON: ``count``, ``open``, ``value`` (0–1, by the square root of the count), ``url``."""
    wall, class_code = wall_of(request), request.GET.get("class", "")
    counted = gathered(by_square(actor=wall.actor, of=wall.pattern(class_code)), _resolution(wall))
    most = max((count for count, _ in counted.values()), default=1)
    features = [_feature(wall, class_code, name, count, still_open, most) for name, (count, still_open) in counted.items()]
    return HttpResponse(orjson.dumps({"type": "FeatureCollection", "features": features, "most": most if features else 0}), content_type=JSON)


def _resolution(wall: Wall) -> int:
    west, south, east, north = wall.box
    return resolution_for(max((east - west) * math.cos(math.radians(south)), north - south))


def _feature(wall: Wall, class_code: str, name: str, count: int, still_open: int, most: int) -> dict[str, object]:
    told = ngettext("%(n)d reported", "%(n)d reported", count) % {"n": count}
    if still_open:
        told += " · " + ngettext("%(n)d open", "%(n)d open", still_open) % {"n": still_open}
    query = urlencode({"area": wall.area.path, "period": wall.period, "class": class_code, "place": name})
    properties = {"count": count, "open": still_open, "value": round(math.sqrt(count / most), 3), "title": told, "url": f"{reverse('command:spot')}?{query}"}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [outline(name)]}}


@requires("insight.read")
@never_cache
@require_GET
def spot(request: HttpRequest) -> HttpResponseBase:
    """The records behind one hexagon, the latest first.

    Raises:
        UnknownPlace: no hexagon of the map.
    """
    wall, class_code, place = wall_of(request), request.GET.get("class", ""), request.GET.get("place", "")
    if not is_hex(place):
        raise UnknownPlace
    rows = of_squares(actor=wall.actor, at=wall.at, of=wall.pattern(class_code), squares=squares_in(place))
    if asked_format(request):
        wall.actor.require_somewhere("matters.export")
        heads, table = short_table(rows)
        return taken(request, name="place", heads=heads, rows=table, at=wall.at)
    names = {part.code: part.names for part in active_playbook().section(MattersSection).classes}
    back = f"{reverse('command:screen')}?{wall.query}&{urlencode({'heat': class_code or 'all'})}"
    context: dict[str, Any] = {"lines": lines_of(rows, wall.at), "class_names": names.get(class_code), "period": PERIODS[wall.period][0], "back": back}
    context |= {"query": kept_query(request), "may_export": wall.actor.holds("matters.export")}
    return show(request, "command/spot.html", "screen", **context)


def heat_choices(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The classes of which heat can be shown, by kind."""
    section = active_playbook().section(MattersSection)
    groups = [
        (bilingual(kind.names, language), [(part.code, bilingual(part.names, language)) for part in section.classes if part.kind == kind.code])
        for kind in section.kinds
    ]
    return [group for group in groups if group[1]]


def shown_heat(request: HttpRequest) -> str:
    """Which heat an address asks for: a class, ``all``, or empty for the open matters."""
    asked = request.GET.get("heat", "")
    known = {part.code for part in active_playbook().section(MattersSection).classes}
    return asked if asked == "all" or asked in known else ""
