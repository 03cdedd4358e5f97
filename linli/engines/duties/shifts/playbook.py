"""The playbook's ``shifts`` section: the community's numbers for rosters; and the permissions."""

from __future__ import annotations

from datetime import time, timedelta

from pydantic import Field

from linli.engines.duties.shifts.rules.presence import MARGIN_MOST
from linli.engines.duties.shifts.rules.roster import Limits
from linli.kernel.access.rules import declare
from linli.kernel.playbooks.rules import Section
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_

READ = declare("shifts.read", text=N_("see rosters and gaps in the cover"))
MANAGE = declare("shifts.manage", text=N_("lay out shifts, propose and publish rosters"))


class ShiftsSection(Section):
    """Live: a changed number holds for the next signing up and the next roster."""

    rest_hours: int = Field(default=8, ge=0, le=48, title="Hours of rest between shifts", json_schema_extra={"zh": "班次间休息（小时）"})
    most_a_week: int = Field(default=3, ge=1, le=14, title="Shifts of one person a week", json_schema_extra={"zh": "每人每周最多班次"})
    night_from: time = Field(default=time(22), title="Night begins", json_schema_extra={"zh": "夜间开始"})
    night_until: time = Field(default=time(6), title="Night ends", json_schema_extra={"zh": "夜间结束"})
    cut_off_hours: int = Field(default=12, ge=0, le=168, title="Hours before a shift until one can leave", json_schema_extra={"zh": "自行退出截止（小时）"})
    experienced_after: int = Field(default=3, ge=0, le=50, title="Shifts after which one is experienced", json_schema_extra={"zh": "成为熟手所需班次"})
    horizon_days: int = Field(default=28, ge=7, le=92, title="Days laid out ahead", json_schema_extra={"zh": "提前排出天数"})
    fairness_days: int = Field(default=92, ge=7, le=366, title="Days that fairness looks back", json_schema_extra={"zh": "公平回看天数"})

    margin_minutes: int = Field(
        default=30, ge=0, le=MARGIN_MOST, title="Minutes before and after a shift that belong to it", json_schema_extra={"zh": "班次前后计入分钟数"}
    )
    grace_minutes: int = Field(default=15, ge=0, le=240, title="Minutes until who has not come is missing", json_schema_extra={"zh": "未到岗宽限（分钟）"})
    times_days: int = Field(
        default=31, ge=1, le=366, title="Days for which it is kept when somebody came and went", json_schema_extra={"zh": "到岗离岗时刻保留天数"}
    )

    def limits(self) -> Limits:
        return Limits(timedelta(hours=self.rest_hours), self.most_a_week, self.night_from, self.night_until)


def shifts_section() -> ShiftsSection:
    """The section of the active playbook."""
    return active_playbook().section(ShiftsSection)
