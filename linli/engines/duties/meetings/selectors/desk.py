"""Meetings as people meet them: the list, one meeting with its minutes, what is open from earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, QuerySet

from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules import Ground
from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings.models import Action, Addendum, Item, Meeting, SeatRow
from linli.engines.duties.meetings.playbook import KEEP, READ, MeetingPart, meeting_kinds
from linli.engines.duties.meetings.rules import Source
from linli.engines.duties.meetings.services.agenda import NoSuchMeeting
from linli.engines.duties.meetings.services.minutes import ACTION
from linli.engines.duties.models import Occurrence
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope, names_of_actors

MOST = 100
CALLED_OFF_PAST = timedelta(days=31)
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """A meeting in a list. ``state``: planned, passed (its time is over and no minutes are published), published or called_off."""

    id: UUID
    kind: str
    names: Names
    area_names: Names
    starts_at: datetime
    held_at: datetime | None
    closed_at: datetime | None
    public: bool
    state: str
    items: int
    actions: int
    why: str = ""  # it was called off


@dataclass(frozen=True, slots=True)
class ActionLine:
    """Who does what until when, and how far it is. ``hidden``: it belongs to a matter that this reader may not see.

    ``state``: draft, open, overdue or ended; ``outcome`` says how it ended.
    """

    id: UUID
    meeting_id: UUID
    meeting_names: Names
    item_id: UUID
    what: str
    owner_names: Names
    due_on: date
    becomes: str
    matter_code: str
    state: str
    outcome: str
    hidden: bool
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of the agenda with what was decided; a ``hidden`` one says nothing but that it is there."""

    id: UUID
    source: str
    code: str
    names: Names
    place: Names
    why: str
    private: bool
    hidden: bool
    public_title: str
    decision: str
    public_decision: str
    earlier: ActionLine | None = None
    actions: tuple[ActionLine, ...] = ()
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class SeatLine:
    id: UUID
    names: Names
    came: str
    chair: bool


@dataclass(frozen=True, slots=True)
class AddendumLine:
    text: str
    public_text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MeetingPage:
    line: MeetingLine
    version: int
    part: MeetingPart | None
    area_path: str
    occurrence_id: UUID | None
    chair_names: Names
    minutes: str
    public_text: str
    seats: tuple[SeatLine, ...]
    items: tuple[ItemLine, ...]
    addenda: tuple[AddendumLine, ...]
    keeps: bool


@dataclass(frozen=True, slots=True)
class Meetings:
    """Where the actor may look: coming ones (the next first), passed without minutes, published (the latest first), called off, open actions."""

    coming: tuple[MeetingLine, ...]
    passed: tuple[MeetingLine, ...]
    published: tuple[MeetingLine, ...]
    called_off: tuple[MeetingLine, ...]
    open_actions: tuple[ActionLine, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """That a matter was before a meeting, or came out of one."""

    meeting_id: UUID
    names: Names
    starts_at: datetime
    decision: str
    came_out: bool


def visible(actor: Actor) -> QuerySet[Meeting]:
    """The meetings that the actor may see: by area and confidentiality."""
    return Meeting.objects.filter(in_scope(actor.scopes(READ)))


def meetings(*, actor: Actor, at: datetime) -> Meetings:
    """The meetings where the actor may look. A handful of queries. Raises Forbidden where that is nowhere."""
    actor.require_somewhere(READ)
    rows = visible(actor).annotate(n_items=Count("items", distinct=True), n_actions=Count("actions", distinct=True))
    begins = at - timedelta(hours=4)  # while a meeting goes on, it is among those to come
    live, land = rows.filter(called_off_at=None), ground()
    coming = live.filter(closed_at=None, starts_at__gt=begins).order_by("starts_at", "id")[:MOST]
    passed = live.filter(closed_at=None, starts_at__lte=begins).order_by("-starts_at", "id")[:MOST]
    called_off = rows.filter(called_off_at__isnull=False, starts_at__gt=at - CALLED_OFF_PAST).order_by("-starts_at", "id")[:MOST]
    published = rows.filter(closed_at__isnull=False).order_by("-held_at", "id")[:MOST]
    lists = [tuple(line_of(row, at=at, land=land) for row in found) for found in (coming, passed, published, called_off)]
    return Meetings(lists[0], lists[1], lists[2], lists[3], open_actions(actor=actor, at=at))


def open_actions(*, actor: Actor, at: datetime) -> tuple[ActionLine, ...]:
    """What meetings decided and is not done yet, the most urgent first. One query."""
    rows = Action.objects.filter(in_scope(actor.scopes(READ), path="meeting__area_path", confidentiality="meeting__confidentiality"))
    rows = rows.filter(meeting__closed_at__isnull=False, ended_at=None).select_related("meeting", "item").order_by("due_on", "id")[:MOST]
    return tuple(_action(row, actor=actor, at=at) for row in rows)


def all_actions(*, actor: Actor, at: datetime, limit: int = 100_000) -> list[ActionLine]:
    """Every action of published minutes, the latest meeting first: for a table. One query. Raises Forbidden."""
    actor.require_somewhere(READ)
    rows = Action.objects.filter(in_scope(actor.scopes(READ), path="meeting__area_path", confidentiality="meeting__confidentiality"))
    rows = rows.filter(meeting__closed_at__isnull=False).select_related("meeting", "item").order_by("-meeting__held_at", "due_on", "id")[:limit]
    return [_action(row, actor=actor, at=at) for row in rows]


def meeting_page(*, actor: Actor, at: datetime, meeting_id: UUID) -> MeetingPage:
    """One meeting with agenda, minutes and actions. Six queries.

    Raises:
        NoSuchMeeting: there is none, or the actor may not see it.
    """
    row = visible(actor).filter(id=meeting_id).first()
    if row is None:
        raise NoSuchMeeting
    lines = [_action(one, actor=actor, at=at) for one in Action.objects.filter(meeting=row).select_related("meeting", "item").order_by("at", "id")]
    found = Item.objects.filter(meeting=row).select_related("earlier__meeting", "earlier__item").order_by("number")
    items = tuple(_item(one, [line for line in lines if line.item_id == one.id], actor=actor, at=at, area_path=row.area_path) for one in found)
    addenda = list(Addendum.objects.filter(meeting=row).order_by("at", "id"))
    people = names_of_actors([one.actor for one in addenda])
    seats = tuple(SeatLine(seat.id, seat.names, seat.came, seat.number == 0) for seat in SeatRow.objects.filter(meeting=row).order_by("number"))
    return MeetingPage(
        line=line_of(row, at=at, land=ground(), items=len(items), actions=len(lines)),
        version=row.version,
        part=meeting_kinds().get(row.kind),
        area_path=row.area_path,
        occurrence_id=row.occurrence_id,
        chair_names=organisation().post(row.chair_id).names if row.chair_id else {},
        minutes=row.minutes,
        public_text=row.public_text,
        seats=seats,
        items=items,
        addenda=tuple(AddendumLine(one.text, one.public_text, people.get(one.actor, ""), one.at) for one in addenda),
        keeps=actor.may(KEEP, area_path=row.area_path, confidentiality=Confidentiality(row.confidentiality)),
    )


def spoken_about(*, actor: Actor, matter_id: UUID) -> list[Spoken]:
    """The meetings that spoke about a matter, and the one that it came out of, the latest first. Two queries.

    For those who may see the matter: its caller has asked that. What a closely kept matter led to is not said to others.
    """
    reach = in_scope(actor.scopes(READ), path="meeting__area_path", confidentiality="meeting__confidentiality")
    items = Item.objects.filter(reach, matter=matter_id, meeting__called_off_at=None).select_related("meeting")
    actions = Action.objects.filter(reach, matter=matter_id).select_related("meeting", "item")
    found = [Spoken(one.meeting_id, one.meeting.names, one.meeting.starts_at, one.decision if one.meeting.closed_at else "", came_out=False) for one in items]
    for one in actions:
        hidden = _hidden(one.item.confidentiality, actor=actor, area_path=one.meeting.area_path)
        found.append(Spoken(one.meeting_id, one.meeting.names, one.meeting.starts_at, "" if hidden else one.what, came_out=True))
    return sorted(found, key=lambda one: one.starts_at, reverse=True)


def line_of(row: Meeting, *, at: datetime, land: Ground, items: int | None = None, actions: int | None = None) -> MeetingLine:
    """The line of a meeting; its numbers are given or counted with it (``n_items``, ``n_actions``)."""
    state = "called_off" if row.called_off_at else "published" if row.closed_at else "passed" if row.starts_at <= at - timedelta(hours=4) else "planned"
    return MeetingLine(
        row.id, row.kind, row.names, land.area(row.area_id).names, row.starts_at, row.held_at, row.closed_at,
        row.confidentiality == Confidentiality.PUBLIC, state,
        row.n_items if items is None else items, row.n_actions if actions is None else actions, row.called_off_why,  # type: ignore[attr-defined]
    )  # fmt: skip


def _hidden(confidentiality: int, *, actor: Actor, area_path: str) -> bool:
    """Whether this reader may not see what a closely kept matter was about."""
    return not actor.may(READ, area_path=area_path, confidentiality=Confidentiality(confidentiality))


def _action(row: Action, *, actor: Actor, at: datetime) -> ActionLine:
    hidden = _hidden(row.item.confidentiality, actor=actor, area_path=row.meeting.area_path)
    if row.meeting.closed_at is None:
        state = "draft"
    elif row.ended_at is not None:
        state = "ended"
    else:
        state = "overdue" if row.due_on < frame().day_of(at) else "open"
    return ActionLine(
        row.id, row.meeting_id, row.meeting.names, row.item_id, "" if hidden else row.what, organisation().post(row.owner_id).names, row.due_on, row.becomes,
        "" if hidden else row.matter_code, state, row.outcome, hidden, row.meeting.held_at,
    )  # fmt: skip


def _item(row: Item, actions: list[ActionLine], *, actor: Actor, at: datetime, area_path: str) -> ItemLine:
    hidden = _hidden(row.confidentiality, actor=actor, area_path=area_path)
    earlier = _action(row.earlier, actor=actor, at=at) if row.earlier else None
    return ItemLine(
        id=row.id,
        source=row.source,
        code="" if hidden else row.code,
        names={} if hidden else row.names,
        place={} if hidden else row.place,
        why=row.why,
        private=row.confidentiality >= Confidentiality.PRIVATE,
        hidden=hidden,
        public_title=row.public_title,
        decision="" if hidden else row.decision,
        public_decision="" if hidden else row.public_decision,
        earlier=earlier,
        actions=tuple(actions),
        by_hand=row.source == Source.HAND,
    )


def meeting_of_duty(*, actor: Actor, occurrence_id: UUID) -> Spoken | None:
    """The meeting that a duty is the holding of, or that gave it to its post; None for any other duty. Two queries."""
    row = visible(actor).filter(occurrence_id=occurrence_id).order_by(F("called_off_at").desc(nulls_first=True)).first()
    if row is not None:
        return Spoken(row.id, row.names, row.starts_at, "", came_out=False)
    ref = Occurrence.objects.filter(id=occurrence_id, subject__kind=ACTION).values_list("subject__ref", flat=True).first()
    row = visible(actor).filter(actions__id=ref).first() if ref else None
    return Spoken(row.id, row.names, row.starts_at, "", came_out=True) if row else None
