"""Roll-ups equal a count of the records, whatever happened; each figure leads to its records; who may not see is refused."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.directory.territory.events import TerritoryImported
from linli.directory.territory.selectors import ground
from linli.engines.matters.models import Matter, Report, Step
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.facts import facts
from linli.engines.matters.selectors.queue import queue
from linli.engines.matters.services.act import act
from linli.engines.matters.services.reporters import Rating, rate_outcomes
from linli.engines.matters.tasks import sweep
from linli.insight.models import Rollup
from linli.insight.rules import MEASURES
from linli.insight.selectors import Selection, figures_by_area, figures_by_class, figures_by_month, selected_figures
from linli.insight.tasks import rebuild_figures, refresh_figures
from linli.kernel.access.rules import SYSTEM, Forbidden
from linli.kernel.events.services import publish
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, person, report

pytestmark = pytest.mark.django_db
VERBS = (*[Verb.SOLVE] * 3, *(Verb(name) for name in ["verify", "close", "escalate", "return", "suspend", "resume", "refuse", "merge", "reopen"]))


def live_through(town: Community, chance: random.Random, *, reports: int = 20, moves: int = 45) -> None:
    """A random history: reports of some days, moves of every kind, ratings, corrections of place, sweeps in between."""
    at = MONDAY
    codes = []
    for _ in range(reports):
        at += timedelta(hours=chance.randrange(0, 9))
        given = {"lon": None, "lat": None} if chance.random() < 0.2 else {}
        codes.append(report(town, grid=chance.randrange(len(town.grids)), at=at, **given).tracking)
    ids = list(Matter.objects.order_by("id").values_list("id", flat=True))
    for number in range(moves):
        at += timedelta(hours=chance.randrange(0, 12))
        matter_id, verb = chance.choice(ids), chance.choice(VERBS)
        verbs = (Verb.SOLVE, Verb.VERIFY, Verb.CLOSE) if verb is Verb.SOLVE and chance.random() < 0.7 else (verb,)
        with write():
            act([Command(matter_id, v, at, reason="r", text="t", until=at + timedelta(days=3), into_id=chance.choice(ids)) for v in verbs], actor=SYSTEM)
        if number % 9 == 0:
            with write():
                rate_outcomes([Rating(chance.choice(codes), chance.randrange(1, 6), solved=chance.random() < 0.6)], at=at)
        if number % 13 == 0:
            sweep(at=at)
        if number % 7 == 0:
            deliver()
    deliver()


def deliver() -> None:
    while dispatch_once():
        pass
    while refresh_figures():
        pass


def rolled() -> dict[tuple[object, ...], tuple[int, ...]]:
    rows = Rollup.objects.values_list("day", "area_path", "class_code", "level", *MEASURES, "open_due")
    return {row[:4]: (*row[4:-1], sorted(row[-1])) for row in rows}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_history_the_rollups_are_a_count_of_the_records(seed: int) -> None:
    town = community()
    live_through(town, random.Random(seed))
    kept = rolled()
    rebuild_figures()
    assert kept == rolled()

    counted: Counter[tuple[str, str, int, str]] = Counter()  # the same by hand, from the records themselves
    for matter in Matter.objects.all():
        codes = matter.area_path.rstrip("/").split("/")
        level = matter.level if matter.closed_level is None else matter.closed_level
        said = {"reported": 1, "open": matter.closed_at is None, "closed": matter.state == "closed", "merged": matter.state == "merged"}
        said["refused"], said["unplaced"] = matter.state == "refused", matter.placing == "unplaced"
        said["funnel"] = matter.state == "closed" and matter.placing != "unplaced"
        said["on_time"] = matter.state == "closed" and matter.closed_at <= (matter.extended_due_at or matter.due_at)
        said["response_late"] = Step.objects.filter(matter=matter, version=2, verb="time_out").exists()
        said["rated"] = Report.objects.filter(matter=matter, rating__isnull=False).count()
        said["satisfied"] = Report.objects.filter(matter=matter, rating__gte=4).count()
        for depth in range(1, len(codes) + 1):
            for class_code in ("",) if depth == len(ground().levels) else ("", matter.class_code):
                for name, count in said.items():
                    counted["/".join(codes[:depth]) + "/", class_code, level, name] += int(count)
    found: Counter[tuple[str, str, int, str]] = Counter()
    names = {name for *_, name in counted}
    for (_, path, class_code, level), values in kept.items():
        for name, value in zip(MEASURES, values, strict=False):
            if name in names:
                found[str(path), str(class_code), int(str(level)), name] += value
    assert +found == +counted


def test_the_figures_of_parts_add_up_to_the_whole() -> None:
    town = community()
    live_through(town, random.Random(7))
    root = Selection(ground().root.path)
    at = MONDAY + timedelta(days=40)
    whole = selected_figures(actor=SYSTEM, at=at, of=root)
    assert whole.counts.reported == Matter.objects.count()
    assert whole.overdue_open == sum(fact["overdue_now"] for fact in facts(actor=SYSTEM, at=at, ids=list(Matter.objects.values_list("id", flat=True))))
    for lines in (figures_by_class(actor=SYSTEM, at=at, of=root), figures_by_month(actor=SYSTEM, at=at, of=root)):
        assert sum(line.figures.counts.reported for line in lines) == whole.counts.reported
        assert sum(line.figures.overdue_open for line in lines) == whole.overdue_open
    area, depth = ground().root, 0
    while children := ground().children(area.id):
        lines = figures_by_area(actor=SYSTEM, at=at, of=Selection(area.path))
        at_area = Matter.objects.filter(area_id=area.id).count()  # without a place, and no area below
        here = selected_figures(actor=SYSTEM, at=at, of=Selection(area.path))
        assert sum(line.figures.counts.reported for line in lines) == here.counts.reported - at_area
        assert sum(line.figures.counts.closed for line in lines) <= here.counts.closed
        area, depth = children[0], depth + 1
    assert depth == len(ground().levels) - 1


def test_a_figure_leads_to_its_records() -> None:
    town = community()
    live_through(town, random.Random(3))
    of = Selection(ground().root.path, class_code="E-0401")
    found = selected_figures(actor=SYSTEM, at=MONDAY, of=of)
    listed = queue(actor=SYSTEM, at=MONDAY, wanted=of.drill_down(state="closed"))
    assert len(listed.rows) == found.counts.closed > 0


def test_a_period_counts_its_own_days_only() -> None:
    town = community()
    report(town, at=MONDAY)
    report(town, at=MONDAY + timedelta(days=2))
    deliver()
    root, day = ground().root.path, date(2026, 3, 2)
    for since, until, wanted in ((None, None, 2), (day, day + timedelta(days=1), 1), (day + timedelta(days=1), None, 1), (None, day, 0)):
        for path in (root, town.grids[0].path):
            assert selected_figures(actor=SYSTEM, at=MONDAY, of=Selection(path, since, until)).counts.reported == wanted


def test_who_may_not_read_figures_of_an_area_is_refused() -> None:
    town = community()
    here, there = (street.path for street in ground().of_level("street"))
    desk = person("street_duty", here)
    assert selected_figures(actor=desk, at=MONDAY, of=Selection(here)).counts.reported == 0
    for path in (there, ground().root.path):
        with pytest.raises(Forbidden):
            selected_figures(actor=desk, at=MONDAY, of=Selection(path))
    del town


def test_the_number_of_queries_does_not_grow_with_what_is_shown() -> None:
    town = community()
    live_through(town, random.Random(5), reports=12, moves=10)
    root = Selection(ground().root.path)
    for ask, most in ((selected_figures, 1), (figures_by_area, 1), (figures_by_class, 1), (figures_by_month, 1)):
        ask(actor=SYSTEM, at=MONDAY, of=root)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ask(actor=SYSTEM, at=MONDAY, of=root)
        assert len([query for query in seen if "epoch" not in query["sql"]]) <= most


def test_figures_follow_areas_that_move() -> None:
    town = community()
    report(town)
    deliver()
    before = {row[1] for row in rolled()}
    Matter.objects.update(area_path=town.grids[-1].path)  # as an import of the territory does it
    with write():
        publish([TerritoryImported(key=town.grids[0].id, at=MONDAY)])
    deliver()
    assert {row[1] for row in rolled()} != before
    kept = rolled()
    rebuild_figures()
    assert rolled() == kept
