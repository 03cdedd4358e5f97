"""What a wall shows of matters as they are now: where they are, when they came in, who was called. Live rows, no roll-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from linli.engines.matters.selectors.queue import SOON
from linli.engines.matters.services.frame import frame
from linli.engines.matters.services.whistle import waiting_whistles
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope

SINGLE_FROM = 15  # from this zoom on, matters stand alone
MOST_SINGLE = 600
CELL_PIXELS = 64  # clusters are about so far apart on the screen
TILE_PIXELS = 512


@dataclass(frozen=True, slots=True)
class Cluster:
    """Open matters that share a square of the map, at their middle; a single one names its code."""

    lon: float
    lat: float
    count: int
    overdue: int
    soon: int
    code: str = ""
    class_code: str = ""


@dataclass(frozen=True, slots=True)
class OpenWhistle:
    """A department that was called and has not reported in."""

    code: str
    unit_names: Mapping[str, str]
    called_at: datetime
    due_at: datetime
    overdue: bool


def map_clusters(*, actor: Actor, at: datetime, bbox: tuple[float, float, float, float], zoom: int) -> list[Cluster]:
    """Return the open matters of a window (west, south, east, north) as clusters for a zoom. One query.

    The sum over a window is exact. From ``SINGLE_FROM`` on each matter stands alone while the window holds few enough.
    """
    actor.require_somewhere("matters.read")
    west, south, east, north = bbox
    conditions, given = _scope(actor)
    inside = f"m.closed_at IS NULL AND m.lon BETWEEN %s AND %s AND m.lat BETWEEN %s AND %s AND {conditions}"
    values = [west, east, south, north, *given]
    size = 360.0 / (2 ** min(zoom, 22)) * CELL_PIXELS / TILE_PIXELS if zoom < SINGLE_FROM else 1e-5
    found = _clustered(inside, values, size=size, at=at)
    if len(found) > MOST_SINGLE:  # too many for their zoom: coarser until they fit
        found = _clustered(inside, values, size=max(size, (east - west) / 24), at=at)
    return found


def _clustered(inside: str, values: list[Any], *, size: float, at: datetime) -> list[Cluster]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT avg(m.lon), avg(m.lat), count(*), count(*) FILTER (WHERE coalesce(m.extended_due_at, m.due_at) < %s),"
            " count(*) FILTER (WHERE m.level_due_at BETWEEN %s AND %s), min(m.code), min(m.class_code)"
            f" FROM matters_matter m WHERE {inside} GROUP BY floor(m.lon / %s), floor(m.lat / %s)",
            [at, at, at + SOON, *values, size, size],
        )
        return [
            Cluster(lon, lat, count, overdue, soon, code if count == 1 else "", class_code if count == 1 else "")
            for lon, lat, count, overdue, soon, code, class_code in cursor.fetchall()
        ]


def open_by_area(*, actor: Actor, at: datetime, area_path: str = "") -> dict[UUID, tuple[int, int]]:
    """Return how many matters are open, and how many of them overdue, in each lowest area. One query over the open ones."""
    actor.require_somewhere("matters.read")
    conditions, given = _scope(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.area_id, count(*), count(*) FILTER (WHERE coalesce(m.extended_due_at, m.due_at) < %s) FROM matters_matter m"
            f" WHERE m.closed_at IS NULL AND starts_with(m.area_path, %s) AND {conditions} GROUP BY m.area_id",
            [at, area_path, *given],
        )
        return {area: (count, overdue) for area, count, overdue in cursor.fetchall()}


def arrivals_by_hour(*, actor: Actor, at: datetime, start: datetime, area_path: str = "") -> tuple[int, ...]:
    """Return how many matters were reported in each hour from ``start`` (a day's beginning) to ``at``, the present hour included."""
    actor.require("matters.read", area_path=area_path)
    hours = min(48, max(1, int((at - start) / timedelta(hours=1)) + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT floor(extract(epoch FROM reported_at - %s::timestamptz) / 3600)::int, count(*) FROM matters_matter"
            " WHERE reported_at >= %s AND reported_at <= %s AND starts_with(area_path, %s) GROUP BY 1",
            [start, start, at, area_path],
        )
        counted = dict(cursor.fetchall())
    return tuple(counted.get(hour, 0) for hour in range(hours))


def open_whistles(*, actor: Actor, at: datetime, area_path: str = "") -> list[OpenWhistle]:
    """Return the departments that were called and have not come, the nearest deadline first. One query."""
    actor.require_somewhere("matters.read")
    land = frame()
    readable = in_scope(actor.scopes("matters.read"), path="matter__area_path", confidentiality="matter__confidentiality")
    waiting = waiting_whistles().filter(readable, matter__area_path__startswith=area_path)
    return [
        OpenWhistle(code, land.organisation.unit(unit).names, called, due, due < at)
        for code, unit, called, due in waiting.order_by("due_at").values_list("matter__code", "unit_id", "called_at", "due_at")
    ]


def _scope(actor: Actor) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    given: list[Any] = []
    for scope in actor.scopes("matters.read"):
        conditions.append("(starts_with(m.area_path, %s) AND m.confidentiality <= %s)")
        given += [scope.area_path, int(scope.clearance)]
    return f"({' OR '.join(conditions)})", given
