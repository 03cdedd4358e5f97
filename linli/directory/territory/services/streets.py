"""Taking in streets: a GeoJSON of named lines becomes pieces by area; a new file of a layer replaces the layer."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import shapely
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from linli.directory.territory.models import StreetPiece
from linli.directory.territory.rules import Ground
from linli.directory.territory.rules.findings import BadTerritory, Finding
from linli.directory.territory.rules.source import known_crs
from linli.directory.territory.rules.streets import Cut, Street, cut
from linli.directory.territory.selectors.ground import ground
from linli.directory.territory.services.reading import MAX_BYTES, plain_text, stands_for, to_wgs84
from linli.directory.territory.services.records import MANAGE
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.boundaries import refused_attribute
from linli.kernel.epoch import services as epoch
from linli.kernel.ids import new_id
from linli.kernel.refusal import Said, saying
from linli.kernel.rows import insert_rows

_COLUMNS = ("id", "area_id", "names", "line", "metres", "source", "revision")
_LINES = ("LineString", "MultiLineString")


@dataclass(frozen=True, slots=True)
class StreetsReport:
    """What an import made: pieces and their metres, the metres that lie in no area, the pieces replaced; ``changed``: anything was written."""

    pieces: int
    metres: float
    outside: float
    replaced: int
    changed: bool


def read_streets(path: Path, *, crs: str = "EPSG:4326") -> list[Street]:
    """Read a GeoJSON FeatureCollection of lines; each has a ``name``, or ``name_zh`` and ``name_en``.

    ``crs`` is what the lines are in (``GCJ-02`` and ``BD-09`` as Chinese public maps have them, or an EPSG code); streets are WGS 84.

    Raises:
        UnknownDatum: the coordinate system is not known.
        BadTerritory: the file is missing, is not what it says, states another coordinate system, or holds anything but named
            lines; says every feature.
    """
    declared = known_crs(crs)
    turn = to_wgs84(declared)
    if not path.is_file():
        raise BadTerritory([Finding(str(path), "", saying("there is no such file"))])
    if path.stat().st_size > MAX_BYTES:
        raise BadTerritory([Finding(path.name, "", saying("the file is larger than %(megabytes)s MB", megabytes=MAX_BYTES // 1_000_000))])
    try:
        given = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise BadTerritory([Finding(path.name, "", saying("this is no GeoJSON that can be read"))]) from None
    features = given.get("features") if isinstance(given, dict) and given.get("type") == "FeatureCollection" else None
    if not isinstance(features, list) or not features:
        raise BadTerritory([Finding(path.name, "", saying("expected a GeoJSON FeatureCollection of lines"))])
    if given.get("crs") and not _agrees(given["crs"], declared):
        told = saying("the file states another coordinate system than %(declared)s: give the one that is right", declared=declared)
        raise BadTerritory([Finding(path.name, "", told)])
    read = [_street(feature, turn) for feature in features]
    problems = [
        Finding(path.name, saying("feature %(number)s", number=place), found) for place, found in enumerate(read, 1) if isinstance(found, Said)
    ]  # fmt: skip
    if problems:
        raise BadTerritory(problems)
    return [found for found in read if isinstance(found, Street)]


def _agrees(stated: Any, declared: str) -> bool:
    """Does a GeoJSON's ``crs`` member, as older files have it, name the declared coordinate system?"""
    try:
        return stands_for(stated["properties"]["name"], declared)
    except (KeyError, TypeError, CRSError):
        return False


def _street(feature: Any, turn: Any) -> Street | Said:
    """A feature as a street, or what is wrong with it."""
    given = feature if isinstance(feature, dict) else {}
    told, shape = given.get("properties"), given.get("geometry")
    told, shape = told if isinstance(told, dict) else {}, shape if isinstance(shape, dict) else {}
    if any(refused_attribute(name) for name in told):
        return saying("data about ethnicity, religion or political standing is not taken in; remove the field")
    name = plain_text(told.get("name_zh")) or plain_text(told.get("name"))
    if not name:
        return saying("it has no name: give name, or name_zh and name_en")
    if shape.get("type") not in _LINES:
        return saying("expected a line, found %(found)s", found=shape.get("type"))
    lines = shape.get("coordinates")
    parts = [_line(part, turn) for part in ([lines] if shape["type"] == "LineString" else lines if isinstance(lines, list) else ())]
    if not parts or not all(parts):
        return saying("the line cannot be read, or leaves the Earth: two or more points, longitude (or easting) first; is the crs right?")
    return Street({"zh": name, "en": plain_text(told.get("name_en")) or name}, tuple(part for part in parts if part is not None))


def _line(given: Any, turn: Any) -> BaseGeometry | None:
    spots = given if isinstance(given, list) else []
    good = [
        (float(spot[0]), float(spot[1]))
        for spot in spots
        if isinstance(spot, list) and len(spot) > 1 and all(isinstance(value, int | float) and math.isfinite(value) for value in spot[:2])
    ]  # fmt: skip
    if len(good) != len(spots) or len(set(good)) < 2:
        return None
    line = shapely.transform(shapely.LineString(good), turn)
    west, south, east, north = line.bounds  # NaN or infinite where a point is none of the coordinate system's
    return line if west >= -180 and south >= -90 and east <= 180 and north <= 90 else None


def import_streets(*, actor: Actor, at: datetime, source: str, streets: Sequence[Street]) -> StreetsReport:
    """Cut the streets by the lowest areas and make them the layer ``source``; what the layer held before is replaced.

    The same streets again change nothing.

    Raises:
        Forbidden: without ``directory.manage``.
        BadTerritory: not a metre of them lies in an area.
        NoTerritory: no territory yet.
    """
    actor.require(MANAGE)
    epoch.bump()  # one import at a time
    land = ground()
    made = cut(streets, land)
    if not made.pieces:
        raise BadTerritory([Finding(source, "", saying("not a metre of it lies in the territory: is the crs right?"))])
    held = StreetPiece.objects.filter(source=source)
    wanted = sorted((piece.area_id, sorted(piece.names.items()), shapely.to_wkb(piece.line)) for piece in made.pieces)
    stored = sorted((area, sorted(names.items()), bytes(line)) for area, names, line in held.values_list("area_id", "names", "line"))
    metres = sum(piece.metres for piece in made.pieces)
    if wanted == stored:
        return StreetsReport(len(wanted), metres, made.outside, 0, changed=False)
    held.delete()
    revision = new_id()
    _store(made, source, revision)
    details = {"source": source, "revision": str(revision), "pieces": len(wanted), "replaced": len(stored), "metres": round(metres)}
    record([Entry(at=at, actor=actor.id, action="territory.streets_imported", subject_type="area", subject=land.root.id, details=details)])
    return StreetsReport(len(wanted), metres, made.outside, len(stored), changed=True)


def cut_anew(land: Ground) -> int:
    """Cut what is there by a changed ground; return the number of pieces. What lies in no area any more is gone until its file is given again."""
    layers: dict[tuple[str, UUID], list[Street]] = {}
    for source, revision, names, line in StreetPiece.objects.order_by("id").values_list("source", "revision", "names", "line"):
        layers.setdefault((source, revision), []).append(Street(names, (shapely.from_wkb(bytes(line)),)))
    StreetPiece.objects.all().delete()
    return sum(_store(cut(streets, land), source, revision) for (source, revision), streets in layers.items())


def _store(made: Cut, source: str, revision: UUID) -> int:
    rows = [(new_id(), piece.area_id, dict(piece.names), shapely.to_wkb(piece.line), piece.metres, source, revision) for piece in made.pieces]
    insert_rows(StreetPiece, _COLUMNS, rows)
    return len(rows)
