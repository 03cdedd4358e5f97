"""A small community with recurring duties: grid heads visit, the street answers when they do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from linli.directory.organisation.selectors import organisation
from linli.engines.duties import tasks
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.checkin import Command, Receipt, check_in
from linli.engines.duties.services.subjects import set_subjects
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, community, hold_playbook

DUTIES = """
duties:
  rules:
    - code: weekly_visit
      names: {zh: 每周探访, en: Weekly visit}
      subjects: {kind: care_case, where: {level: [weekly, daily]}}
      levels: [grid, street]
      cadence: {rule: "FREQ=WEEKLY;BYDAY=MO", days: 7}
      answer: 2 working_days
      visibility: private
    - code: monthly_condolence
      names: {zh: 每月慰问, en: Monthly visit}
      subjects: {kind: care_case}
      levels: [street]
      cadence: {times: 1, period: month}
      evidence: [form]
      form:
        type: object
        required: [well]
        properties: {well: {type: boolean}, need: {type: string, maxLength: 100}}
        additionalProperties: false
    - code: grid_round
      names: {zh: 网格巡查, en: Grid round}
      kind: patrol
      subjects: {kind: area, where: {level: grid}}
      levels: [grid]
      cadence: {rule: "FREQ=WEEKLY;BYDAY=WE"}
      days_off: after
"""
ROLES = ("[matters.read, matters.act", "[duties.read, duties.act, files.read, matters.read, matters.act")
JUDGES = (
    "[duties.read, duties.act, files.read, matters.read, matters.act, matters.dispatch",
    "[duties.read, duties.act, duties.judge, duties.manage, files.read, matters.read, matters.act, matters.dispatch",
)


def playbook(folder: Path, duties: str = DUTIES) -> Path:
    """The small playbook with duties, as a file."""
    text = SMALL.read_text().replace(*ROLES).replace(*JUDGES) + duties
    path = folder / "playbook.yaml"
    path.write_text(text)
    return path


@dataclass
class Town:
    community: Community
    folder: Path

    def case(self, grid: int = 0, *, level: str = "weekly", ref: UUID | None = None, at: datetime = MONDAY, **more: Any) -> UUID:
        """A care case of a grid as a subject; its id in the engine."""
        subject = Subject("care_case", ref or uuid4(), self.community.grids[grid].id, f"G-{grid}", {"level": level}, **more)
        with write():
            (found,) = set_subjects([subject], actor=SYSTEM, at=at)
        assert not isinstance(found, Refusal), found
        return found

    def derive(self, at: datetime = MONDAY) -> Any:
        return tasks.derive_due(at)

    def rules(self, duties: str, *, at: datetime = MONDAY) -> Any:
        hold_playbook(at=at, playbook=playbook(self.folder, duties))
        return tasks.derive_due(at)

    def run(self, at: datetime) -> None:
        tasks.sweep(at)
        tasks.watch_holders(at)

    def actor(self, level: str = "grid", grid: int = 0) -> Actor:
        """Whoever heads a level over a grid, signed in."""
        post = self.community.head(level, grid)
        person = organisation().holder(post.id, MONDAY).person_id
        return Actor(
            id=f"user:{post.code}", kind=ActorKind.USER, person_id=person, grants=(role_grant(post.role, post.area_path),), post_ids=frozenset({post.id})
        )


def town(folder: Path) -> Town:
    return Town(community(playbook=playbook(folder)), folder)


def visits(subject: UUID, rule: str = "weekly_visit") -> list[Occurrence]:
    return list(Occurrence.objects.filter(subject_id=subject, rule=rule).order_by("opens_at"))


def did(verb: Verb, *duties: Occurrence, actor: Actor, at: datetime, now: datetime | None = None, **more: Any) -> Receipt:
    """One check-in, which has to be taken."""
    with write():
        (result,) = check_in([Command(tuple(duty.id for duty in duties), verb, at, **more)], actor=actor, at=now or at)
    if isinstance(result, Refusal):
        raise result
    return result


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
