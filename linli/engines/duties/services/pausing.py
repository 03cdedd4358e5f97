"""Pauses: for some days nothing is due for a subject, for a reason that the playbook names. What has happened stays as it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from linli.engines.duties.models import SubjectRecord
from linli.engines.duties.playbook import MANAGE
from linli.engines.duties.rules.subjects import checked
from linli.engines.duties.services.clock import drop_paused
from linli.engines.duties.services.frame import held_frame
from linli.engines.duties.services.subjects import DERIVE, subject_of
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sweeps import wake_sweep

DAY = timedelta(days=1)


class NoSuchSubject(Refusal):
    code: ClassVar[str] = "duties.no_such_subject"
    message: ClassVar[str] = N_("Nothing recurs for this.")
    kind: ClassVar[Kind] = Kind.MISSING


class NotAPause(Refusal):
    code: ClassVar[str] = "duties.not_a_pause"
    message: ClassVar[str] = N_("The playbook knows no such reason for a pause: %(given)s.")
    field: ClassVar[str] = "reason"


class PauseIsOver(Refusal):
    code: ClassVar[str] = "duties.pause_is_over"
    message: ClassVar[str] = N_("A pause ends today or later, and not before it begins.")
    field: ClassVar[str] = "last"


def pause(*, actor: Actor, at: datetime, kind: str, ref: UUID, first: date, last: date | None, reason: str) -> None:
    """Ask nothing for a subject from ``first`` to ``last`` (None: until further notice).

    Windows are cut or taken away; a running one that ends within the pause is not asked for any more, if the pause has begun, unless the
    pause ends before it: then it is asked for again.

    Raises:
        NoSuchSubject; Forbidden: no ``duties.manage`` there. NotAPause, PauseIsOver, SpansOverlap.
    """
    frame = held_frame()
    row = _held(actor, kind, ref)
    if reason not in frame.policy.pauses:
        raise NotAPause(given=reason[:40])
    if last is not None and last < max(first, frame.day_of(at)):
        raise PauseIsOver
    row.pauses = sorted([*row.pauses, [first.isoformat(), last.isoformat() if last else None, reason]], key=lambda given: given[0])
    checked(subject_of(row))
    _keep(row, at, actor, "pause")
    drop_paused(row.id, first=first, last=last, at=at)


def end_pause(*, actor: Actor, at: datetime, kind: str, ref: UUID, first: date) -> None:
    """End the pause that begins on ``first``: yesterday was its last day; one that has not begun was never there. Safe to repeat."""
    today = held_frame().day_of(at)
    row = _held(actor, kind, ref)
    found = next((given for given in row.pauses if given[0] == first.isoformat()), None)
    if found is None or (found[1] and date.fromisoformat(found[1]) < today):
        return
    rest = [given for given in row.pauses if given is not found]
    row.pauses = rest if first >= today else sorted([*rest, [found[0], (today - DAY).isoformat(), found[2]]], key=lambda given: given[0])
    _keep(row, at, actor, "end_pause")


def _held(actor: Actor, kind: str, ref: UUID) -> SubjectRecord:
    row = SubjectRecord.objects.select_for_update().filter(kind=kind, ref=ref, ended_at=None).first()
    if row is None:
        raise NoSuchSubject
    actor.require(MANAGE, area_path=row.area_path)
    return row


def _keep(row: SubjectRecord, at: datetime, actor: Actor, verb: str) -> None:
    SubjectRecord.objects.filter(id=row.id).update(pauses=row.pauses, stale=True)
    record([Entry(at=at, actor=actor.id, action=f"duties.{verb}", subject_type="duty_subject", subject=row.id)])
    wake_sweep(DERIVE)
