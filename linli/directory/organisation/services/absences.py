"""Recording who is away. Posts pass on by succession; nothing else is written (DECIDED 7)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy

from linli.directory.organisation.events import AbsenceEnded, AbsenceRecorded
from linli.directory.organisation.models import Absence, Appointment
from linli.directory.organisation.playbook import MANAGE
from linli.directory.organisation.services.appointments import PeriodReversed
from linli.directory.organisation.services.root import keep_root_held
from linli.directory.people.models import Person
from linli.directory.people.selectors import UnknownPerson
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.epoch.services import bump
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal


class AbsenceOverlaps(Refusal):
    code: ClassVar[str] = "organisation.absence_overlaps"
    message: ClassVar[str] = N_("An absence from %(start)s to %(end)s is recorded already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "starts_at"


class UnknownReason(Refusal):
    code: ClassVar[str] = "organisation.unknown_reason"
    message: ClassVar[str] = N_("Unknown reason %(reason)s; known are %(known)s. Nothing about health is recorded.")
    field: ClassVar[str] = "reason"


class UnknownAbsence(Refusal):
    code: ClassVar[str] = "organisation.unknown_absence"
    message: ClassVar[str] = N_("There is no such absence.")
    kind: ClassVar[Kind] = Kind.MISSING


class AbsenceOver(Refusal):
    code: ClassVar[str] = "organisation.absence_over"
    message: ClassVar[str] = N_("This absence ended on %(end)s; what happened meanwhile stays as it was.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def record_absence(*, actor: Actor, at: datetime, person_id: UUID, starts_at: datetime, ends_at: datetime | None, reason: str) -> Absence:
    """Record that a person is away for ``[starts_at, ends_at)``; without an end, until further notice.

    A person may record their own; for others ``directory.manage`` is needed in the areas of their posts. Refuses a
    reversed or overlapping period, an unknown reason, and, when the write is complete, a top desk left without anyone.
    """
    if ends_at is not None and ends_at <= starts_at:
        raise PeriodReversed
    if reason not in Absence.Reason.values:
        raise UnknownReason(reason=reason, known=", ".join(Absence.Reason.values))
    _may_change(actor, person_id, at)
    bump()
    later = Q() if ends_at is None else Q(starts_at__lt=ends_at)
    other = Absence.objects.filter(later, Q(ends_at=None) | Q(ends_at__gt=starts_at), person_id=person_id).order_by("starts_at").first()
    if other is not None:
        raise AbsenceOverlaps(
            start=other.starts_at.date().isoformat(), end=other.ends_at.date().isoformat() if other.ends_at else gettext_lazy("further notice")
        )
    absence = Absence.objects.create(person_id=person_id, starts_at=starts_at, ends_at=ends_at, reason=reason, at=at, recorded_at=machine_now())
    keep_root_held(person_id)
    details = {"starts_at": starts_at, "ends_at": ends_at}
    record([Entry(at=at, actor=actor.id, action="organisation.record_absence", subject_type="person", subject=person_id, to_state="absent", details=details)])
    publish([AbsenceRecorded(key=person_id, at=at, starts_at=starts_at, ends_at=ends_at)])
    return absence


def cancel_absence(*, actor: Actor, at: datetime, absence_id: UUID) -> None:
    """The person is back at ``at``: a running absence ends, one that has not begun is taken back.

    Refuses as :func:`record_absence` does, and an absence that is over.
    """
    absence = Absence.objects.filter(id=absence_id).first()
    if absence is None:
        raise UnknownAbsence
    _may_change(actor, absence.person_id, at)
    bump()
    if absence.ends_at is not None and absence.ends_at <= at:
        raise AbsenceOver(end=absence.ends_at.date().isoformat())
    ended: datetime | None = at
    if absence.starts_at >= at:
        ended = None
        absence.delete()
    else:
        Absence.objects.filter(id=absence_id).update(ends_at=at)
    keep_root_held(absence.person_id)
    details = {"ends_at": ended}
    entry = Entry(at=at, actor=actor.id, action="organisation.cancel_absence", subject_type="person", subject=absence.person_id, details=details)
    record([entry])
    publish([AbsenceEnded(key=absence.person_id, at=at, ends_at=ended)])


def _may_change(actor: Actor, person_id: UUID, at: datetime) -> None:
    if not Person.objects.filter(id=person_id, erased_at=None).exists():
        raise UnknownPerson(person=person_id)
    if actor.person_id == person_id:
        return
    current = Appointment.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), person_id=person_id)
    for path in set(current.values_list("post__area__path", flat=True)) or {""}:
        actor.require(MANAGE, area_path=path)
