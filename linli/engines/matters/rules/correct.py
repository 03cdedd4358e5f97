"""Correcting what a matter is or where it lies, after it was filed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from linli.engines.matters.rules.case import Case, World, revised
from linli.engines.matters.rules.classes import unknown_class
from linli.engines.matters.rules.clocks import level_deadline, next_owner
from linli.engines.matters.rules.command import Command, Place
from linli.engines.matters.rules.policy import Policy
from linli.engines.matters.rules.states import State
from linli.kernel.refusal import N_, Refusal


class NothingToCorrect(Refusal):
    code = "matters.nothing_to_correct"
    message = N_("Say what is wrong: the class, its condition or the place.")
    field = "class_code"


def owner_at(area_id: UUID, *, level: int, world: World, policy: Policy) -> tuple[int, UUID]:
    """Return who answers for the area at ``level``, or at the next level above that has a post for it."""
    owner = next_owner(world=world, policy=policy, level=level - 1, area_id=area_id)
    assert owner is not None, "the top always has a post"
    return owner


def clock_of(case: Case, *, level: int, since: datetime, world: World, policy: Policy) -> datetime:
    """Return when the clock of ``level`` runs out for the case as it is, from ``since`` on."""
    known = policy.classes.get(case.class_code)
    row = known.row(case.condition) if known else None
    return level_deadline(world=world, policy=policy, row=row, level=level, since=since, promise=case.extended_due_at or case.due_at)


def correct(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    """Correct the class or the place. The owner follows the place; the promise changes with the class alone.

    The owner is that of the same level, with the same clock; where the new area has none there, the next above, with a
    clock of its own.
    """
    if command.place is None and not command.class_code and not command.condition:
        raise NothingToCorrect()
    if command.place is not None:
        case = _replaced(case, command.place, at=command.at, world=world, policy=policy)
    if command.class_code or command.condition:
        case = _reclassed(case, command, world=world, policy=policy)
    return case


def _replaced(case: Case, place: Place, *, at: datetime, world: World, policy: Policy) -> Case:
    if place.area_id == case.area_id:
        return revised(case, placing=place.placing)
    level, post = owner_at(place.area_id, level=case.level, world=world, policy=policy)
    moved = revised(case, area_id=place.area_id, area_path=place.area_path, placing=place.placing, level=level, accountable_post_id=post, handler_post_id=None)
    if level == case.level:
        return moved
    since, clock = at, clock_of(moved, level=level, since=at, world=world, policy=policy)
    if case.state is State.SUSPENDED:
        return revised(moved, remaining=clock - since)
    return revised(moved, level_since=since, level_due_at=clock, extension_until=None)


def _reclassed(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    code = command.class_code or case.class_code
    known = policy.classes.get(code)
    row = known.row(command.condition) if known else None
    if known is None or row is None:
        raise unknown_class(code if known is None else f"{code}/{command.condition}", policy=policy)
    if (code, row.condition) == (case.class_code, case.condition):
        return case
    due_at = world.due(case.reported_at, row.promise)
    case = revised(
        case,
        class_code=code,
        condition=row.condition,
        confidentiality=max(known.confidentiality, case.confidentiality),
        due_at=due_at,
        extended_due_at=max(case.extended_due_at, due_at) if case.extended_due_at else None,
    )
    if case.state is not State.SUSPENDED:
        clock = clock_of(case, level=case.level, since=case.level_since, world=world, policy=policy)
        case = revised(case, level_due_at=max(clock, command.at))
    return case
