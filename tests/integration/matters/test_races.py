"""Threads on one database: nothing is done twice, nobody is lost, nothing is decided on an old configuration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection

from linli.directory.organisation.models import Appointment, Post
from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import end_appointment, record_absence, retire_post
from linli.directory.organisation.services.posts import PostInUse
from linli.directory.territory.selectors import ground
from linli.directory.territory.services.importing import import_territory
from linli.directory.territory.services.reading import territory_source
from linli.engines.matters.models import Matter, Report, Step
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import Done, act
from linli.engines.matters.services.report import ReportReceipt
from linli.engines.matters.services.reporters import CannotJoin, Rating, join_matter, rate_outcomes
from linli.engines.matters.tasks import sweep
from linli.kernel.access.rules import ANONYMOUS, SYSTEM
from linli.kernel.audit.selectors import verify
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.playbooks.services.apply import apply_playbook
from linli.kernel.playbooks.services.load import load_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, community, report
from tests.integration.matters.made import AT, DAY, HOUR, holds, streets_exchanged
from tests.integration.matters.test_reporting import asked, hand_in


@pytest.fixture
def town(committed: str) -> Iterator[Community]:
    yield community()


def at_once(*runs: Callable[[], Any]) -> list[Any]:
    """Run all in threads of their own, started together; what each returned, or its refusal. Other errors are raised."""
    start = threading.Barrier(len(runs))
    results: list[Any] = [None] * len(runs)
    errors: list[BaseException] = []

    def run(place: int) -> None:
        try:
            start.wait()
            results[place] = runs[place]()
        except Refusal as refusal:
            results[place] = refusal
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(runs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads)
    return results


def one_by_one(commands: list[Command], *, at_a_time: int = 1) -> list[Any]:
    results: list[Any] = []
    for start in range(0, len(commands), at_a_time):
        with write():
            results += act(commands[start : start + at_a_time], actor=SYSTEM)
    return results


def all_is_well(at: datetime = AT) -> None:
    holds(at)
    assert verify().fault is None


def test_of_eight_who_saw_the_same_version_one_wins_each_time(town: Community) -> None:
    ids = [report(town, grid=number % 6).matter_id for number in range(6)]

    def run(number: int) -> list[Any]:
        turned = ids[number % 6 :] + ids[: number % 6]  # in other orders, many in one write: no deadlock
        return one_by_one([Command(one, Verb.NOTE, AT, version=1, text=f"{number}") for one in turned], at_a_time=3)

    results = at_once(*(lambda number=number: run(number) for number in range(8)))
    won = [result.matter_id for each in results for result in each if isinstance(result, Done)]
    assert sorted(won) == sorted(ids)
    assert set(Matter.objects.values_list("version", flat=True)) == {2}
    all_is_well()


def test_without_versions_everybody_is_done_in_some_order(town: Community) -> None:
    ids = [report(town).matter_id for _ in range(3)]
    times = [AT.replace(microsecond=(7 - number) * 1000) for number in range(8)]  # who comes last may carry the earliest time
    results = at_once(*(lambda at=at: one_by_one([Command(one, Verb.CALL_BACK, at, reached=True) for one in ids]) for at in times))
    assert all(isinstance(result, Done) for each in results for result in each)
    assert set(Matter.objects.values_list("calls", flat=True)) == {8}
    assert Step.objects.count() == 3 * 9
    all_is_well()


def test_one_key_from_eight_hands_is_one_step(town: Community) -> None:
    one = report(town).matter_id
    results = at_once(*(lambda: one_by_one([Command(one, Verb.SOLVE, AT, text="好", key="the one")]) for _ in range(8)))
    assert sorted(result.repeated for (result,) in results) == [False] + [True] * 7
    assert Step.objects.count() == 2
    all_is_well()


def test_sweeps_beside_solutions_settle_each_clock_once(town: Community) -> None:
    ids = [report(town, grid=number % len(town.grids)).matter_id for number in range(30)]
    late = MONDAY + 10 * HOUR
    solved, _, _, _ = at_once(
        lambda: one_by_one([Command(one, Verb.SOLVE, late, text="好") for one in ids[::2]], at_a_time=4),
        lambda: sweep(at=late),
        lambda: sweep(at=late),
        lambda: sweep(at=late),
    )
    sweep(at=late)
    assert all(isinstance(result, Done) for result in solved)
    assert Step.objects.filter(verb="time_out").count() == 30
    assert set(Matter.objects.values_list("level", flat=True)) == {1}
    assert set(Step.objects.filter(verb="time_out").values_list("at", flat=True)) == {MONDAY + 9 * HOUR}
    all_is_well(late)


@pytest.mark.parametrize("turn", range(3))
def test_merging_in_a_circle_while_one_closes_and_others_join_loses_nobody(town: Community, turn: int) -> None:
    a, b, c = (report(town).matter_id for _ in range(3))
    asking = asked(town)

    def join(matter_id: UUID) -> int:
        told = 0
        for _ in range(4):
            try:
                with write():
                    join_matter(asking, actor=ANONYMOUS, at=AT, matter_id=matter_id)
                told += 1
            except (CannotJoin, Refusal):
                pass
        return told

    def merge(one: UUID, into: UUID) -> list[Any]:
        return one_by_one([Command(one, Verb.MERGE, AT, reason="同", into_id=into)])

    runs = [
        lambda: merge(a, b),
        lambda: merge(b, c),
        lambda: merge(c, a),
        lambda: one_by_one([Command(b, Verb.SOLVE, AT, text="好")]),
        lambda: join(a),
        lambda: join(b),
    ]
    results = at_once(*runs[turn:], *runs[:turn])
    joined = sum(result for result in results if isinstance(result, int))
    assert Report.objects.count() == 3 + joined
    assert Matter.objects.exclude(state="merged").exists()
    all_is_well()
    one_by_one([Command(one, Verb.SOLVE, AT + HOUR, text="清了") for one in (a, b, c)])
    assert not Report.objects.filter(answered_at=None).exists()
    all_is_well(AT + HOUR)


def test_ratings_beside_closings_and_reopenings_lock_nobody_out(town: Community) -> None:
    receipts = [report(town) for _ in range(6)]
    one_by_one([Command(receipt.matter_id, Verb.SOLVE, AT, text="好") for receipt in receipts])
    ids = [receipt.matter_id for receipt in receipts]

    def rate(order: list[ReportReceipt]) -> None:
        for _ in range(4):
            with write():
                rate_outcomes([Rating(receipt.tracking, 1, False) for receipt in order], at=AT + HOUR)

    def close(order: list[UUID]) -> None:
        for _ in range(4):
            one_by_one([Command(one, Verb.SOLVE, AT + HOUR, text="又好了") for one in order], at_a_time=6)

    at_once(lambda: rate(receipts), lambda: rate(receipts[::-1]), lambda: close(ids), lambda: close(ids[::-1]))
    assert set(Report.objects.values_list("rating", flat=True)) == {1}
    all_is_well(AT + HOUR)


# -- configuration that changes meanwhile -----------------------------------------------------------------------------


def _hand_in_until(town: Community, stop: threading.Event) -> list[ReportReceipt]:
    taken: list[ReportReceipt] = []
    while not stop.is_set():
        taken += [result for result in hand_in(*(asked(town, grid=grid) for grid in range(4))) if isinstance(result, ReportReceipt)]
    return taken


def while_reports_come(town: Community, change: Callable[[], Any], *, times: int = 3) -> tuple[list[ReportReceipt], list[Any]]:
    """Reports from three threads while ``change`` runs a few times."""
    stop = threading.Event()

    def changes() -> list[Any]:
        try:
            done = []
            for _ in range(times):
                done.append(change())
                time.sleep(0.02)
            return done
        finally:
            stop.set()

    *taken, changed = at_once(*(lambda: _hand_in_until(town, stop) for _ in range(3)), changes)
    return [receipt for each in taken for receipt in each], changed


def test_no_report_gets_in_under_a_playbook_that_no_longer_holds(town: Community, tmp_path: Path) -> None:
    numbers = iter(range(1, 9))

    def applied() -> tuple[UUID, int]:
        file = tmp_path / "playbook.yaml"
        file.write_text(SMALL.read_text().replace("version: 1.0.0", f"version: 1.0.{next(numbers)}"))
        with write():
            version = apply_playbook(actor=SYSTEM, at=AT, playbook=load_playbook(file))
            with connection.cursor() as cursor:  # the reports that are there when the new one holds
                cursor.execute("SELECT count(*) FROM matters_matter")
                return version.id, cursor.fetchone()[0]

    first = active_playbook().version_id
    taken, changed = while_reports_come(town, applied)
    assert len(taken) == Matter.objects.count()
    in_order = list(Matter.objects.order_by("recorded_at", "id").values_list("policy", flat=True))
    expected: list[UUID] = []
    for (_, count), version in zip([*changed, (None, len(in_order))], [first, *(version for version, _ in changed)], strict=True):
        expected += [version] * (count - len(expected))
    assert sorted(map(str, in_order)) == sorted(map(str, expected))
    all_is_well()


def test_no_report_comes_to_a_post_that_was_retired(town: Community) -> None:
    """Retired under the feet of reports; where one was quicker, the post stays."""
    posts = [town.head("grid", grid).id for grid in range(4)]
    Appointment.objects.filter(post_id__in=posts).delete()

    def retired() -> list[Any]:
        results: list[Any] = []
        for post in posts:
            try:
                with write():
                    results.append(retire_post(actor=SYSTEM, at=AT, post_id=post).id)
            except Refusal as refusal:
                results.append(refusal)
        return results

    taken, _ = while_reports_come(town, retired, times=1)
    retired_ones = set(Post.objects.exclude(retired_at=None).values_list("id", flat=True))
    assert not Matter.objects.filter(accountable_post_id__in=retired_ones).exists()
    assert len(taken) == Matter.objects.count()
    all_is_well()


def test_a_post_with_open_matters_is_not_retired_while_it_is_being_given_another(town: Community) -> None:
    one = report(town).matter_id
    up = one_by_one([Command(one, Verb.ESCALATE, AT, reason="x")])
    assert isinstance(up[0], Done)
    post = town.head("grid").id
    Appointment.objects.filter(post_id=post).delete()

    def retire() -> Any:
        with write():
            return retire_post(actor=SYSTEM, at=AT, post_id=post)

    given, retired = at_once(lambda: one_by_one([Command(one, Verb.DISPATCH, AT, post_id=post)])[0], retire)
    assert isinstance(given, Done) == isinstance(retired, PostInUse)
    all_is_well()


def test_no_report_is_placed_on_ground_that_was_replaced(town: Community) -> None:
    turns = [streets_exchanged(), territory_source("demo")]

    def moved() -> int:
        turns.append(turns.pop(0))
        with write():
            return len(import_territory(actor=SYSTEM, at=AT, source=turns[-1]).moved)

    taken, changed = while_reports_come(town, moved, times=3)
    assert len(taken) == Matter.objects.count() and all(changed)
    while dispatch_once():  # those that were there before follow by the flow
        pass
    paths = {area.id: area.path for area in ground()}
    assert all(paths[area] == path for area, path in Matter.objects.values_list("area_id", "area_path").distinct())
    all_is_well()


def test_absences_recorded_while_reports_come_leave_no_post_unheld(town: Community) -> None:
    held = organisation()
    people = [held.holder(town.head("grid", grid).id, AT).person_id for grid in range(4)]

    def away() -> list[Any]:
        results: list[Any] = []
        for person in people:
            with write():
                results.append(record_absence(actor=SYSTEM, at=AT, person_id=person, starts_at=AT, ends_at=None, reason="leave"))
        return results

    taken, _ = while_reports_come(town, away, times=1)
    assert len(taken) == Matter.objects.count() > 0
    now = organisation()
    holders = {now.holder(post, AT).person_id for post in Matter.objects.values_list("accountable_post_id", flat=True).distinct()}
    assert not holders.intersection(people)
    all_is_well()


def test_ending_an_appointment_leaves_its_matters_held_above(town: Community) -> None:
    report(town)
    appointment = Appointment.objects.get(post_id=town.head("grid").id)
    with write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=appointment.id, ends_at=AT)
    assert organisation().holder(Matter.objects.get().accountable_post_id, AT + DAY).person_id != appointment.person_id
    all_is_well()


def test_what_is_refused_at_commit_leaves_nothing_of_its_write(town: Community, committed: str) -> None:
    one = report(town).matter_id
    with pytest.raises(IntegrityError), write():
        act([Command(one, Verb.NOTE, AT, text="x")], actor=SYSTEM)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE matters_matter SET state = 'closed', closed_at = now(), version = version + 1, wake_at = NULL WHERE id = %s", [one])
    matter = Matter.objects.get()
    assert (matter.state, matter.version, matter.steps.count()) == ("dispatched", 1, 1)
    with psycopg.connect(committed) as link:
        assert link.execute("SELECT count(*) FROM audit_auditentry WHERE action = 'matters.note'").fetchone() == (0,)
    all_is_well()
