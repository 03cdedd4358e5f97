"""Who was there: told by tap, by round, by a captain; missing is seen and told once; hours are those that one was there; times are forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from linli.engines.duties.patrols.services.rounds import start_round
from linli.engines.duties.patrols.services.stands import is_alone
from linli.engines.duties.rules.task import FromTheFuture
from linli.engines.duties.shifts.models import Shift, ShiftMiss, ShiftPart
from linli.engines.duties.shifts.rules.presence import CalledOff, Ended, LongOver, MissAnswer, MissAnswered, MissNoteMissing, NotArrived, Presence, TooEarly
from linli.engines.duties.shifts.rules.signing import NotIn, NotOfTheTeam
from linli.engines.duties.shifts.selectors import rosters
from linli.engines.duties.shifts.selectors.check import broken_invariants
from linli.engines.duties.shifts.selectors.presence import missing_board, own_hours, own_presence
from linli.engines.duties.shifts.services import rosters as signing
from linli.engines.duties.shifts.services.presence import NoSuchMiss, answer_miss, arrive, leave
from linli.engines.duties.shifts.tasks import forget, sweep_missing
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Forbidden, NotSignedIn
from linli.kernel.clock.services import set_clock
from linli.kernel.events.models import OutboxEvent
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.patrols.made import Beaten, beaten_town
from tests.integration.shifts.test_shifts import Patrol, make_patrol

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def patrol(db: None, tmp_path: Path) -> Patrol:
    made = make_patrol(tmp_path)
    with write():
        set_clock(to=MONDAY)
    made.lay(most=3)
    return made


def come(patrol: Patrol, name: str, shift: Shift, at: datetime, **more: Any) -> bool:
    with write():
        return arrive(actor=patrol.people[name], at=at, shift_id=shift.id, **more)


def go(patrol: Patrol, name: str, shift: Shift, at: datetime, **more: Any) -> bool:
    with write():
        return leave(actor=patrol.people[name], at=at, shift_id=shift.id, **more)


def part(patrol: Patrol, name: str, shift: Shift) -> ShiftPart:
    return ShiftPart.objects.get(person_id=patrol.people[name].person_id, shift=shift)


def test_coming_and_going_are_counted_from_when_they_happened_and_told_twice_change_nothing(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)
    start, late = shift.starts_at, shift.ends_at + 3 * HOUR
    assert come(patrol, "bob", shift, late, happened_at=start + 5 * MINUTE)
    assert not come(patrol, "bob", shift, late, happened_at=start + 5 * MINUTE)
    assert not come(patrol, "bob", shift, late, happened_at=start + 9 * MINUTE)
    assert go(patrol, "bob", shift, late, happened_at=start + 10 * MINUTE)  # too soon by mistake: the later one counts
    assert go(patrol, "bob", shift, late, happened_at=shift.ends_at)
    assert not go(patrol, "bob", shift, late, happened_at=start + 10 * MINUTE)
    row = part(patrol, "bob", shift)
    assert (row.arrived_at, row.left_at) == (start + 5 * MINUTE, shift.ends_at)
    assert OutboxEvent.objects.filter(topic="shifts.arrived").count() == 1
    assert own_hours(actor=patrol.people["bob"], at=late) == (1, 235)


def test_what_is_refused_leaves_nothing_behind(patrol: Patrol) -> None:
    shift, other = patrol.shifts()[:2]
    patrol.sign("bob", shift)
    patrol.sign("bob", other)
    start = shift.starts_at
    for at, more, refusal in (
        (start, {"happened_at": start + HOUR}, FromTheFuture), (start - HOUR, {}, TooEarly), (shift.ends_at, {}, Ended),
    ):  # fmt: skip
        with pytest.raises(refusal):
            come(patrol, "bob", shift, at, **more)
    with pytest.raises(NotIn):
        come(patrol, "cid", shift, start)
    with pytest.raises(NotArrived):
        go(patrol, "bob", shift, start + HOUR)
    with pytest.raises(NotSignedIn), write():
        arrive(actor=ANONYMOUS, at=start, shift_id=shift.id)
    with pytest.raises(NotOfTheTeam), write():
        arrive(actor=patrol.town.resident("eve"), at=start, shift_id=shift.id)
    with pytest.raises(Forbidden):
        come(patrol, "cid", shift, start, person_id=patrol.people["bob"].person_id)
    with write():
        signing.call_off(actor=patrol.leader, at=MONDAY, shift_id=other.id)
    with pytest.raises(CalledOff):
        come(patrol, "bob", other, other.starts_at)
    assert part(patrol, "bob", shift).arrived_at is None


def test_the_database_keeps_it(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)
    rows = ShiftPart.objects.filter(shift=shift)
    for wrong in (
        {"left_at": shift.ends_at}, {"arrived_at": shift.starts_at - 3 * HOUR}, {"arrived_at": shift.ends_at}, {"arrived_at": shift.starts_at, "minutes": 5},
        {"arrived_at": shift.starts_at + HOUR, "left_at": shift.starts_at + MINUTE}, {"arrived_at": shift.starts_at, "state": "cancelled"},
        {"arrived_at": shift.starts_at, "left_at": shift.ends_at + 3 * HOUR},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)


def test_who_came_before_it_began_and_leaves_the_shift_was_not_there(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)
    come(patrol, "bob", shift, shift.starts_at - 20 * MINUTE)
    with write():
        signing.cancel(actor=patrol.leader, at=shift.starts_at - 10 * MINUTE, shift_id=shift.id, person_id=patrol.people["bob"].person_id)
    assert (part(patrol, "bob", shift).state, part(patrol, "bob", shift).arrived_at) == ("cancelled", None)


def test_who_is_missing_is_noted_and_told_once_and_the_miss_stays(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    for name in ("ann", "bob", "cid"):
        patrol.sign(name, shift)
    start = shift.starts_at
    come(patrol, "ann", shift, start)
    assert sweep_missing(start + 14 * MINUTE) == 0
    assert (sweep_missing(start + 15 * MINUTE), sweep_missing(start + 15 * MINUTE)) == (1, 0)
    with write():
        set_clock(to=start + 16 * MINUTE)
    while dispatch_once():
        pass
    told = Notice.objects.filter(template="shifts.missing")
    assert {one.recipient for one in told} == {f"person:{patrol.leader.person_id}"}
    assert "Bob" in told[0].subject and "Cid" in told[0].subject and "Ann" not in told[0].subject
    come(patrol, "cid", shift, start + 30 * MINUTE)  # late: it stays that they were
    standing = rosters.board(actor=patrol.leader, at=start + HOUR, team_id=patrol.team, since=MONDAY, until=MONDAY + timedelta(days=7)).shifts[0].standings
    bob, cid = (standing[patrol.people[name].person_id] for name in ("bob", "cid"))  # type: ignore[index]
    assert (bob.presence, cid.presence, cid.late, cid.miss_id) == (Presence.MISSING, Presence.THERE, True, None)
    assert bob.miss_id is not None
    with pytest.raises(Forbidden), write():
        answer_miss(actor=patrol.people["bob"], at=start + HOUR, miss_id=bob.miss_id, wanted=MissAnswer.EXCUSED, words="ill")
    with pytest.raises(MissNoteMissing), write():
        answer_miss(actor=patrol.leader, at=start + HOUR, miss_id=bob.miss_id, wanted=MissAnswer.EXCUSED, words=" ")
    with pytest.raises(NoSuchMiss), write():
        answer_miss(actor=patrol.leader, at=start + HOUR, miss_id=shift.id, wanted=MissAnswer.EXCUSED, words="ill")
    with write():
        answer_miss(actor=patrol.leader, at=start + HOUR, miss_id=bob.miss_id, wanted=MissAnswer.EXCUSED, words="ill")
    with pytest.raises(MissAnswered), write():
        answer_miss(actor=patrol.leader, at=start + HOUR, miss_id=bob.miss_id, wanted=MissAnswer.CAME, words="no")
    (line,) = missing_board(actor=SYSTEM, since=MONDAY, until=shift.ends_at)
    assert (line.missing, line.late, line.excused, line.open) == (2, 1, 1, ())
    assert own_hours(actor=patrol.people["bob"], at=shift.ends_at) == (0, 0)
    assert own_hours(actor=patrol.people["cid"], at=shift.ends_at) == (1, 210)
    assert [one for one in broken_invariants(actor=SYSTEM, at=shift.ends_at) if one.count] == []


def test_late_news_of_an_arrival_in_time_clears_the_miss_and_a_captain_can_say_that_somebody_came(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)
    patrol.sign("cid", shift)
    sweep_missing(shift.starts_at + HOUR)
    come(patrol, "bob", shift, shift.ends_at + HOUR, happened_at=shift.starts_at + MINUTE)
    assert ShiftMiss.objects.get(part=part(patrol, "bob", shift)).cleared_at == shift.ends_at + HOUR
    miss = ShiftMiss.objects.get(part=part(patrol, "cid", shift))
    with write():
        answer_miss(actor=patrol.leader, at=shift.ends_at, miss_id=miss.id, wanted=MissAnswer.CAME, words="flat phone", came_at=shift.starts_at + HOUR)
    assert own_hours(actor=patrol.people["cid"], at=shift.ends_at) == (1, 180)
    assert ShiftMiss.objects.count() == 2


def test_a_captain_says_it_for_somebody_without_a_phone(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)
    assert come(patrol, "ann", shift, shift.starts_at, person_id=patrol.people["bob"].person_id)
    assert part(patrol, "bob", shift).arrived_at == shift.starts_at


def test_a_captain_notes_the_going_of_others_too_and_a_later_one_mends_what_was_tapped_too_soon(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    for name in ("bob", "cid"):
        patrol.sign(name, shift)
        come(patrol, name, shift, shift.starts_at)
    bob, start, after = patrol.people["bob"].person_id, shift.starts_at, shift.ends_at + 3 * HOUR
    for name in ("cid", "bob"):
        with pytest.raises(Forbidden):
            go(patrol, name, shift, start + HOUR, person_id=patrol.people["bob" if name == "cid" else "cid"].person_id)
    with pytest.raises(Forbidden), write():
        leave(actor=patrol.town.resident("eve"), at=start + HOUR, shift_id=shift.id, person_id=bob)
    with pytest.raises(NotIn):
        go(patrol, "ann", shift, start + HOUR, person_id=patrol.people["dan"].person_id)
    assert part(patrol, "bob", shift).left_at is None
    assert go(patrol, "bob", shift, start + HOUR)  # by mistake, and not said again
    assert go(patrol, "ann", shift, after, person_id=bob, happened_at=start + 3 * HOUR)
    assert not go(patrol, "ann", shift, after, person_id=bob, happened_at=start + 2 * HOUR)
    with pytest.raises(LongOver):
        go(patrol, "ann", shift, after, person_id=bob)
    assert own_hours(actor=patrol.people["bob"], at=after) == (1, 180)


def test_times_are_forgotten_the_minutes_and_the_miss_stay(patrol: Patrol) -> None:
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)
    patrol.sign("cid", shift)
    come(patrol, "bob", shift, shift.starts_at)
    sweep_missing(shift.starts_at + HOUR)
    later = shift.ends_at + timedelta(days=32)
    assert forget(shift.ends_at + timedelta(days=30)) == 0 and forget(later) == 2 and forget(later) == 0
    row = part(patrol, "bob", shift)
    assert (row.arrived_at, row.left_at, row.minutes) == (None, None, 240)
    assert own_hours(actor=patrol.people["bob"], at=later) == (1, 240)
    assert not ShiftPart.objects.filter(person_id=patrol.people["cid"].person_id).exists()
    assert ShiftMiss.objects.get().part is None
    assert not come(patrol, "bob", shift, later, happened_at=shift.starts_at + MINUTE)


def test_the_same_few_queries_for_many(patrol: Patrol) -> None:
    shifts = patrol.shifts()
    counts = []
    for shift in shifts[:3]:
        patrol.sign("bob", shift)
        with CaptureQueriesContext(connection) as seen:
            own_presence(actor=patrol.people["bob"], at=MONDAY, since=MONDAY, until=MONDAY + timedelta(days=14))
        with CaptureQueriesContext(connection) as board:
            rosters.board(actor=patrol.leader, at=MONDAY, team_id=patrol.team, since=MONDAY, until=MONDAY + timedelta(days=14))
        counts.append((len(seen), len(board)))
    assert len(set(counts)) == 1


@pytest.fixture
def beaten(db: None, tmp_path: Path) -> Beaten:
    return beaten_town(tmp_path)


def test_whoever_sets_out_has_come_and_who_is_missing_is_no_company(beaten: Beaten) -> None:
    beaten.sign("bob")
    beaten.sign("cid")
    shift = beaten.shift()
    assert not is_alone(beaten.team, shift.starts_at + MINUTE)
    with write():
        start_round(actor=beaten.people["bob"], at=shift.starts_at + 5 * MINUTE, route_id=beaten.route, key="out")
    assert ShiftPart.objects.get(person_id=beaten.people["bob"].person_id).arrived_at == shift.starts_at + 5 * MINUTE
    sweep_missing(shift.starts_at + 15 * MINUTE)
    assert ShiftMiss.objects.get().part == ShiftPart.objects.get(person_id=beaten.people["cid"].person_id)
    assert is_alone(beaten.team, shift.starts_at + 16 * MINUTE)


def test_two_arrivals_at_once_are_one(committed: str, tmp_path: Path) -> None:
    patrol = make_patrol(tmp_path)
    patrol.lay()
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)

    def try_it(minute: int) -> bool:
        try:
            return come(patrol, "bob", shift, shift.starts_at + HOUR, happened_at=shift.starts_at + minute * MINUTE)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(try_it, (4, 2, 2, 3)))
    connection.close()
    assert part(patrol, "bob", shift).arrived_at == shift.starts_at + 2 * MINUTE
