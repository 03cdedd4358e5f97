"""A team's patrol as its captains see it: routes, rounds of the last days, missed slots, who is out alone, hours without anybody."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from linli.directory.people.selectors import names_of
from linli.directory.teams.selectors import TeamFact
from linli.engines.duties.patrols.models import CheckIn, Checkpoint, LoneAlarm, LoneWatch, Miss, Round, Route
from linli.engines.duties.patrols.playbook import MANAGE, READ
from linli.engines.duties.patrols.rules.answers import TRANSITIONS, Answer
from linli.engines.duties.patrols.rules.codes import ROTATING
from linli.engines.duties.patrols.rules.coverage import route_metres
from linli.engines.duties.patrols.services.proofs import Code, code_of
from linli.engines.duties.patrols.services.routes import NoSuchRoute
from linli.engines.duties.patrols.services.stands import led
from linli.engines.duties.shifts.models import ShiftPart, ShiftTemplate
from linli.engines.duties.shifts.rules.roster import Gap, cover_gaps
from linli.engines.duties.shifts.rules.signing import Part
from linli.kernel.access.rules import Actor, Forbidden
from linli.kernel.access.selectors import in_scope

RECENT, AHEAD = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RouteLine:
    """A route on a list: how many checkpoints, how long in metres along its legs."""

    id: UUID
    names: dict[str, str]
    minutes: int | None
    checkpoints: int
    metres: int


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round: who walked it ("" once that is forgotten), and how many checkpoints it met."""

    id: UUID
    route: dict[str, str]
    walker: str
    started_at: datetime
    finished_at: datetime | None
    met: int
    near: int


@dataclass(frozen=True, slots=True)
class MissLine:
    """A missed slot as it stands, and what may be answered to it."""

    id: UUID
    team_id: UUID
    team: dict[str, str]
    code: str
    route: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    reached: int
    of: int
    staffed: int
    state: Answer
    cleared: bool
    note: str
    by: str
    answered_at: datetime | None

    @property
    def answers(self) -> tuple[Answer, ...]:
        return () if self.cleared else tuple(answer for answer in Answer if answer in TRANSITIONS[self.state])


@dataclass(frozen=True, slots=True)
class LoneLine:
    """Somebody out alone: until when a sign is expected; with an alarm: since when it is missing, levels told, the last checkpoint met."""

    name: str
    minutes: int
    well_by: datetime
    alarm_id: UUID | None
    since: datetime | None
    told: int
    last: dict[str, str] | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class TeamPatrol:
    team: TeamFact
    routes: tuple[RouteLine, ...]
    rounds: tuple[RoundLine, ...]
    misses: tuple[MissLine, ...]
    alone: tuple[LoneLine, ...]
    gaps: tuple[Gap, ...]
    templates: tuple[ShiftTemplate, ...]
    leads: bool


def leads(actor: Actor, at: datetime, team_id: UUID) -> bool:
    """Whether the actor leads the team. Raises: Forbidden, without ``patrols.read`` there either."""
    try:
        led(actor, at, team_id, MANAGE)
        return True
    except Forbidden:
        led(actor, at, team_id, READ)
        return False


def team_patrol(*, actor: Actor, at: datetime, team_id: UUID) -> TeamPatrol:
    """A team's patrol of the last seven days; a constant number of queries.

    Raises:
        NoSuchTeam; Forbidden: neither its captain nor ``patrols.read`` there.
    """
    may = leads(actor, at, team_id)
    team = led(actor, at, team_id, MANAGE if may else READ)
    return TeamPatrol(
        team, tuple(_routes(team_id)), tuple(_rounds(team_id, at)), tuple(_misses(Miss.objects.filter(beat__route__team_id=team_id, ends_at__gt=at - RECENT))),
        tuple(_alone(team_id)), _gaps(team_id, at), tuple(ShiftTemplate.objects.filter(team_id=team_id).order_by("at")), may,
    )  # fmt: skip


def _routes(team_id: UUID) -> Iterable[RouteLine]:
    points: dict[UUID, list[tuple[float, float]]] = defaultdict(list)
    for route_id, lon, lat in Checkpoint.objects.filter(route__team_id=team_id, retired_at=None).order_by("place").values_list("route_id", "lon", "lat"):
        points[route_id].append((lon, lat))
    for route in Route.objects.filter(team_id=team_id, retired_at=None).order_by("at", "id"):
        yield RouteLine(route.id, route.names, route.minutes, len(points[route.id]), round(route_metres(points[route.id], closed=route.closed)))


def _rounds(team_id: UUID, at: datetime) -> Iterable[RoundLine]:
    rows = Round.objects.filter(beat__route__team_id=team_id, started_at__gt=at - RECENT).select_related("beat__route")
    rounds = list(rows.annotate(met=Count("checkins"), near=Count("checkins__near")).order_by("-started_at", "-id")[:100])
    names = names_of(row.person_id for row in rounds if row.person_id)
    for row in rounds:
        walker = names.get(row.person_id, "") if row.person_id else ""
        yield RoundLine(row.id, row.beat.route.names, walker, row.started_at, row.finished_at, row.met, row.near)


def _misses(rows: QuerySet[Miss], *, limit: int = 200) -> list[MissLine]:
    found = list(rows.select_related("beat__route__team").order_by("-ends_at", "-id")[:limit])
    names = names_of(row.answered_by_id for row in found if row.answered_by_id)
    return [
        MissLine(
            row.id, row.beat.route.team_id, row.beat.route.team.names, row.beat.route.team.code, row.beat.route.names, row.starts_at, row.ends_at, row.reached,
            row.of, row.staffed, Answer(row.state), row.cleared_at is not None, row.note, names.get(row.answered_by_id, "") if row.answered_by_id else "",
            row.answered_at,
        )
        for row in found
    ]  # fmt: skip


def _alone(team_id: UUID) -> Iterable[LoneLine]:
    watches = list(LoneWatch.objects.filter(team_id=team_id, ended_at=None).order_by("well_by"))
    names = names_of(watch.person_id for watch in watches if watch.person_id)
    alarms = {alarm.watch_id: alarm for alarm in LoneAlarm.objects.filter(watch__in=watches, closed_at=None)}
    last = _last_met([watch.person_id for watch in watches if watch.person_id])
    for watch in watches:
        alarm = alarms.get(watch.id)
        spot, when = last.get(watch.person_id, (None, None)) if watch.person_id and alarm else (None, None)
        assert watch.well_by is not None  # as the table keeps it
        name = names.get(watch.person_id, "") if watch.person_id else ""
        yield LoneLine(name, watch.minutes, watch.well_by, alarm.id if alarm else None, alarm.at if alarm else None, alarm.told if alarm else 0, spot, when)


def _last_met(people: Sequence[UUID]) -> dict[UUID, tuple[dict[str, str], datetime]]:
    """The checkpoint that each of these met last on the round that they are on: where one looks first for who gives no sign."""
    rows = Round.objects.filter(person_id__in=people, finished_at=None).annotate(last=Max("checkins__at"))
    when = {row.id: (row.person_id, row.last) for row in rows if row.last is not None and row.person_id is not None}
    met = CheckIn.objects.filter(round_id__in=when).select_related("checkpoint")
    return {when[one.round_id][0]: (one.checkpoint.names, one.at) for one in met if one.at == when[one.round_id][1]}


def _gaps(team_id: UUID, at: datetime) -> tuple[Gap, ...]:
    """The hours of the next day in which nobody of the team stands in a shift."""
    rows = ShiftPart.objects.filter(shift__team_id=team_id, shift__called_off_at=None, state=Part.SIGNED.value, starts_at__lt=at + AHEAD, ends_at__gt=at)
    return tuple(cover_gaps([(starts, ends, 1) for starts, ends in rows.values_list("starts_at", "ends_at")], since=at, until=at + AHEAD))


# -- one route ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoutePage:
    route: Route
    team: TeamFact
    checkpoints: tuple[Checkpoint, ...]
    metres: int
    templates: tuple[ShiftTemplate, ...]
    leads: bool


def route_page(*, actor: Actor, at: datetime, route_id: UUID) -> RoutePage:
    """One route with its checkpoints. Raises: NoSuchRoute; Forbidden: neither a captain of its team nor ``patrols.read`` there."""
    route = Route.objects.filter(id=route_id, retired_at=None).first()
    if route is None:
        raise NoSuchRoute
    may = leads(actor, at, route.team_id)
    team = led(actor, at, route.team_id, MANAGE if may else READ)
    points = tuple(Checkpoint.objects.filter(route=route, retired_at=None).order_by("place"))
    metres = route_metres([(one.lon, one.lat) for one in points], closed=route.closed)
    return RoutePage(route, team, points, round(metres), tuple(ShiftTemplate.objects.filter(team_id=route.team_id, last_on=None).order_by("at")), may)


def route_codes(*, actor: Actor, at: datetime, route_id: UUID, of: datetime) -> list[tuple[Checkpoint, Code]]:
    """The codes of a route's printed checkpoints as they are at ``of``, for those who lead its team: they open a check-in.

    Raises:
        NoSuchRoute, Forbidden.
    """
    page = route_page(actor=actor, at=at, route_id=route_id)
    led(actor, at, page.team.id)
    return [(one, code_of(one, of)) for one in page.checkpoints if one.shown == ROTATING[0]]


def displayed(*, secret: str, at: datetime) -> tuple[Checkpoint, Code] | None:
    """The checkpoint behind a display's private address and its code of the moment; None for an address that opens nothing."""
    digest = hashlib.sha256(secret.encode(errors="replace")).digest()
    found = Checkpoint.objects.filter(display=digest, retired_at=None, route__retired_at=None).first()
    return (found, code_of(found, at)) if found else None


# -- missed slots of an area ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MissBoard:
    """Missed slots of the areas that the actor sees; ``judged``: how many slots the span had."""

    lines: tuple[MissLine, ...]
    missed: int
    open: int
    forgiven: int
    cleared: int


def miss_board(*, actor: Actor, since: datetime, until: datetime, limit: int = 200) -> MissBoard:
    """Missed slots whose end lies in ``[since, until)``, where the actor has ``patrols.read``, the newest first."""
    actor.require_somewhere(READ)
    rows = Miss.objects.filter(in_scope(actor.scopes(READ), path="beat__route__area_path", confidentiality=""), ends_at__gte=since, ends_at__lt=until)
    states = list(rows.values_list("state", "cleared_at"))
    standing = [state for state, cleared in states if cleared is None]
    return MissBoard(
        tuple(_misses(rows, limit=limit)), len(standing), standing.count(Answer.OPEN.value), standing.count(Answer.FORGIVEN.value), len(states) - len(standing)
    )
