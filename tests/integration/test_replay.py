"""Replay: records go through the same services as live reports; interrupted or not, the result is the same."""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from linli.engines.matters.models import Matter, Report, Step
from linli.interfaces.replay import running
from linli.interfaces.replay.mapping import load_mapping
from linli.interfaces.replay.models import ReplayProgress
from linli.interfaces.replay.running import Interrupted, Plan, Replay
from linli.kernel.audit.models import AuditEntry
from linli.kernel.clock.services import now
from linli.kernel.playbooks.services.load import find_playbook
from tests.conftest import _forget_caches
from tests.factories import Community, community

pytestmark = pytest.mark.django_db
CHINA = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 3, 3, 8, 0, tzinfo=CHINA)
HEAD = ["no", "opened", "closed", "due", "kind", "lon", "lat", "text", "area", "by", "said", "kept"]
MAPPING = """\
mapping:
  name: invented
  title: {zh: 虚构工单, en: Invented records}
file:
  timezone: Asia/Shanghai
columns: {number: no, opened: opened, closed: closed, promised: due, lon: lon, lat: lat, text: [text]}
classes:
  by: [kind]
  rules:
    lamp: {default: {class: C-0118, condition: out}}
    cover: {default: {class: C-0102, condition: missing}}
    noise: {default: {class: E-0410}}
sources: {column: by, values: {walk: grid}, default: hotline}
areas: [{column: area, values: {first: "%(area)s"}}]
closing: {column: said, empty: {zh: 已办结。, en: Closed.}}
rules:
  default_point: {lon: 1.0, lat: 1.0}
  solved_on_the_spot: {column: by, values: [walk], minutes: 30}
  duplicate: {column: said, pattern: "duplicate*", pairs: pairs.csv, pair_columns: [no, original]}
on_time: {column: kept, on_time: ["yes"], late: ["no"]}
"""


def write_city(folder: Path, town: Community, *, rows: int = 60) -> tuple[Path, Path]:
    """Invented records of three weeks, always the same: quick, slow, open, without a place, contradictory, duplicate."""
    chance = random.Random(20250303)
    area = sorted({grid.path.split("/")[-3] for grid in town.grids})[0]
    (folder / "mapping.yaml").write_text(MAPPING % {"area": area}, encoding="utf-8")
    lines, pairs = [], []
    at = START
    for number in range(rows):
        at += timedelta(minutes=chance.randrange(5, 900))
        lon, lat = town.point(chance.randrange(len(town.grids)))
        walked = number % 4 == 0
        closed: datetime | None = at + (timedelta(minutes=chance.randrange(5, 30)) if walked else timedelta(hours=chance.randrange(1, 400)))
        said = "fixed"
        if number % 7 == 3:
            closed = None
        if number % 11 == 5:
            closed = at - timedelta(minutes=1)
        if number % 13 == 6:
            said = "duplicate of another"
            pairs.append((f"N{number:03}", f"N{number - 1:03}"))
        if number % 9 == 2:
            lon, lat = 1.0, 1.0
        due = at + timedelta(days=3) if number % 3 == 0 else None
        kept = "" if due is None or closed is None else "yes" if closed <= due else "no"
        lines.append([
            f"N{number:03}", at.replace(tzinfo=None).isoformat(), closed.replace(tzinfo=None).isoformat() if closed else "",
            due.replace(tzinfo=None).isoformat() if due else "", chance.choice(["lamp", "cover", "noise"]), lon, lat, "invented",
            "first" if number % 2 else "", "walk" if walked else "call", said, kept,
        ])  # fmt: skip
    for name, head, content in (("records.csv", HEAD, lines), ("pairs.csv", ["no", "original"], pairs)):
        with (folder / name).open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows([head, *content])
    return folder / "records.csv", folder / "mapping.yaml"


def plan(files: tuple[Path, Path], **more: Any) -> Plan:
    return Plan(files[0], files[1], load_mapping(files[1]), **more)


def everything() -> dict[str, Any]:
    """What the replay left behind, without ids and the machine's own times."""
    key_of = dict(Report.objects.values_list("first_matter", "key"))
    matters = {
        key_of[row["id"]]: (row, key_of.get(row.pop("merged_into_id")))
        for row in Matter.objects.values(
            "id", "state", "level", "closed_level", "closed_at", "outcome", "outcome_text", "version", "due_at", "level_due_at", "wake_at", "placing",
            "area_path", "source", "class_code", "merged_into_id",
        )
    }  # fmt: skip
    for row, _ in matters.values():
        del row["id"]
    steps = sorted((key_of[matter], version, verb, at, state, level) for matter, version, verb, at, state, level in Step.objects.values_list(
        "matter", "version", "verb", "at", "to_state", "level"))  # fmt: skip
    reports = sorted(Report.objects.values_list("key", "at", "answered_at", "answer"), key=lambda row: row[0])
    progress = ReplayProgress.objects.get()
    return {"matters": matters, "steps": steps, "reports": reports, "counts": {name: count for name, count in progress.counts.items() if count}}


@pytest.fixture
def town() -> Community:
    return community(at=START - timedelta(days=1), playbook=find_playbook("lianqin"))


def test_each_record_happens_at_its_own_time(tmp_path: Path, town: Community) -> None:
    files = write_city(tmp_path, town)
    run = Replay(plan(files))
    run.run()
    tally = run.tally
    assert tally["rows"] == 60 and tally["refused:replay.closes_before_it_opens"] == 5
    assert tally["taken"] == 55 == Matter.objects.count() == Report.objects.count()
    assert tally["merged"] == Matter.objects.filter(state="merged").count() > 0
    assert tally["closed"] == Matter.objects.filter(closed_at__isnull=False).count()
    assert not Report.objects.filter(matter__closed_at__isnull=False, answered_at=None).exists()
    on_the_spot = Matter.objects.filter(outcome="solved_on_the_spot")
    assert on_the_spot.exists() and set(on_the_spot.exclude(placing="unplaced").values_list("closed_level", "source")) == {(0, "grid")}
    unplaced = Matter.objects.filter(placing="unplaced")
    assert unplaced.exists() and all(len(path.split("/")) <= 4 for path in unplaced.values_list("area_path", flat=True))
    slow = Matter.objects.filter(state="closed", closed_level=2).first()
    assert slow is not None and [step.at for step in slow.steps.filter(verb="time_out")] == sorted(step.at for step in slow.steps.filter(verb="time_out"))
    assert now() - max(Matter.objects.exclude(closed_at=None).values_list("closed_at", flat=True)) < timedelta(days=1)
    assert AuditEntry.objects.filter(subject_type="matter").count() == Step.objects.count()


def test_closed_by_the_level_whose_clock_was_running(tmp_path: Path, town: Community) -> None:
    files = write_city(tmp_path, town)
    Replay(plan(files)).run()
    for matter in Matter.objects.filter(state="closed"):
        hops = matter.steps.filter(verb="time_out")
        first = matter.steps.get(version=1).level
        assert matter.closed_level == first + hops.count()
        assert all(hop.at <= matter.closed_at for hop in hops)


@pytest.mark.parametrize("batches", [1, 3, 7])
def test_interrupted_and_resumed_it_ends_the_same(tmp_path: Path, town: Community, monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    monkeypatch.setattr(running, "BATCH", 5)
    files = write_city(tmp_path, town)
    start = transaction.savepoint()
    Replay(plan(files)).run()
    wanted = everything()
    transaction.savepoint_rollback(start)
    _forget_caches()

    interruptions = 0
    while True:
        asked = 0

        def stop() -> bool:
            nonlocal asked
            asked += 1
            return asked >= batches

        run = Replay(plan(files, stop=stop))
        try:
            run.run()
            break
        except Interrupted:
            interruptions += 1
    assert interruptions > 2
    assert everything() == wanted


def test_the_size_of_the_windows_changes_nothing(tmp_path: Path, town: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write_city(tmp_path, town)
    start = transaction.savepoint()
    Replay(plan(files)).run()
    wanted = everything()
    transaction.savepoint_rollback(start)
    _forget_caches()
    monkeypatch.setattr(running, "BATCH", 3)
    Replay(plan(files)).run()
    assert everything() == wanted


def test_replayed_twice_nothing_is_done_again(tmp_path: Path, town: Community) -> None:
    files = write_city(tmp_path, town)
    Replay(plan(files)).run()
    wanted = everything()
    again = Replay(plan(files))
    again.run()
    assert everything() == wanted
    ReplayProgress.objects.all().delete()  # even when it is forgotten that it was done
    run = Replay(plan(files))
    run.run()
    assert (run.tally["repeated"], run.tally["taken"]) == (55, 0)
    assert everything()["matters"] == wanted["matters"] and everything()["steps"] == wanted["steps"]


def test_what_closes_after_the_end_is_open_and_the_clock_stands_at_the_end(tmp_path: Path, town: Community) -> None:
    files = write_city(tmp_path, town)
    end = START + timedelta(days=6)
    run = Replay(plan(files, ends=end))
    run.run()
    assert run.tally["refused:replay.after_the_end"] > 0 and run.tally["closes_after_the_end"] > 0
    assert not Matter.objects.filter(closed_at__gte=end).exists() and not Step.objects.filter(at__gte=end).exists()
    assert abs(now() - end) < timedelta(minutes=1)
    assert not Matter.objects.filter(wake_at__lt=end).exists()
