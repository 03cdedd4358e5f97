"""Teams and shifts in a story: founded, joined, trained, led, rostered, and what their figures have to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.teams import services as teams
from linli.directory.teams.rules import Cell
from linli.directory.teams.selectors import team_page, venue_matrix
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.duties.shifts.rules.presence import MissAnswer, Presence
from linli.engines.duties.shifts.rules.roster import RosterRule
from linli.engines.duties.shifts.rules.solve import Impossible, Proposal
from linli.engines.duties.shifts.selectors.presence import own_hours
from linli.engines.duties.shifts.selectors.rosters import Board, ShiftLine, board, own_shifts, proposal, signed_up
from linli.engines.duties.shifts.services import presence
from linli.engines.duties.shifts.services import rosters as shifts
from linli.engines.duties.shifts.services.publishing import publish_roster
from linli.flows.teams_are_messaged import MESSAGE
from linli.interfaces.scenario.team_parts import (
    MANAGER,
    WEEKDAYS,
    ActivityPart,
    CaptainPart,
    CoursePart,
    ExpectMessage,
    ExpectTeam,
    MemberPart,
    RosterPart,
    ShiftPart,
    SignPart,
    TeamPart,
)
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import actor_of_user, role_grant
from linli.kernel.access.services.users import create_user
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.selectors import inbox
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

WEEK = timedelta(days=7)


class TeamTelling:
    """The teams' part of a story; ``first`` is the midnight of its first day."""

    def __init__(self, *, first: datetime) -> None:
        self._first = first
        self._teams: dict[str, tuple[UUID, AreaNode]] = {}
        self._users: dict[str, UUID] = {}
        self._held = 0

    def steps(self) -> Mapping[str, Callable[[Any, datetime], list[str]]]:
        """What each thing of a step does: with the part and the time; says what was otherwise."""
        done: dict[str, Callable[[Any, datetime], list[str] | None]] = {
            "team": self._found, "member": self._member, "course": self._course, "captain": self._captain, "shift": self._shift, "sign": self._sign,
            "activity": self._activity,
        }  # fmt: skip
        return {
            **{name: self.refusing(act) for name, act in done.items()},
            "roster": self._roster,
            "expect_team": self._expect,
            "expect_message": self._message,
        }

    def refusing(self, act: Callable[[Any, datetime], list[str] | None]) -> Callable[[Any, datetime], list[str]]:
        """``act`` in a write of its own: a refusal has to be the one that the part names, and what is told is told at once."""

        def do(wanted: Any, at: datetime) -> list[str]:
            if getattr(wanted, "person", None):  # the account stays, whatever becomes of the step
                with write():
                    self.resident(wanted.person, at)
            try:
                with write():
                    wrong = act(wanted, at)
            except Refusal as refusal:
                return [] if refusal.code == wanted.refused else [f"refused: {refusal.code}"]
            while dispatch_once():
                pass
            return [f"not refused, expected {wanted.refused}"] if wanted.refused else wrong or []

        return do

    # -- who and where -----------------------------------------------------------------------------------------------

    def manager(self, area: AreaNode, role: str = MANAGER) -> Actor:
        """Somebody with the role at the area's own level of it."""
        section = active_playbook().section(DirectorySection)
        level = next((part.level for part in section.roles if part.code == role), "")
        own = ground().at_level(area.id, level) or ground().root
        return Actor(id=f"user:scenario-{role}", kind=ActorKind.USER, grants=(role_grant(section.access_roles().get(role, role), own.path),))

    def resident(self, name: str, at: datetime) -> Actor:
        """A resident with an account of their own, made when first named."""
        if name not in self._users:
            user = create_user(actor=SYSTEM, at=at, username=f"story-{len(self._users) + 1}", password=None, display_name=name, kind=User.Kind.RESIDENT)
            self._users[name] = user.id
        return actor_of_user(self._users[name], at)

    def team(self, name: str) -> tuple[UUID, AreaNode]:
        """A team that was founded in the story, and its area."""
        return self._teams[name]

    def area(self, team_id: UUID) -> AreaNode:
        return next(area for team, area in self._teams.values() if team == team_id)

    def moment(self, text: str) -> datetime:
        """``D2 19:05`` as an instant."""
        day, _, clock = text.partition(" ")
        return self._midnight(self._day(day)).replace(hour=int(clock[:2]), minute=int(clock[3:]))

    def day_of(self, at: datetime) -> str:
        """The day of the story that an instant lies on: ``D2``."""
        return f"D{(self._today(at) - self._first.date()).days + 1}"

    def _person(self, name: str, at: datetime) -> UUID:
        found = self.resident(name, at).person_id
        assert found is not None, f"{name} never asked to take part"
        return found

    def _day(self, text: str) -> date:
        return (self._first + timedelta(days=int(text[1:]) - 1)).date()

    def _midnight(self, day: date) -> datetime:
        zone = self._first.tzinfo
        assert isinstance(zone, ZoneInfo)
        return datetime.combine(day, time(), zone)

    def _week(self, text: str) -> tuple[datetime, datetime]:
        day = self._day(text)
        monday = day - timedelta(days=day.weekday())
        return self._midnight(monday), self._midnight(monday + WEEK)

    # -- steps -------------------------------------------------------------------------------------------------------

    def _found(self, wanted: TeamPart, at: datetime) -> None:
        lowest = ground().of_level(ground().levels[-1])
        grid = lowest[wanted.grid % len(lowest)]
        area = ground().chain(grid.id)[-2]
        actor, body = self.manager(area, wanted.role), ""
        names = {"zh": wanted.name, "en": wanted.name}
        if wanted.organisation:
            body = f"story-body-{len(self._teams)}"
            teams.enter_organisation(actor=actor, at=at, code=body, names=names, kind=wanted.organisation, area_code=area.code)
        new = teams.NewTeam(f"story-{len(self._teams)}", wanted.kind, names, area.code, body)
        self._teams[wanted.name] = teams.found_team(actor=actor, at=at, team=new), area

    def _member(self, wanted: MemberPart, at: datetime) -> None:
        team, area = self._teams[wanted.team]
        actor = self.resident(wanted.person, at)
        if wanted.leaves:
            page = team_page(actor=SYSTEM, at=at, today=at.date(), team_id=team)
            own = next(line.id for line in page.members if line.person_id == actor.person_id)
            teams.leave_team(actor=actor, at=at, membership_id=own)
            return
        membership = teams.apply_to_team(actor=actor, at=at, team_id=team, agreed=wanted.agreed, name=wanted.person)
        teams.answer_applicant(actor=self.manager(area), at=at, membership_id=membership, accept=wanted.accept)
        if wanted.core:
            teams.mark_core(actor=self.manager(area), at=at, membership_id=membership, core=True)

    def _course(self, wanted: CoursePart, at: datetime) -> None:
        team, area = self._teams[wanted.team]
        for name in wanted.people:
            person = self._person(name, at)
            teams.pass_course(actor=self.manager(area), at=at, team_id=team, person_id=person, course=wanted.course, on=self._today(at))

    def _captain(self, wanted: CaptainPart, at: datetime) -> None:
        team, area = self._teams[wanted.team]
        given = {"actor": self.manager(area), "at": at, "team_id": team, "ends_at": self._midnight(self._day(wanted.until))}
        if wanted.takes_over:
            who = {"from_person": self._person(wanted.takes_over, at), "to_person": self._person(wanted.person, at)}
            teams.hand_over_captaincy(**given, **who, note="交接")  # type: ignore[arg-type]
        else:
            teams.appoint_captain(**given, person_id=self._person(wanted.person, at))  # type: ignore[arg-type]

    def _shift(self, wanted: ShiftPart, at: datetime) -> None:
        team, area = self._teams[wanted.team]
        days = tuple(WEEKDAYS.index(day) for day in wanted.weekdays)
        template = shifts.NewTemplate(
            {"zh": wanted.name, "en": wanted.name}, days, wanted.begins, wanted.minutes, wanted.least, wanted.most, self._today(at), skills=wanted.skills
        )
        shifts.lay_template(actor=self.manager(area), at=at, team_id=team, template=template)

    def _roster(self, wanted: RosterPart, at: datetime) -> list[str]:
        team, area = self._teams[wanted.team]
        since, until = self._week(wanted.week)
        actor = self.manager(area)
        signed = signed_up(actor=actor, at=at, team_id=team, since=since, until=until)
        answer = proposal(actor=actor, at=at, team_id=team, since=since, until=until)
        if isinstance(answer, Proposal):
            with write():
                publish_roster(actor=actor, at=at, team_id=team, roster=answer.roster, shown=signed)
            return ["a roster was found"] if wanted.impossible else []
        named = sorted(answer.rules) if isinstance(answer, Impossible) else []
        return [] if wanted.impossible and named == sorted(wanted.impossible) else [f"no roster: {', '.join(named) or 'undecided'}"]

    def _sign(self, wanted: SignPart, at: datetime) -> list[str]:
        actor, line = self.resident(wanted.person, at), self._line(wanted, at)
        common: dict[str, Any] = {"actor": actor, "at": at, "shift_id": line.id}
        if wanted.verb == "leave":
            shifts.cancel(**common)
        elif wanted.verb == "offer":
            shifts.offer(**common)
        elif wanted.verb in ("arrive", "finish"):
            verb = presence.arrive if wanted.verb == "arrive" else presence.leave
            verb(**common, happened_at=self.moment(wanted.happened) if wanted.happened else None)
        elif wanted.verb in ("excuse", "came"):
            leader = self.resident(wanted.by, at) if wanted.by else self.manager(self._teams[wanted.team][1])
            missing = line.standings[self._person(wanted.person, at)].miss_id
            answer = MissAnswer.CAME if wanted.verb == "came" else MissAnswer.EXCUSED
            presence.answer_miss(actor=leader, at=at, miss_id=missing or line.id, wanted=answer, words=wanted.words)
        elif wanted.verb == "take":
            offers = next(own.offers for own in own_shifts(actor=actor, at=at) if own.id == line.id)
            shifts.take_offer(**common, part_id=offers[0])
        else:
            part_now = shifts.sign_up(**common).value
            if wanted.part not in (None, part_now):
                return [f"{part_now}, expected {wanted.part}"]
        return []

    def _line(self, wanted: SignPart, at: datetime) -> ShiftLine:
        team, _area = self._teams[wanted.team]
        day = self._midnight(self._day(wanted.day))
        found = self._board(team, at, day, day + timedelta(days=1)).shifts
        return next(line for line in found if line.names["zh"] == wanted.shift)

    def _activity(self, wanted: ActivityPart, at: datetime) -> None:
        team, area = self._teams[wanted.team]
        for _ in range(wanted.times):
            self._held += 1
            teams.record_activity(
                actor=self.manager(area), at=at, team_id=team, venue=wanted.venue, topic=wanted.topic, held_at=at, self_led=wanted.self_led,
                attendances=wanted.attendances, leaflets=wanted.leaflets, key=f"story-{self._held}",
            )  # fmt: skip

    # -- expectations ------------------------------------------------------------------------------------------------

    def _expect(self, wanted: ExpectTeam, at: datetime) -> list[str]:
        found = dict(self._of_team(wanted, at)) if wanted.team else self._of_matrix(wanted, at)
        if wanted.person:
            found["shifts_behind"], minutes = own_hours(actor=self.resident(wanted.person, at), at=at)
            found["hours"] = minutes / 60
        asked = wanted.model_dump(exclude_none=True, exclude={"team", "week", "kind", "venue", "person"})
        asked |= {"broken": sorted(asked["broken"])} if "broken" in asked else {}
        return [f"{name} is {found.get(name)}, expected {value}" for name, value in asked.items() if found.get(name) != value]

    def _message(self, wanted: ExpectMessage, at: datetime) -> list[str]:
        while dispatch_once():
            pass
        had = [item for item in inbox(self.resident(wanted.person, at)) if item.template == MESSAGE.key]
        wrong = [] if len(had) == wanted.times else [f"{len(had)} messages, expected {wanted.times}"]
        return wrong + ([] if not had or wanted.says in had[0].body else [f"“{had[0].body}”, expected “{wanted.says}”"])

    def _of_team(self, wanted: ExpectTeam, at: datetime) -> Iterator[tuple[str, Any]]:
        team, _area = self._teams[wanted.team or ""]
        page = team_page(actor=SYSTEM, at=at, today=self._today(at), team_id=team)
        yield from (
            ("members", page.line.members),
            ("captains", sum(line.captain_until is not None for line in page.members)),
            ("recruiting", page.line.recruiting),
        )
        yield from self._figures(page.figures)
        if wanted.week:
            week = self._board(team, at, *self._week(wanted.week))
            rules = {broken.rule for line in week.shifts for broken in line.broken}
            yield "uncovered", round(sum((gap.ends - gap.starts).total_seconds() for gap in week.gaps) / 3600)
            yield "broken", sorted(rules)
            yield "alone_at_night", RosterRule.PAIRS in rules
            yield "missing", sum(one.presence is Presence.MISSING for line in week.shifts for one in line.standings.values())

    def _of_matrix(self, wanted: ExpectTeam, at: datetime) -> dict[str, Any]:
        cells = venue_matrix(actor=SYSTEM, since=self._first, until=at + timedelta(seconds=1))
        return dict(self._figures(cells.get((wanted.kind, wanted.venue), Cell())))

    @staticmethod
    def _figures(cell: Cell) -> Iterator[tuple[str, Any]]:
        yield from (("sessions", cell.sessions), ("self_led_share", cell.share), ("attendances", cell.attendances), ("leaflets", cell.leaflets))

    def _board(self, team: UUID, at: datetime, since: datetime, until: datetime) -> Board:
        return board(actor=SYSTEM, at=at, team_id=team, since=since, until=until)

    def _today(self, at: datetime) -> date:
        return at.astimezone(self._first.tzinfo).date()
