"""Invented care cases: nobody here exists, and each rests on consent, as real ones do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services.demo import invented_name
from linli.domains.care.rules.content import Content, Goal
from linli.domains.care.rules.terms import Basis, Terms
from linli.domains.care.services import cases, days
from linli.interfaces.cli.inventing.stage import DAY, Stage, station
from linli.kernel.writing import write

SOCIAL_WORKER = "committee_member"
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


def open_cases(stage: Stage, bells: Sequence[str], *, helpers: Sequence[UUID]) -> None:
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
            case_id = cases.open_case(actor=station(post.id), at=opened, case=cases.NewCase(grid.id, post.id, terms, content, helping))
            common: dict[str, Any] = {"actor": station(post.id), "at": opened, "case_id": case_id}
            if purpose == "living_alone":
                cases.set_bell(**common, bell=bells[place])
            if place == 1:
                days.enter_stay(**common, stay="hospital", first=stage.at.astimezone(stage.zone).date() - 3 * DAY)
            if purpose == "returning":
                days.set_day(**common, day="release", on=stage.at.astimezone(stage.zone).date() + 3 * DAY)
