"""Reads of teams: lists, one team's page, what somebody takes part in, and the figures of team × venue."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from linli.directory.people.selectors import names_of
from linli.directory.teams.models import Activity, Captaincy, MemberOrganisation, Membership, Team, Training
from linli.directory.teams.playbook import MANAGE, READ, team_kinds
from linli.directory.teams.rules import Cell, Passed, Session, TeamKind, matrix, missing_courses
from linli.directory.teams.services import NoSuchTeam, is_captain
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team on a list, with its counts."""

    id: UUID
    code: str
    kind: str
    names: dict[str, str]
    area_id: UUID
    organisation: dict[str, str]
    recruiting: bool
    members: int
    core: int
    waiting: int


@dataclass(frozen=True, slots=True)
class MemberLine:
    """Somebody's part in a team: name, since when, courses that are missing, and the end of the captain's term if there is one."""

    id: UUID
    person_id: UUID
    name: str
    since: datetime
    core: bool
    missing: tuple[str, ...]
    captain_until: datetime | None


@dataclass(frozen=True, slots=True)
class TeamPage:
    line: TeamLine
    kind: TeamKind | None
    members: tuple[MemberLine, ...]
    applicants: tuple[MemberLine, ...]
    activities: tuple[Any, ...]
    figures: Cell
    handed_over: tuple[tuple[str, datetime, str], ...]
    leads: bool
    manages: bool


@dataclass(frozen=True, slots=True)
class OwnPart:
    """A team that somebody is in, or waits for."""

    membership_id: UUID
    team_id: UUID
    code: str
    names: dict[str, str]
    kind: str
    waiting: bool
    missing: tuple[str, ...]
    captain_until: datetime | None


def _counted(rows: Any) -> Any:
    member = Q(memberships__left_at=None, memberships__joined_at__isnull=False)
    return rows.select_related("organisation").annotate(
        members=Count("memberships", filter=member, distinct=True),
        core=Count("memberships", filter=member & Q(memberships__core=True), distinct=True),
        waiting=Count("memberships", filter=Q(memberships__left_at=None, memberships__joined_at=None), distinct=True),
    )


def _line(row: Any) -> TeamLine:
    body = row.organisation.names if row.organisation else {}
    return TeamLine(row.id, row.code, row.kind, row.names, row.area_id, body, row.recruiting, row.members, row.core, row.waiting)


def teams(*, actor: Actor, limit: int = 500) -> list[TeamLine]:
    """Teams where the actor has ``teams.read``, in order of area and code. Raises Forbidden where that is nowhere."""
    actor.require_somewhere(READ)
    rows = _counted(Team.objects.filter(in_scope(actor.scopes(READ), confidentiality=""), disbanded_at=None))
    return [_line(row) for row in rows.order_by("area_path", "code")[:limit]]


def open_teams(*, limit: int = 200) -> list[TeamLine]:
    """Teams that take people in: public, as their doors are."""
    return [_line(row) for row in _counted(Team.objects.filter(disbanded_at=None, recruiting=True)).order_by("area_path", "code")[:limit]]


def organisations(*, actor: Actor) -> list[tuple[str, dict[str, str], str]]:
    """Member organisations (code, names, kind), for those who may see teams somewhere."""
    actor.require_somewhere(READ)
    return list(MemberOrganisation.objects.filter(left_at=None).order_by("code").values_list("code", "names", "kind"))


def team_of_code(code: str) -> UUID | None:
    """The team of a code; None for an unknown one."""
    return Team.objects.filter(code=code, disbanded_at=None).values_list("id", flat=True).first()


@dataclass(frozen=True, slots=True)
class TeamFact:
    """What other rooms need of a team: its kind, names and area."""

    id: UUID
    code: str
    kind: str
    names: dict[str, str]
    area_path: str


def team_fact(team_id: UUID) -> TeamFact:
    """A team that is there. Raises: NoSuchTeam."""
    row = Team.objects.filter(id=team_id, disbanded_at=None).first()
    if row is None:
        raise NoSuchTeam
    return TeamFact(row.id, row.code, row.kind, row.names, row.area_path)


def names_of_teams(team_ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """The names of those of the teams that still stand; one query."""
    return dict(Team.objects.filter(id__in=set(team_ids), disbanded_at=None).values_list("id", "names"))


def captains_of(team_id: UUID, at: datetime) -> list[UUID]:
    """Who leads a team at that instant, whoever began first first."""
    return list(Captaincy.objects.filter(team_id=team_id, starts_at__lte=at, ends_at__gt=at).order_by("starts_at", "id").values_list("person_id", flat=True))


def members_around(kinds: Collection[str], area_paths: Collection[str]) -> list[tuple[UUID, str, str]]:
    """Whoever is in a team of one of these kinds that stands in one of the areas or below: (person, kind, area's path); one query."""
    below = Q()
    for path in area_paths:
        below |= Q(team__area_path__startswith=path)
    rows = Membership.objects.filter(below, team__kind__in=list(kinds), team__disbanded_at=None, joined_at__isnull=False, left_at=None)
    return list(rows.order_by("person_id", "team_id").values_list("person_id", "team__kind", "team__area_path"))


def members_with_courses(team_id: UUID) -> dict[UUID, tuple[Passed, ...]]:
    """The members of a team with the courses that each passed; two queries. For rosters."""
    people = Membership.objects.filter(team_id=team_id, joined_at__isnull=False, left_at=None).values_list("person_id", flat=True)
    found: dict[UUID, list[Passed]] = {person: [] for person in people}
    for person, course, on, until in Training.objects.filter(person_id__in=found).values_list("person_id", "course", "passed_on", "valid_until"):
        found[person].append(Passed(course, on, until))
    return {person: tuple(passed) for person, passed in found.items()}


def teams_around(area_path: str) -> list[TeamFact]:
    """The teams that work in an area: of it, of one below it, or of one above it; one query."""
    above = ["/".join(area_path.split("/")[:count]) + "/" for count in range(1, area_path.count("/") + 1)]
    rows = Team.objects.filter(Q(area_path__startswith=area_path) | Q(area_path__in=above), disbanded_at=None)
    return [TeamFact(row.id, row.code, row.kind, row.names, row.area_path) for row in rows.order_by("code")]


def ready_members(team_ids: Collection[UUID], today: date) -> dict[UUID, UUID]:
    """Members of these teams who have passed the courses of its kind that count today, each with the (first) team; three queries."""
    kinds = dict(Team.objects.filter(id__in=team_ids, disbanded_at=None).values_list("id", "kind"))
    parts = list(Membership.objects.filter(team_id__in=kinds, joined_at__isnull=False, left_at=None).order_by("team__code").values_list("team_id", "person_id"))
    passed: dict[UUID, list[Passed]] = {}
    trained = Training.objects.filter(person_id__in={person for _, person in parts})
    for person, course, on, until in trained.values_list("person_id", "course", "passed_on", "valid_until"):
        passed.setdefault(person, []).append(Passed(course, on, until))
    known, found = team_kinds(), dict[UUID, UUID]()
    for team, person in parts:
        kind = known.get(kinds[team])
        if kind is not None and not missing_courses(kind, passed.get(person, ()), day=today):
            found.setdefault(person, team)
    return found


def team_page(*, actor: Actor, at: datetime, today: date, team_id: UUID) -> TeamPage:
    """One team with its people and activities, for those with ``teams.read`` there and for its captains.

    Raises:
        NoSuchTeam, Forbidden.
    """
    row = _counted(Team.objects.filter(id=team_id, disbanded_at=None)).first()
    if row is None:
        raise NoSuchTeam
    leads = is_captain(team_id, actor.person_id, at)
    if not leads:
        actor.require(READ, area_path=row.area_path)
    kind = team_kinds().get(row.kind)
    parts = list(Membership.objects.filter(team_id=team_id, left_at=None).order_by("joined_at", "agreed_at"))
    people = [part.person_id for part in parts]
    terms = dict(Captaincy.objects.filter(team_id=team_id, starts_at__lte=at, ends_at__gt=at).values_list("person_id", "ends_at"))
    past = Captaincy.objects.filter(team_id=team_id).exclude(handed_over="").order_by("-ends_at")[:10]
    names = names_of([*people, *(term.person_id for term in past)])
    missing = _missing(kind, people, today)
    lines = [
        MemberLine(part.id, part.person_id, names.get(part.person_id, ""), part.joined_at or part.agreed_at, part.core, missing.get(part.person_id, ()),
                   terms.get(part.person_id)) for part in parts
    ]  # fmt: skip
    joined = {part.id for part in parts if part.joined_at is not None}
    held = list(Activity.objects.filter(team_id=team_id).order_by("-at", "-id")[:30])
    sessions = Activity.objects.filter(team_id=team_id).values_list("team__kind", "venue", "self_led", "attendances", "leaflets")
    return TeamPage(
        _line(row), kind, tuple(line for line in lines if line.id in joined), tuple(line for line in lines if line.id not in joined), tuple(held),
        matrix(Session(*session) for session in sessions).get(("", ""), Cell()),
        tuple((names.get(term.person_id, ""), term.ends_at, term.handed_over) for term in past), leads or actor.may(MANAGE, area_path=row.area_path),
        actor.may(MANAGE, area_path=row.area_path),
    )  # fmt: skip


def _missing(kind: TeamKind | None, people: Iterable[UUID], today: date) -> dict[UUID, tuple[str, ...]]:
    passed: dict[UUID, list[Passed]] = {person: [] for person in people}
    for person, course, on, until in Training.objects.filter(person_id__in=passed).values_list("person_id", "course", "passed_on", "valid_until"):
        passed[person].append(Passed(course, on, until))
    return {person: missing_courses(kind, held, day=today) if kind else () for person, held in passed.items()}


def own_parts(*, actor: Actor, at: datetime, today: date) -> list[OwnPart]:
    """The teams that the actor is in or waits for; empty for somebody whom the directory does not know."""
    if actor.person_id is None:
        return []
    kinds = team_kinds()
    rows = Membership.objects.filter(person_id=actor.person_id, left_at=None).select_related("team").order_by("agreed_at")
    terms = dict(Captaincy.objects.filter(person_id=actor.person_id, starts_at__lte=at, ends_at__gt=at).values_list("team_id", "ends_at"))
    return [
        OwnPart(
            row.id, row.team_id, row.team.code, row.team.names, row.team.kind, row.joined_at is None,
            _missing(kinds.get(row.team.kind), [actor.person_id], today)[actor.person_id], terms.get(row.team_id),
        )
        for row in rows
    ]  # fmt: skip


def venue_matrix(*, actor: Actor, since: datetime, until: datetime) -> dict[tuple[str, str], Cell]:
    """Figures of activities by (kind of team, venue) in ``[since, until)`` where the actor has ``teams.read``; "" sums."""
    actor.require_somewhere(READ)
    rows = Activity.objects.filter(in_scope(actor.scopes(READ), path="team__area_path", confidentiality=""), at__gte=since, at__lt=until)
    return matrix(Session(*row) for row in rows.values_list("team__kind", "venue", "self_led", "attendances", "leaflets").iterator())
