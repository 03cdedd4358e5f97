"""What has to be told of meetings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings.models import Meeting, SeatRow
from linli.engines.duties.meetings.selectors.desk import Names


@dataclass(frozen=True, slots=True)
class CallingOff:
    """A meeting that was called off, and the posts that were invited; bodies have none."""

    names: Names
    area_names: Names
    starts_at: datetime
    why: str
    posts: tuple[UUID, ...]


def called_off(meeting_ids: Collection[UUID]) -> dict[UUID, CallingOff]:
    """What has to be told of meetings that were called off, by meeting. Two queries."""
    rows = list(Meeting.objects.filter(id__in=meeting_ids, called_off_at__isnull=False))
    seats: dict[UUID, list[UUID]] = {row.id: [] for row in rows}
    for meeting, post in SeatRow.objects.filter(meeting__in=rows, post__isnull=False).order_by("number").values_list("meeting_id", "post_id"):
        seats[meeting].append(post)
    return {row.id: CallingOff(row.names, ground().area(row.area_id).names, row.starts_at, row.called_off_why, tuple(seats[row.id])) for row in rows}
