"""The whistle (吹哨报到): named departments must report in, each with its own clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from linli.engines.matters.models import Matter, Whistle
from linli.engines.matters.rules.command import UNDER_WAY, BeforeItsTime, Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import Done, act, only
from linli.engines.matters.services.frame import held_frame
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows


class NobodyCalled(Refusal):
    code = "matters.nobody_called"
    message = N_("Choose at least one department.")
    field = "units"


class CalledAlready(Refusal):
    code = "matters.called_already"
    message = N_("%(unit)s has been called already and has not reported in yet.")
    kind = Kind.CONFLICT


class NotCalled(Refusal):
    code = "matters.not_called"
    message = N_("This department has not been called to this matter, or reported in already.")
    kind = Kind.CONFLICT


class NotOfThisDepartment(Refusal):
    code = "matters.not_of_this_department"
    message = N_("Only the department itself reports in, or a desk that may call it.")
    kind = Kind.FORBIDDEN


def waiting_whistles() -> QuerySet[Whistle]:
    """Calls that wait for their department."""
    return Whistle.objects.filter(reported_in_at=None, released_at=None)


def blow_whistle(*, actor: Actor, at: datetime, matter_id: UUID, units: Sequence[UUID], reason: str, version: int | None = None, key: str = "") -> Done:
    """Call departments to a matter; each has the playbook's time to report in. Raises on any refusal: all or none.

    Handed in again under the same ``key``, they are not called again.
    """
    frame = held_frame()
    if not units:
        raise NobodyCalled()
    done = only(act([Command(matter_id=matter_id, verb=Verb.WHISTLE, at=at, version=version, key=key, reason=reason, units=tuple(units))], actor=actor))
    if done.repeated:
        return done
    waiting = set(waiting_whistles().filter(matter_id=matter_id, unit_id__in=units).values_list("unit_id", flat=True))
    for unit in units:
        if unit in waiting:
            raise CalledAlready(unit=frame.organisation.unit(unit).names.get("zh", ""))
    pinned = Matter.objects.values_list("policy", flat=True).get(id=matter_id)
    due = frame.under(pinned).due(at, frame.policy_of(pinned).whistle_limit)
    insert_rows(
        Whistle,
        ("id", "matter", "unit", "post", "reason", "called_at", "due_at", "actor"),
        [(new_id(), matter_id, unit, frame.organisation.unit_desk(unit).id, reason.strip(), at, due, actor.id) for unit in dict.fromkeys(units)],
    )
    return done


def report_in(*, actor: Actor, at: datetime, matter_id: UUID, unit: UUID, answer: str, version: int | None = None) -> Done:
    """Say that a called department has come, and what it does.

    Raises:
        NotCalled: it was not called, has come already, or is no longer needed.
        NotOfThisDepartment: the actor holds none of its posts and may not call departments to this matter either.
    """
    frame = held_frame()
    done = only(act([Command(matter_id=matter_id, verb=Verb.REPORT_IN, at=at, version=version, text=answer)], actor=actor))
    called_at = waiting_whistles().filter(matter_id=matter_id, unit_id=unit).values_list("called_at", flat=True).first()
    if called_at is None:
        raise NotCalled()
    if unit not in {frame.organisation.post(post_id).unit_id for post_id in actor.post_ids}:
        area_path, depth = Matter.objects.values_list("area_path", "confidentiality").get(id=matter_id)
        if not actor.may("matters.whistle", area_path=area_path, confidentiality=Confidentiality(depth)):
            raise NotOfThisDepartment()
    if called_at - at > UNDER_WAY:
        raise BeforeItsTime()
    waiting_whistles().filter(matter_id=matter_id, unit_id=unit).update(reported_in_at=max(at, called_at), answer=answer.strip())
    return done
