"""Invented duties, teams, shifts, care and devices for the demonstration: a month of them, of a fixed seed, through the services.

Everything stands in the community where most is reported. Nobody here exists; care cases rest on consent, as real ones do.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from linli.directory.devices.services import NewDevice, raise_alarm, register_devices
from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services.demo import invented_name
from linli.directory.teams import services as teams
from linli.directory.teams.playbook import team_kinds
from linli.directory.teams.selectors import team_page
from linli.directory.teams.selectors import teams as team_lines
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.directory.territory.selectors import ground
from linli.directory.territory.services.records import import_records
from linli.domains.care.rules.content import Content, Goal
from linli.domains.care.rules.terms import Basis, Terms
from linli.domains.care.services import cases, days
from linli.engines.duties import tasks as duties
from linli.engines.duties.rules.policy import DutyRule, Evidence
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.running import Begun, begun_by, rule_named
from linli.engines.duties.services.checkin import Command, check_in
from linli.engines.duties.shifts import services as shifts
from linli.engines.duties.shifts.rules.solve import Proposal
from linli.engines.duties.shifts.selectors import Board, board, own_shifts, proposal
from linli.engines.matters.selectors.figures import busiest_areas
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.access.services.users import create_user
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.writing import write

SEED = 20150101
WEEKS, WEEK, DAY = 4, timedelta(days=7), timedelta(days=1)
FOUNDED = timedelta(days=200)
SOCIAL_WORKER = "committee_member"
# Code, kind, names, how many members, the body whose team it is; weekly shifts: names, weekdays, begin, minutes, least, most.
TEAMS: tuple[tuple[str, str, str, str, int, str], ...] = (
    ("evening-patrol", "patrol", "晚巡一队", "Evening patrol", 10, ""),
    ("day-watch", "day_watch", "昼巡队", "Day watch", 8, ""),
    ("home-visits", "visiting", "暖心走访队", "Home visits", 7, ""),
    ("speakers", "publicity", "反诈宣讲队", "Speakers on fraud", 5, ""),
    ("school-gate", "patrol", "校门护学队", "School gate", 4, "school"),
)
SHIFTS: tuple[tuple[str, str, str, tuple[int, ...], time, int, int, int], ...] = (
    ("evening-patrol", "晚间巡逻", "Evening walk", (1, 3, 5), time(19), 120, 2, 3),
    ("evening-patrol", "夜间巡逻", "Night walk", (4,), time(22), 180, 2, 3),
    ("day-watch", "上午值守", "Morning watch", (0, 1, 2, 3, 4), time(8), 240, 1, 2),
    ("day-watch", "下午值守", "Afternoon watch", (0, 2, 4), time(14), 240, 1, 2),
    ("school-gate", "放学护学", "After school", (0, 2, 4), time(15, 30), 60, 1, 2),
)
TOPICS = ("反诈宣传", "燃气安全", "电动车充电", "防火小课堂", "一盔一带", "防溺水", "普法故事会", "垃圾分类")
# Purpose, level, wishes, plan, goals; names are invented.
CARE: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("living_alone", "usual", "想有人说说话，买药不方便。", "每周上门，顺路带药；爱心铃装在床头。", ("按时服药", "认识两位邻居")),
    ("living_alone", "usual", "腿脚不好，怕夜里摔倒。", "每周上门；卫生间装扶手。", ("装好扶手",)),
    ("living_alone", "usual", "女儿在外地，周末想视频。", "每周上门，帮忙视频通话。", ("学会视频通话",)),
    ("hardship", "usual", "孩子上学缺辅导。", "组长每月走访，对接课后辅导志愿者。", ("找到辅导志愿者", "申请临时救助")),
    ("hardship", "usual", "照顾病人，没有时间做饭。", "对接送餐和家政服务。", ("送餐每周三次",)),
    ("out_of_work", "usual", "想找离家近的工作。", "每月两次联系，推荐家门口的岗位。", ("投出三份申请",)),
    ("returning", "usual", "想重新开始，先找住处。", "出监前联系，当日接回，之后每半年回访。", ("落实住处", "参加技能培训")),
    ("support", "tier_two", "刚搬来，想了解周边服务。", "每半月上门一次。", ("办好居住登记",)),
)
ANSWERS: dict[str, Any] = {"boolean": True, "integer": 4, "string": "正常"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and when: the community, its grids, the moment that the demo stands at, the Monday from which its month is lived."""

    community: AreaNode
    grids: tuple[AreaNode, ...]
    at: datetime
    monday: date
    zone: tzinfo
    chance: random.Random

    def moment(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), self.zone)

    @property
    def start(self) -> datetime:
        return self.moment(self.monday, 7)


def invent_duties(at: datetime) -> bool:
    """Invent the month before ``at``, once; return whether there was anything to do."""
    if team_lines(actor=SYSTEM, limit=1):
        return False
    stage = _stage(at)
    members = {code: _team(stage, code, kind, zh, en, number, body) for code, kind, zh, en, number, body in TEAMS}
    _shifts(stage, members)
    _activities(stage)
    _places(stage)
    bells = _devices(stage)
    _care(stage, bells, helpers=members["home-visits"])
    _duties(stage)
    return True


def _stage(at: datetime) -> Stage:
    land, busy = ground(), busiest_areas()
    grids = land.of_level(land.levels[-1])
    communities = {land.chain(grid.id)[-2].id: land.chain(grid.id)[-2] for grid in grids}
    chosen = max(communities.values(), key=lambda area: (busy.get(area.path, 0), area.code))
    own = sorted((grid for grid in grids if grid.path.startswith(chosen.path)), key=lambda grid: (-busy.get(grid.path, 0), grid.code))
    zone = working_calendar().zone
    today = at.astimezone(zone).date()
    monday = today - DAY * today.weekday() - WEEKS * WEEK
    return Stage(chosen, tuple(own), at, monday, zone, random.Random(SEED))  # noqa: S311 - has to be the same every time


# -- teams and shifts --------------------------------------------------------------------------------------------------


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
                teams.pass_course(actor=SYSTEM, at=founded, team_id=team, person_id=person, course=course, on=(founded + 20 * DAY).date())
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
    with write():
        shifts.publish_roster(actor=SYSTEM, at=at, team_id=team, roster=roster)


def _in_turn(week: Board, people: Sequence[UUID]) -> dict[UUID, frozenset[UUID]]:
    turn = 0
    roster: dict[UUID, frozenset[UUID]] = {}
    for line in week.shifts:
        there = frozenset(people[(turn + place) % len(people)] for place in range(max(line.least, 1)))
        turn += len(there)
        roster[line.id] = there
    return roster


def _activities(stage: Stage) -> None:
    venues = ("community", "campus", "compound", "mall")
    lines = [line for line in team_lines(actor=SYSTEM) if line.code != "day-watch"]
    with write():
        for number in range(48):
            line, venue, topic = stage.chance.choice(lines), stage.chance.choice(venues), stage.chance.choice(TOPICS)
            held = stage.at - timedelta(days=stage.chance.randrange(1, 150), hours=stage.chance.randrange(10))
            teams.record_activity(
                actor=SYSTEM, at=stage.at, team_id=line.id, venue=venue, topic=topic, held_at=held, self_led=stage.chance.random() < 0.6,
                attendances=stage.chance.randrange(6, 90), leaflets=stage.chance.randrange(0, 120), key=f"invented-{number}",
            )  # fmt: skip


# -- places, devices, care ---------------------------------------------------------------------------------------------


def _places(stage: Stage) -> None:
    """A few rental houses, so that there is a ledger to keep true."""
    records = []
    for place, grid in enumerate(stage.grids[:6], start=1):
        names = {"zh": f"望潮路{place}号出租屋", "en": f"{place} Wangchao Road, rented rooms"}
        records.append(RecordSource(f"demo-rental-{place}", names, class_code="rental", point=grid.centre))
    with write():
        import_records(actor=SYSTEM, at=stage.start, kind=RecordKind.PLACE, records=records)


def _devices(stage: Stage) -> list[str]:
    """Register devices; return the codes of the care bells. One smoke detector rang some minutes ago."""
    found: list[NewDevice] = []
    kinds = (
        ("smoke", "楼道烟感", "Smoke detector in the stairs"),
        ("gas", "食堂燃气报警器", "Gas detector in the canteen"),
        ("water", "地下室水浸", "Water in the cellar"),
    )
    for place, grid in enumerate(stage.grids[:6]):
        kind, zh, en = kinds[place % 3]
        lon, lat = grid.centre or (None, None)
        found.append(NewDevice(f"DEMO-{kind}-{place + 1}", kind, {"zh": zh, "en": en}, grid.code, lon, lat, f"望潮路{place + 1}号"))
        found.append(
            NewDevice(f"DEMO-camera-{place + 1}", "camera", {"zh": "广场摄像头（仅登记维护）", "en": "Camera of the square (upkeep)"}, grid.code, lon, lat)
        )
    bells = [f"DEMO-bell-{place + 1}" for place in range(3)]
    found += [NewDevice(code, "care_bell", {"zh": "爱心铃", "en": "Care bell"}, stage.grids[place % len(stage.grids)].code) for place, code in enumerate(bells)]
    with write():
        register_devices(actor=SYSTEM, at=stage.start, devices=found)
        rang = stage.at - timedelta(minutes=12)
        raise_alarm(actor=SYSTEM, at=stage.at, device="DEMO-smoke-1", happened_at=rang, message="2号楼3层", key="demo")
    return bells


def _care(stage: Stage, bells: Sequence[str], *, helpers: Sequence[UUID]) -> None:
    """Open the cases on consent, in the grids of the community; the social worker answers for them."""
    opened = stage.start + timedelta(minutes=30)
    today = opened.astimezone(stage.zone).date()
    for place, (purpose, level, wishes, plan, goals) in enumerate(CARE):
        grid = stage.grids[place % len(stage.grids)]
        post = organisation().first_of(SOCIAL_WORKER, grid.id)
        assert post is not None
        ends = today + timedelta(days=300)
        terms = Terms(
            Basis.CONSENT, purpose, level, today + timedelta(days=25 + 9 * place), ends, consent_given_on=today, consent_until=ends, consent_how="paper"
        )
        content = Content(
            invented_name(f"care-{place}"),
            "",
            f"望潮路{place + 3}号{place % 4 + 1}单元",
            wishes,
            plan,
            tuple(Goal(goal, n == 1) for n, goal in enumerate(goals)),
        )
        with write():
            helping = tuple(helpers[place % 3 : place % 3 + 1])
            case_id = cases.open_case(actor=_worker(post.id), at=opened, case=cases.NewCase(grid.id, post.id, terms, content, helping))
            common: dict[str, Any] = {"actor": _worker(post.id), "at": opened, "case_id": case_id}
            if purpose == "living_alone":
                cases.set_bell(**common, bell=bells[place])
            if place == 1:
                days.enter_stay(**common, stay="hospital", first=stage.at.astimezone(stage.zone).date() - 3 * DAY)
            if purpose == "returning":
                days.set_day(**common, day="release", on=stage.at.astimezone(stage.zone).date() + 3 * DAY)


def _worker(post: UUID) -> Actor:
    return Actor("system:demo", ActorKind.SYSTEM, grants=(role_grant("station_duty", ground().root.path),), post_ids=frozenset({post}))


# -- duties ------------------------------------------------------------------------------------------------------------


def _duties(stage: Stage) -> None:
    """Derive the month, carry most of it out at times of day, and let the clock do what it does with the rest."""
    duties.derive_due(stage.start)
    with write():
        staff = create_user(actor=SYSTEM, at=stage.start, username="demo-staff", password=None, display_name="示例工作人员")
    held = organisation()
    actor = Actor(
        f"user:{staff.id}", ActorKind.USER, grants=(role_grant("station_duty", ground().root.path),), post_ids=frozenset(post.id for post in held.posts)
    )
    batches: dict[datetime, list[Command]] = defaultdict(list)
    for duty in begun_by(stage.at):
        for command in _carried_out(stage, duty, rule_named(duty.rule)):
            batches[command.at].append(command)
    for moment in sorted(batches):
        with write():
            check_in(batches[moment], actor=actor, at=moment)
    duties.sweep(stage.at)
    duties.watch_holders(stage.at)
    duties.derive_due(stage.at)


def _carried_out(stage: Stage, duty: Begun, rule: DutyRule) -> list[Command]:
    """What became of one duty: nine in ten are done, some after a closed door, a few are not wanted, the rest nobody sees to."""
    chance = random.Random(f"{SEED}{duty.rule}{duty.opens_at}{duty.id.int % 997}")  # noqa: S311 - has to be the same every time
    last = min(duty.due_at, stage.at)
    span = (last - duty.opens_at) // timedelta(hours=1)
    fate = chance.random()
    if span < 1 or fate > 0.94 or (duty.due_at > stage.at and fate > 0.5):
        return []
    moment = duty.opens_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1 + chance.randrange(span)) - timedelta(minutes=1)
    moment = max(moment, duty.opens_at)
    if duty.about == "care" and fate < 0.04:
        return [Command((duty.id,), Verb.REFUSE, moment, note="今天不方便")]
    done = Command((duty.id,), Verb.FINISH, moment, note="已完成。", form=_answers(rule))
    tried = moment - timedelta(hours=1)
    if duty.about == "care" and fate < 0.16 and tried >= duty.opens_at:
        return [Command((duty.id,), Verb.NOT_HOME, tried), done]
    return [done]


def _answers(rule: DutyRule) -> dict[str, Any] | None:
    """A form filled in as its schema wants it."""
    if Evidence.FORM not in rule.evidence or rule.form is None:
        return None
    return {name: ANSWERS[part.get("type", "string")] for name, part in rule.form["properties"].items() if name in rule.form.get("required", ())}
