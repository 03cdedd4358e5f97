"""Meetings in a story: one is held with what it decides, and what has to be so of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings import tasks
from linli.engines.duties.meetings.playbook import meeting_kinds
from linli.engines.duties.meetings.rules import Becomes, Came
from linli.engines.duties.meetings.selectors.desk import MeetingPage, meeting_page, meetings
from linli.engines.duties.meetings.services.minutes import Draft, NewAction, add_action, publish_minutes, save_minutes
from linli.engines.matters.selectors.page import matter_page
from linli.engines.matters.services.report import ReportReceipt
from linli.interfaces.scenario.duties import DayText, DutyTelling
from linli.kernel.access.rules import SYSTEM
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.playbooks.rules import Section
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.writing import write


class ActionPart(Section):
    """Who does what until when; ``name``: what the matter that it becomes is called in the story."""

    name: str
    what: str
    role: str
    by: DayText
    becomes: Literal["matter", "duty"] = "matter"


class HoldPart(Section):
    """The running meeting of a kind, in the area of grid ``grid``, is held: everybody came, one decision about each item, minutes published."""

    kind: str
    grid: int = 0
    decision: str
    actions: list[ActionPart] = Field(default_factory=list)


class ExpectMeeting(Section):
    """What has to be so of the latest meeting of a kind: its state, how many matters and earlier actions stand on the agenda, actions open."""

    kind: str
    grid: int = 0
    state: Literal["planned", "passed", "published"] | None = None
    matters: int | None = None
    earlier: int | None = None
    open_actions: int | None = None


class MeetingTelling:
    """The meetings' part of a story; the matters that come out of them are known by their names afterwards."""

    def __init__(self, *, day: Callable[[str], date], matters: dict[str, Any], duties: DutyTelling) -> None:
        self._day, self._matters, self._duties = day, matters, duties
        self._roles = {role.code: role.level for role in active_playbook().section(DirectorySection).roles}

    def hold(self, wanted: HoldPart, at: datetime) -> list[str]:
        page = self._latest(wanted.kind, wanted.grid, at)
        if page is None:
            return [f"there is no meeting {wanted.kind}"]
        draft = Draft(page.version, at - timedelta(hours=1), wanted.decision, "", {seat.id: Came.PRESENT for seat in page.seats},
                      {item.id: (wanted.decision, "") for item in page.items})  # fmt: skip
        meeting_id, made = page.line.id, []
        with write():
            save_minutes(actor=SYSTEM, at=at, meeting_id=meeting_id, draft=draft)
            for part in wanted.actions:
                owner = self._post(part.role, wanted.grid)
                wish = NewAction(page.items[0].id, part.what, owner, self._day(part.by), Becomes(part.becomes), part.name)
                made.append((part.name, add_action(actor=SYSTEM, at=at, meeting_id=meeting_id, action=wish)))
            publish_minutes(actor=SYSTEM, at=at, meeting_id=meeting_id)
        while dispatch_once():
            pass
        self._duties.run(at)
        codes = {line.id: line.matter_code for item in meeting_page(actor=SYSTEM, at=at, meeting_id=meeting_id).items for line in item.actions}
        for name, action in made:
            if codes[action]:
                found = matter_page(actor=SYSTEM, at=at, code=codes[action]).matter
                self._matters[name] = ReportReceipt(found.id, found.code, "", found.accountable_post_id, found.area_path, found.placing, found.due_at)
        return [f"the action {part.name} became no matter" for part in wanted.actions if part.becomes == "matter" and part.name not in self._matters]

    def expect(self, wanted: ExpectMeeting, at: datetime) -> list[str]:
        tasks.convene_ahead(at)
        tasks.follow_agendas(at)
        page = self._latest(wanted.kind, wanted.grid, at)
        if page is None:
            return [f"there is no meeting {wanted.kind}"]
        values = {
            "state": page.line.state,
            "matters": sum(1 for item in page.items if item.source == "matter"),
            "earlier": sum(1 for item in page.items if item.source == "action"),
            "open_actions": sum(1 for one in meetings(actor=SYSTEM, at=at).open_actions if one.meeting_names == page.line.names),
        }
        return [f"{name} is {is_}, expected {asked}" for name, is_ in values.items() if (asked := getattr(wanted, name)) is not None and asked != is_]

    def _latest(self, kind: str, grid: int, at: datetime) -> MeetingPage | None:
        tasks.convene_ahead(at)
        part, lists = meeting_kinds()[kind], meetings(actor=SYSTEM, at=at)
        level = self._roles.get(part.chair, "")
        area = ground().at_level(_grid(grid), level)
        lines = [line for line in (*lists.coming, *lists.passed, *lists.published) if line.kind == kind and area and line.area_names == area.names]
        latest = max(lines, key=lambda line: line.starts_at, default=None)
        return meeting_page(actor=SYSTEM, at=at, meeting_id=latest.id) if latest else None

    def _post(self, role: str, grid: int) -> UUID:
        post = organisation().head(self._roles[role], _grid(grid))
        assert post is not None
        return post.id


def _grid(number: int) -> UUID:
    lowest = ground().of_level(ground().levels[-1])
    return lowest[number % len(lowest)].id
