"""Duties by the day on which they end, and who was visited where: counts first, then the lines of one day or one area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncDate

from linli.directory.territory.rules import AreaNode
from linli.engines.duties.models import Occurrence
from linli.engines.duties.playbook import READ
from linli.engines.duties.rules.task import State
from linli.engines.duties.selectors.desk import DutyLine, lines_of, visible
from linli.engines.duties.services.frame import Frame, frame
from linli.kernel.access.rules import Actor

SPAN_MOST = timedelta(days=370)


@dataclass(frozen=True, slots=True)
class DayCount:
    """What ends on one day, of one kind: to do still (or to come), done, missed; refused and no longer asked for are done with."""

    day: date
    kind: str
    ahead: int
    done: int
    missed: int

    @property
    def total(self) -> int:
        return self.ahead + self.done + self.missed


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of an area's visits that ended or end in a span. ``late``: missed first, done afterwards."""

    area_id: UUID
    names: Mapping[str, str]
    code: str
    done: int
    late: int
    open: int
    missed: int
    refused: int

    @property
    def total(self) -> int:
        return self.done + self.late + self.open + self.missed + self.refused

    @property
    def share(self) -> int:
        """Of all that were asked for and not refused: how many somebody was at, in whole per cent, rounded down."""
        counted = self.total - self.refused
        return (self.done + self.late) * 100 // counted if counted else 100


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a list with their number in all."""

    lines: tuple[DutyLine, ...]
    total: int


def duty_days(
    *, actor: Actor, first: date, last: date, kinds: frozenset[str] = frozenset(), area: AreaNode | None = None, mine: bool = False,
    without: QuerySet[Any, Any] | None = None,
) -> tuple[DayCount, ...]:  # fmt: skip
    """Count by day and kind what ends from ``first`` to ``last``, where the actor may look; one query whatever there is.

    ``without``: a query of the ids that something else stands for.

    Raises:
        Forbidden: the actor may look nowhere.
    """
    actor.require_somewhere(READ)
    land = frame()
    rows = _chosen(actor, land, first=first, last=last, kinds=kinds, area=area, mine=mine, without=without)
    counted = rows.annotate(day=last_day(land)).order_by().values("day", "rule").annotate(
        ahead=Count("id", filter=Q(state__in=[State.PLANNED, State.OPEN])), done=Count("id", filter=Q(state__in=[State.DONE, State.REFUSED])),
        missed=Count("id", filter=Q(state=State.MISSED)),
    )  # fmt: skip
    found: dict[tuple[date, str], list[int]] = {}
    for row in counted:
        sums = found.setdefault((row["day"], _kind(land, row["rule"])), [0, 0, 0])
        for place, number in enumerate((row["ahead"], row["done"], row["missed"])):
            sums[place] += number
    return tuple(DayCount(day, kind, *sums) for (day, kind), sums in sorted(found.items()) if any(sums))


def duties_between(
    *, actor: Actor, at: datetime, first: date, last: date, kinds: frozenset[str] = frozenset(), area: AreaNode | None = None, mine: bool = False,
    state: str = "", start: int = 0, most: int = 50, without: QuerySet[Any, Any] | None = None,
) -> Page:  # fmt: skip
    """Return what ends from ``first`` to ``last``, the soonest first, from the ``start``-th on.

    Raises:
        Forbidden: the actor may look nowhere.
    """
    actor.require_somewhere(READ)
    land = frame()
    rows = _chosen(actor, land, first=first, last=last, kinds=kinds, area=area, mine=mine, without=without)
    if state:
        rows = rows.filter(state__in=[State.PLANNED, State.OPEN] if state == State.OPEN else [state])
    return Page(lines_of(rows.order_by("due_at", "id")[start : start + most], at=at, land=land), rows.count())


def visit_coverage(*, actor: Actor, first: date, last: date, kind: str = "visit", area: AreaNode | None = None) -> tuple[Coverage, ...]:
    """What became of the visits of each area, the least visited first; one query. Of areas, never of persons.

    Raises:
        Forbidden: the actor may look nowhere.
    """
    actor.require_somewhere(READ)
    land = frame()
    late = Q(state=State.DONE, missed_at__isnull=False)
    rows = _chosen(actor, land, first=first, last=last, kinds=frozenset({kind}), area=area, mine=False).order_by().values("area_id").annotate(
        done=Count("id", filter=Q(state=State.DONE, missed_at=None)), late=Count("id", filter=late), missed=Count("id", filter=Q(state=State.MISSED)),
        open=Count("id", filter=Q(state__in=[State.PLANNED, State.OPEN])), refused=Count("id", filter=Q(state=State.REFUSED)),
    )  # fmt: skip
    found = []
    for row in rows:
        node = land.ground.area(row["area_id"])
        found.append(Coverage(node.id, node.names, node.code, row["done"], row["late"], row["open"], row["missed"], row["refused"]))
    return tuple(sorted((one for one in found if one.total), key=lambda one: (one.share, -one.total, one.code)))


def last_day(land: Frame) -> TruncDate:
    """The day on which a duty ends: until 24:00 is that day, not the next."""
    return TruncDate(F("due_at") - timedelta(seconds=1), tzinfo=land.zone)


def kinds_of_duty() -> frozenset[str]:
    """The kinds of duty that the playbook which holds has."""
    return frozenset(rule.kind for rule in frame().policy.rules.values())


def _chosen(
    actor: Actor, land: Frame, *, first: date, last: date, kinds: frozenset[str], area: AreaNode | None, mine: bool,
    without: QuerySet[Any, Any] | None = None,
) -> QuerySet[Occurrence]:  # fmt: skip
    rows = visible(actor).filter(due_at__gt=land.moment(first, 0), due_at__lte=land.moment(min(last, first + SPAN_MOST) + timedelta(days=1), 0))
    rows = rows.exclude(state=State.DROPPED)
    if without is not None:
        rows = rows.exclude(id__in=without)
    if kinds:
        known = [rule.code for rule in land.policy.rules.values() if rule.kind in kinds]
        other = [rule.code for rule in land.policy.rules.values() if rule.kind not in kinds]
        # A rule that the playbook no longer has is a task, as it is shown.
        rows = rows.exclude(rule__in=other) if "task" in kinds else rows.filter(rule__in=known)
    if area is not None:
        rows = rows.filter(area_path__startswith=area.path)
    return rows.filter(post_id__in=list(actor.post_ids)) if mine else rows


def _kind(land: Frame, code: str) -> str:
    rule = land.policy.rules.get(code)
    return rule.kind if rule else "task"
