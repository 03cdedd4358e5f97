"""A small policy, a world without a database, and cases, for tests of the pure rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from linli.engines.matters.rules.case import Case
from linli.engines.matters.rules.command import Place
from linli.engines.matters.rules.intake import ReportRequest, begin
from linli.engines.matters.rules.policy import Level, LimitRow, MatterClass, Policy
from linli.engines.matters.rules.states import Verb
from linli.kernel.access.rules import Confidentiality
from linli.kernel.calendar.rules import ClockUnit, TimeLimit

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_SPACE = UUID(int=7)


def hours(amount: int) -> TimeLimit:
    return TimeLimit(amount, ClockUnit.URGENT_HOURS)


def named(name: str) -> UUID:
    return uuid5(_SPACE, name)


LEVELS = ("grid", "street", "district")
AREAS = {name: named(f"area {name}") for name in ("g1", "g2", "street-only", "root")}
# Which posts head which level of which area. One street has no grid posts, and the root no posts but its own.
HEADS = {
    "g1": {"grid": "grid 1", "street": "street", "district": "district"},
    "g2": {"grid": "grid 2", "street": "street", "district": "district"},
    "street-only": {"street": "street", "district": "district"},
    "root": {"district": "district"},
}


@dataclass
class FakeWorld:
    """Heads by table; every limit counts plain hours (a working day is a day)."""

    retired: set[UUID] = field(default_factory=set)
    without: frozenset[str] = frozenset()  # levels whose posts are gone

    def head(self, level: str, area_id: UUID) -> UUID | None:
        name = next(name for name, known in AREAS.items() if known == area_id)
        post = None if level in self.without else HEADS[name].get(level)
        return named(post) if post and named(post) not in self.retired else None

    def root(self) -> UUID:
        return named("district")

    def serves(self, post_id: UUID) -> bool:
        return post_id not in self.retired

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        return start + limit.amount * (DAY if limit.unit is ClockUnit.WORKING_DAYS else HOUR)


def policy(**changes: Any) -> Policy:
    """Three levels of 8 and 48 hours; an ordinary class, an urgent one and a private one."""
    plain = Policy(
        levels=(
            Level("grid", hours(8), frozenset({"verification", "closing"})),
            Level("street", hours(48), frozenset()),
            Level("district", None, frozenset()),
        ),
        classes={
            "E-1": MatterClass("E-1", "event", (LimitRow("ordinary", hours(72)), LimitRow("bad", hours(24))), Confidentiality.PUBLIC, {}, publishes_words=True),
            "E-2": MatterClass("E-2", "event", (LimitRow("ordinary", hours(2), {"grid": hours(1)}),), Confidentiality.PUBLIC, {}, emergency="119"),
            "D-1": MatterClass("D-1", "dispute", (LimitRow("ordinary", hours(240)),), Confidentiality.PRIVATE, {}),
            "S-1": MatterClass("S-1", "event", (LimitRow("ordinary", hours(72)),), Confidentiality.PUBLIC, {}, start_level=1),
        },
        intake_drops=frozenset({"filing", "dispatching"}),
        reasons_required=frozenset({Verb.REFUSE, Verb.MERGE, Verb.RETURN, Verb.SUSPEND, Verb.REOPEN, Verb.CORRECT}),
        closing_needs_call_back=False,
        call_back_attempts=2,
        reopen_within=hours(240),
        reopen_below_rating=3,
        max_extensions=1,
        max_suspension_days=60,
        whistle_limit=hours(4),
        duplicate_metres=150,
        duplicate_days=30,
        duplicate_score=0.6,
        reports_per_hour=20,
    )
    return replace(plain, **changes)


def place(area: str = "g1", placing: str = "inside") -> Place:
    return Place(AREAS[area], f"{area}/", placing)


def begun(name: str = "m1", *, area: str = "g1", placing: str = "inside", world: FakeWorld | None = None, rules: Policy | None = None, **wanted: Any) -> Case:
    """The case that a report at ``AT`` begins."""
    rules = rules or policy()
    request = ReportRequest(**{"at": AT, "class_code": "E-1", **wanted})
    return begin(
        request,
        known=rules.classes[request.class_code],
        place=place(area, placing),
        ids=(named(name), named(f"audit {name}")),
        policy_id=named("policy"),
        policy=rules,
        world=world or FakeWorld(),
    )
