"""The whistle board (吹哨报到): which departments were called, who has come and who has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from linli.directory.organisation.rules import UnitNode
from linli.engines.matters.models import Whistle
from linli.engines.matters.services.frame import Frame, frame
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope

MOST = 400
REMEMBERED = timedelta(days=30)  # how long the board shows who came

COLUMNS = (
    "unit_id", "reason", "called_at", "due_at", "reported_in_at", "released_at", "answer", "matter__code", "matter__class_code", "matter__policy",
    "matter__area_id", "matter__address",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Called:
    """One department called to one matter. ``state``: overdue, waiting, late, came or released."""

    unit: UnitNode
    mine: bool
    code: str
    class_names: Mapping[str, str]
    area_names: Mapping[str, str]
    address: str
    reason: str
    called_at: datetime
    due_at: datetime
    came_at: datetime | None
    answer: str
    state: str

    @property
    def waits(self) -> bool:
        return self.state in ("overdue", "waiting")


@dataclass(frozen=True, slots=True)
class Department:
    """A department's calls within the board's time: still waited for, of them past due, come, of them on time."""

    unit: UnitNode
    waiting: int
    overdue: int
    came: int
    on_time: int


@dataclass(frozen=True, slots=True)
class Board:
    calls: Sequence[Called]
    departments: Sequence[Department]


def whistle_board(*, actor: Actor, at: datetime) -> Board:
    """Every call that still waits, and those of the last 30 days that came, where the actor may see the matter. One query."""
    actor.require_somewhere("matters.read")
    land = frame()
    mine = {land.organisation.post(post_id).unit_id for post_id in actor.post_ids}
    readable = in_scope(actor.scopes("matters.read"), path="matter__area_path", confidentiality="matter__confidentiality")
    recent = Q(reported_in_at=None, released_at=None) | Q(called_at__gte=at - REMEMBERED)
    rows = Whistle.objects.filter(readable, recent).order_by("-called_at", "id").values(*COLUMNS)[:MOST]
    calls = [_called(row, land=land, at=at, mine=mine) for row in rows]
    calls.sort(key=lambda call: (not call.waits, call.due_at.timestamp() if call.waits else -call.called_at.timestamp()))
    return Board(calls, _departments(calls))


def _called(row: Mapping[str, Any], *, land: Frame, at: datetime, mine: set[UUID]) -> Called:
    known = land.policy_of(row["matter__policy"]).classes.get(row["matter__class_code"])
    code = row["matter__class_code"]
    unit = land.organisation.unit(row["unit_id"])
    came, due, released = row["reported_in_at"], row["due_at"], row["released_at"]
    ended = "released" if released is not None else "overdue" if due < at else "waiting"
    state = ended if came is None else "came" if came <= due else "late"
    return Called(
        unit=unit,
        mine=unit.id in mine,
        code=row["matter__code"],
        class_names=known.names if known else {"zh": code, "en": code},
        area_names=land.ground.area(row["matter__area_id"]).names,
        address=row["matter__address"],
        reason=row["reason"],
        called_at=row["called_at"],
        due_at=due,
        came_at=came,
        answer=row["answer"],
        state=state,
    )


def _departments(calls: Sequence[Called]) -> list[Department]:
    found: dict[UUID, list[Called]] = {}
    for call in calls:
        found.setdefault(call.unit.id, []).append(call)
    departments = [
        Department(
            unit=some[0].unit,
            waiting=sum(call.waits for call in some),
            overdue=sum(call.state == "overdue" for call in some),
            came=sum(call.came_at is not None for call in some),
            on_time=sum(call.state == "came" for call in some),
        )
        for some in found.values()
    ]
    return sorted(departments, key=lambda one: (-one.overdue, -one.waiting, one.unit.code))
