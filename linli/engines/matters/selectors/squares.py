"""Public matters as a map shows them: counts by square, and single ones by name. Nothing finer than a square is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from linli.engines.matters.rules.squares import Squares
from linli.engines.matters.services.frame import frame
from linli.kernel.access.rules import Confidentiality

ENDED_FOR = timedelta(days=90)  # ended matters are shown for so long after their report: the map is about now


@dataclass(frozen=True, slots=True)
class MapFilter:
    """Which public matters; empty fields do not filter. ``state``: open, closed or all."""

    state: str = "open"
    kind: str = ""
    class_code: str = ""
    area_path: str = ""


@dataclass(frozen=True, slots=True)
class Single:
    """The one matter of a square."""

    cell: int
    code: str
    class_names: Mapping[str, str]
    due_at: datetime
    closed_at: datetime | None
    state: str


def squares(*, at: datetime, wanted: MapFilter) -> Squares:
    """Count public matters by square. One query over the open ones, or over those reported in the last 90 days."""
    where, given = _where(at, wanted)
    late = "count(*) FILTER (WHERE closed_at IS NULL AND coalesce(extended_due_at, due_at) < %(at)s)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT cell, count(*), {late} FROM matters_matter WHERE {where} GROUP BY cell", given)
        return Squares.of(cursor.fetchall())


def singles(*, at: datetime, wanted: MapFilter, cells: Collection[int]) -> dict[int, Single]:
    """The newest public matter of each of these squares. One query, none for no squares."""
    if not cells:
        return {}
    where, given = _where(at, wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (cell) cell, code, class_code, policy, coalesce(extended_due_at, due_at), closed_at, state"
            f" FROM matters_matter WHERE cell = ANY(%(cells)s) AND {where} ORDER BY cell, reported_at DESC",
            {**given, "cells": list(cells)},
        )
        rows = cursor.fetchall()
    land = frame()
    found = {}
    for cell, code, class_code, policy, due_at, closed_at, state in rows:
        known = land.policy_of(policy).classes.get(class_code)
        found[cell] = Single(cell, code, known.names if known else {"zh": class_code, "en": class_code}, due_at, closed_at, state)
    return found


def _where(at: datetime, wanted: MapFilter) -> tuple[str, dict[str, Any]]:
    conditions = ["confidentiality = %(public)s", "cell IS NOT NULL"]
    given: dict[str, Any] = {"at": at, "public": Confidentiality.PUBLIC.value}
    if wanted.state == "open":
        conditions.append("closed_at IS NULL")
    else:
        conditions.append(
            "reported_at >= %(since)s AND state NOT IN ('merged', 'refused')" + (" AND closed_at IS NOT NULL" if wanted.state == "closed" else "")
        )
        given["since"] = at - ENDED_FOR
    for name in ("kind", "class_code"):
        if value := getattr(wanted, name):
            conditions.append(f"{name} = %({name})s")
            given[name] = value
    if wanted.area_path:
        conditions.append("starts_with(area_path, %(area)s)")
        given["area"] = wanted.area_path
    return " AND ".join(conditions), {name: value for name, value in given.items() if name == "at" or f"%({name})s" in " ".join(conditions)}
