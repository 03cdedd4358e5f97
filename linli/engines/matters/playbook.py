"""The playbook's ``matters`` section: kinds, classes and their clocks, the route, and the rules of each step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from linli.engines.matters.rules.policy import Level, LimitRow, MatterClass, Policy
from linli.engines.matters.rules.states import State, Verb, dead_ends
from linli.kernel.access.rules import Confidentiality
from linli.kernel.calendar.rules import ClockUnit, TimeLimit
from linli.kernel.playbooks.rules import Issue, Section, Text

_TIME = re.compile(r"^\s*(\d{1,5})\s+(urgent_hours|working_hours|working_days)\s*$")


def _time(value: Any) -> Any:
    """Read ``4 working_hours``."""
    if isinstance(value, TimeLimit):
        return value
    found = _TIME.match(value) if isinstance(value, str) else None
    if not found or int(found[1]) == 0:
        raise ValueError("a time such as “2 urgent_hours”, “4 working_hours” or “5 working_days”")
    return TimeLimit(amount=int(found[1]), unit=ClockUnit(found[2]))


Time = Annotated[TimeLimit, BeforeValidator(_time)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
Visibility = Literal["public", "internal", "private"]
_CONFIDENTIALITY = {"public": Confidentiality.PUBLIC, "internal": Confidentiality.INTERNAL, "private": Confidentiality.PRIVATE}


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
    time: Time = Field(title="promise", json_schema_extra={"zh": "时限"})
    closing: Text | None = None
    levels: dict[str, Time] = Field(default_factory=dict, title="clocks of the levels", json_schema_extra={"zh": "各级时限"})


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
    time: Time | None = None
    solving_closes: bool = Field(default=False, description="solved at this level means verified and closed")
    closing_follows_verification: bool = False


class IntakePart(Section):
    filing: Literal["automatic", "by_hand"] = "automatic"
    reports_per_hour: int = Field(default=20, ge=1, le=10_000, description="of one reporter")


class CallBackPart(Section):
    required: bool = False
    attempts: int = Field(default=3, ge=1, le=20)


class ReopenPart(Section):
    within: Time
    below_rating: int = Field(default=3, ge=1, le=5, description="a lower rating with “not solved” reopens")


class ExtensionPart(Section):
    times: int = Field(default=1, ge=0, le=10)


class SuspensionPart(Section):
    days: int = Field(default=90, ge=1, le=730)


class WhistlePart(Section):
    time: Time


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

    def check(self, others: Mapping[str, Section]) -> Iterable[Issue]:
        """Say what contradicts itself: unknown kinds and levels, codes given twice, states that never end."""
        for name, codes in (
            ("kinds", [kind.code for kind in self.kinds]),
            ("classes", [part.code for part in self.classes]),
            ("route", [part.level for part in self.route]),
        ):
            for code, times in Counter(codes).items():
                if times > 1:
                    yield Issue((name, len(codes) - 1 - codes[::-1].index(code)), f"“{code}” is given {times} times", "each code once")
        kinds = {kind.code for kind in self.kinds}
        levels = [part.level for part in self.route]
        for place, part in enumerate(self.classes):
            if part.kind not in kinds:
                yield Issue(("classes", place, "kind"), f"there is no kind “{part.kind}”", "a code from kinds", tuple(sorted(kinds)))
            if part.start_at is not None and part.start_at not in levels:
                yield Issue(("classes", place, "start_at"), f"there is no level “{part.start_at}”", "a level of the route", tuple(levels))
            for row, condition in enumerate(part.conditions):
                for level in condition.levels:
                    if level not in levels:
                        where = ("classes", place, "conditions", row, "levels", level)
                        yield Issue(where, f"there is no level “{level}”", "a level of the route", tuple(levels))
        for place, part in enumerate(self.route[:-1]):
            if part.time is None:
                yield Issue(("route", place, "time"), "a level below the top needs a time", "a time such as “1 working_days”")
        stuck = dead_ends(self._intake_drops(), [(part.state, part.verb) for part in self.forbid])
        if stuck:
            names = ", ".join(sorted(stuck))
            yield Issue(("forbid",), f"a matter could never be closed from: {names}", "a way to an end from every state")
        directory = others.get("directory")
        known = {part.code for part in getattr(directory, "levels", [])}
        for place, level in enumerate(levels):
            if directory is not None and level not in known:
                yield Issue(("route", place, "level"), f"the directory has no level “{level}”", "a level of the directory", tuple(sorted(known)))

    def _intake_drops(self) -> frozenset[str]:
        return frozenset({"filing", "dispatching"}) if self.intake.filing == "automatic" else frozenset()


class ForbiddenPart(Section):
    state: State
    verb: Verb


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
            )
            for part in section.classes
        },
        intake_drops=section._intake_drops(),
        reasons_required=frozenset(section.reasons),
        closing_needs_call_back=section.call_back.required,
        call_back_attempts=section.call_back.attempts,
        reopen_within=section.reopen.within,
        reopen_below_rating=section.reopen.below_rating,
        max_extensions=section.extension.times,
        max_suspension_days=section.suspension.days,
        whistle_limit=section.whistle.time,
        extension_decided_by_upper=True,
        duplicate_metres=section.duplicates.metres,
        duplicate_days=section.duplicates.days,
        duplicate_score=section.duplicates.score,
        reports_per_hour=section.intake.reports_per_hour,
        forbidden=frozenset((part.state.value, part.verb.value) for part in section.forbid),
    )


