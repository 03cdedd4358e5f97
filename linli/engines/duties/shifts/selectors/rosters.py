"""Rosters: the board with its broken rules and gaps and who is there, a proposal, one's own coming shifts, the calendar feed."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Q

from linli.directory.people.selectors import names_of
from linli.directory.teams.playbook import team_kinds
from linli.directory.teams.rules import missing_courses
from linli.directory.teams.selectors import members_with_courses, own_parts, team_fact
from linli.directory.teams.services import is_captain
from linli.engines.duties.shifts.models import CalendarFeed, Shift, ShiftPart, ShiftTemplate
from linli.engines.duties.shifts.playbook import MANAGE, READ, shifts_section
from linli.engines.duties.shifts.rules.roster import Broken, Gap, Slot, Volunteer, at_night, broken_rules, cover_gaps, week_of
from linli.engines.duties.shifts.rules.signing import Part
from linli.engines.duties.shifts.rules.solve import Answer, propose
from linli.engines.duties.shifts.selectors.presence import THERE, Standing, standings
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope
from linli.kernel.calendar.selectors import working_calendar

SHIFTS_MOST = 5_000  # on one page of the calendar
FEED_BACK, FEED_AHEAD = timedelta(days=31), timedelta(days=92)


@dataclass(frozen=True, slots=True)
class ShiftLine:
    """One shift of a roster: who is in it (id and name), who waits, what is broken, and how those stand to it who are in it."""

    id: UUID
    names: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    least: int
    most: int
    called_off: bool
    people: tuple[tuple[UUID, str], ...]
    waiting: tuple[tuple[UUID, str], ...]
    broken: tuple[Broken, ...]
    standings: Mapping[UUID, Standing]


@dataclass(frozen=True, slots=True)
class Board:
    """A team's roster of a span: shifts in order, everybody who could be in them, the gaps in the cover, and whether the actor leads."""

    shifts: tuple[ShiftLine, ...]
    members: tuple[tuple[UUID, str], ...]
    gaps: tuple[Gap, ...]
    templates: tuple[ShiftTemplate, ...]
    leads: bool


@dataclass(frozen=True, slots=True)
class OwnShift:
    """A shift of one of one's teams, as one sees it. ``offers``: places that colleagues would hand over (their parts' ids)."""

    id: UUID
    team: dict[str, str]
    names: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    taken: int
    most: int
    part: str
    offered: bool
    offers: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class CalendarShift:
    """A shift on the desk's calendar: how many are in it, and how many it needs at least."""

    id: UUID
    team: dict[str, str]
    names: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    there: int
    least: int
    code: str


@dataclass(frozen=True, slots=True)
class FeedShift:
    """A shift in a calendar."""

    id: UUID
    team: dict[str, str]
    names: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    called_off: bool


def _leads(actor: Actor, at: datetime, team_id: UUID, permission: str) -> bool:
    team = team_fact(team_id)
    captain = is_captain(team_id, actor.person_id, at)
    if not captain and not actor.may(MANAGE, area_path=team.area_path):
        actor.require(permission, area_path=team.area_path)
        return False
    return True


def board(*, actor: Actor, at: datetime, team_id: UUID, since: datetime, until: datetime, roster: Mapping[UUID, frozenset[UUID]] | None = None) -> Board:
    """A team's roster in ``[since, until)``: as it stands, or as ``roster`` would have it.

    Raises:
        NoSuchTeam; Forbidden: neither its captain nor ``shifts.read`` there.
    """
    leads = _leads(actor, at, team_id, READ)
    shifts = list(Shift.objects.filter(team_id=team_id, starts_at__gte=since, starts_at__lt=until).select_related("template").order_by("starts_at", "id"))
    parts = list(ShiftPart.objects.filter(shift__in=shifts, state__in=[Part.SIGNED.value, Part.WAITING.value]).order_by("at", "id"))
    signed: dict[UUID, set[UUID]] = defaultdict(set)
    waiting: dict[UUID, list[UUID]] = defaultdict(list)
    for part in parts:
        if part.state == Part.SIGNED:
            signed[part.shift_id].add(part.person_id)
        else:
            waiting[part.shift_id].append(part.person_id)
    there = {shift.id: frozenset(signed[shift.id]) if roster is None else roster.get(shift.id, frozenset()) for shift in shifts}
    standing_of = standings(shifts, parts, at=at)
    standing = [shift for shift in shifts if shift.called_off_at is None]
    slots, people = _slots(standing), _volunteers(team_id, standing, since=since)
    broken: dict[UUID, list[Broken]] = defaultdict(list)
    for one in broken_rules(slots, people, there, limits=shifts_section().limits()):
        broken[one.slot].append(one)
    names = names_of({*(person.id for person in people), *(person for rows in there.values() for person in rows), *(part.person_id for part in parts)})

    def named(rows: Iterable[UUID]) -> tuple[tuple[UUID, str], ...]:
        return tuple(sorted(((person, names.get(person, "")) for person in rows), key=lambda row: (row[1], row[0])))

    lines = tuple(
        ShiftLine(
            shift.id, shift.template.names, shift.starts_at, shift.ends_at, shift.least, shift.most, shift.called_off_at is not None,
            named(there[shift.id]), tuple((person, names.get(person, "")) for person in waiting[shift.id]), tuple(broken[shift.id]), standing_of[shift.id],
        )
        for shift in shifts
    )  # fmt: skip
    covered = [(shift.starts_at, shift.ends_at, len(there[shift.id])) for shift in standing]
    running = Shift.objects.filter(team_id=team_id, starts_at__lt=since, ends_at__gt=since, called_off_at=None)
    rows = ShiftPart.objects.filter(shift__in=running, state=Part.SIGNED.value).values_list("starts_at", "ends_at")
    covered += [(starts, ends, 1) for starts, ends in rows]
    gaps = tuple(cover_gaps(covered, since=since, until=until))
    return Board(lines, named(person.id for person in people), gaps, tuple(ShiftTemplate.objects.filter(team_id=team_id).order_by("at")), leads)


def signed_up(*, actor: Actor, at: datetime, team_id: UUID, since: datetime, until: datetime) -> dict[UUID, frozenset[UUID]]:
    """Who is signed up for each shift that begins in ``[since, until)``: what a choice is held against when it is published.

    Raises:
        NoSuchTeam; Forbidden: neither its captain nor ``shifts.read`` there.
    """
    _leads(actor, at, team_id, READ)
    shifts = Shift.objects.filter(team_id=team_id, starts_at__gte=since, starts_at__lt=until)
    found: dict[UUID, set[UUID]] = {shift_id: set() for shift_id in shifts.values_list("id", flat=True)}
    for shift_id, person in ShiftPart.objects.filter(shift__in=found, state=Part.SIGNED.value).values_list("shift_id", "person_id"):
        found[shift_id].add(person)
    return {shift_id: frozenset(people) for shift_id, people in found.items()}


def proposal(*, actor: Actor, at: datetime, team_id: UUID, since: datetime, until: datetime) -> Answer:
    """A roster proposed for the shifts of ``[since, until)`` that have not begun; who signed up stays. Nothing is written.

    Raises:
        NoSuchTeam; Forbidden: neither its captain nor ``shifts.manage`` there.
    """
    _leads(actor, at, team_id, MANAGE)
    wanted = Shift.objects.filter(team_id=team_id, starts_at__gte=max(since, at), starts_at__lt=until, called_off_at=None)
    shifts = list(wanted.select_related("template").order_by("starts_at", "id"))
    fixed = ShiftPart.objects.filter(shift__in=shifts, state=Part.SIGNED.value).values_list("shift_id", "person_id")
    return propose(_slots(shifts), _volunteers(team_id, shifts, since=since), limits=shifts_section().limits(), fixed=list(fixed))


def _slots(shifts: Iterable[Shift]) -> list[Slot]:
    limits, zone = shifts_section().limits(), working_calendar().zone
    return [
        Slot(
            shift.id, shift.starts_at, shift.ends_at, shift.least, shift.most, shift.skills,
            at_night(shift.starts_at, shift.ends_at, limits=limits, zone=zone), week_of(shift.starts_at, zone=zone),
        )
        for shift in shifts
    ]  # fmt: skip


def _volunteers(team_id: UUID, shifts: list[Shift], *, since: datetime) -> list[Volunteer]:
    """The members of a team for a roster: courses, shifts behind them and held elsewhere in these weeks, and what those or missing courses rule out."""
    section, zone = shifts_section(), working_calendar().zone
    kind = team_kinds().get(team_fact(team_id).kind)
    members = members_with_courses(team_id)
    done = ShiftPart.objects.filter(THERE, person_id__in=members, starts_at__lt=since)
    behind = Counter(done.values_list("person_id", flat=True))
    rest = timedelta(hours=section.rest_hours)
    elsewhere: dict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    held: dict[UUID, Counter[date]] = defaultdict(Counter)
    carried_until = since
    if shifts:
        weeks = {week_of(shift.starts_at, zone=zone) for shift in shifts}
        begin, end = (datetime.combine(week, time(), zone) for week in (min(weeks), max(weeks) + timedelta(days=7)))
        carried_until = min(since, begin)
        first, last = min(begin, min(shift.starts_at for shift in shifts) - rest), max(end, max(shift.ends_at for shift in shifts) + rest)
        others = ShiftPart.objects.filter(person_id__in=members, state=Part.SIGNED.value, starts_at__lt=last, ends_at__gt=first).exclude(shift__in=shifts)
        for person, starts, ends in others.values_list("person_id", "starts_at", "ends_at"):
            elsewhere[person].append((starts, ends))
            if (week := week_of(starts, zone=zone)) in weeks:
                held[person][week] += 1
    recent = Counter(done.filter(starts_at__gte=since - timedelta(days=section.fairness_days), starts_at__lt=carried_until).values_list("person_id", flat=True))
    found = []
    for person, passed in sorted(members.items()):
        away = set()
        for shift in shifts:
            lacking = kind is not None and missing_courses(kind, passed, day=shift.starts_at.astimezone(zone).date())
            if lacking or any(starts < shift.ends_at + rest and shift.starts_at < ends + rest for starts, ends in elsewhere[person]):
                away.add(shift.id)
        day = since.astimezone(zone).date()
        skills = frozenset(one.course for one in passed if one.holds(day))
        found.append(Volunteer(person, skills, behind[person] < section.experienced_after, recent[person], frozenset(away), held[person]))
    return found


def own_shifts(*, actor: Actor, at: datetime, limit: int = 60) -> list[OwnShift]:
    """The coming shifts of the actor's teams, the next one first; empty for somebody in no team."""
    if actor.person_id is None:
        return []
    teams = {part.team_id: part.names for part in own_parts(actor=actor, at=at, today=at.astimezone(working_calendar().zone).date()) if not part.waiting}
    wanted = Shift.objects.filter(team_id__in=teams, starts_at__gt=at, called_off_at=None)
    shifts = list(wanted.select_related("template").order_by("starts_at", "id")[:limit])
    own: dict[UUID, ShiftPart] = {}
    taken: Counter[UUID] = Counter()
    offers: dict[UUID, list[UUID]] = defaultdict(list)
    for part in ShiftPart.objects.filter(shift__in=shifts, state__in=[Part.SIGNED.value, Part.WAITING.value]).order_by("offered_at", "id"):
        taken[part.shift_id] += part.state == Part.SIGNED
        if part.person_id == actor.person_id:
            own[part.shift_id] = part
        elif part.offered_at is not None:
            offers[part.shift_id].append(part.id)
    return [
        OwnShift(
            shift.id, teams[shift.team_id], shift.template.names, shift.starts_at, shift.ends_at, taken[shift.id], shift.most,
            own[shift.id].state if shift.id in own else "", shift.id in own and own[shift.id].offered_at is not None, tuple(offers[shift.id]),
        )
        for shift in shifts
    ]  # fmt: skip


def shift_days(*, actor: Actor, since: datetime, until: datetime, area_path: str = "", mine: bool = False) -> list[CalendarShift]:
    """The shifts that begin in ``[since, until)`` of the teams whose rosters the actor may see, and the actor's own; two queries at most."""
    own = Q(parts__person_id=actor.person_id, parts__state=Part.SIGNED.value) if actor.person_id is not None else Q(pk__in=[])
    seen = own if mine else own | in_scope(actor.scopes(READ), path="team__area_path", confidentiality="")
    wanted = Shift.objects.filter(seen, starts_at__gte=since, starts_at__lt=until, called_off_at=None, team__area_path__startswith=area_path)
    ids = list(wanted.values_list("id", flat=True).distinct()[:SHIFTS_MOST])
    rows = Shift.objects.filter(id__in=ids).select_related("template", "team").annotate(there=Count("parts", filter=Q(parts__state=Part.SIGNED.value)))
    return [
        CalendarShift(row.id, row.team.names, row.template.names, row.starts_at, row.ends_at, row.there, row.least, row.team.code)
        for row in rows.order_by("starts_at", "id")
    ]


def has_feed(*, actor: Actor) -> bool:
    """Whether the actor has a private calendar address."""
    return actor.person_id is not None and CalendarFeed.objects.filter(person_id=actor.person_id).exists()


def person_of_feed(secret: str) -> UUID | None:
    """Whose private calendar address this is; None for one that opens nothing."""
    digest = hashlib.sha256(secret.encode(errors="replace")).digest()
    return CalendarFeed.objects.filter(digest=digest).values_list("person_id", flat=True).first()


def feed_shifts(*, secret: str, at: datetime) -> list[FeedShift] | None:
    """The shifts of the person to whom a private address belongs, called off ones marked; None for an address that opens nothing."""
    person = person_of_feed(secret)
    if person is None:
        return None
    rows = ShiftPart.objects.filter(person_id=person, starts_at__gte=at - FEED_BACK, starts_at__lt=at + FEED_AHEAD).exclude(state=Part.WAITING.value)
    latest: dict[UUID, ShiftPart] = {}
    for row in rows.select_related("shift__template", "shift__team").order_by("at", "id"):
        latest[row.shift_id] = row
    return [
        FeedShift(row.shift_id, row.shift.team.names, row.shift.template.names, row.starts_at, row.ends_at, row.state != Part.SIGNED)
        for row in sorted(latest.values(), key=lambda row: (row.starts_at, row.shift_id))
    ]


def shift_briefs(shift_ids: Collection[UUID]) -> dict[UUID, FeedShift]:
    """Shifts in the few words of a notice; one query."""
    rows = Shift.objects.filter(id__in=shift_ids).select_related("template", "team")
    return {row.id: FeedShift(row.id, row.team.names, row.template.names, row.starts_at, row.ends_at, row.called_off_at is not None) for row in rows}


def due_shifts(*, at: datetime, limit: int, without: Collection[UUID]) -> list[UUID]:
    """Shifts that have begun by ``at`` and were not seen to, however long ago, the oldest first; one look at an index of those."""
    unseen = Shift.objects.filter(begun=False, called_off_at=None, starts_at__lte=at).exclude(id__in=without)
    return list(unseen.order_by("starts_at", "id").values_list("id", flat=True)[:limit])
