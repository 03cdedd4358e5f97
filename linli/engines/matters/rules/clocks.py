"""Deadlines and the backstop (SYSTEMS §3, 一级为主二级兜底; DESIGN invariant A).

A time-out takes effect at its deadline, not when a sweep finds it: every verb first settles what had fallen due, so who
was accountable at an instant does not depend on which process ran when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.engines.matters.rules.case import Case, World, revised
from linli.engines.matters.rules.policy import LimitRow, Policy
from linli.engines.matters.rules.states import TABLE, State, Verb


@dataclass(frozen=True, slots=True)
class Hop:
    """One change that the clock made by itself."""

    verb: Verb
    at: datetime
    from_state: State
    to_state: State
    level: int
    post_id: UUID


def level_deadline(*, world: World, policy: Policy, row: LimitRow | None, level: int, since: datetime, promise: datetime) -> datetime:
    """Return when the clock of ``level`` runs out: the class's own limit for it, else the route's, else the promise.

    The top level has no limit of its own: its deadline is the promise, or its start where that had passed already
    (DECIDED 6: it stays overdue, visibly).
    """
    if level >= policy.top:
        return max(promise, since)
    here = policy.levels[level]
    limit = row.levels.get(here.level) if row is not None else None
    limit = limit or here.limit
    return world.due(since, limit) if limit is not None else max(promise, since)


def next_owner(*, world: World, policy: Policy, level: int, area_id: UUID) -> tuple[int, UUID] | None:
    """Return the next level above ``level`` that has a post for the area, with that post; None at the top.

    The top is never without: where the directory no longer has a post of the top level's name (the matter began under an
    older playbook), it is the root post.
    """
    for upper in range(level + 1, len(policy.levels)):
        post = world.head(policy.levels[upper].level, area_id)
        if post is not None:
            return upper, post
    return (policy.top, world.root()) if level < policy.top else None


def move_up(case: Case, *, world: World, policy: Policy, at: datetime) -> Case | None:
    """Return the case one level up as of ``at``, or None at the top, which cannot pass it on."""
    owner = next_owner(world=world, policy=policy, level=case.level, area_id=case.area_id)
    if owner is None:
        return None
    level, post = owner
    known = policy.classes.get(case.class_code)
    row = known.row(case.condition) if known else None
    return revised(
        case,
        state=TABLE[case.state, Verb.ESCALATE],
        level=level,
        accountable_post_id=post,
        handler_post_id=None,
        level_since=at,
        level_due_at=level_deadline(world=world, policy=policy, row=row, level=level, since=at, promise=case.extended_due_at or case.due_at),
        extension_until=None,
    )


def resumed(case: Case, *, at: datetime) -> Case:
    """Return the suspended case back in its state, with what its level's clock had left running from ``at``."""
    assert case.remaining is not None
    return revised(case, state=State(case.state_before), state_before="", level_since=at, level_due_at=at + case.remaining, remaining=None)


def settle(case: Case, *, world: World, policy: Policy, at: datetime) -> tuple[Case, tuple[Hop, ...]]:
    """Return the case as its clock has made it by ``at``, and the hops that led there, oldest first."""
    hops: list[Hop] = []
    while case.is_open and case.level_due_at <= at:
        before = case.state
        due = case.level_due_at
        if case.state is State.SUSPENDED:
            case = revised(resumed(case, at=due), version=case.version + 1)
            hops.append(Hop(Verb.RESUME, due, before, case.state, case.level, case.accountable_post_id))
        else:
            moved = move_up(case, world=world, policy=policy, at=due)
            if moved is None:
                break
            case = revised(moved, version=case.version + 1)
            hops.append(Hop(Verb.TIME_OUT, due, before, case.state, case.level, case.accountable_post_id))
    return case, tuple(hops)


def next_wake(case: Case, *, policy: Policy) -> datetime | None:
    """Return when the clock next changes this case by itself, or None: ended, or overdue at the top."""
    if not case.is_open or (case.state is not State.SUSPENDED and case.level >= policy.top):
        return None
    return case.level_due_at
