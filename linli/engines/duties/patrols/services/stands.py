"""Who stands where: the shifts (and patrol duties) in which somebody may walk, and the routes that belong to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db.models import Q

from linli.directory.teams.selectors import TeamFact, team_fact
from linli.directory.teams.services import is_captain
from linli.engines.duties.models import Occurrence
from linli.engines.duties.patrols.models import Beat, Route
from linli.engines.duties.patrols.playbook import MANAGE, PatrolsSection, patrols_section
from linli.engines.duties.patrols.rules.slots import AfterTheShift, BeforeTheShift, Span
from linli.engines.duties.rules.task import State
from linli.engines.duties.services.frame import Frame, NoSuchRule, frame
from linli.engines.duties.shifts.models import ShiftPart
from linli.engines.duties.shifts.rules.roster import cover_gaps
from linli.engines.duties.shifts.rules.signing import Part
from linli.kernel.access.rules import Actor, NotSignedIn
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows

PATROL = "patrol"  # the kind of a duty that a route may be walked for
NEAR = timedelta(hours=12)  # how far a shift may be for "not yet" and "no more" to be said of it
_BEAT = ("id", "route", "shift", "duty", "starts_at", "ends_at", "minutes", "grace_minutes", "slots", "judged", "wake_at", "recorded_at")


class NotOnDuty(Refusal):
    code: ClassVar[str] = "patrols.not_on_duty"
    message: ClassVar[str] = N_("A route is walked by those who are in a shift of its team at that time.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


class NotOfTheDirectory(Refusal):
    code: ClassVar[str] = "patrols.not_of_the_directory"
    message: ClassVar[str] = N_("Patrols are for members of a team: join one first.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Stand:
    """A shift in which somebody is, or a patrol duty that somebody has, with the routes that may be walked in it.

    ``names``: of the weekly shift or the duty; ``team_id``: None for a duty.
    """

    id: UUID
    of_shift: bool
    team_id: UUID | None
    names: dict[str, str]
    starts: datetime
    ends: datetime
    routes: tuple[Route, ...]


def own_person(actor: Actor) -> UUID:
    """The actor's person. Raises: NotSignedIn, NotOfTheDirectory."""
    if actor.person_id is None:
        raise NotSignedIn if actor.user_id is None else NotOfTheDirectory
    return actor.person_id


def led(actor: Actor, at: datetime, team_id: UUID, permission: str = MANAGE) -> TeamFact:
    """A team that the actor leads, as its captain now or by the permission there. Raises: NoSuchTeam, Forbidden."""
    team = team_fact(team_id)
    if not is_captain(team_id, actor.person_id, at):
        actor.require(permission, area_path=team.area_path)
    return team


def stands_of(person: UUID, at: datetime) -> list[Stand]:
    """Where somebody stands at an instant, a shift's grace included; at most four queries."""
    return stands_between(person, since=at, until=at)


def stands_between(person: UUID, *, since: datetime, until: datetime) -> list[Stand]:
    """Where somebody stands at ``since`` and will stand by ``until``, a shift's grace included; at most four queries."""
    grace = timedelta(minutes=patrols_section().grace_minutes)
    parts = ShiftPart.objects.filter(person_id=person, state=Part.SIGNED.value, starts_at__lte=until, ends_at__gt=since - grace, shift__called_off_at=None)
    shifts = [part.shift for part in parts.select_related("shift__template").order_by("starts_at", "id")]
    walkable = Q(state=State.OPEN.value) | Q(state=State.MISSED.value, missed_at__gt=since)  # walked in time counts in time, however late its news
    walkable |= Q(state=State.PLANNED.value, opens_at__gt=since)
    duties = Occurrence.objects.filter(walkable, person_id=person, opens_at__lte=until, due_at__gt=since).order_by("due_at", "id")
    land = frame()
    open_duties = [(duty, names) for duty in duties[:100] if (names := _patrol_names(duty, land)) is not None]
    routes = routes_for({shift.team_id for shift in shifts}, [duty.area_path for duty, _ in open_duties], since)
    return [
        *(Stand(shift.id, True, shift.team_id, shift.template.names, shift.starts_at, shift.ends_at,
                tuple(route for route in routes if route.team_id == shift.team_id and route.template_id in (None, shift.template_id))) for shift in shifts),
        *(Stand(duty.id, False, None, names, duty.opens_at, duty.due_at, tuple(route for route in routes if _meets(route.area_path, duty.area_path)))
          for duty, names in open_duties),
    ]  # fmt: skip


def _patrol_names(duty: Occurrence, land: Frame) -> dict[str, str] | None:
    try:
        rule = land.rule(duty.policy, duty.rule)
    except NoSuchRule:
        return None
    return dict(rule.names) if rule.kind == PATROL else None


def _meets(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def routes_for(teams: set[UUID], paths: Iterable[str], at: datetime) -> list[Route]:
    """The routes in use of these teams, and those that meet these areas; one query."""
    wanted = Q(team_id__in=teams)
    for path in paths:
        above = ["/".join(path.split("/")[:count]) + "/" for count in range(1, path.count("/") + 1)]
        wanted |= Q(area_path__startswith=path) | Q(area_path__in=above)
    standing = Route.objects.filter(wanted, Q(retired_at=None) | Q(retired_at__gt=at), at__lte=at, team__disbanded_at=None)
    return list(standing.order_by("at", "id"))


def stand_for(person: UUID, route: Route, at: datetime) -> Stand:
    """The stand in which somebody may walk a route at an instant.

    Raises:
        BeforeTheShift, AfterTheShift: the nearest own shift of the team lies ahead, or is over. NotOnDuty: there is none near.
    """
    for stand in stands_of(person, at):
        if any(one.id == route.id for one in stand.routes):
            return stand
    own = ShiftPart.objects.filter(person_id=person, state=Part.SIGNED.value, shift__team_id=route.team_id, shift__called_off_at=None)
    if own.filter(starts_at__gt=at, starts_at__lt=at + NEAR).exists():
        raise BeforeTheShift
    if own.filter(ends_at__lte=at, ends_at__gt=at - NEAR).exists():
        raise AfterTheShift
    raise NotOnDuty


def is_alone(team_id: UUID, at: datetime) -> bool:
    """Whether fewer than two people of a team stand in its shifts at an instant: who is missing, or has gone, is nobody's company."""
    here = (Q(arrived_at__isnull=False) | Q(miss=None)) & (Q(left_at=None) | Q(left_at__gt=at))
    rows = ShiftPart.objects.filter(here, state=Part.SIGNED.value, shift__team_id=team_id, shift__called_off_at=None, starts_at__lte=at, ends_at__gt=at)
    standing = [(starts, ends, 1) for starts, ends in rows.values_list("starts_at", "ends_at")]
    return bool(cover_gaps(standing, since=at, until=at + timedelta(microseconds=1), wanted=2))


def span_of(beat: Beat) -> Span:
    """The beat's time as its rules want it."""
    return Span(beat.starts_at, beat.ends_at, timedelta(minutes=beat.minutes), timedelta(minutes=beat.grace_minutes))


def pace_of(route: Route, section: PatrolsSection, *, of_shift: bool, starts: datetime, ends: datetime) -> Span:
    """The time of a beat that begins now: slots of the route's interval or the playbook's in a shift, one slot in a duty."""
    minutes = (route.minutes or section.interval_minutes) if of_shift else max(1, int((ends - starts).total_seconds() // 60))
    return Span(starts, ends, timedelta(minutes=minutes), timedelta(minutes=min(section.grace_minutes, minutes - 1)))


def lay_beats(wanted: Iterable[tuple[Route, UUID, bool, datetime, datetime]]) -> int:
    """Have a beat for each (route, shift or duty, whether a shift, start, end); return how many are new. Safe to repeat."""
    section, made = patrols_section(), {True: list[tuple[object, ...]](), False: list[tuple[object, ...]]()}
    for route, stand, of_shift, starts, ends in wanted:
        span = pace_of(route, section, of_shift=of_shift, starts=starts, ends=ends)
        wake = span.judged_at(0) if of_shift else None
        minutes, grace = (int(one.total_seconds() // 60) for one in (span.interval, span.grace))
        row = (new_id(), route.id, stand if of_shift else None, None if of_shift else stand, starts, ends, minutes, grace, span.slots, 0, wake, machine_now())
        made[of_shift].append(row)
    new = 0
    for of_shift, rows in made.items():
        place = 2 if of_shift else 3
        rows.sort(key=lambda row: (str(row[place]), str(row[1])))
        if rows:
            new += insert_rows(Beat, _BEAT, rows, once=("shift_id" if of_shift else "duty_id", "route_id"))
    return new


def held_beat(route: Route, stand: Stand) -> Beat:
    """The beat of a route in a stand, made where it is not there yet, and held until the write ends: check-ins come one by one."""
    lay_beats([(route, stand.id, stand.of_shift, stand.starts, stand.ends)])
    of = {"shift_id": stand.id} if stand.of_shift else {"duty_id": stand.id}
    return Beat.objects.select_for_update(of=("self",)).get(route=route, **of)


def note(at: datetime, actor: str, action: str, subject: UUID, *, after: str = "", **details: object) -> None:
    """One audit entry. Rounds act under their own pseudonym, whose mapping to a person is forgotten in time (DECIDED 13)."""
    record([Entry(at=at, actor=actor, action=f"patrols.{action}", subject_type="patrol", subject=subject, to_state=after, details=details)])
