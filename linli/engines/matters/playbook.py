"""The playbook's ``matters`` section: kinds, classes and their clocks, the route, and the rules of each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from linli.engines.matters.rules.form import Question
from linli.engines.matters.rules.policy import Level, LimitRow, MatterClass, Policy
from linli.engines.matters.rules.states import State, Verb, dead_ends
from linli.kernel.access.rules import Confidentiality, declare
from linli.kernel.calendar.playbook import Limit
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.refusal import N_

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
Visibility = Literal["public", "internal", "private"]
_CONFIDENTIALITY = {"public": Confidentiality.PUBLIC, "internal": Confidentiality.INTERNAL, "private": Confidentiality.PRIVATE}


REASONED = (
    Verb.REFUSE,
    Verb.MERGE,
    Verb.RETURN,
    Verb.TRANSFER,
    Verb.ESCALATE,
    Verb.SUSPEND,
    Verb.RESUME,
    Verb.ASK_EXTENSION,
    Verb.DECLINE_EXTENSION,
    Verb.REOPEN,
    Verb.WHISTLE,
    Verb.CORRECT,
    Verb.REDACT,
)


class KindPart(Section):
    """A kind of matter: component fault, event, dispute, petition…"""

    code: Code
    names: Text
    visibility: Visibility = "public"
    publish_words: bool = Field(
        default=False, title="words are public", json_schema_extra={"zh": "公开上报文字"}, description="show the reporter's words, scrubbed, to everyone"
    )


class ConditionPart(Section):
    """One row of a class: {condition, time, closing condition}."""

    code: Code = "ordinary"
    names: Text | None = None
    time: Limit = Field(title="promise", json_schema_extra={"zh": "时限"})
    closing: Text | None = Field(default=None, title="done when", json_schema_extra={"zh": "结案条件"})
    levels: dict[str, Limit] = Field(default_factory=dict, title="clocks of the levels", json_schema_extra={"zh": "各级时限"})


class FormField(Section):
    """A question that a class asks the reporter."""

    code: Code
    names: Text
    type: Literal["text", "number", "choice", "choices", "date"] = "text"
    required: bool = False
    choices: list[FormChoice] = Field(default_factory=list)


class FormChoice(Section):
    code: Code
    names: Text


class ClassPart(Section):
    """A sub-class that people can report."""

    code: Code
    kind: Code
    names: Text
    group: Text | None = Field(default=None, title="group", json_schema_extra={"zh": "大类"})
    reported_by: Literal["everyone", "desk"] = Field(
        default="everyone", title="reported by", json_schema_extra={"zh": "由谁上报", "values": {"everyone": "所有人", "desk": "值班岗位"}},
        description="desk: no resident is offered it; desks, gateways and the program's own stories open it",
    )  # fmt: skip
    words: list[str] = Field(
        default_factory=list, title="everyday words", json_schema_extra={"zh": "常用说法"}, description="everyday words that suggest this class"
    )
    conditions: list[ConditionPart] = Field(min_length=1, title="conditions and their times", json_schema_extra={"zh": "情形与时限"})
    visibility: Visibility | None = None
    emergency: str = Field(default="", title="number to call at once", json_schema_extra={"zh": "紧急电话"}, description="number to call at once")
    urgent: bool = Field(default=False, title="urgent", json_schema_extra={"zh": "紧急"})
    department: Code | None = Field(default=None, title="department", json_schema_extra={"zh": "主管部门"})
    start_at: Code | None = Field(
        default=None, title="starts at the level", json_schema_extra={"zh": "起始层级"}, description="level that it starts at, if not the lowest"
    )
    form: list[FormField] = Field(default_factory=list, title="questions to the reporter", json_schema_extra={"zh": "询问上报人"})


class LevelPart(Section):
    """One level of the route, lowest first."""

    level: Code
    time: Limit | None = None
    solving_closes: bool = Field(
        default=False, title="solving closes", json_schema_extra={"zh": "办结即结案"}, description="solved at this level means verified and closed"
    )
    closing_follows_verification: bool = Field(default=False, title="verification closes", json_schema_extra={"zh": "核查通过即结案"})


class IntakePart(Section):
    filing: Literal["automatic", "by_hand"] = Field(
        default="automatic", title="filing", json_schema_extra={"zh": "立案", "values": {"automatic": "自动", "by_hand": "人工"}}
    )
    reports_per_hour: int = Field(
        default=20, ge=1, le=10_000, title="reports an hour of one reporter", json_schema_extra={"zh": "每人每小时最多上报"}, description="of one reporter"
    )


class CallBackPart(Section):
    required: bool = Field(default=False, title="needed before closing", json_schema_extra={"zh": "结案前必须回访"})
    attempts: int = Field(default=3, ge=1, le=20, title="attempts", json_schema_extra={"zh": "尝试次数"})


class ReopenPart(Section):
    within: Limit = Field(title="within", json_schema_extra={"zh": "期限内"})
    below_rating: int = Field(
        default=3, ge=1, le=5, title="rated below", json_schema_extra={"zh": "评分低于"}, description="a lower rating with “not solved” reopens"
    )


class ExtensionPart(Section):
    times: int = Field(default=1, ge=0, le=10)


class SuspensionPart(Section):
    days: int = Field(default=90, ge=1, le=730, title="days at most", json_schema_extra={"zh": "最长天数"})


class WhistlePart(Section):
    time: Limit


class DuplicatesPart(Section):
    metres: float = Field(default=150, gt=0, le=2_000, title="within metres", json_schema_extra={"zh": "距离（米）内"})
    days: int = Field(default=30, ge=1, le=365, title="within days", json_schema_extra={"zh": "天数内"})
    score: float = Field(default=0.6, gt=0, le=1, title="least likeness", json_schema_extra={"zh": "最低相似度"})


class AnswerPart(Section):
    """A ready answer that a desk can use and change."""

    code: Code
    names: Text
    text: Text


class SourcePart(Section):
    """A channel that reports come in by."""

    code: Code
    names: Text


class MattersSection(Section):
    """The ``matters`` section of a playbook."""

    kinds: list[KindPart] = Field(min_length=1, title="kinds", json_schema_extra={"zh": "事项种类"})
    classes: list[ClassPart] = Field(min_length=1, title="classes", json_schema_extra={"zh": "事项类别"})
    route: list[LevelPart] = Field(min_length=1, title="levels, from the lowest", json_schema_extra={"zh": "逐级时限"})
    intake: IntakePart = Field(default=IntakePart(), title="intake", json_schema_extra={"zh": "受理"})
    reasons: list[Verb] = Field(default_factory=lambda: list(REASONED), title="steps that need a reason", json_schema_extra={"zh": "须写理由的操作"})
    forbid: list[ForbiddenPart] = Field(
        default_factory=list, title="steps that are not used", json_schema_extra={"zh": "不使用的操作"}, description="moves that this community does not use"
    )
    call_back: CallBackPart = Field(default=CallBackPart(), title="call-back", json_schema_extra={"zh": "回访"})
    reopen: ReopenPart = Field(title="reopening", json_schema_extra={"zh": "重办"})
    extension: ExtensionPart = Field(default=ExtensionPart(), title="extension", json_schema_extra={"zh": "延期"})
    suspension: SuspensionPart = Field(default=SuspensionPart(), title="suspension", json_schema_extra={"zh": "挂账"})
    whistle: WhistlePart = Field(title="departments called", json_schema_extra={"zh": "吹哨"})
    duplicates: DuplicatesPart = Field(default=DuplicatesPart(), title="likely the same", json_schema_extra={"zh": "疑似重复"})
    answers: list[AnswerPart] = Field(default_factory=list, title="ready answers", json_schema_extra={"zh": "常用答复"})
    sources: list[SourcePart] = Field(default_factory=list, title="channels", json_schema_extra={"zh": "上报渠道"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Say what contradicts itself: unknown kinds and levels, codes given twice, states that never end."""
        for name, codes in (
            ("kinds", [kind.code for kind in self.kinds]),
            ("classes", [part.code for part in self.classes]),
            ("route", [part.level for part in self.route]),
        ):
            for code, times in Counter(codes).items():
                if times > 1:
                    last = len(codes) - 1 - codes[::-1].index(code)
                    yield Issue((name, last), N_("“%(code)s” is given %(times)s times; give each code once"), {"code": code, "times": times})
        kinds = {kind.code for kind in self.kinds}
        levels = [part.level for part in self.route]
        for place, part in enumerate(self.classes):
            if part.kind not in kinds:
                yield Issue(("classes", place, "kind"), N_("there is no such kind"), expected="a code from kinds", given=part.kind, known=kinds)
            if part.start_at is not None and part.start_at not in levels:
                yield _no_level(("classes", place, "start_at"), part.start_at, levels)
            for row, condition in enumerate(part.conditions):
                for level in condition.levels:
                    if level not in levels:
                        yield _no_level(("classes", place, "conditions", row, "levels", level), level, levels)
        for place, step in enumerate(self.route[:-1]):
            if step.time is None:
                yield Issue(("route", place), N_("a level below the top needs a time, or a matter could wait there for ever"), expected="time: 1 working_days")
        stuck = dead_ends(self.intake_drops, [(part.state, part.verb) for part in self.forbid])
        if stuck:
            yield Issue(("forbid",), N_("a matter could never be closed from: %(states)s"), {"states": ", ".join(sorted(stuck))})
        directory = playbook.sections.get("directory")
        known = [str(part.code) for part in getattr(directory, "levels", ())]
        for place, level in enumerate(levels):
            if directory is not None and level not in known:
                yield _no_level(("route", place, "level"), level, known)

    @property
    def intake_drops(self) -> frozenset[str]:
        """The steps that go by themselves for a report that has a place."""
        return frozenset({"filing", "dispatching"}) if self.intake.filing == "automatic" else frozenset()


def _no_level(path: tuple[str | int, ...], given: str, known: Iterable[str]) -> Issue:
    return Issue(path, N_("there is no such level"), expected="a level of the route", given=given, known=tuple(known))


class ForbiddenPart(Section):
    state: State = Field(title="state", json_schema_extra={"zh": "状态"})
    verb: Verb = Field(title="step", json_schema_extra={"zh": "操作"})


FormField.model_rebuild()
MattersSection.model_rebuild()


def compile_policy(section: MattersSection) -> Policy:
    """Turn the section into the plain values that the rules read."""
    kinds = {kind.code: kind for kind in section.kinds}
    levels = [part.level for part in section.route]
    return Policy(
        levels=tuple(
            Level(
                level=part.level,
                limit=part.time,
                drops=frozenset({"verification", "closing"}) if part.solving_closes else frozenset({"closing"} if part.closing_follows_verification else ()),
            )
            for part in section.route
        ),
        classes={
            part.code: MatterClass(
                code=part.code,
                kind=part.kind,
                rows=tuple(LimitRow(row.code, row.time, dict(row.levels)) for row in part.conditions),
                confidentiality=_CONFIDENTIALITY[part.visibility or kinds[part.kind].visibility],
                names=part.names.model_dump(),
                publishes_words=kinds[part.kind].publish_words and (part.visibility or kinds[part.kind].visibility) == "public",
                emergency=part.emergency,
                urgent=part.urgent or bool(part.emergency),
                start_level=levels.index(part.start_at) if part.start_at else 0,
                department=part.department or "",
                by_desk=part.reported_by == "desk",
                questions=tuple(Question(asked.code, asked.type, asked.required, frozenset(choice.code for choice in asked.choices)) for asked in part.form),
            )
            for part in section.classes
        },
        intake_drops=section.intake_drops,
        reasons_required=frozenset(section.reasons),
        closing_needs_call_back=section.call_back.required,
        call_back_attempts=section.call_back.attempts,
        reopen_within=section.reopen.within,
        reopen_below_rating=section.reopen.below_rating,
        max_extensions=section.extension.times,
        max_suspension_days=section.suspension.days,
        whistle_limit=section.whistle.time,
        duplicate_metres=section.duplicates.metres,
        duplicate_days=section.duplicates.days,
        duplicate_score=section.duplicates.score,
        reports_per_hour=section.intake.reports_per_hour,
        forbidden=frozenset((part.state.value, part.verb.value) for part in section.forbid),
    )


for _name, _text in (
    ("matters.read", N_("see matters")),
    ("matters.act", N_("handle matters: solve, send up, report back, note")),
    ("matters.dispatch", N_("file, dispatch, transfer, merge, suspend and correct matters")),
    ("matters.verify", N_("verify, call back, close and reopen matters")),
    ("matters.approve", N_("decide on extensions")),
    ("matters.whistle", N_("call departments to report in")),
    ("matters.redact", N_("redact what everyone may read")),
    ("matters.report_for_others", N_("report for a caller or from another platform")),
    ("matters.read_identity", N_("see who reported and how to reach them")),
    ("matters.export", N_("export lists of matters")),
):
    declare(_name, text=_text)
