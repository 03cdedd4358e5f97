"""Deriving holds up nothing and loses nothing: a rule that fails stops no other, a change meanwhile is derived, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from linli.engines.duties.models import Derivation, Occurrence, SubjectRecord
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.services import derive as deriving
from linli.engines.duties.services.subjects import set_subjects
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import Town, town, visits

Breaks = Callable[[Callable[[Any, Any], bool]], None]


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Breaks:
    """Have deriving fail where a rule and a subject meet that are said to."""
    whole = deriving.windows_for

    def where(bad: Callable[[Any, Any], bool]) -> None:
        def found(rule: Any, subjects: Any, **more: Any) -> Iterator[Any]:
            if any(bad(rule, subject) for _, subject in subjects if subject.kind == rule.subject_kind):
                raise RuntimeError("no such day")
            return whole(rule, subjects, **more)

        monkeypatch.setattr(deriving, "windows_for", found)

    return where


@pytest.fixture
def place(db: None, tmp_path: Path) -> Town:
    return town(tmp_path)


def test_a_rule_that_fails_is_logged_stops_no_other_and_is_tried_again(place: Town, breaks: Breaks, caplog: pytest.LogCaptureFixture) -> None:
    case = place.case()
    breaks(lambda rule, _: rule.code == "weekly_visit")
    place.derive()
    assert visits(case) == [] and visits(case, "monthly_condolence") and Occurrence.objects.filter(rule="grid_round").exists()
    assert "weekly_visit" in caplog.text and not SubjectRecord.objects.filter(stale=True).exists()
    breaks(lambda *_: False)
    place.derive()
    assert visits(case)


def test_a_subject_that_breaks_a_rule_stops_the_rules_for_nobody_else(place: Town, breaks: Breaks) -> None:
    place.derive()
    good, bad = place.case(0), place.case(1)
    breaks(lambda rule, subject: rule.code == "weekly_visit" and subject.label == "G-1")
    place.derive()
    assert visits(good, "monthly_condolence") and visits(bad, "monthly_condolence") and visits(good) == []
    assert not Derivation.objects.filter(rule="weekly_visit").exists()  # tried as a whole at the next sweep
    breaks(lambda *_: False)
    place.derive()
    assert visits(good) and visits(bad)


def test_what_changes_while_it_is_derived_is_not_lost(committed: None, tmp_path: Path) -> None:
    place, ref, changed = town(tmp_path), uuid4(), threading.Event()
    case = place.case(ref=ref)
    place.derive()
    SubjectRecord.objects.filter(id=case).update(stale=True)

    def change() -> None:
        with write():
            set_subjects([Subject("care_case", ref, place.community.grids[0].id, "G-0", {"level": "monthly"})], actor=SYSTEM, at=MONDAY)
            changed.set()
            until = time.monotonic() + 10
            while time.monotonic() < until and not _somebody_waits_for_this():
                time.sleep(0.05)
        connection.close()

    other = threading.Thread(target=change)
    other.start()
    assert changed.wait(20)
    place.derive()
    other.join(20)
    place.derive()
    assert [visit.opens_at for visit in visits(case)] == [MONDAY]  # what has begun; the weeks ahead are gone with the level
    assert not SubjectRecord.objects.filter(stale=True).exists()


def _somebody_waits_for_this() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])
