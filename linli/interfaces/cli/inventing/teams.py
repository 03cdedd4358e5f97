"""Invented teams with their members, captains, rosters and activities."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from linli.directory.organisation.services.demo import invented_name
from linli.directory.teams import services as teams
from linli.directory.teams.playbook import team_kinds
from linli.directory.teams.selectors import team_page
from linli.directory.teams.selectors import teams as team_lines
from linli.engines.duties.shifts.rules.presence import MissAnswer
from linli.engines.duties.shifts.rules.solve import Proposal
from linli.engines.duties.shifts.selectors.rosters import Board, ShiftLine, board, own_shifts, proposal
from linli.engines.duties.shifts.services import rosters as shifts
from linli.engines.duties.shifts.services.presence import answer_miss, arrive, leave
from linli.engines.duties.shifts.services.publishing import publish_roster
from linli.engines.duties.shifts.tasks import sweep_missing
from linli.interfaces.cli.inventing.stage import DAY, SEED, WEEK, WEEKS, Stage
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.services.users import create_user
from linli.kernel.writing import write

FOUNDED = timedelta(days=200)
# Code, kind, names, how many members, the body whose team it is; weekly shifts: names, weekdays, begin, minutes, least, most.
TEAMS: tuple[tuple[str, str, str, str, int, str], ...] = (
    ("evening-patrol", "patrol", "晚巡一队", "Evening patrol", 10, ""),
    ("day-watch", "day_watch", "昼巡队", "Day watch", 8, ""),
    ("home-visits", "visiting", "暖心走访队", "Home visits", 7, ""),
    ("speakers", "publicity", "反诈宣讲队", "Speakers on fraud", 5, ""),
    ("school-gate", "patrol", "校门护学队", "School gate", 4, "school"),
    ("net-shops", "information_trades", "信息志愿者·沿街商铺", "Information volunteers: shops", 6, ""),
    ("net-lettings", "information_lettings", "信息志愿者·出租房屋", "Information volunteers: rented houses", 5, ""),
)
SHIFTS: tuple[tuple[str, str, str, tuple[int, ...], time, int, int, int], ...] = (
    ("evening-patrol", "晚间巡逻", "Evening walk", (1, 3, 5), time(19), 120, 2, 3),
    ("evening-patrol", "夜间巡逻", "Night walk", (4,), time(22), 180, 2, 3),
    ("day-watch", "上午值守", "Morning watch", (0, 1, 2, 3, 4), time(8), 240, 1, 2),
    ("day-watch", "下午值守", "Afternoon watch", (0, 2, 4), time(14), 240, 1, 2),
    ("school-gate", "放学护学", "After school", (0, 2, 4), time(15, 30), 60, 1, 2),
)
EXCUSES = ("家中老人住院，已提前电话说明。", "临时加班，已请队友顶班。", "发烧在家休息。")
TOPICS = ("反诈宣传", "燃气安全", "电动车充电", "防火小课堂", "一盔一带", "防溺水", "普法故事会", "垃圾分类")


def found_teams(stage: Stage) -> dict[str, list[UUID]]:
    """Found the teams with their rosters and a history of activities; return the people of each."""
    members = {code: _team(stage, code, kind, zh, en, number, body) for code, kind, zh, en, number, body in TEAMS}
    _shifts(stage, members)
    _activities(stage)
    return members


def _team(stage: Stage, code: str, kind: str, zh: str, en: str, number: int, body: str) -> list[UUID]:
    """Found a team and have invented residents join it, pass its courses and lead it; return its people."""
    founded = stage.start - FOUNDED
    names = {"zh": zh, "en": en}
    with write():
        if body:
            teams.enter_organisation(
                actor=SYSTEM, at=founded, code="first-school", names={"zh": "第一小学", "en": "First primary school"}, kind=body, area_code=stage.community.code
            )
        new = teams.NewTeam(code, kind, names, stage.community.code, "first-school" if body else "")
        team = teams.found_team(actor=SYSTEM, at=founded, team=new)
        for place in range(number):
            joined = founded + DAY * place
            seed = "volunteer" if (code, place) == ("evening-patrol", 0) else f"{code}-{place}"
            membership = _apply(team, seed, joined)
            teams.answer_applicant(actor=SYSTEM, at=joined, membership_id=membership, accept=True)
            if place < 3:
                teams.mark_core(actor=SYSTEM, at=joined, membership_id=membership, core=True)
        people = [line.person_id for line in team_page(actor=SYSTEM, at=stage.at, today=stage.at.date(), team_id=team).members]
        for place, person in enumerate(people):
            for course in team_kinds()[kind].courses if place < number - 1 else ():  # the newest still needs the courses
                passed = founded + 20 * DAY
                teams.pass_course(actor=SYSTEM, at=passed, team_id=team, person_id=person, course=course, on=passed.date())
        for person in people[:2]:
            if team_kinds()[kind].captains > 1:
                until = stage.at + timedelta(days=120)
                teams.appoint_captain(actor=SYSTEM, at=founded + 30 * DAY, team_id=team, person_id=person, ends_at=min(until, founded + 360 * DAY))
        _apply(team, f"{code}-new", stage.at - DAY)
    return people


def _apply(team: UUID, name: str, at: datetime) -> UUID:
    """An invented resident makes an account and asks to take part; return the membership."""
    user = create_user(actor=SYSTEM, at=at, username=name, password=None, display_name=invented_name(name), kind=User.Kind.RESIDENT)
    resident = Actor(f"user:{user.id}", ActorKind.USER, user_id=user.id)
    return teams.apply_to_team(actor=resident, at=at, team_id=team, agreed=True, name=invented_name(name))


def _shifts(stage: Stage, members: dict[str, list[UUID]]) -> None:
    """Lay the weekly shifts out and publish a roster for each week up to this one; the next one waits for its captain."""
    by_code = {line.code: line.id for line in team_lines(actor=SYSTEM)}
    for code, zh, en, weekdays, begins, minutes, least, most in SHIFTS:
        template = shifts.NewTemplate({"zh": zh, "en": en}, weekdays, begins, minutes, least, most, stage.monday)
        with write():
            shifts.lay_template(actor=SYSTEM, at=stage.start, team_id=by_code[code], template=template)
    for code in dict.fromkeys(shift[0] for shift in SHIFTS):
        for week in range(WEEKS + 1):
            _roster(stage, by_code[code], stage.monday + week * WEEK, members[code][:-1], by_hand=week < 2)
    with write():
        shifts.lay_out(at=stage.at)
    person = members["evening-patrol"][0]
    ahead = own_shifts(actor=Actor("system:demo", ActorKind.SYSTEM, person_id=person), at=stage.at)
    with write():  # the volunteer of the demo is in the next one that is still open
        shifts.sign_up(actor=Actor("system:demo", ActorKind.SYSTEM, person_id=person), at=stage.at, shift_id=next(line.id for line in ahead if not line.part))


def _roster(stage: Stage, team: UUID, monday: date, people: Sequence[UUID], *, by_hand: bool) -> None:
    """The first weeks by hand, as all are new; then as proposed, with a place left open here and there."""
    at = stage.moment(monday, 6)
    with write():
        shifts.lay_out(at=at)
    week = board(actor=SYSTEM, at=at, team_id=team, since=stage.moment(monday, 0), until=stage.moment(monday + WEEK, 0))
    answer = None if by_hand else proposal(actor=SYSTEM, at=at, team_id=team, since=stage.moment(monday, 0), until=stage.moment(monday + WEEK, 0))
    roster = answer.roster if isinstance(answer, Proposal) else _in_turn(week, people)
    shown = {line.id: frozenset(person for person, _name in line.people) for line in week.shifts}
    with write():
        publish_roster(actor=SYSTEM, at=at, team_id=team, roster=roster, shown=shown)


def _in_turn(week: Board, people: Sequence[UUID]) -> dict[UUID, frozenset[UUID]]:
    turn = 0
    roster: dict[UUID, frozenset[UUID]] = {}
    for line in week.shifts:
        there = frozenset(people[(turn + place) % len(people)] for place in range(max(line.least, 1)))
        turn += len(there)
        roster[line.id] = there
    return roster


def come_and_go(stage: Stage) -> None:
    """Have the month's volunteers come to their shifts and go: nearly all in time, a few late, some not at all; older misses are answered."""
    chance = random.Random(SEED)  # noqa: S311 - has to be the same every time
    for team in team_lines(actor=SYSTEM):
        for line in board(actor=SYSTEM, at=stage.at, team_id=team.id, since=stage.start, until=stage.at).shifts:
            if line.called_off:
                continue
            for person, _name in line.people:
                _come(line, person, stage.at, chance)
    sweep_missing(stage.at)
    for team in team_lines(actor=SYSTEM):
        lines = board(actor=SYSTEM, at=stage.at, team_id=team.id, since=stage.start, until=stage.at - DAY).shifts
        misses = [(one.miss_id, line.ends_at) for line in lines for one in line.standings.values() if one.miss_id]
        for (miss, ended), words in zip(misses, itertools.cycle(EXCUSES)):
            with write():
                answer_miss(actor=SYSTEM, at=ended, miss_id=miss, wanted=MissAnswer.EXCUSED, words=words)


def _come(line: ShiftLine, person: UUID, at: datetime, chance: random.Random) -> None:
    """Of twenty, one does not come, two come after the grace; some forget to say that they go."""
    drawn, early, late, over = chance.randrange(20), chance.randrange(1, 12), chance.randrange(18, 30), chance.randrange(-2, 8)
    comes = line.starts_at + timedelta(minutes=late if drawn in (1, 2) else -early)
    goes = line.ends_at + timedelta(minutes=over)
    who = Actor("system:demo", ActorKind.SYSTEM, person_id=person)
    with write():
        if drawn == 0 or comes > at:
            return
        arrive(actor=who, at=comes, shift_id=line.id)
        if drawn % 4 and goes <= at:
            leave(actor=who, at=goes, shift_id=line.id)


def _activities(stage: Stage) -> None:
    venues = ("community", "campus", "compound", "mall")
    lines = [line for line in team_lines(actor=SYSTEM) if line.kind in ("patrol", "visiting", "publicity")]
    with write():
        for number in range(48):
            line, venue, topic = stage.chance.choice(lines), stage.chance.choice(venues), stage.chance.choice(TOPICS)
            held = stage.at - timedelta(days=stage.chance.randrange(1, 150), hours=stage.chance.randrange(10))
            teams.record_activity(
                actor=SYSTEM, at=stage.at, team_id=line.id, venue=venue, topic=topic, held_at=held, self_led=stage.chance.random() < 0.6,
                attendances=stage.chance.randrange(6, 90), leaflets=stage.chance.randrange(0, 120), key=f"invented-{number}",
            )  # fmt: skip
