"""One occurrence of a duty: its facts, what its clock does to it, and what a check-in does. Pure.

As with matters, a time-out takes effect at its time, not when a sweep finds it; every verb settles the clock first. What is
counted is when a thing happened: a visit that was made in time is done in time, however late the phone was back on line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from linli.engines.duties.rules.policy import DutyRule, Evidence
from linli.kernel.access.rules import Confidentiality
from linli.kernel.calendar.rules import TimeLimit
from linli.kernel.refusal import N_, Kind, Refusal, Said, saying

CLOCKS_DIFFER = timedelta(minutes=5)  # how far a phone's clock may run ahead


class State(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    MISSED = "missed"
    DROPPED = "dropped"

    def said(self) -> Said:
        return _SAID[self]


_SAID = {
    State.PLANNED: saying("not begun yet"),
    State.OPEN: saying("still to be done"),
    State.DONE: saying("done"),
    State.REFUSED: saying("not wanted"),
    State.MISSED: saying("missed"),
    State.DROPPED: saying("no longer asked for"),
}


class Verb(StrEnum):
    """What happens to a duty: the first eight are check-ins, the rest are the clock's and the desk's."""

    TAKE = "take"
    START = "start"
    ARRIVE = "arrive"
    FINISH = "finish"
    NOT_HOME = "not_home"
    REFUSE = "refuse"
    EXPLAIN = "explain"
    NOTE = "note"
    EXCUSE = "excuse"
    OPENED = "opened"
    HANDED_ON = "handed_on"
    MISSED = "missed"
    DROPPED = "dropped"
    RESUMED = "resumed"


CHECK_INS = frozenset({Verb.TAKE, Verb.START, Verb.ARRIVE, Verb.FINISH, Verb.NOT_HOME, Verb.REFUSE, Verb.EXPLAIN, Verb.NOTE})
WORDS_ONLY = frozenset({Verb.EXPLAIN, Verb.NOTE})  # said about a duty; they answer for nothing


class NotPossible(Refusal):
    code = "duties.not_possible"
    message = N_("This duty is %(state)s; that cannot be done with it any more.")
    kind = Kind.CONFLICT


class FromTheFuture(Refusal):
    code = "duties.from_the_future"
    message = N_("What was done cannot lie in the future.")
    field = "at"


class BeforeTheDuty(Refusal):
    code = "duties.before_the_duty"
    message = N_("The check-in lies before this duty began.")
    field = "at"


class OutOfOrder(Refusal):
    code = "duties.out_of_order"
    message = N_("The check-in lies before an earlier one of this duty.")
    field = "at"


class EvidenceMissing(Refusal):
    code = "duties.evidence_missing"
    message = N_("To finish this duty, something is missing: %(what)s.")
    field = "evidence"


class NoteMissing(Refusal):
    code = "duties.note_missing"
    message = N_("Say why in a few words.")
    field = "note"


class NothingToExcuse(Refusal):
    code = "duties.nothing_to_excuse"
    message = N_("There is no explanation to accept.")
    kind = Kind.CONFLICT


def when_happened(at: datetime, happened_at: datetime | None) -> datetime:
    """When a thing happened that is handed in at ``at``: as the phone says, whose clock may run a little ahead.

    Raises:
        FromTheFuture.
    """
    if happened_at is None:
        return at
    if happened_at > at + CLOCKS_DIFFER:
        raise FromTheFuture
    return min(happened_at, at)


@dataclass(frozen=True)
class Task:
    """The facts of one occurrence that its rules read and change.

    ``level`` is a place in the rule's chain. ``missed_at`` is when its time ran out without it; it stays when it is done late,
    and when the reason is accepted.
    """

    id: UUID
    version: int
    policy_id: UUID
    rule: str
    area_id: UUID
    area_path: str
    confidentiality: Confidentiality
    state: State
    level: int
    post_id: UUID
    first_post_id: UUID
    opens_at: datetime
    due_at: datetime
    hand_on_at: datetime | None
    answered_at: datetime | None
    started_at: datetime | None
    arrived_at: datetime | None
    done_at: datetime | None
    refused_at: datetime | None
    missed_at: datetime | None
    attempts: int
    tried_at: datetime | None
    explained_at: datetime | None
    excused_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state is State.OPEN

    @property
    def wake_at(self) -> datetime | None:
        """When its clock next changes it by itself."""
        if self.state is State.PLANNED:
            return self.opens_at
        if self.state is not State.OPEN:
            return None
        return self.due_at if self.hand_on_at is None else min(self.hand_on_at, self.due_at)


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A wish to do ``verb`` with a duty at ``at``.

    Attributes:
        first_holder: whether who does it answers at the post that had the duty first: it then comes back to that post.
        form: what was filled in, valid by the rule's schema.
        photos: how many pictures come with it. ``signed``: whether a signature does.
    """

    verb: Verb
    at: datetime
    note: str = ""
    form: Mapping[str, Any] | None = None
    first_holder: bool = False
    photos: int = 0
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """One change that the clock made by itself."""

    verb: Verb
    at: datetime
    before: Task
    after: Task


class World(Protocol):
    """What the rules ask of the ground."""

    def post_for(self, chain: tuple[str, ...], level: int, area_id: UUID) -> tuple[int, UUID] | None:
        """The post of the first level from ``level`` up that has one for the area, with that level; None above the last."""

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        """When ``limit`` that starts at ``start`` runs out."""


def first_post(*, rule: DutyRule, area_id: UUID, world: World) -> tuple[int, UUID] | None:
    """Return who has the duty when it begins: the first level that has a post there."""
    return world.post_for(rule.chain, 0, area_id)


def settle(task: Task, *, rule: DutyRule, world: World, at: datetime) -> tuple[Task, tuple[Hop, ...]]:
    """Return the task as its clock has made it by ``at``, and the hops that led there, oldest first."""
    hops: list[Hop] = []
    while (wake := task.wake_at) is not None and wake <= at:
        before = task
        if task.state is State.PLANNED:
            verb, task = Verb.OPENED, _opened(task, rule=rule, world=world)
        elif wake == task.due_at:
            verb, task = Verb.MISSED, replace(task, state=State.MISSED, missed_at=task.due_at, hand_on_at=None, version=task.version + 1)
        else:
            verb, task = Verb.HANDED_ON, _handed_on(task, rule=rule, world=world, at=wake)
        hops.append(Hop(verb, wake, before, task))
    return task, tuple(hops)


def _opened(task: Task, *, rule: DutyRule, world: World) -> Task:
    found = first_post(rule=rule, area_id=task.area_id, world=world)
    level, post = found if found is not None else (task.level, task.post_id)
    hand_on = _hand_on_at(rule, world=world, level=level, area_id=task.area_id, since=task.opens_at)
    return replace(task, state=State.OPEN, level=level, post_id=post, first_post_id=post, hand_on_at=hand_on, version=task.version + 1)


def _hand_on_at(rule: DutyRule, *, world: World, level: int, area_id: UUID, since: datetime) -> datetime | None:
    if rule.answer is None or world.post_for(rule.chain, level + 1, area_id) is None:
        return None
    return world.due(since, rule.answer)


def _handed_on(task: Task, *, rule: DutyRule, world: World, at: datetime) -> Task:
    found = world.post_for(rule.chain, task.level + 1, task.area_id)
    if found is None:  # the level above is gone since: it stays
        return replace(task, hand_on_at=None, version=task.version + 1)
    level, post = found
    hand_on = _hand_on_at(rule, world=world, level=level, area_id=task.area_id, since=at)
    return replace(task, level=level, post_id=post, hand_on_at=hand_on, version=task.version + 1)


def decide(task: Task, wish: CheckIn, *, rule: DutyRule, world: World, recorded_at: datetime) -> Task:
    """Return the task after a check-in, with its version raised by one. The task is settled as of ``wish.at`` at least.

    An attempt is not a visit: the duty stays open and is missed when nobody was met by its end. A refused visit is counted as
    refused, neither done nor missed.

    Raises:
        Refusal: it lies in the future, before the duty or before an earlier check-in; the duty has ended; evidence is missing.
    """
    if wish.at > recorded_at + CLOCKS_DIFFER:
        raise FromTheFuture()
    if wish.at < task.opens_at:
        raise BeforeTheDuty()
    if task.state not in (State.OPEN, State.MISSED) and not (wish.verb is Verb.NOTE and task.state is not State.PLANNED):
        raise NotPossible(state=task.state.said())
    last = max((time for time in (task.started_at, task.arrived_at, task.tried_at) if time is not None), default=None)
    if last is not None and wish.at < last and wish.verb not in WORDS_ONLY:
        raise OutOfOrder()
    after = _answered(task, wish, rule=rule, world=world)
    after = _finish(after, wish, rule) if wish.verb is Verb.FINISH else _DO[wish.verb](after, wish)
    return replace(after, version=task.version + 1)


def accept(task: Task, *, at: datetime, note: str) -> Task:
    """Return the task with its miss excused: the miss stays on record.

    Raises:
        NotPossible, NothingToExcuse, NoteMissing: it was not missed, nobody said why, or no note was given.
    """
    if task.missed_at is None or task.excused_at is not None:
        raise NotPossible(state=task.state.said())
    if task.explained_at is None:
        raise NothingToExcuse()
    if not note.strip():
        raise NoteMissing()
    return replace(task, excused_at=at, version=task.version + 1)


def dropped(task: Task) -> Task:
    """Return the begun task as not asked for any more: its subject has ended, or its pause began."""
    return replace(task, state=State.DROPPED, hand_on_at=None, version=task.version + 1)


def resumed(task: Task, *, rule: DutyRule, world: World, at: datetime) -> Task:
    """Return the dropped task as asked for again: where it was in its chain, with the time to answer counted from ``at``."""
    level, post = world.post_for(rule.chain, task.level, task.area_id) or (task.level, task.post_id)
    hand_on = _hand_on_at(rule, world=world, level=level, area_id=task.area_id, since=at) if task.answered_at is None else None
    return replace(task, state=State.OPEN, level=level, post_id=post, hand_on_at=hand_on, version=task.version + 1)


def _answered(task: Task, wish: CheckIn, *, rule: DutyRule, world: World) -> Task:
    """Whoever checks in has answered: it is not handed on any more, and comes back when it was the first post's holder."""
    if wish.verb in WORDS_ONLY:
        return task
    answered = task.answered_at if task.answered_at is not None and task.answered_at <= wish.at else wish.at
    after = replace(task, answered_at=answered, hand_on_at=None)
    if not wish.first_holder or task.state is not State.OPEN:
        return after
    return replace(after, level=_place_of(task.first_post_id, task, rule=rule, world=world), post_id=task.first_post_id)


def _place_of(post_id: UUID, task: Task, *, rule: DutyRule, world: World) -> int:
    """Where in the chain a post stands: levels without a post in the area are passed over. The first, if it stands there no more."""
    places = range(len(rule.chain))
    return next((place for place in places if world.post_for(rule.chain, place, task.area_id) == (place, post_id)), 0)


def _take(task: Task, wish: CheckIn) -> Task:
    if task.state is State.MISSED and wish.at > task.due_at:
        raise NotPossible(state=task.state.said())
    return task


def _start(task: Task, wish: CheckIn) -> Task:
    return replace(task, started_at=task.started_at or wish.at)


def _arrive(task: Task, wish: CheckIn) -> Task:
    return replace(task, started_at=task.started_at or wish.at, arrived_at=task.arrived_at or wish.at)


def _finish(task: Task, wish: CheckIn, rule: DutyRule) -> Task:
    given = {
        Evidence.ARRIVAL: task.arrived_at is not None,
        Evidence.NOTE: bool(wish.note.strip()),
        Evidence.FORM: wish.form is not None,
        Evidence.PHOTO: wish.photos > 0,
        Evidence.SIGNATURE: wish.signed,
    }
    missing = tuple(what.said() for what in Evidence if what in rule.evidence and not given[what])
    if missing:
        raise EvidenceMissing(what=missing)
    return _ended(task, wish, State.DONE, "done_at")


def _refuse(task: Task, wish: CheckIn) -> Task:
    return _ended(task, wish, State.REFUSED, "refused_at")


def _ended(task: Task, wish: CheckIn, state: State, column: str) -> Task:
    in_time = wish.at <= task.due_at
    values: dict[str, Any] = {"state": state, column: wish.at, "started_at": task.started_at or wish.at, "hand_on_at": None}
    if in_time:  # it happened in time, though the news of it came later
        values |= {"missed_at": None, "explained_at": None, "excused_at": None}
    return replace(task, **values)


def _not_home(task: Task, wish: CheckIn) -> Task:
    return replace(task, started_at=task.started_at or wish.at, attempts=task.attempts + 1, tried_at=wish.at)


def _explain(task: Task, wish: CheckIn) -> Task:
    if task.missed_at is None or task.excused_at is not None:
        raise NotPossible(state=task.state.said())
    if not wish.note.strip():
        raise NoteMissing()
    return replace(task, explained_at=wish.at)


def _note(task: Task, wish: CheckIn) -> Task:
    """Words for the record, also of a duty that has ended: they change nothing of it."""
    if not wish.note.strip():
        raise NoteMissing()
    return task


def next_try(task: Task, rule: DutyRule) -> datetime | None:
    """When to try again after nobody was home: after the rule's pause, before its end; None where it was tried often enough."""
    if task.tried_at is None or task.attempts >= rule.retries or task.state is not State.OPEN:
        return None
    return min(task.tried_at + timedelta(hours=rule.retry_hours), task.due_at - timedelta(hours=1))


_DO = {
    Verb.TAKE: _take,
    Verb.START: _start,
    Verb.ARRIVE: _arrive,
    Verb.NOT_HOME: _not_home,
    Verb.REFUSE: _refuse,
    Verb.EXPLAIN: _explain,
    Verb.NOTE: _note,
}
