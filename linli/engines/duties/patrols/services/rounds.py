"""Rounds: setting out, meeting checkpoints, coming back. What is counted is when a thing happened, however late the phone was on line."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Count, Max, QuerySet

from linli.engines.duties.patrols.events import CheckpointMet, RoundFinished, RoundStarted, SlotAnswered
from linli.engines.duties.patrols.models import Beat, CheckIn, Checkpoint, Miss, Round, Route
from linli.engines.duties.patrols.services.lone import end_with_round, heard, watch_if_alone
from linli.engines.duties.patrols.services.proofs import Position, Proof, near, proved
from linli.engines.duties.patrols.services.routes import NoSuchRoute
from linli.engines.duties.patrols.services.stands import Stand, held_beat, note, own_person, span_of, stand_for, stands_of
from linli.engines.duties.patrols.services.walked import PATROLS, Walked, how_far, set_out_for, settle_walked
from linli.engines.duties.rules.task import CLOCKS_DIFFER, when_happened
from linli.engines.duties.shifts.services.presence import there_by_round
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import update_rows
from linli.kernel.writing import attempt

KEY_MOST = 100


class BadKey(Refusal):
    code: ClassVar[str] = "patrols.bad_key"
    message: ClassVar[str] = N_("What is sent names itself by a key of 1 to %(most)s characters.")
    field: ClassVar[str] = "key"


class KeyUsed(Refusal):
    code: ClassVar[str] = "patrols.key_used"
    message: ClassVar[str] = N_("This key was used for something else.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "key"


class MetAlready(Refusal):
    code: ClassVar[str] = "patrols.met_already"
    message: ClassVar[str] = N_("This checkpoint was met in this slot already; a code counts once a slot.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class OnAnotherRoute(Refusal):
    code: ClassVar[str] = "patrols.on_another_route"
    message: ClassVar[str] = N_("You are on another round at that time: finish it first.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NoRound(Refusal):
    code: ClassVar[str] = "patrols.no_round"
    message: ClassVar[str] = N_("You are on no round.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class OutOfOrder(Refusal):
    code: ClassVar[str] = "patrols.out_of_order"
    message: ClassVar[str] = N_("This lies before the last thing that the round did.")
    field: ClassVar[str] = "at"


@dataclass(frozen=True, slots=True)
class Met:
    """A checkpoint that counts: in which slot (0 first), when, and whether the phone said that it was near."""

    round_id: UUID
    checkpoint_id: UUID
    slot: int
    at: datetime
    near: bool | None


@dataclass(frozen=True, slots=True)
class Back:
    """A round that has ended; ``duty``: how far the patrol duty is that it was walked for, None for a shift's."""

    round_id: UUID
    duty: Walked | None


def start_round(*, actor: Actor, at: datetime, route_id: UUID, key: str, happened_at: datetime | None = None) -> UUID:
    """Set out on a route, for oneself; the same key again gives the same round. A patrol duty is started by it.

    Raises:
        NotSignedIn, NotOfTheDirectory, NoSuchRoute, BadKey, KeyUsed, FromTheFuture, BeforeTheShift, AfterTheShift, NotOnDuty, OnAnotherRoute.
        NotPossible: the duty ended in this instant.
    """
    person, digest = own_person(actor), _digest(actor, key)
    when = when_happened(at, happened_at)
    earlier = Round.objects.filter(key=digest).select_related("beat").first()
    if earlier is not None:
        if earlier.beat.route_id != route_id:
            raise KeyUsed
        return earlier.id
    route = Route.objects.filter(id=route_id).first()
    if route is None or (route.retired_at is not None and route.retired_at <= when):
        raise NoSuchRoute
    stand = stand_for(person, route, when)
    return _set_out(actor, at, person, route, stand, when, digest).id


def check_in(
    *, actor: Actor, at: datetime, proof: Proof, key: str, position: Position | None = None, happened_at: datetime | None = None,
) -> Met:  # fmt: skip
    """Meet a checkpoint, for oneself; without a round this sets out on one. The same key again gives what it gave before.

    Raises:
        NotSignedIn, NotOfTheDirectory, BadKey, KeyUsed, FromTheFuture: what is wrong with the message itself.
        NotACode, CodeExpired, CodeAhead, BadTag, ReadBefore, NoSuchCheckpoint, NotThere, PositionNeeded, BadPoint: with its proof.
        BeforeTheShift, AfterTheShift, NotOnDuty, OnAnotherRoute, MetAlready: with its time.
    """
    person, digest = own_person(actor), _digest(actor, key)
    when = when_happened(at, happened_at)
    earlier = CheckIn.objects.filter(key=digest).first()
    if earlier is not None:
        return Met(earlier.round_id, earlier.checkpoint_id, earlier.slot, earlier.at, earlier.near)
    own = {route.id for stand in stands_of(person, when) for route in stand.routes}
    own |= set(Round.objects.filter(person_id=person, started_at__lte=when, finished_at=None).values_list("beat__route_id", flat=True))
    checkpoint, reading = proved(proof, at=when, own_routes=own)
    close = near(checkpoint, position)
    walked, beat = _round_at(actor, at, person, checkpoint, when, digest)
    span = span_of(beat)
    taken = set(CheckIn.objects.filter(beat=beat, checkpoint=checkpoint).values_list("slot", flat=True))
    slot = span.slot_of(when, taken=taken)
    if slot in taken:
        raise MetAlready
    try:
        with attempt():
            CheckIn.objects.create(
                id=new_id(), round=walked, beat=beat, checkpoint=checkpoint, slot=slot, shown=checkpoint.shown, near=close, reading=reading, key=digest,
                at=when, recorded_at=machine_now(),
            )  # fmt: skip
    except IntegrityError:  # the same key in this instant
        raise MetAlready from None
    _clear_miss(beat, slot, at)
    note(when, f"round:{walked.id}", "check_in", walked.id, checkpoint=str(checkpoint.id), slot=slot)
    publish([CheckpointMet(key=walked.id, at=when, route=beat.route_id, checkpoint=checkpoint.id, slot=slot)])
    heard(person, at=at, sign_at=when)
    if Round.objects.filter(id=walked.id, finished_at__isnull=False).exists():  # news that comes after the round's end
        settle_walked([beat], actor=actor, at=at)
    return Met(walked.id, checkpoint.id, slot, when, close)


def finish_round(*, actor: Actor, at: datetime, happened_at: datetime | None = None) -> Back:
    """Come back: one's running round ends, the watch that it began, and the patrol duty whose checkpoints were all met.

    News of an end that comes late (``happened_at``) of a round that has ended by then, since it was sent twice or the clock ended it
    meanwhile, is that round's end: it changes nothing.

    Raises:
        NoRound. OutOfOrder: an end before the last check-in.
    """
    person = own_person(actor)
    when = when_happened(at, happened_at)
    mine = Round.objects.filter(person_id=person, finished_at=None)
    Beat.objects.select_for_update(of=("self",)).filter(id__in=mine.values("beat_id")).first()  # check-ins and ends of a beat come one by one
    running = mine.select_for_update(of=("self",)).select_related("beat").first()
    if running is None or (happened_at is not None and when < running.started_at):
        ended = _ended_by(person, when) if happened_at is not None else None
        if ended is None:
            raise OutOfOrder if running else NoRound
        return Back(ended.id, how_far([ended.beat]).get(ended.beat_id))
    last = CheckIn.objects.filter(round=running).order_by("-at").values_list("at", flat=True).first()
    if when < max(running.started_at, last or running.started_at):
        raise OutOfOrder
    _finish([(running, when, CheckIn.objects.filter(round=running).count())])
    heard(person, at=at, sign_at=when)
    end_with_round(running.id, person, at=when)
    return Back(running.id, settle_walked([running.beat], actor=actor, at=at).get(running.beat_id))


def _ended_by(person: UUID, when: datetime) -> Round | None:
    """The round of that time that had ended by then; None where there was none, or it ended later."""
    row = Round.objects.filter(person_id=person, started_at__lte=when).select_related("beat").order_by("-started_at").first()
    over = row is not None and row.finished_at is not None and row.finished_at <= when < row.beat.ends_at + span_of(row.beat).grace
    return row if over else None


def sent_before(*, actor: Actor, key: str) -> bool:
    """Whether a round or a check-in of the actor's came under this key."""
    digest = _digest(actor, key)
    return CheckIn.objects.filter(key=digest).exists() or Round.objects.filter(key=digest).exists()


def finish_forgotten(*, at: datetime) -> int:
    """End the rounds that nobody ended, after their shift: at the last thing that they did. Whoever was alone is still waited for."""
    running = Round.objects.filter(finished_at=None, beat__ends_at__lte=at).select_related("beat")
    over = {row.beat_id for row in running if at >= row.beat.ends_at + span_of(row.beat).grace}
    return _finish_over(Beat.objects.select_for_update(of=("self",), skip_locked=True).filter(id__in=over), Round.objects.all(), actor=PATROLS, at=at)


def _finish_over(beats: QuerySet[Beat], rounds: QuerySet[Round], *, actor: Actor, at: datetime) -> int:
    """End the running ones of the rounds of these beats, which are over, each at the last thing that it did; the same few queries for all."""
    held = list(beats.order_by("id"))
    running = rounds.filter(beat__in=held, finished_at=None).select_related("beat").annotate(last=Max("checkins__at"), met=Count("checkins"))
    over = [(row, row.last or row.started_at, row.met) for row in running] if held else []
    _finish(over)
    settle_walked([row.beat for row, _when, _met in over], actor=actor, at=at)
    return len(over)


def _finish(ended: Sequence[tuple[Round, datetime, int]]) -> None:
    """End rounds, each at its time, having met so many checkpoints."""
    update_rows(Round, ("id", "finished_at"), [(row.id, when) for row, when, _met in ended])
    for row, when, _met in ended:
        note(when, f"round:{row.id}", "finish", row.id)
    publish([RoundFinished(key=row.id, at=when, route=row.beat.route_id, met=met) for row, when, met in ended])


def _set_out(actor: Actor, at: datetime, person: UUID, route: Route, stand: Stand, when: datetime, digest: str) -> Round:
    round_id = new_id()
    if stand.of_shift:  # whoever sets out has come; before the beat is held, as the sweep that lays beats holds the shift first
        there_by_round(shift_id=stand.id, person_id=person, round_id=round_id, at=at, when=when)
    beat = held_beat(route, stand)
    span_of(beat).check(when)
    mine = Round.objects.filter(person_id=person, finished_at=None)  # what was never ended keeps nobody from setting out again
    _finish_over(Beat.objects.select_for_update(of=("self",)).filter(id__in=mine.values("beat_id"), ends_at__lte=when), mine, actor=actor, at=at)
    try:
        with attempt():
            made = Round.objects.create(id=round_id, beat=beat, person_id=person, started_at=when, key=digest, recorded_at=machine_now())
    except IntegrityError:
        raise OnAnotherRoute from None
    if not stand.of_shift:
        set_out_for(stand.id, made.id, actor=actor, at=at, when=when)
    note(when, f"round:{made.id}", "set_out", made.id)
    publish([RoundStarted(key=made.id, at=when, route=route.id)])
    heard(person, at=at, sign_at=when)
    if when > at - CLOCKS_DIFFER:  # an old round that arrives late needs no watch any more
        watch_if_alone(route.team_id, person, made.id, of_shift=stand.of_shift, at=when)
    return made


def _round_at(actor: Actor, at: datetime, person: UUID, checkpoint: Checkpoint, when: datetime, digest: str) -> tuple[Round, Beat]:
    """The round in which a check-in lies, its beat held; where there is none, one begins with it."""
    rows = Round.objects.filter(person_id=person, started_at__lte=when).select_related("beat").order_by("-started_at")
    for row in rows[:5]:
        if row.finished_at is not None and row.finished_at < when:
            continue
        if row.beat.route_id == checkpoint.route_id:
            return row, Beat.objects.select_for_update(of=("self",)).get(id=row.beat_id)
        if when < row.beat.ends_at:
            raise OnAnotherRoute
    route = Route.objects.get(id=checkpoint.route_id)
    stand = stand_for(person, route, when)
    later = Round.objects.filter(person_id=person, started_at__gt=when).select_related("beat").order_by("started_at").first()
    if later is not None and later.beat.route_id == route.id and stand.id in (later.beat.shift_id, later.beat.duty_id):
        if stand.of_shift:
            there_by_round(shift_id=stand.id, person_id=person, round_id=later.id, at=at, when=when)
        beat = held_beat(route, stand)
        span_of(beat).check(when)
        Round.objects.filter(id=later.id).update(started_at=when)  # news in another order than it happened: the round began earlier
        return later, beat
    made = _set_out(actor, at, person, route, stand, when, f"{digest}:round")
    return made, made.beat


def _clear_miss(beat: Beat, slot: int, at: datetime) -> None:
    """News that comes late: a slot that had been walked in time is no miss; it stays on record as cleared."""
    miss = Miss.objects.filter(beat=beat, slot=slot, cleared_at=None).first()
    if miss is None:
        return
    due = set(due_checkpoints(beat, miss.ends_at))
    reached = len(due.intersection(CheckIn.objects.filter(beat=beat, slot=slot).values_list("checkpoint_id", flat=True)))
    cleared = at if reached >= miss.of else None
    Miss.objects.filter(id=miss.id).update(reached=min(reached, miss.of), cleared_at=cleared)
    if cleared:
        publish([SlotAnswered(key=miss.id, at=at, route=beat.route_id, answer="cleared")])


def due_checkpoints(beat: Beat, slot_ends: datetime) -> list[UUID]:
    """The checkpoints that a slot is to meet: there when the beat began, and still there when the slot ended."""
    there = Checkpoint.objects.filter(route_id=beat.route_id, at__lte=beat.starts_at)
    return [key for key, retired in there.values_list("id", "retired_at") if retired is None or retired >= slot_ends]


def _digest(actor: Actor, key: str) -> str:
    """A key as it is kept: of one person, and with nobody in it."""
    if not key.strip() or len(key) > KEY_MOST:
        raise BadKey(most=KEY_MOST)
    return hashlib.sha256(f"{actor.person_id}:{key}".encode()).hexdigest()
