"""A small community that meets: on Fridays with its grid heads, in public once a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from linli.engines.duties import tasks as duties
from linli.engines.duties.meetings import tasks
from linli.engines.duties.meetings.models import Item, Meeting, SeatRow
from linli.engines.duties.meetings.rules import Becomes, Came
from linli.engines.duties.meetings.services.minutes import Draft, NewAction, add_action, publish_minutes, save_minutes
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties import made as duty_towns
from tests.integration.duties.made import Town

MEETINGS = """
duties:
  rules:
    - code: friday
      names: {zh: 周五会, en: Friday meeting}
      kind: meeting
      subjects: {kind: area, where: {level: street}}
      levels: [street]
      cadence: {rule: "FREQ=WEEKLY;BYDAY=MO", days: 5}
    - code: action_grid
      names: {zh: 会议交办, en: Action of a meeting}
      kind: task
      subjects: {kind: action, where: {level: grid}}
      levels: [grid, street]
      cadence: {day: due, offset: -7, days: 8}
      answer: 2 working_days

meetings:
  kinds:
    - code: hard_cases
      names: {zh: 周五疑难会, en: Friday hard cases}
      duty: friday
      begins: "15:00"
      chair: street_duty
      takes_part: [{role: grid_head}, {department: water}, {body: {zh: 物业, en: Property company}}]
      agenda: [{kinds: [dispute]}, {only: suspended}, {only: overdue}, {only: reopened}]
      most: 5
      action_class: P-0199
    - code: hearing
      names: {zh: 公开听证会, en: Open hearing}
      public: true
      chair: street_duty
      agenda: [{kinds: [event]}]
      action_class: E-0401
"""
CLASS = """  classes:
    - code: P-0199
      kind: event
      visibility: internal
      names: {zh: 会议交办事项, en: Action of a meeting}
      reported_by: desk
      conditions: [{time: 3 working_days}]
"""
ROLES = ("[matters.read, matters.act", "[meetings.read, duties.read, duties.act, matters.read, matters.act")
KEEPERS = (f"{ROLES[1]}, matters.dispatch", f"{ROLES[1]}, meetings.keep, matters.dispatch")
FRIDAY = MONDAY + timedelta(days=4, hours=6)  # three in the afternoon
TODAY = date(2026, 3, 6)


@dataclass
class Meeters:
    """A town whose street meets on Fridays."""

    town: Town

    @property
    def street(self) -> Any:
        return self.town.community.streets[0]

    def secretary(self, grid: int = 0) -> Actor:
        return self.town.actor("street", grid)

    def convened(self, at: datetime = MONDAY + timedelta(hours=1)) -> Meeting:
        """The street's Friday meeting of the week of ``at``, made by the sweep."""
        duties.derive_due(at)
        duties.sweep(at)
        tasks.convene_ahead(at)
        return Meeting.objects.filter(kind="hard_cases", area_id=self.street.id).latest("starts_at")

    def held(self, meeting: Meeting, *, decision: str = "先修再说", at: datetime = FRIDAY, held_at: datetime | None = FRIDAY - timedelta(minutes=30)) -> None:
        """Everybody came, and something was decided about each item."""
        seats = dict.fromkeys(SeatRow.objects.filter(meeting=meeting).values_list("id", flat=True), Came.PRESENT)
        decisions = dict.fromkeys(Item.objects.filter(meeting=meeting).values_list("id", flat=True), (decision, ""))
        version = Meeting.objects.get(id=meeting.id).version
        with write():
            save_minutes(actor=self.secretary(), at=at, meeting_id=meeting.id, draft=Draft(version, held_at, "大家都到了", "会议讨论了积案", seats, decisions))

    def action(self, item: Item, *, owner: UUID | None = None, becomes: Becomes = Becomes.MATTER, key: str = "a", at: datetime = FRIDAY, **more: Any) -> UUID:
        given: dict[str, Any] = {"what": "三日内挖开检查", "due_on": TODAY + timedelta(days=5), **more}
        wish = NewAction(item.id, owner_id=owner or self.town.community.head("grid").id, becomes=becomes, key=key, **given)
        with write():
            return add_action(actor=self.secretary(), at=at, meeting_id=item.meeting_id, action=wish)

    def publish(self, meeting: Meeting, at: datetime = FRIDAY + timedelta(hours=1)) -> int:
        with write():
            count = publish_minutes(actor=self.secretary(), at=at, meeting_id=meeting.id)
        tell(at)
        return count


def tell(at: datetime) -> None:
    """What the dispatcher does by then."""
    with write():
        set_clock(to=at)
    while dispatch_once():
        pass


def meeting_town(folder: Path) -> Meeters:
    text = duty_towns.SMALL.read_text().replace(*ROLES).replace(*KEEPERS).replace("  classes:\n", CLASS, 1) + MEETINGS
    path = folder / "playbook.yaml"
    path.write_text(text)
    return Meeters(Town(duty_towns.community(playbook=path), folder))
