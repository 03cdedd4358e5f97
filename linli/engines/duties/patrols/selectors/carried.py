"""Patrols as a volunteer carries them along: the beats of the own shifts and duties with their checkpoints, to walk where no server is reached.

A checkpoint is its name and how it shows itself. Its code is nowhere but where it hangs, and its point stays in the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from linli.directory.teams.selectors import names_of_teams
from linli.engines.duties.patrols.models import Beat, CheckIn, Checkpoint, Round
from linli.engines.duties.patrols.playbook import patrols_section
from linli.engines.duties.patrols.rules.slots import Span
from linli.engines.duties.patrols.selectors.own import OwnWatch, own_watch
from linli.engines.duties.patrols.services.stands import pace_of, span_of, stands_between
from linli.kernel.access.rules import Actor

AHEAD = timedelta(hours=30)  # this evening, and the night after it
MOST = 60  # beats on a phone


@dataclass(frozen=True, slots=True)
class CarriedSpot:
    """A checkpoint of a beat, and how it shows itself (:class:`~..rules.codes.Shown`)."""

    id: UUID
    names: dict[str, str]
    shown: str


@dataclass(frozen=True, slots=True)
class CarriedBeat:
    """A route in one of the own shifts or duties. ``met``: its check-ins, whoever walked: checkpoint, slot (0 first), when."""

    stand_id: UUID
    route_id: UUID
    names: dict[str, str]
    of: dict[str, str]
    team: dict[str, str]
    span: Span
    spots: tuple[CarriedSpot, ...]
    met: tuple[tuple[UUID, int, datetime], ...]


@dataclass(frozen=True, slots=True)
class CarriedRound:
    """The round that its bearer is on."""

    route_id: UUID
    stand_id: UUID
    started_at: datetime


@dataclass(frozen=True, slots=True)
class CarriedPatrol:
    beats: tuple[CarriedBeat, ...]
    left_out: int
    round: CarriedRound | None
    watch: OwnWatch | None


def carried_patrol(*, actor: Actor, at: datetime) -> CarriedPatrol:
    """What the actor walks now and until tomorrow night; the same few queries for many beats. Empty for whom the directory does not know."""
    if actor.person_id is None:
        return CarriedPatrol((), 0, None, None)
    stands = [(stand, route) for stand in stands_between(actor.person_id, since=at, until=at + AHEAD) for route in stand.routes]
    wanted, section = stands[:MOST], patrols_section()
    ids, routes = {stand.id for stand, _route in wanted}, {route.id for _stand, route in wanted}
    teams = names_of_teams(stand.team_id for stand, _route in wanted if stand.team_id is not None)
    laid = {(beat.shift_id or beat.duty_id, beat.route_id): beat for beat in Beat.objects.filter(Q(shift__in=ids) | Q(duty__in=ids), route__in=routes)}
    spots: dict[UUID, list[CarriedSpot]] = {}
    for spot in Checkpoint.objects.filter(route__in=routes, retired_at=None).order_by("place"):
        spots.setdefault(spot.route_id, []).append(CarriedSpot(spot.id, spot.names, spot.shown))
    met: dict[UUID, list[tuple[UUID, int, datetime]]] = {}
    for beat_id, spot_id, slot, when in CheckIn.objects.filter(beat__in=laid.values()).values_list("beat_id", "checkpoint_id", "slot", "at"):
        met.setdefault(beat_id, []).append((spot_id, slot, when))
    beats = []
    for stand, route in wanted:
        beat = laid.get((stand.id, route.id))
        span = span_of(beat) if beat else pace_of(route, section, of_shift=stand.of_shift, starts=stand.starts, ends=stand.ends)
        team = teams.get(stand.team_id, {}) if stand.team_id else {}
        done = tuple(met.get(beat.id, ())) if beat else ()
        beats.append(CarriedBeat(stand.id, route.id, route.names, dict(stand.names), dict(team), span, tuple(spots.get(route.id, ())), done))
    running = Round.objects.filter(person_id=actor.person_id, finished_at=None).select_related("beat").first()
    now = None
    if running is not None and (of := running.beat.shift_id or running.beat.duty_id):
        now = CarriedRound(running.beat.route_id, of, running.started_at)
    return CarriedPatrol(tuple(beats), len(stands) - len(wanted), now, own_watch(actor.person_id))
