"""Invented meetings: convened as their duties begin, held in the evening of their day, with minutes, decisions and a few actions."""

from __future__ import annotations

import random
from datetime import date, timedelta

from linli.engines.duties.meetings import tasks
from linli.engines.duties.meetings.playbook import meeting_kinds
from linli.engines.duties.meetings.rules import Becomes, Came
from linli.engines.duties.meetings.selectors.desk import MeetingPage, meeting_page, meetings
from linli.engines.duties.meetings.services import agenda
from linli.engines.duties.meetings.services.minutes import Draft, NewAction, add_action, possible_owners, publish_minutes, save_minutes
from linli.interfaces.cli.inventing.stage import DAY, SEED, WEEK, Stage
from linli.kernel.access.rules import SYSTEM
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

HEARING = "open_hearing"
DECISIONS = (
    "由物业本周内处理，下次会议通报。",
    "请责任部门到场核实，三天内答复居民。",
    "已约双方当面协商，社区法律顾问参加。",
    "纳入下月维修计划，先设警示标识。",
)
TASKS = ("张贴施工告示并通知住户", "到现场核实并拍照反馈", "联系责任单位确定时间", "上门听取两户意见")


def convene(stage: Stage, day: date) -> None:
    """What the clock does in the morning: meetings whose duty has begun, and their agendas."""
    at = min(stage.moment(day, 8), stage.at)
    tasks.convene_ahead(at)
    tasks.follow_agendas(at)


def hold(stage: Stage, day: date) -> None:
    """The meetings of the day are held and their minutes published; now and then they are written later, and these wait."""
    at = stage.moment(day, 22)
    if at > stage.at or not meeting_kinds():
        return
    for line in meetings(actor=SYSTEM, at=at).passed:
        chance = random.Random(f"{SEED}{line.starts_at}{line.area_names.get('zh')}{line.kind}")  # noqa: S311 - has to be the same every time
        page = meeting_page(actor=SYSTEM, at=at, meeting_id=line.id)
        late = chance.random() < 0.04
        if page.seats and not (late and stage.at - line.starts_at < timedelta(days=7)):
            _minutes(stage, page, day, chance)


def _minutes(stage: Stage, page: MeetingPage, day: date, chance: random.Random) -> None:
    at, meeting_id = stage.moment(day, 22), page.line.id
    decided = {item.id: (chance.choice(DECISIONS), "") for item in page.items}
    came = {seat.id: Came.PRESENT if chance.random() < 0.85 else Came.DEPUTY for seat in page.seats}
    draft = Draft(page.version, page.line.starts_at + timedelta(minutes=5), "逐项通报进展，明确责任和时限。", "", came, decided)
    with write():
        save_minutes(actor=SYSTEM, at=at, meeting_id=meeting_id, draft=draft)
        if page.items and page.area_path == stage.community.path and stage.today - day < WEEK:
            _action(stage, page, day, chance)
        publish_minutes(actor=SYSTEM, at=at, meeting_id=meeting_id)


def _action(stage: Stage, page: MeetingPage, day: date, chance: random.Random) -> None:
    """Somebody of the area does something until next week: a duty of theirs, or where no duty is for that post, a matter."""
    owner = chance.choice(possible_owners(page.area_path)[:6])
    for becomes in (Becomes.DUTY, Becomes.MATTER):
        wish = NewAction(page.items[0].id, chance.choice(TASKS), owner.id, day + 7 * DAY, becomes, f"demo-{page.line.id}")
        try:
            add_action(actor=SYSTEM, at=stage.moment(day, 22), meeting_id=page.line.id, action=wish)
        except Refusal:
            continue
        return


def convene_hearing(stage: Stage) -> None:
    """The next open hearing is in the calendar, for everyone to come."""
    if HEARING in meeting_kinds():
        with write():
            agenda.convene(actor=SYSTEM, at=stage.at, kind=HEARING, area_id=stage.community.id, starts_at=stage.moment(stage.today + 8 * DAY, 9, 30))
