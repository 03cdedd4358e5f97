"""The playbook's ``care`` section: purposes, statutory duties, levels; and the permissions of care."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from linli.domains.care.rules.policy import CarePolicy
from linli.engines.duties.playbook import DayPart, PhasedPart, RulePart, StayPart
from linli.engines.duties.rules.policy import Evidence
from linli.kernel.access.rules import declare
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

SUBJECT = "care"  # what duties call a case
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
        for rule in getattr(playbook.get("duties"), "rules", ()):
            if rule.subjects.kind == SUBJECT:
                yield from self._visits(rule)

    def _visits(self, rule: RulePart) -> Iterable[Issue]:
        """What is wrong with a duty about people in care: words that no case has, pictures, or eyes that are not meant to see it."""
        known = {"purpose": _codes(self.purposes), "level": _codes(self.levels)}
        asked = [(name, value) for name, given in rule.subjects.where.items() for value in (given if isinstance(given, list) else [given])]
        said: list[tuple[str, object, tuple[str, ...]]] = [(name, value, known[name]) for name, value in asked if name in known]
        if isinstance(rule.cadence, StayPart):
            said.append(("stay", rule.cadence.stay, _codes(self.stays)))
        if isinstance(rule.cadence, DayPart):
            said.append(("day", rule.cadence.day, _codes(self.days)))
        if isinstance(rule.cadence, PhasedPart) and rule.cadence.since:
            said.append(("day", rule.cadence.since, _codes(self.days)))
        for name, _ in asked:
            if name not in known:
                message = N_("the duty “%(duty)s” asks for “%(name)s”, which no care case has")
                yield Issue((), message, {"duty": rule.code, "name": name}, known=tuple(known), given=name)
        for name, value, codes in said:
            if value not in codes:
                message = N_("the duty “%(duty)s” speaks of the %(name)s “%(value)s”, which is not among them here")
                yield Issue((), message, {"duty": rule.code, "name": name, "value": str(value)}, known=codes, given=str(value))
        if {Evidence.PHOTO, Evidence.SIGNATURE} & set(rule.evidence):
            yield Issue((), N_("the duty “%(duty)s” asks for pictures; none are kept of people in care"), {"duty": rule.code})
        if rule.visibility != "private":
            yield Issue((), N_("the duty “%(duty)s” is about people in care: it is private"), {"duty": rule.code}, expected="visibility: private")


def _codes(parts: Sequence[Named]) -> tuple[str, ...]:
    return tuple(part.code for part in parts)


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
