"""Figures as they are asked for: of an area, a period, a class. From the roll-ups; the lowest areas from the facts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.selectors.facts import OpenCount, open_count
from linli.engines.matters.selectors.queue import QueueFilter
from linli.insight.playbook import READ
from linli.insight.rules import MEASURES, Counts, Figures, counts_of, figures
from linli.insight.services import MEASURED, day_bounds, figures_zone
from linli.kernel.access.rules import Actor
from linli.kernel.playbooks.selectors import active_playbook

_SUMS = ", ".join(f'sum("{name}")' for name in MEASURES)


@dataclass(frozen=True, slots=True)
class Selection:
    """What figures are of. ``since`` and ``until`` are days of reporting, the second not included; None: no bound.

    ``class_code`` empty: all classes.
    """

    area_path: str
    since: date | None = None
    until: date | None = None
    class_code: str = ""

    def drill_down(self, *, level: int | None = None, state: str = "all") -> QueueFilter:
        """The filter of the queue that lists the records behind a figure."""
        return QueueFilter(state=state, level=level, class_code=self.class_code, area_path=self.area_path)


@dataclass(frozen=True, slots=True)
class Line:
    """Figures of one part: an area, a class or a period."""

    key: str
    names: Mapping[str, str]
    figures: Figures


def selected_figures(*, actor: Actor, at: datetime, of: Selection) -> Figures:
    """The figures of a selection. One query.

    Raises:
        Forbidden: the actor may not read figures of that area.
    """
    actor.require(READ, area_path=of.area_path)
    return figures(_by_level(at, of), levels=_levels())


def figures_by_area(*, actor: Actor, at: datetime, of: Selection) -> list[Line]:
    """The same for each area directly below the selected one (none below the lowest). One query."""
    actor.require(READ, area_path=of.area_path)
    land = ground()
    children = land.children(land.by_path(of.area_path).id)
    if not children:
        return []
    if of.class_code and _is_lowest(children[0].path):
        counted = _of_facts("area_path", at, of)
    else:
        counted = _rolled("area_path", at, of, "area_path = ANY(%(paths)s)", {"paths": [child.path for child in children]})
    levels = _levels()
    return [Line(child.path, child.names, figures(counted.get(child.path, {}), levels=levels)) for child in children]


def figures_by_class(*, actor: Actor, at: datetime, of: Selection) -> list[Line]:
    """The same for each class that was reported, the most frequent first. One query."""
    actor.require(READ, area_path=of.area_path)
    names = {part.code: part.names.model_dump() for part in active_playbook().section(MattersSection).classes}
    if _is_lowest(of.area_path):
        counted = _of_facts("class_code", at, of)
    else:
        counted = _rolled("class_code", at, of, "area_path = %(path)s AND class_code <> ''", {"path": of.area_path}, any_class=True)
    levels = _levels()
    lines = [Line(code, names.get(code, {"zh": code, "en": code}), figures(by_level, levels=levels)) for code, by_level in counted.items()]
    return sorted(lines, key=lambda line: (-line.figures.counts.reported, line.key))


def figures_by_month(*, actor: Actor, at: datetime, of: Selection) -> list[Line]:
    """The same for each month of reporting, the earliest first. One query."""
    actor.require(READ, area_path=of.area_path)
    if _of_lowest_class(of):
        counted = _of_facts(f"to_char(reported_at AT TIME ZONE '{figures_zone()}', 'YYYY-MM')", at, of)
    else:
        counted = _rolled("to_char(day, 'YYYY-MM')", at, of, "area_path = %(path)s", {"path": of.area_path})
    levels = _levels()
    return [Line(key, {"zh": key, "en": key}, figures(counted[key], levels=levels)) for key in sorted(counted)]


def open_now(*, actor: Actor, at: datetime, area_path: str) -> OpenCount:
    """What is open and overdue in an area now."""
    return open_count(actor=actor, at=at, area_path=area_path)


def _levels() -> int:
    return len(active_playbook().section(MattersSection).route)


def _is_lowest(area_path: str) -> bool:
    land = ground()
    return land.depth(land.by_path(area_path).id) >= len(land.levels) - 1


def _of_lowest_class(of: Selection) -> bool:
    """Whether the selection is of a class in a lowest area, for which nothing is counted beforehand."""
    return bool(of.class_code) and _is_lowest(of.area_path)


def _by_level(at: datetime, of: Selection) -> dict[int, Counts]:
    if _of_lowest_class(of):
        return _of_facts("''", at, of).get("", {})
    return _rolled("''", at, of, "area_path = %(path)s", {"path": of.area_path}).get("", {})


def _rolled(key: str, at: datetime, of: Selection, where: str, parameters: dict[str, Any], *, any_class: bool = False) -> dict[str, dict[int, Counts]]:
    """Sums of roll-ups by ``key`` and level."""
    conditions = [where]
    if not any_class or of.class_code:
        conditions.append("class_code = %(class)s")
    if of.since is not None:
        conditions.append("day >= %(since)s")
    if of.until is not None:
        conditions.append("day < %(until)s")
    overdue = "sum((SELECT count(*) FROM unnest(open_due) AS due WHERE due < %(at)s))"
    given = {**parameters, "at": at, "class": of.class_code, "since": of.since, "until": of.until}
    return _grouped(f"SELECT {key}, level, {_SUMS}, {overdue} FROM insight_rollup WHERE {' AND '.join(conditions)} GROUP BY 1, 2", given)


def _of_facts(key: str, at: datetime, of: Selection) -> dict[str, dict[int, Counts]]:
    """The same counts straight from the facts, for what has no roll-ups."""
    where, given = _where(of)
    overdue = "count(*) FILTER (WHERE closed_at IS NULL AND due_at < %(at)s)"
    return _grouped(f"SELECT {key}, coalesce(closed_level, level), {MEASURED}, {overdue} FROM matters_fact WHERE {where} GROUP BY 1, 2", {**given, "at": at})


def _where(of: Selection) -> tuple[str, dict[str, Any]]:
    """The condition on the facts of a selection, and its parameters."""
    zone = figures_zone()
    conditions = ["area_path LIKE %(path)s"]
    given: dict[str, Any] = {"path": re.sub(r"([\\\\%_])", r"\\\1", of.area_path) + "%"}
    if of.class_code:
        conditions.append("class_code = %(class)s")
        given["class"] = of.class_code
    if of.since is not None:
        conditions.append("reported_at >= %(start)s")
        given["start"] = day_bounds(of.since, zone)[0]
    if of.until is not None:
        conditions.append("reported_at < %(end)s")
        given["end"] = day_bounds(of.until, zone)[0]
    return " AND ".join(conditions), given


def _grouped(statement: str, parameters: dict[str, Any]) -> dict[str, dict[int, Counts]]:
    found: dict[str, dict[int, Counts]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(statement, {name: value for name, value in parameters.items() if f"%({name})s" in statement})
        for key, level, *row in cursor.fetchall():
            found[key][level] = counts_of(row)
    return dict(found)
