"""What a playbook decided about matters, compiled to plain values: one frozen ``Policy`` a playbook version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from linli.engines.matters.rules.form import Question
from linli.engines.matters.rules.states import Verb
from linli.kernel.access.rules import Confidentiality
from linli.kernel.calendar.rules import TimeLimit


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One row {condition, time, closing condition} of a class (GB/T 30428.8); level limits override the route's."""

    condition: str
    promise: TimeLimit
    levels: Mapping[str, TimeLimit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatterClass:
    """One sub-class that can be reported."""

    code: str
    kind: str
    rows: tuple[LimitRow, ...]
    confidentiality: Confidentiality
    names: Mapping[str, str]
    publishes_words: bool = False
    emergency: str = ""  # whom to call at once, e.g. "119"; empty for an ordinary class
    urgent: bool = False
    start_level: int = 0
    department: str = ""  # code of the unit that usually handles it
    questions: tuple[Question, ...] = ()
    by_desk: bool = False  # no resident's report may name it

    def row(self, condition: str) -> LimitRow | None:
        """Return the row of ``condition`` (the first one where it is empty), or None for an unknown condition."""
        if not condition:
            return self.rows[0]
        return next((row for row in self.rows if row.condition == condition), None)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the route: its clock, and which steps its solution may skip."""

    level: str
    limit: TimeLimit | None  # none at the top: it cannot pass a matter on
    drops: frozenset[str]  # of "verification", "closing": solved here means closed here


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that decides about matters under one playbook version."""

    levels: tuple[Level, ...]
    classes: Mapping[str, MatterClass]
    intake_drops: frozenset[str]  # of "filing", "dispatching": steps that go by themselves for a placed report
    reasons_required: frozenset[Verb]
    closing_needs_call_back: bool
    call_back_attempts: int
    reopen_within: TimeLimit
    reopen_below_rating: int
    max_extensions: int
    max_suspension_days: int
    whistle_limit: TimeLimit
    duplicate_metres: float
    duplicate_days: int
    duplicate_score: float
    reports_per_hour: int
    forbidden: frozenset[tuple[str, str]] = frozenset()

    @property
    def top(self) -> int:
        return len(self.levels) - 1
