"""Keeping minutes: who came, what was decided, who does what; published once, added to afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import Q

from linli.directory.organisation.rules import PostNode
from linli.directory.organisation.selectors import organisation
from linli.engines.duties.meetings.events import MinutesPublished
from linli.engines.duties.meetings.models import Action, Addendum, Item, Meeting, SeatRow
from linli.engines.duties.meetings.playbook import meeting_kinds
from linli.engines.duties.meetings.rules import (
    MINUTES_MOST,
    Becomes,
    Came,
    NothingWritten,
    NotPublishedYet,
    check_action,
    check_closing,
    check_text,
)
from linli.engines.duties.meetings.services.agenda import ChangedMeanwhile, NoSuchMeeting, gather_after, held_meeting, note
from linli.engines.duties.models import Occurrence
from linli.engines.duties.playbook import ACT
from linli.engines.duties.rules.subjects import LABEL_MOST, Subject
from linli.engines.duties.rules.task import OutOfOrder, State, Verb
from linli.engines.duties.services.checkin import Command, check_in
from linli.engines.duties.services.frame import frame
from linli.engines.duties.services.subjects import set_subjects
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Refusal

ACTION = "action"  # the kind of subject that an action's duty is about
CLOCK = Actor.system("meetings")


class NoMatterClass(Refusal):
    code: ClassVar[str] = "meetings.no_matter_class"
    message: ClassVar[str] = N_("The playbook names no class of matter for actions of this meeting.")
    field: ClassVar[str] = "becomes"


class NoSuchOwner(Refusal):
    code: ClassVar[str] = "meetings.no_such_owner"
    message: ClassVar[str] = N_("Choose a post of the meeting's area, of an area around it, or a department.")
    field: ClassVar[str] = "owner"


class NoDutyForPost(Refusal):
    code: ClassVar[str] = "meetings.no_duty_for_post"
    message: ClassVar[str] = N_("A duty goes to the post that heads its level, by a rule of the playbook about actions; make it a matter for this post.")
    field: ClassVar[str] = "becomes"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed: of seats and items only those named are changed. ``decisions``: item → (decision, public words)."""

    version: int
    held_at: datetime | None = None
    minutes: str = ""
    public_text: str = ""
    seats: Mapping[UUID, Came | None] = field(default_factory=dict)
    decisions: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewAction:
    """Who does what until when; ``key``: the form's own, said twice it stands once."""

    item_id: UUID
    what: str
    owner_id: UUID
    due_on: date
    becomes: Becomes
    key: str


def save_minutes(*, actor: Actor, at: datetime, meeting_id: UUID, draft: Draft) -> int:
    """Keep what was typed; return the meeting's version after it.

    Raises:
        NoSuchMeeting, MinutesClosed, TooLong; ChangedMeanwhile: somebody else saved since ``draft.version``.
    """
    meeting = held_meeting(meeting_id, actor=actor)
    if draft.version != meeting.version:
        raise ChangedMeanwhile
    meeting.minutes = check_text(draft.minutes, most=MINUTES_MOST)
    meeting.public_text = check_text(draft.public_text, most=MINUTES_MOST)
    meeting.held_at, meeting.version = draft.held_at, meeting.version + 1
    meeting.save(update_fields=["minutes", "public_text", "held_at", "version"])
    seats = {row.id: row for row in SeatRow.objects.filter(meeting=meeting)}
    items = {row.id: row for row in Item.objects.filter(meeting=meeting)}
    if not draft.seats.keys() <= seats.keys() or not draft.decisions.keys() <= items.keys():
        raise NoSuchMeeting
    for seat_id, came in draft.seats.items():
        seats[seat_id].came = came.value if came else ""
    for item_id, (decision, told) in draft.decisions.items():
        items[item_id].decision, items[item_id].public_decision = check_text(decision), check_text(told)
    SeatRow.objects.bulk_update([seats[key] for key in draft.seats], ["came"])
    Item.objects.bulk_update([items[key] for key in draft.decisions], ["decision", "public_decision"])
    note(actor, at, "save_minutes", meeting.id)
    return meeting.version


def add_action(*, actor: Actor, at: datetime, meeting_id: UUID, action: NewAction) -> UUID:
    """Note who does what until when. It holds once the minutes are published; the same key gives the first one again.

    Raises:
        NothingToDo, BadDay, NoSuchOwner, NoMatterClass, NoDutyForPost, MinutesClosed, NoSuchMeeting.
    """
    meeting = held_meeting(meeting_id, actor=actor)
    said = Action.objects.filter(meeting=meeting, key=action.key).first()
    if said is not None:
        return said.id
    if not Item.objects.filter(id=action.item_id, meeting=meeting).exists():
        raise NoSuchMeeting
    what = check_action(action.what, action.due_on, today=frame().day_of(at))
    owner = next((post for post in possible_owners(meeting.area_path) if post.id == action.owner_id), None)
    if owner is None:
        raise NoSuchOwner
    if action.becomes is Becomes.DUTY and not _has_duty(owner):
        raise NoDutyForPost
    kind = meeting_kinds().get(meeting.kind)
    if action.becomes is Becomes.MATTER and (kind is None or not kind.action_class):
        raise NoMatterClass
    made = Action.objects.create(
        meeting=meeting, item_id=action.item_id, what=what, owner_id=owner.id, due_on=action.due_on, becomes=action.becomes.value, key=action.key[:100],
        at=at, recorded_at=machine_now(),
    )  # fmt: skip
    note(actor, at, "add_action", meeting.id)
    return made.id


def drop_action(*, actor: Actor, at: datetime, meeting_id: UUID, action_id: UUID) -> None:
    """Take an action back before the minutes are published. Raises: NoSuchMeeting, MinutesClosed."""
    meeting = held_meeting(meeting_id, actor=actor)
    if not Action.objects.filter(id=action_id, meeting=meeting).delete()[0]:
        raise NoSuchMeeting
    note(actor, at, "drop_action", meeting.id)


def publish_minutes(*, actor: Actor, at: datetime, meeting_id: UUID) -> int:
    """Publish the minutes, once: the duty of the meeting is done at the time it was held, its actions hold; return how many.

    Actions that become duties are duties at once; those that become matters do so by the flow that hears the event.

    Raises:
        MinutesClosed, NotHeldYet, NobodyCame, NothingWritten, NoSuchMeeting.
    """
    meeting = held_meeting(meeting_id, actor=actor)
    came = SeatRow.objects.filter(meeting=meeting, came__in=[Came.PRESENT.value, Came.DEPUTY.value]).count()
    decided = Item.objects.filter(meeting=meeting).exclude(decision="").count()
    actions = list(Action.objects.filter(meeting=meeting).select_related("item"))
    held = check_closing(closed_at=meeting.closed_at, held_at=meeting.held_at, came=came, written=decided + len(actions) + bool(meeting.minutes), at=at)
    _finish_duty(meeting, held, actor=actor, at=at)
    duties = [action for action in actions if action.becomes == Becomes.DUTY]
    _lay_duties(duties, meeting, at=at)
    Action.objects.filter(id__in=[action.id for action in duties]).update(started_at=at)
    Meeting.objects.filter(id=meeting.id).update(closed_at=at, held_at=held, version=meeting.version + 1)
    meeting.closed_at = at
    gather_after(meeting, at=at)
    note(actor, at, "publish_minutes", meeting.id)
    publish([MinutesPublished(meeting.id, at, meeting.kind, meeting.area_path, meeting.confidentiality, len(actions))])
    return len(actions)


def add_addendum(*, actor: Actor, at: datetime, meeting_id: UUID, text: str, public_text: str = "") -> UUID:
    """Add to published minutes. Raises: NotPublishedYet, NothingWritten, TooLong, NoSuchMeeting."""
    meeting = held_meeting(meeting_id, actor=actor, closed=True)
    if meeting.closed_at is None:
        raise NotPublishedYet
    tidy, told = check_text(text), check_text(public_text)
    if not tidy:
        raise NothingWritten
    made = Addendum.objects.create(meeting=meeting, text=tidy, public_text=told, actor=actor.id, at=at, recorded_at=machine_now())
    note(actor, at, "add_addendum", meeting.id)
    return made.id


def possible_owners(area_path: str) -> list[PostNode]:
    """The posts that may be given an action: of the area, below it, above it, and of departments; the nearest first."""
    posts = [post for post in organisation().posts if post.area_path.startswith(area_path) or area_path.startswith(post.area_path)]
    return sorted(posts, key=lambda post: (not area_path.startswith(post.area_path), -len(post.area_path), post.area_path, post.rank, post.code))


def _has_duty(owner: PostNode) -> bool:
    head = organisation().head(owner.level, owner.area_id)
    facts = Subject(ACTION, owner.id, owner.area_id, "—", {"level": owner.level})
    rules = (rule for rule in frame().policy.rules.values() if rule.subject_kind == ACTION)
    return head is not None and head.id == owner.id and any(rule.chain[0] == owner.level and facts.meets(rule.where) for rule in rules)


def _lay_duties(actions: list[Action], meeting: Meeting, *, at: datetime) -> None:
    subjects = []
    for action in actions:
        owner = organisation().post(action.owner_id)
        label = action.what if action.item.confidentiality <= Confidentiality.INTERNAL else meeting.names["zh"]  # a private matter's words stay in it
        subjects.append(Subject(ACTION, action.id, owner.area_id, label[:LABEL_MOST], {"level": owner.level}, days={"due": action.due_on}))
    for result in set_subjects(subjects, actor=CLOCK, at=at):
        if isinstance(result, Refusal):
            raise result


def _finish_duty(meeting: Meeting, held: datetime, *, actor: Actor, at: datetime) -> None:
    """The occurrence is done at the time of the meeting, however late its minutes are; where a check-in came later, at that of the minutes."""
    running = Q(state__in=[State.OPEN.value, State.MISSED.value]) | Q(state=State.PLANNED.value, opens_at__lte=at)
    duty = Occurrence.objects.filter(running, id=meeting.occurrence_id).first() if meeting.occurrence_id else None
    if duty is None:
        return
    told = meeting.minutes[:200] or meeting.names["zh"]
    by = actor if actor.may(ACT, area_path=duty.area_path, confidentiality=Confidentiality(duty.confidentiality)) else CLOCK
    for when in (max(held, duty.opens_at), at):
        (result,) = check_in([Command((duty.id,), Verb.FINISH, when, note=told)], actor=by, at=at)
        if not isinstance(result, OutOfOrder):
            break
    if isinstance(result, Refusal):
        raise result
