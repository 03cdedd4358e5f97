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
    publish_words: bool = Field(default=False, description="show the reporter's words, scrubbed, to everyone")


class ConditionPart(Section):
    """One row of a class: {condition, time, closing condition}."""

    code: Code = "ordinary"
    names: Text | None = None
    time: Limit = Field(title="promise", json_schema_extra={"zh": "时限"})
    closing: Text | None = None
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
    group: Text | None = None
    words: list[str] = Field(default_factory=list, description="everyday words that suggest this class")
    conditions: list[ConditionPart] = Field(min_length=1)
    visibility: Visibility | None = None
    emergency: str = Field(default="", description="number to call at once")
    urgent: bool = False
    department: Code | None = None
    start_at: Code | None = Field(default=None, description="level that it starts at, if not the lowest")
    form: list[FormField] = Field(default_factory=list)


class LevelPart(Section):
    """One level of the route, lowest first."""

    level: Code
    time: Limit | None = None
    solving_closes: bool = Field(default=False, description="solved at this level means verified and closed")
    closing_follows_verification: bool = False


class IntakePart(Section):
    filing: Literal["automatic", "by_hand"] = "automatic"
    reports_per_hour: int = Field(default=20, ge=1, le=10_000, description="of one reporter")


class CallBackPart(Section):
    required: bool = False
    attempts: int = Field(default=3, ge=1, le=20)


class ReopenPart(Section):
    within: Limit
    below_rating: int = Field(default=3, ge=1, le=5, description="a lower rating with “not solved” reopens")


class ExtensionPart(Section):
    times: int = Field(default=1, ge=0, le=10)


class SuspensionPart(Section):
    days: int = Field(default=90, ge=1, le=730)


class WhistlePart(Section):
    time: Limit


class DuplicatesPart(Section):
    metres: float = Field(default=150, gt=0, le=2_000)
    days: int = Field(default=30, ge=1, le=365)
    score: float = Field(default=0.6, gt=0, le=1)


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

    kinds: list[KindPart] = Field(min_length=1)
    classes: list[ClassPart] = Field(min_length=1)
    route: list[LevelPart] = Field(min_length=1)
    intake: IntakePart = IntakePart()
    reasons: list[Verb] = Field(default_factory=lambda: list(REASONED))
    forbid: list[ForbiddenPart] = Field(default_factory=list, description="moves that this community does not use")
    call_back: CallBackPart = CallBackPart()
    reopen: ReopenPart
    extension: ExtensionPart = ExtensionPart()
    suspension: SuspensionPart = SuspensionPart()
    whistle: WhistlePart
    duplicates: DuplicatesPart = DuplicatesPart()
    answers: list[AnswerPart] = Field(default_factory=list)
    sources: list[SourcePart] = Field(default_factory=list)

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
    state: State
    verb: Verb


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
