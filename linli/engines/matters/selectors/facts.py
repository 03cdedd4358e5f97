"""The facts of matters, for figures and for those who follow a record from another system.

The view ``matters_fact`` (migration 0003) is what this engine publishes: one row a matter, nothing in it depends on the
present. ``on_time`` is empty while a matter is open; whether an open one is overdue depends on the moment that is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from linli.engines.matters.playbook import MattersSection
from linli.kernel.access.rules import Actor
from linli.kernel.playbooks.selectors import active_playbook

READ = "matters.read"


@dataclass(frozen=True, slots=True)
class OpenCount:
    """Open matters of an area at a moment."""

    open: int
    overdue: int
    unplaced: int
    by_level: Mapping[int, int]
    overdue_by_level: Mapping[int, int]


def facts(*, actor: Actor, at: datetime, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return the facts of these matters, with ``on_time`` false for an open one that is overdue at ``at``."""
    actor.require(READ)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.*, f.closed_at IS NULL AND f.due_at < %(at)s AS overdue_now FROM matters_fact f WHERE f.id = ANY(%(ids)s)",
            {"at": at, "ids": list(ids)},
        )
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for fact in found:
        if fact["overdue_now"]:
            fact["on_time"] = False
    return found


def first_matters(*, actor: Actor, sender: str, keys: Iterable[str]) -> dict[str, tuple[UUID, datetime]]:
    """Return the matter that each of these keys of ``sender`` was first reported to, and when. One query."""
    actor.require(READ)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, first_matter, at FROM matters_report WHERE sender = %s AND key = ANY(%s)", [sender, list(keys)])
        return {key: (matter_id, at) for key, matter_id, at in cursor.fetchall()}


def reported_days(*, ids: Sequence[UUID], timezone: str) -> set[date]:
    """Return the days, in that time zone, on which these matters were reported: it never changes for a matter.

    With the days of those that they were merged into, whose facts (reporters, ratings) changed as well.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (reported_at AT TIME ZONE %s)::date FROM matters_matter WHERE id = ANY(%s) UNION"
            " SELECT (o.reported_at AT TIME ZONE %s)::date FROM matters_matter m JOIN matters_matter o ON o.id = m.merged_into_id WHERE m.id = ANY(%s)",
            [timezone, list(ids), timezone, list(ids)],
        )
        return {row[0] for row in cursor.fetchall()}


def reported_between(*, timezone: str) -> tuple[date, date] | None:
    """Return the first and the last day on which anything was reported, or None."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (min(reported_at) AT TIME ZONE %s)::date, (max(reported_at) AT TIME ZONE %s)::date FROM matters_matter", [timezone, timezone])
        first, last = cursor.fetchone() or (None, None)
    return (first, last) if first is not None and last is not None else None


def open_count(*, actor: Actor, at: datetime, area_path: str = "") -> OpenCount:
    """Count what is open in an area and what of it is overdue at ``at``. One query over the open ones."""
    actor.require(READ, area_path=area_path)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT level, count(*), count(*) FILTER (WHERE coalesce(extended_due_at, due_at) < %s), count(*) FILTER (WHERE \"placing\" = 'unplaced')"
            " FROM matters_matter WHERE closed_at IS NULL AND starts_with(area_path, %s) GROUP BY level ORDER BY level",
            [at, area_path],
        )
        rows = cursor.fetchall()
    return OpenCount(
        open=sum(row[1] for row in rows),
        overdue=sum(row[2] for row in rows),
        unplaced=sum(row[3] for row in rows),
        by_level={row[0]: row[1] for row in rows},
        overdue_by_level={row[0]: row[2] for row in rows},
    )


def claimed_on_time(*, actor: Actor, sender: str) -> dict[tuple[bool, bool], int]:
    """Compare what another system said about time kept (``details.claimed_on_time`` of its reports) with the facts.

    Counts closed matters that came with a deadline of their own: (claimed, found) → how many.
    """
    actor.require(READ)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (r.details->>'claimed_on_time')::boolean, m.closed_at <= m.due_at, count(*) FROM matters_report r"
            " JOIN matters_matter m ON m.id = r.first_matter"
            " WHERE r.sender = %s AND r.details ? 'claimed_on_time' AND r.details ? 'promised' AND m.closed_at IS NOT NULL GROUP BY 1, 2",
            [sender],
        )
        return {(claimed, found): count for claimed, found, count in cursor.fetchall()}


def level_names() -> list[dict[str, str]]:
    """Return the codes of the route's levels, the lowest first, with their place."""
    route = active_playbook().section(MattersSection).route
    return [{"level": str(place), "code": part.level} for place, part in enumerate(route)]


def clocks_of(*, ids: Sequence[UUID]) -> list[tuple[UUID, datetime, datetime]]:
    """Return (id, since when, until when) of the present level of these matters, in the order given."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, level_since, level_due_at FROM matters_matter WHERE id = ANY(%s)", [list(ids)])
        known = {row[0]: row for row in cursor.fetchall()}
    return [known[matter_id] for matter_id in ids if matter_id in known]
