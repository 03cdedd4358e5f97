"""Public meetings as everyone reads them: their public words only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings.models import Addendum, Item, Meeting
from linli.engines.duties.meetings.rules import Source
from linli.engines.duties.meetings.selectors.desk import MOST, Names
from linli.engines.duties.meetings.services.agenda import NoSuchMeeting
from linli.kernel.access.rules import Confidentiality

PUBLIC_PAST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class PublicItem:
    """An item as everyone may read it. ``matter_id`` is to be shown only while that matter is public itself."""

    matter_id: UUID | None
    title: str
    decision: str


@dataclass(frozen=True, slots=True)
class PublicMeeting:
    """A public meeting as everyone sees it: its public words only; no attendance, no actions."""

    id: UUID
    names: Names
    area_names: Names
    starts_at: datetime
    held_at: datetime | None
    closed_at: datetime | None
    text: str = ""
    items: tuple[PublicItem, ...] = ()
    addenda: tuple[tuple[str, datetime], ...] = field(default=())
    called_off: bool = False


def public_meetings(*, at: datetime) -> tuple[list[PublicMeeting], list[PublicMeeting]]:
    """Public meetings to come, and those whose minutes were published within a year; without their agendas. Two queries."""
    rows = Meeting.objects.filter(confidentiality=int(Confidentiality.PUBLIC))
    coming = rows.filter(closed_at=None, starts_at__gt=at - timedelta(hours=4)).order_by("starts_at", "id")[:MOST]
    published = rows.filter(closed_at__isnull=False, held_at__gt=at - PUBLIC_PAST).order_by("-held_at", "id")[:MOST]
    return [_public(row) for row in coming], [_public(row) for row in published]


def public_meeting(*, meeting_id: UUID) -> PublicMeeting:
    """A public meeting with its agenda, and its public words once they are published.

    Raises:
        NoSuchMeeting: there is none, or it is not public.
    """
    row = Meeting.objects.filter(id=meeting_id, confidentiality=int(Confidentiality.PUBLIC)).first()
    if row is None:
        raise NoSuchMeeting
    shown = Q(source=Source.MATTER.value, confidentiality=int(Confidentiality.PUBLIC)) | (Q(source=Source.HAND.value) & ~Q(public_title=""))
    items = [
        PublicItem(item.matter, item.public_title, item.public_decision if row.closed_at else "")
        for item in Item.objects.filter(shown, meeting=row).order_by("number")
    ]
    addenda = [(one.public_text, one.at) for one in Addendum.objects.filter(meeting=row).exclude(public_text="").order_by("at", "id")]
    return _public(row, text=row.public_text if row.closed_at else "", items=tuple(items), addenda=tuple(addenda))


def _public(row: Meeting, *, text: str = "", items: tuple[PublicItem, ...] = (), addenda: tuple[tuple[str, datetime], ...] = ()) -> PublicMeeting:
    return PublicMeeting(
        row.id, row.names, ground().area(row.area_id).names, row.starts_at, row.held_at, row.closed_at, text, items, addenda, row.called_off_at is not None
    )
