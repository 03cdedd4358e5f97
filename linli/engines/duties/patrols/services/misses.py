"""Missed slots: laid out and judged by the clock, answered by captains; who walked is forgotten in time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from linli.engines.duties.patrols.events import SlotAnswered, SlotMissed
from linli.engines.duties.patrols.models import Beat, CheckIn, Checkpoint, LoneAlarm, LoneWatch, Miss, Round, Route
from linli.engines.duties.patrols.playbook import patrols_section
from linli.engines.duties.patrols.rules.answers import Answer, AnsweredAlready, answer
from linli.engines.duties.patrols.services.stands import lay_beats, led, note, span_of
from linli.engines.duties.shifts.models import ShiftPart
from linli.engines.duties.shifts.rules.signing import Part
from linli.engines.duties.shifts.services.rosters import begin_shifts
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import update_rows


class NoSuchMiss(Refusal):
    code: ClassVar[str] = "patrols.no_such_miss"
    message: ClassVar[str] = N_("There is no such missed slot.")
    kind: ClassVar[Kind] = Kind.MISSING


def lay_beats_of_shifts(shift_ids: Sequence[UUID], *, at: datetime) -> int:
    """Have a beat for every route in each of these shifts that has begun; return how many shifts were seen. Six queries a batch, safe to repeat."""
    shifts = begin_shifts(shift_ids, at=at)
    routes: dict[UUID, list[Route]] = defaultdict(list)
    for route in Route.objects.filter(team_id__in={shift.team_id for shift in shifts}, checkpoints__isnull=False).distinct():
        routes[route.team_id].append(route)
    lay_beats(
        (route, shift.id, True, shift.starts_at, shift.ends_at)
        for shift in shifts
        for route in routes[shift.team_id]
        if route.at <= shift.starts_at and (route.retired_at is None or route.retired_at > shift.starts_at) and route.template_id in (None, shift.template_id)
    )
    return len(shifts)


def due_beats(*, at: datetime, limit: int, without: Collection[UUID]) -> list[UUID]:
    """Beats with a slot to be judged by ``at``."""
    return list(Beat.objects.filter(wake_at__lte=at).exclude(id__in=without).order_by("wake_at", "id").values_list("id", flat=True)[:limit])


def judge(beat_ids: Sequence[UUID], *, at: datetime) -> int:
    """Say of every slot that is over whether it was walked; return how many beats moved. Six queries a batch, safe to repeat."""
    held = Beat.objects.select_for_update(of=("self",), skip_locked=True).filter(id__in=list(beat_ids), wake_at__lte=at)
    beats = list(held.select_related("route").order_by("id"))
    points: dict[UUID, list[Checkpoint]] = defaultdict(list)
    for checkpoint in Checkpoint.objects.filter(route_id__in={beat.route_id for beat in beats}):
        points[checkpoint.route_id].append(checkpoint)
    met: dict[tuple[UUID, int], set[UUID]] = defaultdict(set)
    for beat_id, slot, checkpoint_id in CheckIn.objects.filter(beat__in=beats).values_list("beat_id", "slot", "checkpoint_id"):
        met[beat_id, slot].add(checkpoint_id)
    parts = ShiftPart.objects.filter(shift_id__in=[beat.shift_id for beat in beats], state=Part.SIGNED.value)
    staffed = Counter(parts.values_list("shift_id", flat=True))
    misses, moved = [], []
    for beat in beats:
        span = span_of(beat)
        judged = span.judged_by(at)
        for slot in range(beat.judged, judged):
            starts, ends = span.slot(slot)
            due = {one.id for one in points[beat.route_id] if one.at <= beat.starts_at and (one.retired_at is None or one.retired_at >= ends)}
            reached = len(due & met[beat.id, slot])
            if reached < len(due):
                misses.append(Miss(
                    id=new_id(), beat=beat, slot=slot, starts_at=starts, ends_at=ends, reached=reached, of=len(due), staffed=staffed[beat.shift_id or beat.id],
                    at=at, recorded_at=machine_now(),
                ))  # fmt: skip
        moved.append((beat.id, judged, span.judged_at(judged) if judged < beat.slots else None))
    update_rows(Beat, ("id", "judged", "wake_at"), moved)
    Miss.objects.bulk_create(misses)
    for miss in misses:
        note(at, "system:patrols", "miss", miss.id, reached=miss.reached, of=miss.of)
    publish([
        SlotMissed(key=miss.id, at=at, route=miss.beat.route_id, team=miss.beat.route.team_id, starts_at=miss.starts_at, ends_at=miss.ends_at,
                   reached=miss.reached, of=miss.of) for miss in misses
    ])  # fmt: skip
    return len(beats)


def answer_miss(*, actor: Actor, at: datetime, miss_id: UUID, wanted: Answer, words: str = "") -> None:
    """Acknowledge, resolve or forgive a missed slot: by a captain of the team or ``patrols.manage`` there. It stays on record.

    Raises:
        NoSuchMiss, Forbidden, AnsweredAlready (or cleared by late news), NoteMissing.
    """
    row = Miss.objects.select_for_update(of=("self",)).select_related("beat__route").filter(id=miss_id).first()
    if row is None:
        raise NoSuchMiss
    led(actor, at, row.beat.route.team_id)
    if row.cleared_at is not None:
        raise AnsweredAlready
    state, said = answer(Answer(row.state), wanted, words)
    Miss.objects.filter(id=row.id).update(state=state.value, note=said, answered_by=actor.person_id, answered_at=at)
    note(at, actor.id, "answer", row.id, after=state.value)
    publish([SlotAnswered(key=row.id, at=at, route=row.beat.route_id, answer=state.value)])


def forget_walkers(*, at: datetime) -> int:
    """Forget who walked, was waited for or answered longer ago than the playbook's days; return how many. What was walked and missed stays."""
    before = at - timedelta(days=patrols_section().walkers_days)
    watches = LoneWatch.objects.filter(person__isnull=False, ended_at__lt=before).update(person=None)
    LoneAlarm.objects.filter(closed_by__isnull=False, closed_at__lt=before).update(closed_by=None)
    Miss.objects.filter(answered_by__isnull=False, answered_at__lt=before).update(answered_by=None)
    return watches + Round.objects.filter(person__isnull=False, finished_at__lt=before).update(person=None)
