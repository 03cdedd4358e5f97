"""A duty of the kind patrol is finished by its round: begun by setting out, done once every checkpoint of the route was met.

It is done at the time of the last checkpoint, when a round that met it ends (or news of it comes later), in the same transaction.
What falls short leaves the duty open; :class:`Walked` says what is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from linli.engines.duties.models import Occurrence
from linli.engines.duties.patrols.models import Beat, CheckIn, Checkpoint, Round
from linli.engines.duties.playbook import ACT, READ
from linli.engines.duties.rules.task import OutOfOrder, State, Verb
from linli.engines.duties.services.checkin import Command, check_in
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.refusal import Refusal

PATROLS = Actor.system("patrols")


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a patrol duty is on one route.

    Attributes:
        met, of: checkpoints met on rounds that have ended, of how many. ``left``: the names of those not met yet, in their order.
        done: the duty is done. ``why``: all were met, and this is what finishing it still needs (a form, say).
    """

    duty_id: UUID
    route_id: UUID
    met: int
    of: int
    left: tuple[dict[str, str], ...]
    done: bool = False
    why: Refusal | None = None

    @property
    def whole(self) -> bool:
        return self.of > 0 and not self.left


def set_out_for(duty_id: UUID, round_id: UUID, *, actor: Actor, at: datetime, when: datetime) -> None:
    """Whoever sets out for a duty has started it: it is not handed on any more. Raises what starting it refuses."""
    duty = Occurrence.objects.get(id=duty_id)
    (result,) = check_in([Command((duty_id,), Verb.START, when, key=f"{round_id}:start")], actor=_acting(actor, duty), at=at)
    if isinstance(result, Refusal) and not isinstance(result, OutOfOrder):  # out of order: it was started by a later step already
        raise result


def settle_walked(beats: Sequence[Beat], *, actor: Actor, at: datetime) -> dict[UUID, Walked]:
    """Finish the duties whose routes are met whole, and say of each beat of a duty how far it is. The caller holds the beats.

    Eight queries a batch, two more where a duty is done; safe to repeat: a duty that has ended stays as it ended.
    """
    found = {beat_id: walked for beat_id, walked in how_far(beats).items() if walked.of}
    duties = Occurrence.objects.in_bulk([walked.duty_id for walked in found.values()])
    done = {duty.id for duty in duties.values() if duty.state == State.DONE}
    whole = {beat_id for beat_id, walked in found.items() if walked.whole and walked.duty_id not in done}
    times: dict[UUID, list[datetime]] = defaultdict(list)
    for beat_id, met_at in CheckIn.objects.filter(beat_id__in=whole).order_by("at").values_list("beat_id", "at"):
        times[beat_id].append(met_at)
    why = _finish({beat_id: (duties[found[beat_id].duty_id], times[beat_id][0], times[beat_id][-1]) for beat_id in whole}, actor=actor, at=at)
    done |= {found[beat_id].duty_id for beat_id, refusal in why.items() if refusal is None}
    return {beat_id: replace(walked, done=walked.duty_id in done, why=why.get(beat_id)) for beat_id, walked in found.items()}


def _finish(whole: dict[UUID, tuple[Occurrence, datetime, datetime]], *, actor: Actor, at: datetime) -> dict[UUID, Refusal | None]:
    """Finish duties, each at the time of its last checkpoint, or now where its holder did something with it after that."""
    why: dict[UUID, Refusal | None] = {}
    left = whole
    for now in (False, True):
        wishes: dict[Actor, list[tuple[UUID, Command]]] = defaultdict(list)
        for beat_id, (duty, first, last) in left.items():
            for verb, when in ((Verb.ARRIVE, first), (Verb.FINISH, last)):
                command = Command((duty.id,), verb, at if now else when, key=f"{beat_id}:{verb.value}")
                wishes[_acting(actor, duty)].append((beat_id, command))
        for who, asked in wishes.items():
            for (beat_id, command), result in zip(asked, check_in([command for _, command in asked], actor=who, at=at), strict=True):
                if command.verb is Verb.FINISH:
                    why[beat_id] = result if isinstance(result, Refusal) else None
        left = {beat_id: given for beat_id, given in left.items() if isinstance(why[beat_id], OutOfOrder)}
        if not left:
            break
    return why


def how_far(beats: Sequence[Beat]) -> dict[UUID, Walked]:
    """How far each beat of a duty is, by what rounds that have ended met; three queries.

    What is to be met are the route's checkpoints that were there when the latest of its rounds set out and are still in use.
    """
    of_duties = {beat.id: beat for beat in beats if beat.duty_id is not None}
    ended = Round.objects.filter(beat__in=of_duties, finished_at__isnull=False).values("beat_id")
    latest = dict(ended.annotate(latest=Max("started_at")).values_list("beat_id", "latest"))
    points: dict[UUID, list[Checkpoint]] = defaultdict(list)
    for one in Checkpoint.objects.filter(route_id__in={beat.route_id for beat in of_duties.values()}, retired_at=None).order_by("place"):
        points[one.route_id].append(one)
    met: dict[UUID, set[UUID]] = defaultdict(set)
    for beat_id, checkpoint in CheckIn.objects.filter(beat__in=of_duties, round__finished_at__isnull=False).values_list("beat_id", "checkpoint_id"):
        met[beat_id].add(checkpoint)
    found = {}
    for beat_id, beat in of_duties.items():
        asked = [one for one in points[beat.route_id] if beat_id not in latest or one.at <= latest[beat_id]]
        left = tuple(one.names for one in asked if one.id not in met[beat_id])
        assert beat.duty_id is not None
        found[beat_id] = Walked(beat.duty_id, beat.route_id, len(asked) - len(left), len(asked), left)
    return found


def _acting(actor: Actor, duty: Occurrence) -> Actor:
    """The walker where their roles let them act on duties there; who answers by succession alone does so through the patrol itself."""
    clearance = Confidentiality(duty.confidentiality)
    may = all(actor.may(permission, area_path=duty.area_path, confidentiality=clearance) for permission in (READ, ACT))
    return actor if may else PATROLS
