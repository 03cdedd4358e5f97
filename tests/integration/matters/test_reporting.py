"""Taking reports in: batches with poison, keys, and the two batches that arrive with one key at once."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import OperationalError, connection

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.services.report import ReportReceipt, report_matters
from linli.engines.matters.tasks import sweep
from linli.interfaces.lanes import batcher as lanes
from linli.interfaces.lanes.batcher import Batcher, NotStored
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, report
from tests.integration.matters.made import AT, HOUR, holds


def asked(town: Community, **wanted: Any) -> ReportRequest:
    lon, lat = town.point(wanted.pop("grid", 0))
    return ReportRequest(**{"at": MONDAY, "class_code": "E-0401", "text": "占用", "lon": lon, "lat": lat, **wanted})


def hand_in(*requests: ReportRequest, actor: Actor = SYSTEM) -> list[ReportReceipt | Refusal]:
    with write():
        return report_matters(requests, actor=actor, at=MONDAY)


POISON: dict[str, dict[str, Any]] = {
    "class": {"class_code": "X\x00'; DROP TABLE"},
    "condition": {"condition": "none such"},
    "text": {"text": "字" * 4001},
    "future": {"at": datetime(2200, 1, 1, tzinfo=UTC)},
    "before the calendar": {"at": datetime(1900, 1, 1, tzinfo=UTC)},
    "nan": {"lon": float("nan")},
    "half a point": {"lat": None},
    "exchanged": {"lon": 39.9, "lat": 116.4},
    "far away": {"lon": -70.0, "lat": 42.0},
    "area": {"lon": None, "lat": None, "area_code": "nowhere\x00"},
    "key": {"key": "k" * 5000},
}


@pytest.mark.django_db
def test_each_report_of_a_batch_is_taken_or_refused_by_itself(town: Community) -> None:
    poison = [asked(town, **wanted) for wanted in POISON.values()]
    results = hand_in(asked(town), *poison, asked(town, grid=1, text="\ud800半个字\x00"))
    assert [isinstance(result, ReportReceipt) for result in results] == [True, *[False] * len(poison), True], results
    assert sorted(Matter.objects.values_list("text", flat=True)) == ["半个字", "占用"]
    holds()


@pytest.mark.django_db
def test_only_a_desk_or_gateway_reports_for_yesterday_or_with_a_deadline(town: Community) -> None:
    early = asked(town, at=MONDAY.replace(month=2))
    assert not isinstance(hand_in(early, actor=ANONYMOUS)[0], ReportReceipt)
    assert not isinstance(hand_in(asked(town, promised=AT), actor=ANONYMOUS)[0], ReportReceipt)
    assert isinstance(hand_in(early)[0], ReportReceipt)


@pytest.mark.django_db
def test_one_key_is_one_matter_in_a_batch_and_after_it(town: Community) -> None:
    request = asked(town, key="k1", class_code="E-0501")
    first, second, other = hand_in(request, request, asked(town, key="k2"))
    (third,) = hand_in(request)
    (stranger,) = hand_in(request, actor=ANONYMOUS)
    assert isinstance(first, ReportReceipt)
    assert second == third == replace(first, repeated=True)  # with the number to call, again
    assert first.emergency == "119"
    assert isinstance(stranger, ReportReceipt) and stranger.matter_id != first.matter_id  # a key is its sender's own
    assert isinstance(other, ReportReceipt) and Matter.objects.count() == Report.objects.count() == 3
    holds()


@pytest.mark.django_db
def test_a_place_in_the_tree_can_be_named_instead_of_a_point(town: Community) -> None:
    (result,) = hand_in(asked(town, lon=None, lat=None, area_code=town.grids[3].code))
    assert isinstance(result, ReportReceipt)
    assert (result.area_path, result.placing, result.post_id) == (town.grids[3].path, "unplaced", town.head("grid", 3).id)


def test_one_key_in_two_writes_at_once_is_one_matter_and_one_receipt(committed: str) -> None:
    """Eight writers with the same keys in different orders: the second waits for the first and takes over its receipt."""
    town = community()
    keys = [f"k{number}" for number in range(12)]
    start = threading.Barrier(8)
    answers: list[list[ReportReceipt | Refusal]] = []

    def run(number: int) -> None:
        try:
            turned = keys[number:] + keys[:number]
            requests = [asked(town, key=key) for key in (reversed(turned) if number % 2 else turned)]
            start.wait()
            results = hand_in(*requests, asked(town, text=f"无键 {number}"))
            answers.append(sorted(results, key=str))
        finally:
            connection.close()

    in_threads(run, 8)
    receipts = [{result.tracking for result in results if isinstance(result, ReportReceipt)} for results in answers]
    assert len(receipts) == 8
    assert len(set.intersection(*receipts)) == len(keys)
    assert Matter.objects.count() == Report.objects.count() == len(keys) + 8
    holds()


def in_threads(run: Any, count: int) -> None:
    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


# -- the hot lane's batches -------------------------------------------------------------------------------------------


def through_the_lane(requests: list[ReportRequest], *, identify: Any = None) -> list[Any]:
    async def all_of_them() -> list[Any]:
        batcher = Batcher()
        waiting = [asyncio.ensure_future(batcher.report(request, identify=identify or (lambda _at, _epoch: SYSTEM))) for request in requests]
        await asyncio.sleep(0)  # all are in the queue before the thread starts: one batch
        batcher.start()
        try:
            return await asyncio.gather(*waiting)
        finally:
            await asyncio.to_thread(batcher.stop)

    return asyncio.run(all_of_them())


def test_a_poisonous_report_of_any_kind_leaves_its_neighbours_alone(committed: str) -> None:
    town = community()
    with write():
        pass
    odd = [asked(town, details={"a": object()}), asked(town, source="\x00"), asked(town, language="\ud800")]
    good = [asked(town, key=f"g{number}") for number in range(5)]
    requests = [good[0], odd[0], good[1], good[1], odd[1], good[2], odd[2], good[3], good[4], asked(town, class_code="X")]
    answers = through_the_lane(requests)
    taken = [isinstance(answer, ReportReceipt) for answer in answers]
    assert taken == [True, False, True, True, False, True, False, True, True, False]
    assert Matter.objects.count() == 5
    holds()


def test_a_commit_that_was_cut_off_is_looked_for_and_not_done_twice(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    town = community()
    once, cut = lanes._write_once, []

    def cut_off(batch: Any, answers: Any) -> None:
        once(batch, answers)
        if not cut:
            cut.append(True)
            connection.connection.close()
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(lanes, "_write_once", cut_off)
    answers = through_the_lane([asked(town), asked(town, grid=1)])
    assert {answer.matter_id for answer in answers} == set(Matter.objects.values_list("id", flat=True))
    assert len(answers) == 2 == Matter.objects.count()


def test_a_database_that_comes_back_is_waited_for_and_one_that_does_not_is_said(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    town = community()
    monkeypatch.setattr(lanes, "PAUSES", (0.0, 0.0))
    once, failures = lanes._write_once, [1, 2, 3, 4]

    def gone(batch: Any, answers: Any) -> None:
        if failures:
            failures.pop()
            connection.ensure_connection()
            connection.connection.close()
            raise OperationalError("connection refused")
        once(batch, answers)

    monkeypatch.setattr(lanes, "_write_once", gone)
    assert isinstance(through_the_lane([asked(town)])[0], NotStored)  # three tries
    assert isinstance(through_the_lane([asked(town)])[0], ReportReceipt)  # the second try
    assert Matter.objects.count() == 1


# -- the sweep --------------------------------------------------------------------------------------------------------


def test_one_matter_that_cannot_be_settled_does_not_hold_up_the_others(committed: str, caplog: pytest.LogCaptureFixture) -> None:
    town = community()
    ids = [report(town, grid=number).matter_id for number in range(4)]
    with psycopg.connect(committed, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE matters_matter SET policy = gen_random_uuid() WHERE id = %s", [ids[1]])  # a playbook version that is not there
    assert sweep(at=MONDAY + 10 * HOUR) == 3
    levels: dict[UUID, int] = dict(Matter.objects.values_list("id", "level"))
    assert levels == {ids[0]: 1, ids[1]: 0, ids[2]: 1, ids[3]: 1}
    assert str(ids[1]) in caplog.text
