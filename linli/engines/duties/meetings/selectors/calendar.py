"""Meetings by the day on which they are held, for the desk's calendar. Those of a duty stand for it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings.models import Meeting
from linli.engines.duties.meetings.selectors.desk import MeetingLine, line_of, visible
from linli.engines.duties.rules.task import State
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Actor

LISTED = 200


@dataclass(frozen=True, slots=True)
class MeetingDay:
    """The meetings of one day: ``held`` have published minutes; ``missed``: their duty's time ran out; ``off``: called off, in no other number."""

    day: date
    total: int
    held: int
    missed: int
    off: int


def meeting_days(*, actor: Actor, since: datetime, until: datetime, area_path: str = "", mine: bool = False) -> list[MeetingDay]:
    """Count by day the meetings in ``[since, until)`` that the actor may see; ``mine``: those with a seat of the actor's posts. One query."""
    live = Q(called_off_at=None)
    rows = _chosen(actor, since, until, area_path, mine).annotate(day=TruncDate("starts_at", tzinfo=frame().zone)).order_by().values("day").annotate(
        total=Count("id", filter=live), held=Count("id", filter=Q(closed_at__isnull=False)), off=Count("id", filter=~live),
        missed=Count("id", filter=live & Q(closed_at=None, occurrence__state=State.MISSED.value)),
    )  # fmt: skip
    return [MeetingDay(row["day"], row["total"], row["held"], row["missed"], row["off"]) for row in rows.order_by("day")]


def meetings_between(*, actor: Actor, at: datetime, since: datetime, until: datetime, area_path: str = "", mine: bool = False) -> list[MeetingLine]:
    """The meetings in ``[since, until)`` that the actor may see, in their order, those called off among them; at most 200. One query."""
    rows = _chosen(actor, since, until, area_path, mine).annotate(n_items=Count("items", distinct=True), n_actions=Count("actions", distinct=True))
    land = ground()
    return [line_of(row, at=at, land=land) for row in rows.order_by("starts_at", "area_path", "id")[:LISTED]]


def duties_with_meetings(*, actor: Actor) -> QuerySet[Meeting, tuple[object, ...]]:
    """The occurrences whose meeting the actor sees: in a calendar the meeting stands for them. A subquery."""
    return visible(actor).filter(occurrence__isnull=False, called_off_at=None).values_list("occurrence_id")


def _chosen(actor: Actor, since: datetime, until: datetime, area_path: str, mine: bool) -> QuerySet[Meeting]:
    rows = visible(actor).filter(starts_at__gte=since, starts_at__lt=until, area_path__startswith=area_path)
    return rows.filter(id__in=visible(actor).filter(seats__post_id__in=list(actor.post_ids)).values("id")) if mine else rows
