"""Appointing people to posts, and ending it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy

from linli.directory.organisation.events import Appointed, AppointmentEnded
from linli.directory.organisation.models import Appointment, Post
from linli.directory.organisation.playbook import MANAGE
from linli.directory.organisation.rules import FOREVER, UnknownPost
from linli.directory.organisation.services.root import keep_root_held
from linli.directory.people.models import Person
from linli.directory.people.selectors import UnknownPerson
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.epoch.services import bump
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, update_rows


class PostTaken(Refusal):
    """Another appointment to the post overlaps; the refusal names its holder and period."""

    code: ClassVar[str] = "organisation.post_taken"
    message: ClassVar[str] = N_("%(name)s holds the post %(post)s from %(start)s to %(end)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "starts_at"


class PeriodReversed(Refusal):
    code: ClassVar[str] = "organisation.period_reversed"
    message: ClassVar[str] = N_("The end must come after the start.")
    field: ClassVar[str] = "ends_at"


class UnknownAppointment(Refusal):
    code: ClassVar[str] = "organisation.unknown_appointment"
    message: ClassVar[str] = N_("There is no such appointment.")
    kind: ClassVar[Kind] = Kind.MISSING


class AppointmentOver(Refusal):
    code: ClassVar[str] = "organisation.appointment_over"
    message: ClassVar[str] = N_("This appointment ended on %(end)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class NewAppointment:
    """A person to appoint to a post for ``[starts_at, ends_at)``; without an end, until further notice."""

    post_id: UUID
    person_id: UUID
    starts_at: datetime
    ends_at: datetime | None = None


def appoint(*, actor: Actor, at: datetime, post_id: UUID, person_id: UUID, starts_at: datetime, ends_at: datetime | None = None) -> UUID:
    """Appoint one person to one post; see :func:`appoint_all`."""
    return appoint_all(actor=actor, at=at, appointments=[NewAppointment(post_id, person_id, starts_at, ends_at)])[0]


def appoint_all(*, actor: Actor, at: datetime, appointments: Sequence[NewAppointment]) -> list[UUID]:
    """Appoint people to posts in one batch, in a constant number of queries; return the appointments' ids in order.

    Refuses an actor without ``directory.manage`` in the area of one of the posts, an unknown person or post, a period that
    is reversed or that overlaps another appointment to the post (:class:`PostTaken` names whose).
    """
    if not appointments:
        return []
    if any(new.ends_at is not None and new.ends_at <= new.starts_at for new in appointments):
        raise PeriodReversed
    posts = {post.id: post for post in Post.objects.filter(id__in={new.post_id for new in appointments}, retired_at=None).select_related("area")}
    for new in appointments:
        if new.post_id not in posts:
            raise UnknownPost(post=new.post_id)
    for path in {post.area.path for post in posts.values()}:
        actor.require(MANAGE, area_path=path)
    bump()
    wanted = {new.person_id for new in appointments}
    people = set(Person.objects.filter(id__in=wanted, erased_at=None).values_list("id", flat=True))
    if wanted - people:
        raise UnknownPerson(person=min(wanted - people))
    _are_free(posts, appointments)
    recorded_at = machine_now()
    ids = [new_id() for _ in appointments]
    insert_rows(
        Appointment,
        ("id", "post", "person", "starts_at", "ends_at", "at", "recorded_at"),
        [(key, new.post_id, new.person_id, new.starts_at, new.ends_at, at, recorded_at) for key, new in zip(ids, appointments, strict=True)],
    )
    keep_root_held(appointments[0].post_id)
    record(
        [
            Entry(
                at=at,
                actor=actor.id,
                action="organisation.appoint",
                subject_type="post",
                subject=new.post_id,
                to_state="held",
                details={"person": new.person_id, "starts_at": new.starts_at, "ends_at": new.ends_at},
            )
            for new in appointments
        ]
    )
    publish([Appointed(key=new.post_id, at=at, person_id=new.person_id, starts_at=new.starts_at, ends_at=new.ends_at) for new in appointments])
    return ids


def end_appointment(*, actor: Actor, at: datetime, appointment_id: UUID, ends_at: datetime) -> None:
    """End an appointment at ``ends_at``. One that has not begun, ended at or before its start, is taken back whole.

    Refuses an actor without ``directory.manage`` in the post's area, an appointment that is over at ``at``, an end before
    the start of one that has begun; and, when the write is complete, a top desk left without anyone.
    """
    appointment = Appointment.objects.select_related("post__area").filter(id=appointment_id).first()
    if appointment is None:
        raise UnknownAppointment
    actor.require(MANAGE, area_path=appointment.post.area.path)
    bump()
    appointment.refresh_from_db(fields=["ends_at"])
    if appointment.ends_at is not None and appointment.ends_at <= at:
        raise AppointmentOver(end=_day(appointment.ends_at))
    kept: datetime | None = ends_at
    if ends_at > appointment.starts_at:
        kept_as = NewAppointment(appointment.post_id, appointment.person_id, appointment.starts_at, ends_at)
        _are_free({appointment.post_id: appointment.post}, [kept_as], apart_from=[appointment_id])
        Appointment.objects.filter(id=appointment_id).update(ends_at=ends_at)
    elif appointment.starts_at > at:
        kept = None
        appointment.delete()
    else:
        raise PeriodReversed
    keep_root_held(appointment.post_id)
    details = {"person": appointment.person_id, "ends_at": kept}
    entry = Entry(at=at, actor=actor.id, action="organisation.end_appointment", subject_type="post", subject=appointment.post_id, details=details)
    record([entry])
    publish([AppointmentEnded(key=appointment.post_id, at=at, person_id=appointment.person_id, ends_at=kept)])


def change_ends(*, actor: Actor, at: datetime, ends: Mapping[UUID, datetime | None]) -> None:
    """Set the ends of appointments by id, in one batch (lists of staff are corrected so); None: until further notice.

    Refuses an actor without ``directory.manage`` in one of the areas, an unknown appointment, a reversed or overlapping
    period; and, when the write is complete, a top desk left without anyone.
    """
    found = list(Appointment.objects.filter(id__in=ends).select_related("post__area"))
    if len(found) < len(ends):
        raise UnknownAppointment
    for path in {appointment.post.area.path for appointment in found}:
        actor.require(MANAGE, area_path=path)
    bump()
    changed = [NewAppointment(held.post_id, held.person_id, held.starts_at, ends[held.id]) for held in found]
    if any(new.ends_at is not None and new.ends_at <= new.starts_at for new in changed):
        raise PeriodReversed
    _are_free({held.post_id: held.post for held in found}, changed, apart_from=ends)
    update_rows(Appointment, ("id", "ends_at"), list(ends.items()))
    keep_root_held(found[0].post_id)
    record(
        [
            Entry(
                at=at,
                actor=actor.id,
                action="organisation.end_appointment",
                subject_type="post",
                subject=new.post_id,
                details={"person": new.person_id, "ends_at": new.ends_at},
            )
            for new in changed
        ]
    )
    publish([AppointmentEnded(key=new.post_id, at=at, person_id=new.person_id, ends_at=new.ends_at) for new in changed])


def _are_free(posts: Mapping[UUID, Post], appointments: Sequence[NewAppointment], *, apart_from: Collection[UUID] = ()) -> None:
    """Refuse with :class:`PostTaken` where a period overlaps one on record or another of the batch."""
    earliest = min(new.starts_at for new in appointments)
    spans: dict[UUID, list[tuple[datetime, datetime, UUID]]] = {post_id: [] for post_id in posts}
    on_record = Appointment.objects.filter(Q(ends_at=None) | Q(ends_at__gt=earliest), post_id__in=posts).exclude(id__in=apart_from)
    for post_id, person_id, start, end in on_record.values_list("post_id", "person_id", "starts_at", "ends_at"):
        spans[post_id].append((start, end or FOREVER, person_id))
    for new in appointments:
        end = new.ends_at or FOREVER
        other = next((span for span in spans[new.post_id] if span[0] < end and new.starts_at < span[1]), None)
        if other is not None:
            name = Person.objects.values_list("display_name", flat=True).get(id=other[2])
            until = gettext_lazy("further notice") if other[1] == FOREVER else _day(other[1])
            raise PostTaken(name=name, post=posts[new.post_id].code, start=_day(other[0]), end=until)
        spans[new.post_id].append((new.starts_at, end, new.person_id))


def _day(instant: datetime) -> str:
    return instant.date().isoformat()
