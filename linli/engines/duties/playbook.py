"""The playbook's ``duties`` section: what recurs, for whom, who answers and how it is shown to be done; and the permissions."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from linli.engines.duties.rules.cadence import (
    ANCHOR,
    AroundDay,
    Cadence,
    DaysOff,
    Period,
    Phase,
    Phased,
    Recurring,
    TimesPer,
    Unit,
    WithinStay,
)
from linli.engines.duties.rules.cadence_check import checked
from linli.engines.duties.rules.cadence_words import day_words, phase_words, recurring_words, stay_words, times_words
from linli.engines.duties.rules.forms import wrong_with
from linli.engines.duties.rules.policy import DutiesPolicy, DutyRule, Evidence
from linli.kernel.access.rules import Confidentiality, declare
from linli.kernel.boundaries import refused_attribute
from linli.kernel.calendar.playbook import Hours, Limit
from linli.kernel.calendar.rules import Opening
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.refusal import N_, Refusal
from linli.kernel.rows import json_text

READ = declare("duties.read", text=N_("see duties"))
ACT = declare("duties.act", text=N_("carry out duties: check in, take over, say why one was missed"))
JUDGE = declare("duties.judge", text=N_("accept an excuse for a missed duty"))
MANAGE = declare("duties.manage", text=N_("say whom or what duties are about"))

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Condition = bool | int | str | list[bool | int | str]
_CONFIDENTIALITY = {"public": Confidentiality.PUBLIC, "internal": Confidentiality.INTERNAL, "private": Confidentiality.PRIVATE}


class RecurringPart(Section):
    rule: str = Field(title="recurrence rule", json_schema_extra={"zh": "重复规则"}, description="RRULE: FREQ=WEEKLY;BYDAY=MO")
    days: int = Field(default=1, ge=1, le=366, title="days for it", json_schema_extra={"zh": "期限（天）"})
    since: date = Field(default=ANCHOR, title="since", json_schema_extra={"zh": "自"})

    def in_words(self) -> tuple[str, str]:
        return recurring_words(self.rule, self.days)


class TimesPart(Section):
    times: int = Field(ge=1, le=31, title="times", json_schema_extra={"zh": "次数"})
    period: Period = Field(title="per", json_schema_extra={"zh": "每"})

    def in_words(self) -> tuple[str, str]:
        return times_words(self.times, self.period)


class PhasePart(Section):
    every: int = Field(ge=1, le=366)
    unit: Unit = Unit.DAYS
    times: int | None = Field(default=None, ge=1, le=1_000)

    def in_words(self) -> tuple[str, str]:
        return phase_words(self.every, self.unit, self.times)


class PhasedPart(Section):
    phases: list[PhasePart] = Field(min_length=1, description="every X for N times, then every Y")
    since: str = Field(default="", description="a day of the subject's own; empty: its beginning")

    def in_words(self) -> tuple[str, str]:
        said = [phase.in_words() for phase in self.phases]
        return "，此后".join(zh for zh, _ in said), ", then ".join(en for _, en in said)


class StayPart(Section):
    stay: Code
    every: int | None = Field(default=None, ge=1, le=366, description="days; empty: once")
    within: int | None = Field(default=None, ge=1, le=366, description="once: days from the stay's first; empty: a week")

    def in_words(self) -> tuple[str, str]:
        return stay_words(self.stay, self.every, self.within)


class DayPart(Section):
    day: Code
    offset: int = Field(default=0, ge=-366, le=3_660, description="days before (negative) or after")
    days: int = Field(default=1, ge=1, le=366)

    def in_words(self) -> tuple[str, str]:
        return day_words(self.day, self.offset, self.days)


class SubjectsPart(Section):
    """Whom or what: a kind of subject, and facts that have to be so."""

    kind: Code
    where: dict[str, Condition] = Field(default_factory=dict, title="those with", json_schema_extra={"zh": "条件"})


class RetryPart(Section):
    times: int = Field(default=3, ge=1, le=20, title="attempts", json_schema_extra={"zh": "尝试次数"})
    hours: int = Field(default=24, ge=1, le=336, title="hours between attempts", json_schema_extra={"zh": "间隔（小时）"})


class RulePart(Section):
    """One recurring duty."""

    code: Code
    names: Text
    kind: Literal["visit", "inspection", "patrol", "meeting", "task"] = "visit"
    subjects: SubjectsPart = Field(title="for whom or what", json_schema_extra={"zh": "对象"})
    levels: list[str] = Field(min_length=1, title="levels or roles that answer, the first one first", json_schema_extra={"zh": "负责层级或岗位（依次递补）"})
    cadence: RecurringPart | TimesPart | PhasedPart | StayPart | DayPart = Field(title="cadence", json_schema_extra={"zh": "频次"})
    days_off: DaysOff = Field(default=DaysOff.KEEP, title="on days off", json_schema_extra={"zh": "遇休息日"})
    hours: Hours = Opening(8 * 60, 20 * 60)
    answer: Limit | None = Field(default=None, title="time to answer", json_schema_extra={"zh": "应答时限"})
    evidence: list[Evidence] = Field(default_factory=list, title="evidence", json_schema_extra={"zh": "凭据"})
    form: dict[str, Any] | None = Field(default=None, description="JSON Schema of what is filled in")
    census: bool = Field(
        default=False, title="the ledger is confirmed before it is done", json_schema_extra={"zh": "须先核对台账"},
        description="every yearly leaf of the place was written or confirmed this year",
    )  # fmt: skip
    retry: RetryPart = Field(default=RetryPart(), title="when nobody is home", json_schema_extra={"zh": "家中无人时"})
    visibility: Literal["public", "internal", "private"] = "internal"


class PausePart(Section):
    """A reason for which a subject's duties may pause; a code, so that nothing personal is written."""

    code: Code
    names: Text


class DutiesSection(Section):
    """The ``duties`` section of a playbook. What has begun finishes under its version; what has not is derived anew."""

    rules: list[RulePart] = Field(default_factory=list, title="Recurring duties", json_schema_extra={"zh": "周期性工作"})
    files_days: int = Field(default=365, ge=1, le=3_660, title="days photos and signatures are kept", json_schema_extra={"zh": "照片和签名保存天数"})
    pauses: list[PausePart] = Field(default_factory=list, title="Reasons for a pause", json_schema_extra={"zh": "暂停理由"})
    horizon: int = Field(default=35, ge=7, le=100, title="days derived ahead", json_schema_extra={"zh": "提前生成天数"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Say what contradicts itself: codes given twice, unknown levels, a chain with a loop, cadences that never come round or end."""
        for code, times in Counter(rule.code for rule in self.rules).items():
            if times > 1:
                places = [place for place, rule in enumerate(self.rules) if rule.code == code]
                yield Issue(("rules", places[-1]), N_("“%(code)s” is given %(times)s times; give each code once"), {"code": code, "times": times})
        for place, pause in enumerate(self.pauses):
            if pause.code in [earlier.code for earlier in self.pauses[:place]]:
                yield Issue(("pauses", place, "code"), N_("This code is used twice."))
        directory = playbook.sections.get("directory")
        heads = {str(part.code): str(part.code) for part in getattr(directory, "levels", ())}
        for role in getattr(directory, "roles", ()):
            leads = role.rank == 1 and role.level in heads  # the level's head: one and the same post
            heads.setdefault(str(role.code), str(role.level if leads else role.code))
        for place, rule in enumerate(self.rules):
            yield from _issues(rule, place, heads)


def _issues(rule: RulePart, place: int, heads: dict[str, str]) -> Iterable[Issue]:
    """``heads``: each level and role that may answer, with what names the same post."""
    where = ("rules", place)
    for number, step in enumerate(rule.levels):
        if heads and step not in heads:
            expected, known = "a level or a role of the directory", tuple(heads)
            yield Issue((*where, "levels", number), N_("there is no such level or role"), expected=expected, given=step, known=known)
        if heads.get(step, step) in (heads.get(before, before) for before in rule.levels[:number]):
            yield Issue((*where, "levels", number), N_("this level answers already: the chain would go in a circle"), given=step)
    if len(rule.levels) > 1 and rule.answer is None:
        yield Issue((*where, "levels"), N_("several levels need a time to answer, or the next one would never have it"), expected="answer: 4 working_hours")
    try:
        checked(_cadence(rule.cadence))
    except Refusal as refusal:
        yield Issue((*where, "cadence"), refusal.message, refusal.params)
    for name, value in rule.subjects.where.items():
        for word in (name, *(value if isinstance(value, list) else [value])):
            attribute = refused_attribute(word) if isinstance(word, str) else None
            if attribute:
                yield Issue((*where, "subjects", "where", name), N_("Linli keeps no %(attribute)s of anyone."), {"attribute": attribute})
    if rule.form is not None:
        for message, values in wrong_with(rule.form):
            yield Issue((*where, "form"), message, values)
    if Evidence.FORM in rule.evidence and rule.form is None:
        yield Issue((*where, "evidence"), N_("a form is asked for, and none is given"), expected="form: {type: object, …}")


def _cadence(part: Section) -> Cadence:
    if isinstance(part, RecurringPart):
        return Recurring(part.rule, part.days, part.since)
    if isinstance(part, TimesPart):
        return TimesPer(part.times, part.period)
    if isinstance(part, PhasedPart):
        return Phased(tuple(Phase(phase.every, phase.unit, phase.times) for phase in part.phases), part.since)
    if isinstance(part, StayPart):
        return WithinStay(part.stay, part.every, part.within)
    assert isinstance(part, DayPart)
    return AroundDay(part.day, part.offset, part.days)


def compile_policy(section: DutiesSection) -> DutiesPolicy:
    """Turn the section into the plain values that the rules read."""
    return DutiesPolicy(
        rules={
            rule.code: DutyRule(
                code=rule.code,
                names=rule.names.model_dump(),
                kind=rule.kind,
                subject_kind=rule.subjects.kind,
                where=rule.subjects.where,
                chain=tuple(rule.levels),
                cadence=_cadence(rule.cadence),
                days_off=rule.days_off,
                opens=rule.hours.start,
                closes=rule.hours.end,
                answer=rule.answer,
                evidence=frozenset(rule.evidence),
                form=rule.form,
                census=rule.census,
                retries=rule.retry.times,
                retry_hours=rule.retry.hours,
                confidentiality=_CONFIDENTIALITY[rule.visibility],
                signature=hashlib.sha256(json_text(rule.model_dump(mode="json")).encode()).hexdigest()[:32],
            )
            for rule in section.rules
        },
        pauses={pause.code: pause.names.model_dump() for pause in section.pauses},
        horizon=section.horizon,
        files_days=section.files_days,
    )
