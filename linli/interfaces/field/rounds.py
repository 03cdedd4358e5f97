"""Patrol rounds on the phone: set out, meet checkpoints by what they show, come back; what counts is judged by the engine at the time it was done.

The phone holds no code and cannot tell a right one from a wrong one: it keeps what was read, with when, and hands it in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.engines.duties.patrols.selectors.carried import CarriedBeat, carried_patrol
from linli.engines.duties.patrols.services.proofs import Position, Proof
from linli.engines.duties.patrols.services.rounds import check_in, finish_round, sent_before, start_round
from linli.interfaces.field.parcels import BadParcel, Handed, Lane, Parcel, Taken
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import Refusal

CODE_MOST, TAG_MOST = 300, 80


class Rounds:
    """The lane of rounds: each action goes through the same service as the portal's, in a transaction of its own.

    The subject is the route, of a check-in with a mark of its own behind a colon: one that is refused holds up none of the others.
    """

    together = 1

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any]:
        load = carried_patrol(actor=actor, at=at)
        walk, watch = load.round, load.watch
        return {
            "beats": [_shown(beat) for beat in load.beats],
            "left_out": load.left_out,
            "round": {"route": str(walk.route_id), "stand": str(walk.stand_id), "started_at": walk.started_at} if walk else None,
            "watch": {"well_by": watch.well_by, "told": watch.told} if watch else None,
        }

    def take(self, handed: Sequence[Handed], *, actor: Actor, at: datetime) -> list[Taken | Refusal | None]:
        return [_take(one, actor=actor, at=at) for one in handed]

    def present(self, parcels: Sequence[Parcel], *, actor: Actor, at: datetime) -> list[dict[str, Any] | None]:
        beats = carried_patrol(actor=actor, at=at).beats
        return [next((_shown(beat) for beat in beats if str(beat.route_id) == _route(one) and _within(beat, one.at)), None) for one in parcels]


def _route(parcel: Parcel) -> str:
    return parcel.subject.partition(":")[0]


def _take(handed: Handed, *, actor: Actor, at: datetime) -> Taken:
    parcel = handed.parcel
    try:
        route = UUID(_route(parcel))
    except ValueError as unknown:
        raise BadParcel() from unknown
    checks = parcel.verb == "check_in"
    if parcel.text or parcel.reason or parcel.units or parcel.also or parcel.photos or parcel.signed or checks != (parcel.form is not None):
        raise BadParcel()
    if parcel.lon is not None and not checks:  # where a round is walked is not asked, but at its checkpoints
        raise BadParcel()
    before = parcel.verb != "finish" and sent_before(actor=actor, key=parcel.key)
    if parcel.verb == "start":
        start_round(actor=actor, at=at, route_id=route, key=parcel.key, happened_at=parcel.at)
    elif parcel.verb == "finish":
        finish_round(actor=actor, at=at, happened_at=parcel.at)
    elif checks:
        proof, position = _proof(parcel)
        check_in(actor=actor, at=at, proof=proof, key=parcel.key, position=position, happened_at=parcel.at)
    else:
        raise BadParcel()
    return Taken(handed.version + (not before), before)


def _proof(parcel: Parcel) -> tuple[Proof, Position | None]:
    """What the checkpoint showed: a code, a tag or nothing but its place; and where the phone was, with how many metres it may be wrong."""
    given = dict(parcel.form or {})
    accuracy = given.pop("accuracy", 0.0)
    (name, value), *more = given.items() or (("", ""),)
    if more or not isinstance(value, str) or not value or isinstance(accuracy, (str, bool)) or (parcel.lon is None) != (parcel.lat is None):
        raise BadParcel()
    position = Position(parcel.lon, parcel.lat, float(accuracy)) if parcel.lon is not None and parcel.lat is not None else None
    if name == "code" and len(value) <= CODE_MOST:
        return Proof(code=value), position
    if name == "tag" and len(value) <= TAG_MOST:
        return Proof(tag=value), position
    try:
        if name == "spot":
            return Proof(checkpoint=UUID(value)), position
    except ValueError as unknown:
        raise BadParcel() from unknown
    raise BadParcel()


def _within(beat: CarriedBeat, at: datetime) -> bool:
    return beat.span.starts <= at < beat.span.ends + beat.span.grace


def _shown(beat: CarriedBeat) -> dict[str, Any]:
    span = beat.span
    return {
        "stand": str(beat.stand_id), "route": str(beat.route_id), "names": dict(beat.names), "of": beat.of, "team": beat.team,
        "starts_at": span.starts, "ends_at": span.ends, "minutes": span.interval.total_seconds() / 60, "grace": span.grace.total_seconds() / 60,
        "slots": span.slots, "spots": [{"id": str(spot.id), "names": dict(spot.names), "shown": spot.shown} for spot in beat.spots],
        "met": [{"spot": str(spot), "slot": slot, "at": when} for spot, slot, when in beat.met],
    }  # fmt: skip


LANE: Lane = Rounds()
