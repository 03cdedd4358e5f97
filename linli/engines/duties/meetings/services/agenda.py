"""Convening: a duty's occurrence becomes a meeting by itself, others by hand; the agenda gathers what is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Max, Q

from linli.directory.organisation.rules import PostNode
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings.events import MeetingCalledOff
from linli.engines.duties.meetings.models import Action, Item, Meeting, SeatRow
from linli.engines.duties.meetings.playbook import KEEP, READ, MeetingPart, SeatPart, meeting_kinds
from linli.engines.duties.meetings.rules import CalledOff, Candidate, Criterion, MinutesClosed, Source, Standing, check_calling_off, check_text, gathered
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import State
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import attempt

AgendaSource = Callable[[str, Sequence[Criterion], datetime], Sequence[Candidate]]
CLOCK = Actor.system("meetings")
TITLE_MOST = 200
AHEAD = timedelta(days=366)
_sources: list[AgendaSource] = []


class NoSuchMeeting(Refusal):
    code: ClassVar[str] = "meetings.no_such_meeting"
    message: ClassVar[str] = N_("There is no such meeting, or you may not see it.")
    kind: ClassVar[Kind] = Kind.MISSING


class NoSuchKind(Refusal):
    code: ClassVar[str] = "meetings.no_such_kind"
    message: ClassVar[str] = N_("The playbook has no meeting %(kind)s.")
    field: ClassVar[str] = "kind"


class ConvenedAlready(Refusal):
    code: ClassVar[str] = "meetings.convened_already"
    message: ClassVar[str] = N_("This meeting is convened for that time already.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class BadTime(Refusal):
    code: ClassVar[str] = "meetings.bad_time"
    message: ClassVar[str] = N_("A meeting is convened for a time from now to a year ahead.")
    field: ClassVar[str] = "starts_at"


class NoTitle(Refusal):
    code: ClassVar[str] = "meetings.no_title"
    message: ClassVar[str] = N_("Say what the item is about.")
    field: ClassVar[str] = "title"


class CannotGo(Refusal):
    code: ClassVar[str] = "meetings.cannot_go"
    message: ClassVar[str] = N_("Something was written about this item, or it came by a rule: it stays.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class ChangedMeanwhile(Refusal):
    code: ClassVar[str] = "meetings.changed_meanwhile"
    message: ClassVar[str] = N_("Somebody else has written in these minutes since you opened them. Your words are still here: compare, then save again.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def register_agenda_source(source: AgendaSource) -> None:
    """Have agendas gather from ``source(area_path, criteria, at)``: the engines do not know each other, ``config/wiring.py`` joins them."""
    if source not in _sources:
        _sources.append(source)


def convene_due(*, at: datetime) -> int:
    """Make the meeting of every meeting duty that has begun and has none, with its agenda; return how many. Safe to repeat."""
    kinds = {part.duty: part for part in meeting_kinds().values() if part.duty}
    convened = Meeting.objects.filter(occurrence__isnull=False).values("occurrence_id")
    begun = Occurrence.objects.filter(rule__in=kinds, state=State.OPEN.value).exclude(id__in=convened)
    made = 0
    for occurrence in begun.order_by("opens_at", "id"):
        part, zone = kinds[occurrence.rule], frame().zone
        last = (occurrence.due_at - timedelta(seconds=1)).astimezone(zone).date()
        starts = frame().moment(last, part.begins.hour * 60 + part.begins.minute)
        try:
            with attempt():
                meeting = _make(part, ground().area(occurrence.area_id), starts, actor=CLOCK, at=at, occurrence_id=occurrence.id)
        except IntegrityError:  # made in this instant by another worker, or convened by hand for the same time: that one is it
            same = Meeting.objects.filter(kind=part.code, area_id=occurrence.area_id, starts_at=starts, occurrence=None, called_off_at=None)
            same.update(occurrence=occurrence)
            continue
        _gather(meeting, at=at)
        made += 1
    return made


def convene(*, actor: Actor, at: datetime, kind: str, area_id: UUID, starts_at: datetime) -> UUID:
    """Convene a meeting beside the calendar of its duty; in place of one of the duty's that was called off, it is the duty's.

    Raises:
        NoSuchKind, BadTime, ConvenedAlready; Forbidden without ``meetings.keep`` there.
    """
    area, part = ground().area(area_id), meeting_kinds().get(kind)
    if part is None:
        raise NoSuchKind(kind=kind[:40])
    actor.require(KEEP, area_path=area.path, confidentiality=part.confidentiality)
    if not at - timedelta(days=1) <= starts_at <= at + AHEAD:
        raise BadTime
    try:
        with attempt():
            meeting = _make(part, area, starts_at, actor=actor, at=at, occurrence_id=_to_be_held(part, area, starts_at))
    except IntegrityError:
        raise ConvenedAlready from None
    _gather(meeting, at=at)
    return meeting.id


def call_off(*, actor: Actor, at: datetime, meeting_id: UUID, why: str) -> None:
    """Say that a meeting will not be held, and why; whoever was invited is told by the flow that hears the event.

    Its duty, where it has one, stays: it waits for another meeting in its time, and is missed without.

    Raises:
        DecidedAlready, NoReason, TooLong, MinutesClosed, CalledOff, NoSuchMeeting; Forbidden without ``meetings.keep`` there.
    """
    meeting = held_meeting(meeting_id, actor=actor)
    decided = Item.objects.filter(meeting=meeting).exclude(decision="", public_decision="").count()
    written = decided + Action.objects.filter(meeting=meeting).count() + bool(meeting.minutes or meeting.public_text)
    meeting.called_off_why, meeting.called_off_at = check_calling_off(why, written=written), at
    meeting.version += 1
    meeting.save(update_fields=["called_off_why", "called_off_at", "version"])
    note(actor, at, "call_off", meeting.id)
    publish([MeetingCalledOff(meeting.id, at, meeting.area_path)])


def gather_again(*, actor: Actor, at: datetime, meeting_id: UUID) -> int:
    """Bring the agenda up to date; return how many matters had no room. Refused once the minutes are published."""
    meeting = held_meeting(meeting_id, actor=actor)
    return _gather(meeting, at=at)


def gather_coming(*, at: datetime, within: timedelta) -> int:
    """Bring the agendas of meetings that begin soon up to date; return how many. Inside a write; safe to repeat."""
    coming = Meeting.objects.select_for_update().filter(closed_at=None, called_off_at=None, held_at=None, starts_at__gt=at, starts_at__lte=at + within)
    found = list(coming.order_by("id"))
    for meeting in found:
        _gather(meeting, at=at)
    return len(found)


def add_item(*, actor: Actor, at: datetime, meeting_id: UUID, title: str, public_title: str = "") -> UUID:
    """Put something on the agenda by hand. Raises: NoTitle, TooLong, MinutesClosed."""
    meeting = held_meeting(meeting_id, actor=actor)
    tidy, told = check_text(title, most=TITLE_MOST), check_text(public_title, most=TITLE_MOST)
    if not tidy:
        raise NoTitle
    item = Item.objects.create(
        meeting=meeting, number=_next_number(meeting), source=Source.HAND.value, names={"zh": tidy, "en": tidy}, public_title=told,
        confidentiality=int(Confidentiality.INTERNAL),
    )  # fmt: skip
    note(actor, at, "add_item", meeting.id)
    return item.id


def drop_item(*, actor: Actor, at: datetime, meeting_id: UUID, item_id: UUID) -> None:
    """Take back what was put there by hand. Raises: CannotGo, NoSuchMeeting, MinutesClosed."""
    meeting = held_meeting(meeting_id, actor=actor)
    item = Item.objects.filter(id=item_id, meeting=meeting).first()
    if item is None:
        raise NoSuchMeeting
    if item.source != Source.HAND or item.decision or item.public_decision or item.actions.exists():
        raise CannotGo
    item.delete()
    note(actor, at, "drop_item", meeting.id)


def held_meeting(meeting_id: UUID, *, actor: Actor, closed: bool = False) -> Meeting:
    """The meeting, held until the write ends.

    Raises:
        NoSuchMeeting: there is none, or the actor may not see it. Forbidden: it may not keep it. CalledOff. MinutesClosed: unless ``closed``.
    """
    meeting = Meeting.objects.select_for_update().filter(id=meeting_id).first()
    if meeting is None:
        raise NoSuchMeeting
    confidentiality = Confidentiality(meeting.confidentiality)
    if not actor.may(READ, area_path=meeting.area_path, confidentiality=confidentiality):
        raise NoSuchMeeting
    actor.require(KEEP, area_path=meeting.area_path, confidentiality=confidentiality)
    if meeting.called_off_at is not None:
        raise CalledOff
    if meeting.closed_at is not None and not closed:
        raise MinutesClosed
    return meeting


def _to_be_held(part: MeetingPart, area: AreaNode, starts_at: datetime) -> UUID | None:
    """The running duty whose meeting was called off, where this one is held in its time."""
    taken = Meeting.objects.filter(occurrence__isnull=False, called_off_at=None).values("occurrence_id")
    running = Q(state=State.OPEN.value, rule=part.duty, area_id=area.id, opens_at__lte=starts_at, due_at__gt=starts_at)
    return Occurrence.objects.filter(running).exclude(id__in=taken).values_list("id", flat=True).first() if part.duty else None


def _make(part: MeetingPart, area: AreaNode, starts_at: datetime, *, actor: Actor, at: datetime, occurrence_id: UUID | None = None) -> Meeting:
    posts = organisation()
    chair = next(iter(_seated(part.chair, area)), None)
    meeting = Meeting.objects.create(
        kind=part.code, names=part.names.model_dump(), occurrence_id=occurrence_id, area_id=area.id, area_path=area.path,
        confidentiality=int(part.confidentiality), chair_id=chair.id if chair else None, starts_at=starts_at, at=at, recorded_at=machine_now(),
    )  # fmt: skip
    rows: list[SeatRow] = []
    taken: set[UUID] = set()
    for seat in [SeatPart(role=part.chair), *part.takes_part]:
        if seat.body is not None:
            rows.append(SeatRow(meeting=meeting, number=len(rows), names=seat.body.model_dump()))
            continue
        found = _seated(seat.role, area) if seat.role else tuple(posts.unit_desk(unit.id) for unit in posts.units if unit.code == seat.department)
        for post in found:
            if post.id not in taken:
                taken.add(post.id)
                rows.append(SeatRow(meeting=meeting, number=len(rows), post_id=post.id, names=dict(post.names)))
    SeatRow.objects.bulk_create(rows)
    note(actor, at, "convene", meeting.id)
    return meeting


def _seated(role: str, area: AreaNode) -> tuple[PostNode, ...]:
    """The posts of a role for an area: its own and those below it, else those of the nearest area above."""
    posts = organisation().posts_with_role(role)
    below = sorted((post for post in posts if post.area_path.startswith(area.path)), key=lambda post: (len(post.area_path), post.area_path, post.rank))
    if below:
        return tuple(below)
    above = [post for post in posts if area.path.startswith(post.area_path)]
    nearest = max((post.area_path for post in above), key=len, default="")
    return tuple(sorted((post for post in above if post.area_path == nearest), key=lambda post: post.rank))


def _gather(meeting: Meeting, *, at: datetime) -> int:
    part = meeting_kinds().get(meeting.kind)
    criteria = [way.criterion() for way in part.agenda] if part else []
    candidates = [*_open_actions(meeting)]
    for source in _sources if criteria else ():
        candidates += source(meeting.area_path, criteria, at)
    rows = list(Item.objects.filter(meeting=meeting).order_by("number"))
    acted = set(Action.objects.filter(meeting=meeting).values_list("item_id", flat=True))
    standing = [
        Standing(row.id, Source(row.source), row.matter or row.earlier_id, bool(row.decision or row.public_decision or row.id in acted)) for row in rows
    ]
    found = gathered(standing, candidates, most=part.most if part else 0)
    Item.objects.filter(id__in=found.drop).delete()
    number = max((row.number for row in rows), default=-1)
    Item.objects.bulk_create(
        Item(
            meeting=meeting, number=number + place, source=one.source.value, matter=one.ref if one.source is Source.MATTER else None,
            earlier_id=one.ref if one.source is Source.ACTION else None, code=one.code, names=dict(one.names), place=dict(one.place),
            confidentiality=one.confidentiality, why=one.why.value if one.source is Source.MATTER else "",
        )
        for place, one in enumerate(found.add, start=1)
    )  # fmt: skip
    return found.left


def _open_actions(meeting: Meeting) -> list[Candidate]:
    """What earlier meetings of this kind decided here and is not done yet, the most urgent first."""
    rows = Action.objects.filter(meeting__kind=meeting.kind, meeting__area_id=meeting.area_id, meeting__closed_at__isnull=False, ended_at=None)
    rows = rows.exclude(meeting=meeting).select_related("item").order_by("due_on", "id")
    posts = organisation()
    return [
        Candidate(Source.ACTION, row.id, {"zh": row.what, "en": row.what}, posts.post(row.owner_id).names, row.item.confidentiality, row.matter_code)
        for row in rows
    ]


def gather_after(meeting: Meeting, *, at: datetime) -> None:
    """The next meeting of the kind that is convened already gets what this one left open."""
    following = Meeting.objects.select_for_update().filter(kind=meeting.kind, area_id=meeting.area_id, closed_at=None, starts_at__gt=meeting.starts_at)
    following = following.filter(called_off_at=None)
    for one in following.order_by("starts_at")[:1]:
        _gather(one, at=at)


def _next_number(meeting: Meeting) -> int:
    last = Item.objects.filter(meeting=meeting).aggregate(last=Max("number"))["last"]
    return 0 if last is None else int(last) + 1


def note(actor: Actor, at: datetime, action: str, meeting: UUID) -> None:
    """Write a verb of meetings into the audit chain."""
    record([Entry(at=at, actor=actor.id, action=f"meetings.{action}", subject_type="meeting", subject=meeting)])
