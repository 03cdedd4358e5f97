"""Founding teams, joining and leaving them, captains and their handing over, courses, activities."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db.models import Q

from linli.directory.people.services import NewPerson, enter_person, link_user
from linli.directory.teams.events import ActivityHeld, CaptainChanged, MemberJoined, MemberLeft, TeamDisbanded
from linli.directory.teams.models import Activity, Captaincy, MemberOrganisation, Membership, Team, Training
from linli.directory.teams.playbook import MANAGE, team_kinds, teams_section
from linli.directory.teams.rules import (
    NotRecruiting,
    Passed,
    TeamKind,
    UnknownCourse,
    UnknownTeamKind,
    UnknownVenue,
    check_consent,
    check_term,
    missing_courses,
)
from linli.directory.territory.selectors import ground
from linli.kernel.access.rules import Actor, NotSignedIn
from linli.kernel.audit.services import Entry, record
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LONGEST_TOPIC, LONGEST_NOTE = 200, 2000


class NoSuchTeam(Refusal):
    code: ClassVar[str] = "teams.no_such_team"
    message: ClassVar[str] = N_("There is no such team.")
    kind: ClassVar[Kind] = Kind.MISSING


class TeamTaken(Refusal):
    code: ClassVar[str] = "teams.taken"
    message: ClassVar[str] = N_("There is a team or organisation %(given)s already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class StillHasTeams(Refusal):
    code: ClassVar[str] = "teams.still_has_teams"
    message: ClassVar[str] = N_("Its team still stands; disband that first.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class AlreadyIn(Refusal):
    code: ClassVar[str] = "teams.already_in"
    message: ClassVar[str] = N_("You are in this team already, or wait for its answer.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NotAMember(Refusal):
    code: ClassVar[str] = "teams.not_a_member"
    message: ClassVar[str] = N_("This is nobody of the team.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "person"


class EnoughCaptains(Refusal):
    code: ClassVar[str] = "teams.enough_captains"
    message: ClassVar[str] = N_("This team has %(most)s captains already. Have one of them hand over, or wait until a term ends.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "person"


class CaptainAlready(Refusal):
    code: ClassVar[str] = "teams.captain_already"
    message: ClassVar[str] = N_("This member is a captain of the team already; a new term begins when that one has ended.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "person"


class CourseAhead(Refusal):
    code: ClassVar[str] = "teams.course_ahead"
    message: ClassVar[str] = N_("A course is written down once it is passed; this day lies ahead.")
    field: ClassVar[str] = "on"


class NotACaptain(Refusal):
    code: ClassVar[str] = "teams.not_a_captain"
    message: ClassVar[str] = N_("Whoever hands over is a captain of the team.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class BadActivity(Refusal):
    code: ClassVar[str] = "teams.bad_activity"
    message: ClassVar[str] = N_("An activity has a topic of at most %(most)s characters, counts from 0 to 100,000, and lies in the past.")
    field: ClassVar[str] = "topic"


@dataclass(frozen=True, slots=True)
class NewTeam:
    """A team to found: code, kind, names, the code of its area, the code of its member organisation if it is one's."""

    code: str
    kind: str
    names: Mapping[str, str]
    area_code: str
    organisation: str = ""


def found_team(*, actor: Actor, at: datetime, team: NewTeam) -> UUID:
    """Found a team. Refuses an actor without ``teams.manage`` there, an unknown kind, area or organisation, a code in use."""
    area = ground().by_code(team.area_code)
    actor.require(MANAGE, area_path=area.path)
    _kind(team.kind)
    if Team.objects.filter(code=team.code).exists() or not team.code.strip():
        raise TeamTaken(given=team.code)
    body = None
    if team.organisation:
        body = MemberOrganisation.objects.filter(code=team.organisation, left_at=None).first()
        if body is None:
            raise NoSuchTeam
    made = Team.objects.create(
        code=team.code.strip(), kind=team.kind, names=dict(team.names), area_id=area.id, area_path=area.path, organisation=body, founded_at=at,
        recorded_at=machine_now(),
    )  # fmt: skip
    _note(actor, at, "found", made.id, after=team.kind)
    return made.id


def enter_organisation(*, actor: Actor, at: datetime, code: str, names: Mapping[str, str], kind: str, area_code: str) -> UUID:
    """Enter a firm or a school that joins in. Refuses an actor without ``teams.manage`` there, a code in use."""
    area = ground().by_code(area_code)
    actor.require(MANAGE, area_path=area.path)
    if MemberOrganisation.objects.filter(code=code).exists() or not code.strip():
        raise TeamTaken(given=code)
    made = MemberOrganisation.objects.create(code=code.strip(), names=dict(names), kind=kind, area_id=area.id, joined_at=at)
    _note(actor, at, "enter_organisation", made.id, after=kind)
    return made.id


def end_organisation(*, actor: Actor, at: datetime, code: str) -> None:
    """A firm or a school joins in no more. Refuses one that is not there, an actor without ``teams.manage``, one whose team still stands."""
    body = MemberOrganisation.objects.select_for_update(of=("self",)).select_related("area").filter(code=code, left_at=None).first()
    if body is None:
        raise NoSuchTeam
    actor.require(MANAGE, area_path=ground().area(body.area_id).path)
    if Team.objects.filter(organisation=body, disbanded_at=None).exists():
        raise StillHasTeams
    MemberOrganisation.objects.filter(id=body.id).update(left_at=at)
    _note(actor, at, "end_organisation", body.id)


def disband_team(*, actor: Actor, at: datetime, team_id: UUID) -> None:
    """End a team: its people leave it, captains' terms end; what it did stays. Refuses an actor without ``teams.manage`` there."""
    team = _team(team_id, lock=True)
    actor.require(MANAGE, area_path=team.area_path)
    Captaincy.objects.filter(team=team, starts_at__lte=at, ends_at__gt=at).update(ends_at=at)
    left = list(Membership.objects.filter(team=team, left_at=None).values_list("person_id", flat=True))
    Membership.objects.filter(team=team, left_at=None).update(left_at=at, core=False)
    Team.objects.filter(id=team.id).update(disbanded_at=at, recruiting=False)
    _note(actor, at, "disband", team.id)
    publish([*(MemberLeft(key=team.id, at=at, person=person) for person in left), TeamDisbanded(key=team.id, at=at)])


def set_recruiting(*, actor: Actor, at: datetime, team_id: UUID, recruiting: bool) -> None:
    """Open or close the team's door. Refuses anybody but its captains and those who manage teams there."""
    team = _led(actor, at, team_id)
    Team.objects.filter(id=team.id).update(recruiting=recruiting)
    _note(actor, at, "recruit", team.id, after="open" if recruiting else "closed")


def apply_to_team(*, actor: Actor, at: datetime, team_id: UUID, agreed: bool, name: str = "", contact: str = "", language: str = "zh-hans") -> UUID:
    """Ask to take part, for oneself; who is not known to the directory yet gives a name. Return the membership.

    Raises:
        NotSignedIn: it needs an account of one's own.
        ConsentMissing, NotRecruiting, AlreadyIn, NoSuchTeam, NameMissing.
    """
    if actor.user_id is None:
        raise NotSignedIn
    check_consent(agreed)
    team = _team(team_id, lock=True)
    if not team.recruiting:
        raise NotRecruiting
    person = actor.person_id or _enter_volunteer(actor.user_id, at, name.strip(), contact, language)
    if Membership.objects.filter(team=team, person_id=person, left_at=None).exists():
        raise AlreadyIn
    made = Membership.objects.create(team=team, person_id=person, agreed_at=at, recorded_at=machine_now())
    _note(actor, at, "apply", team.id, details={"membership": str(made.id)})
    return made.id


def _enter_volunteer(user_id: UUID, at: datetime, name: str, contact: str, language: str) -> UUID:
    """A person of the directory for an account that has none yet: the volunteer's own doing, so the program enters them."""
    directory = Actor.system("volunteers")
    number = "V-" + "".join(secrets.choice(LETTERS) for _ in range(8))
    person = enter_person(actor=directory, at=at, person=NewPerson(number, name, contact, (language or "zh-hans",)))
    link_user(actor=directory, at=at, person_id=person, user_id=user_id)
    return person


def answer_applicant(*, actor: Actor, at: datetime, membership_id: UUID, accept: bool) -> None:
    """Take an applicant in, or say no. Refuses anybody but captains and managers; an application that was answered."""
    row = Membership.objects.select_for_update().filter(id=membership_id, joined_at=None, left_at=None).first()
    if row is None:
        raise NotAMember
    team = _led(actor, at, row.team_id)
    if accept:
        row.joined_at = at
        publish([MemberJoined(key=team.id, at=at, person=row.person_id)])
    else:
        row.left_at = at
        publish([MemberLeft(key=team.id, at=at, person=row.person_id)])
    row.save(update_fields=["joined_at", "left_at"])
    _note(actor, at, "answer", team.id, after="member" if accept else "declined", details={"membership": str(row.id)})


def mark_core(*, actor: Actor, at: datetime, membership_id: UUID, core: bool) -> None:
    """Say whether a member is of the team's core. Refuses anybody but captains and managers."""
    row = Membership.objects.select_for_update().filter(id=membership_id, joined_at__isnull=False, left_at=None).first()
    if row is None:
        raise NotAMember
    team = _led(actor, at, row.team_id)
    Membership.objects.filter(id=row.id).update(core=core)
    _note(actor, at, "mark_core", team.id, after="core" if core else "member", details={"membership": str(row.id)})


def leave_team(*, actor: Actor, at: datetime, membership_id: UUID) -> None:
    """Leave: one's own part at any time; another's by captains and managers. A captaincy ends with it."""
    row = Membership.objects.select_for_update().filter(id=membership_id, left_at=None).first()
    if row is None:
        raise NotAMember
    team = _team(row.team_id)
    if actor.person_id != row.person_id:
        team = _led(actor, at, row.team_id)
    Membership.objects.filter(id=row.id).update(left_at=at, core=False)
    _end_captaincy(team, row.person_id, at)
    _note(actor, at, "leave", team.id, details={"membership": str(row.id)})
    publish([MemberLeft(key=team.id, at=at, person=row.person_id)])


def pass_course(*, actor: Actor, at: datetime, team_id: UUID, person_id: UUID, course: str, on: date) -> None:
    """Write down that a member passed a course; the playbook says how long it counts. Safe to repeat.

    Refuses anybody but captains and managers, a day that lies ahead, an unknown course, nobody of the team.
    """
    team = _led(actor, at, team_id)
    if on > _today(at):
        raise CourseAhead
    known = next((part for part in teams_section().courses if part.code == course), None)
    if known is None:
        raise UnknownCourse(given=course)
    _member(team, person_id)
    until = on + timedelta(days=known.valid_days) if known.valid_days else None
    Training.objects.update_or_create(person_id=person_id, course=course, passed_on=on, defaults={"valid_until": until, "recorded_at": machine_now()})
    _note(actor, at, "pass_course", team.id, after=course)


def appoint_captain(*, actor: Actor, at: datetime, team_id: UUID, person_id: UUID, ends_at: datetime) -> UUID:
    """Appoint a member captain until a day.

    Refuses an actor without ``teams.manage`` there (captains do not appoint each other), a member whose courses are missing, a term
    that is too long, somebody who is captain already, one captain too many.
    """
    team = _team(team_id, lock=True)
    actor.require(MANAGE, area_path=team.area_path)
    return _appoint(actor, at, team, person_id, ends_at)


def _appoint(actor: Actor, at: datetime, team: Team, person_id: UUID, ends_at: datetime) -> UUID:
    kind = _kind(team.kind)
    _member(team, person_id)
    check_term(kind, starts=at, ends=ends_at, missing=courses_missing(kind, person_id, _today(at)))
    now_in = Captaincy.objects.filter(team=team, starts_at__lte=at, ends_at__gt=at)
    if Captaincy.objects.filter(team=team, person_id=person_id, ends_at__gt=at).exists():
        raise CaptainAlready
    if now_in.count() >= kind.captains:
        raise EnoughCaptains(most=kind.captains)
    made = Captaincy.objects.create(team=team, person_id=person_id, starts_at=at, ends_at=ends_at, recorded_at=machine_now())
    _note(actor, at, "appoint_captain", team.id, details={"captaincy": str(made.id)})
    publish([CaptainChanged(key=team.id, at=at, person=person_id)])
    return made.id


def hand_over_captaincy(*, actor: Actor, at: datetime, team_id: UUID, from_person: UUID, to_person: UUID, ends_at: datetime, note: str) -> UUID:
    """Hand a captaincy over: the old term ends and the new one begins at the same instant, with a note on the work.

    By the captain in person, or by those who manage teams. Refuses what :func:`appoint_captain` refuses.
    """
    team = _team(team_id, lock=True)
    if actor.person_id != from_person:
        actor.require(MANAGE, area_path=team.area_path)
    if not _end_captaincy(team, from_person, at, note.strip()[:LONGEST_NOTE]):
        raise NotACaptain
    return _appoint(actor, at, team, to_person, ends_at)


def _end_captaincy(team: Team, person_id: UUID, at: datetime, note: str = "") -> bool:
    running = Captaincy.objects.filter(team=team, person_id=person_id, starts_at__lte=at, ends_at__gt=at)
    return bool(running.update(ends_at=at, handed_over=note))


def record_activity(
    *, actor: Actor, at: datetime, team_id: UUID, venue: str, topic: str, held_at: datetime, self_led: bool, attendances: int, leaflets: int, key: str,
) -> UUID:  # fmt: skip
    """Write down an activity at a venue; the same key again gives the first one.

    Refuses anybody but captains and managers, an unknown venue, an activity that lies ahead or has impossible counts.
    """
    team = _led(actor, at, team_id)
    if venue not in {part.code for part in teams_section().venues}:
        raise UnknownVenue(given=venue)
    said = " ".join(topic.split())
    if not said or len(said) > LONGEST_TOPIC or not 0 <= attendances <= 100_000 or not 0 <= leaflets <= 100_000 or held_at > at:
        raise BadActivity(most=LONGEST_TOPIC)
    earlier = Activity.objects.filter(key=key, team=team).values_list("id", flat=True).first()
    if earlier is not None:
        return earlier
    made = Activity.objects.create(
        team=team, venue=venue, topic=said, at=held_at, recorded_at=machine_now(), self_led=self_led, attendances=attendances, leaflets=leaflets, key=key
    )
    _note(actor, held_at, "activity", team.id, after=venue, details={"activity": str(made.id)})
    publish([ActivityHeld(key=team.id, at=held_at, activity=made.id, venue=venue, self_led=self_led, attendances=attendances)])
    return made.id


def courses_missing(kind: TeamKind, person_id: UUID, day: date) -> tuple[str, ...]:
    """The courses that somebody lacks for a kind of team on a day: the gate of shifts and captaincies."""
    rows = Training.objects.filter(person_id=person_id).values_list("course", "passed_on", "valid_until")
    return missing_courses(kind, [Passed(*row) for row in rows], day=day)


def taking_part(person_ids: Collection[UUID]) -> set[UUID]:
    """Which of these people are in a team, or ask to be: retention of the directory spares them."""
    return set(Membership.objects.filter(person_id__in=person_ids, left_at=None).values_list("person_id", flat=True))


def is_captain(team_id: UUID, person_id: UUID | None, at: datetime) -> bool:
    """Whether somebody is a captain of the team at that instant."""
    if person_id is None:
        return False
    return Captaincy.objects.filter(Q(starts_at__lte=at, ends_at__gt=at), team_id=team_id, person_id=person_id).exists()


def is_member(team_id: UUID, person_id: UUID) -> bool:
    """Whether somebody is a member of the team (an applicant is not yet)."""
    return Membership.objects.filter(team_id=team_id, person_id=person_id, joined_at__isnull=False, left_at=None).exists()


def _led(actor: Actor, at: datetime, team_id: UUID) -> Team:
    """A team that the actor leads: as its captain now, or by ``teams.manage`` there."""
    team = _team(team_id)
    if not is_captain(team_id, actor.person_id, at):
        actor.require(MANAGE, area_path=team.area_path)
    return team


def _team(team_id: UUID, *, lock: bool = False) -> Team:
    rows = Team.objects.select_for_update(of=("self",)) if lock else Team.objects
    team = rows.filter(id=team_id, disbanded_at=None).first()
    if team is None:
        raise NoSuchTeam
    return team


def _member(team: Team, person_id: UUID) -> None:
    if not is_member(team.id, person_id):
        raise NotAMember


def _kind(code: str) -> TeamKind:
    kind = team_kinds().get(code)
    if kind is None:
        raise UnknownTeamKind(given=code)
    return kind


def _today(at: datetime) -> date:
    return at.astimezone(working_calendar().zone).date()


def _note(actor: Actor, at: datetime, action: str, team_id: UUID, *, after: str = "", details: Mapping[str, object] | None = None) -> None:
    record([Entry(at=at, actor=actor.id, action=f"teams.{action}", subject_type="team", subject=team_id, to_state=after, details=details or {})])
