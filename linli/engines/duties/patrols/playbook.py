"""The playbook's ``patrols`` section: intervals, graces, how codes rotate, how near is near, a lone volunteer's clock; and the permissions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field

from linli.engines.duties.patrols.rules.codes import Rotation, Shown
from linli.engines.duties.shifts.playbook import ShiftsSection
from linli.kernel.access.rules import declare
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.playbooks.rules import Issue, Section, Sections
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_

READ = declare("patrols.read", text=N_("see patrol routes, rounds, missed slots and what was covered"))
MANAGE = declare("patrols.manage", text=N_("make patrol routes, print their codes, answer missed slots and silent volunteers"))


class PatrolsSection(Section):
    """Live for what begins after a change; a shift that runs keeps the interval that it began with."""

    interval_minutes: int = Field(default=60, ge=10, le=1440, title="Each route is walked every so many minutes", json_schema_extra={"zh": "巡线间隔（分钟）"})
    grace_minutes: int = Field(default=10, ge=0, le=120, title="Minutes of grace after a slot", json_schema_extra={"zh": "时段宽限（分钟）"})
    sheet_days: int = Field(default=7, ge=1, le=92, title="A printed code counts for days", json_schema_extra={"zh": "打印码有效天数"})
    sheet_grace_hours: int = Field(default=24, ge=0, le=168, title="Hours in which the sheet before still counts", json_schema_extra={"zh": "旧码宽限（小时）"})
    display_minutes: int = Field(
        default=5, ge=1, le=1440, title="A display's code changes every so many minutes", json_schema_extra={"zh": "屏显码轮换（分钟）"}
    )
    display_grace_minutes: int = Field(
        default=2, ge=0, le=60, title="Minutes in which the display's code before still counts", json_schema_extra={"zh": "屏显旧码宽限（分钟）"}
    )
    radius_metres: int = Field(default=150, ge=20, le=2000, title="Metres around a checkpoint that count as there", json_schema_extra={"zh": "点位半径（米）"})
    reach_metres: int = Field(default=60, ge=5, le=500, title="Metres beside a walked way that count as covered", json_schema_extra={"zh": "覆盖距离（米）"})
    lone_minutes: int = Field(
        default=30, ge=0, le=240, title="Minutes without a sign of a lone volunteer; 0: none asked", json_schema_extra={"zh": "独自巡逻报平安间隔（分钟）"}
    )
    lone_escalate_minutes: int = Field(
        default=10, ge=1, le=120, title="Minutes until the next level is told as well", json_schema_extra={"zh": "失联逐级上报间隔（分钟）"}
    )
    walkers_days: int = Field(default=31, ge=1, le=366, title="Days for which it is kept who walked a round", json_schema_extra={"zh": "巡逻人姓名保留天数"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        if self.grace_minutes >= self.interval_minutes:
            yield Issue(("grace_minutes",), N_("A grace is shorter than the interval."), expected="less than interval_minutes", given=str(self.grace_minutes))
        if self.display_grace_minutes >= self.display_minutes and self.display_grace_minutes:
            yield Issue(
                ("display_grace_minutes",),
                N_("A grace is shorter than the period."),
                expected="less than display_minutes",
                given=str(self.display_grace_minutes),
            )
        times = playbook.section(ShiftsSection).times_days
        if times > self.walkers_days:  # whoever set out came to the shift at that instant: it would tell who walked a round that nobody is in any more
            message = N_("When somebody came to a shift (shifts.times_days) is kept no longer than who walked a round: it would tell who did.")
            yield Issue(("walkers_days",), message, expected="at least shifts.times_days", given=f"{self.walkers_days} < {times}")

    def rotation(self, shown: Shown) -> Rotation:
        """How codes shown that way rotate; weeks begin on a Monday where the community is."""
        anchor = datetime(2001, 1, 1, tzinfo=working_calendar().zone)  # a Monday
        if shown is Shown.DISPLAY:
            return Rotation(timedelta(minutes=self.display_minutes), timedelta(minutes=self.display_grace_minutes), anchor)
        return Rotation(timedelta(days=self.sheet_days), timedelta(hours=self.sheet_grace_hours), anchor)


def patrols_section() -> PatrolsSection:
    """The section of the active playbook."""
    return active_playbook().section(PatrolsSection)
