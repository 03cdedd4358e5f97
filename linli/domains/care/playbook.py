"""The playbook's ``care`` section: purposes, statutory duties, levels; and the permissions of care."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from linli.domains.care.rules.policy import CarePolicy
from linli.kernel.access.rules import declare
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

WORK = declare("care.work", text=N_("work on care cases: open them, read one's own"))
BREAK = declare("care.break_glass", text=N_("read another's care case in need, with a reason that is reviewed"))
REVIEW = declare("care.review", text=N_("review broken glasses and see which cases wait for review, without their content"))


class Named(Section):
    """A code and its names."""

    code: Code
    names: Text


class StatutoryDuty(Named):
    """A duty of law that a case may rest on without consent: which law says so."""

    law: Text


class CareSection(Section):
    """The ``care`` section of a playbook. Live: a change holds for every open case at once (DECIDED 12)."""

    purposes: list[Named] = Field(default_factory=list, title="Purposes of care", json_schema_extra={"zh": "帮扶目的"})
    duties: list[StatutoryDuty] = Field(default_factory=list, title="Statutory duties", json_schema_extra={"zh": "法定职责"})
    levels: list[Named] = Field(default_factory=list, title="Levels of care", json_schema_extra={"zh": "关爱等级"})
    stays: list[Named] = Field(default_factory=list, title="Stays that visits count from", json_schema_extra={"zh": "住院等停留"})
    days: list[Named] = Field(default_factory=list, title="Days that visits count from", json_schema_extra={"zh": "计访日期"})
    review_days: int = Field(default=90, ge=1, le=366, title="Days between reviews", json_schema_extra={"zh": "复核间隔（天）"})
    longest_days: int = Field(default=365, ge=1, le=1096, title="Longest term in days", json_schema_extra={"zh": "最长期限（天）"})
    retention_days: int = Field(default=365, ge=1, le=3653, title="Days kept after closing", json_schema_extra={"zh": "结案后保存（天）"})
    glass_hours: int = Field(default=4, ge=1, le=72, title="Hours that a broken glass stays open", json_schema_extra={"zh": "应急查阅时长（小时）"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        for name in ("purposes", "duties", "levels", "stays", "days"):
            seen: set[str] = set()
            for place, part in enumerate(getattr(self, name)):
                if part.code in seen:
                    yield Issue((name, place, "code"), N_("This code is used twice."))
                seen.add(part.code)


def policy_of(section: CareSection) -> CarePolicy:
    """The section as the plain values that the rules read."""
    return CarePolicy(
        purposes={part.code: part.names.model_dump() for part in section.purposes},
        duties={part.code: part.names.model_dump() for part in section.duties},
        levels={part.code: part.names.model_dump() for part in section.levels},
        stays={part.code: part.names.model_dump() for part in section.stays},
        days={part.code: part.names.model_dump() for part in section.days},
        review_days=section.review_days,
        longest_days=section.longest_days,
        retention=timedelta(days=section.retention_days),
        glass=timedelta(hours=section.glass_hours),
    )


def care_policy() -> CarePolicy:
    """What the active playbook says of care."""
    return policy_of(active_playbook().section(CareSection))
