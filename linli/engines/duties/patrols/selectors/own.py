"""A volunteer's own patrol: where one stands now, the round that one is on, and who waits for a sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.directory.teams.selectors import names_of_teams
from linli.engines.duties.patrols.models import Beat, CheckIn, Checkpoint, LoneAlarm, LoneWatch, Round, Route
from linli.engines.duties.patrols.services.proofs import Proof, proved
from linli.engines.duties.patrols.services.stands import Stand, own_person, span_of, stand_for, stands_of
from linli.engines.duties.patrols.services.walked import Walked, how_far
from linli.kernel.access.rules import Actor


@dataclass(frozen=True, slots=True)
class Spot:
    """A checkpoint of the round: ``met_at`` in the slot that runs; ``by_place``: it has no code, the phone says that it is near."""

    id: UUID
    names: dict[str, str]
    shown: str
    met_at: datetime | None

    @property
    def by_place(self) -> bool:
        return self.shown == "position"


@dataclass(frozen=True, slots=True)
class OwnRound:
    """The round that somebody is on: the slot that runs of how many, until when, and its checkpoints."""

    id: UUID
    route_id: UUID
    names: dict[str, str]
    started_at: datetime
    slot: int
    slots: int
    slot_ends: datetime
    spots: tuple[Spot, ...]

    @property
    def met(self) -> int:
        return sum(spot.met_at is not None for spot in self.spots)


@dataclass(frozen=True, slots=True)
class OwnWatch:
    """Somebody is waited for: a sign until ``well_by``; ``told``: how many levels were told that none came (0: none)."""

    minutes: int
    well_by: datetime
    told: int


@dataclass(frozen=True, slots=True)
class OwnPatrol:
    """``walked``: of the patrol duties among the stands, how far each begun route is."""

    stands: tuple[Stand, ...]
    teams: dict[UUID, dict[str, str]]
    round: OwnRound | None
    watch: OwnWatch | None
    walked: tuple[Walked, ...] = ()


def own_patrol(*, actor: Actor, at: datetime) -> OwnPatrol:
    """What the actor may walk now; empty for somebody whom the directory does not know."""
    if actor.person_id is None:
        return OwnPatrol((), {}, None, None)
    stands = tuple(stands_of(actor.person_id, at))
    teams = names_of_teams(stand.team_id for stand in stands if stand.team_id is not None)
    duties = Beat.objects.filter(duty__in=[stand.id for stand in stands if not stand.of_shift])
    return OwnPatrol(stands, teams, _round(actor.person_id, at), own_watch(actor.person_id), tuple(how_far(list(duties)).values()))


def _round(person: UUID, at: datetime) -> OwnRound | None:
    row = Round.objects.filter(person_id=person, finished_at=None).select_related("beat__route").first()
    if row is None:
        return None
    beat, span = row.beat, span_of(row.beat)
    slot = span.running(at)
    met = dict(CheckIn.objects.filter(beat=beat, slot=slot).values_list("checkpoint_id", "at"))
    points = Checkpoint.objects.filter(route_id=beat.route_id, retired_at=None).order_by("place")
    spots = tuple(Spot(one.id, one.names, one.shown, met.get(one.id)) for one in points)
    return OwnRound(row.id, beat.route_id, beat.route.names, row.started_at, slot, span.slots, span.slot(slot)[1], spots)


def own_watch(person: UUID) -> OwnWatch | None:
    row = LoneWatch.objects.filter(person_id=person, ended_at=None).first()
    if row is None or row.well_by is None:
        return None
    told = LoneAlarm.objects.filter(watch=row, closed_at=None).values_list("told", flat=True).first()
    return OwnWatch(row.minutes, row.well_by, told or 0)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scanned code or tag names: the checkpoint and its route."""

    names: dict[str, str]
    route: dict[str, str]


def scanned(*, actor: Actor, at: datetime, proof: Proof) -> Scanned:
    """What a code names, for whoever scanned it and stands in a shift now; nothing is written.

    Raises:
        NotOfTheDirectory, NotSignedIn, NotOnDuty, BeforeTheShift, AfterTheShift, and what :func:`~.services.proofs.proved` refuses.
    """
    person = own_person(actor)
    found, _reading = proved(proof, at=at, own_routes=())
    route = Route.objects.get(id=found.route_id)
    if not Round.objects.filter(person_id=person, finished_at=None, beat__route=route).exists():
        stand_for(person, route, at)
    return Scanned(found.names, route.names)
