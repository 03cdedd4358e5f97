"""Occurrences on the rolling horizon, and what becomes of them when a rule, a subject or the calendar changes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection

from linli.engines.duties.models import Occurrence, SubjectRecord
from linli.engines.duties.rules.subjects import RefusedFact, Span, SpanKind, SpansOverlap, Subject
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.subjects import SourcedKind, end_subjects, set_subjects
from linli.kernel.access.rules import SYSTEM, Forbidden
from linli.kernel.writing import write
from tests.factories import MONDAY, person
from tests.integration.duties.made import DAY, DUTIES, HOUR, Town, did, town, visits


@pytest.fixture
def place(committed: None, tmp_path: Path) -> Town:
    return town(tmp_path)


def test_a_new_subject_has_its_weeks_and_months_ahead_each_with_a_post_and_every_grid_its_round(place: Town) -> None:
    case = place.case()
    place.derive()
    weeks = visits(case)
    assert [visit.opens_at.date() for visit in weeks][:3] == [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16)]
    assert len(weeks) == 6 and all(visit.due_at - visit.opens_at == 6 * DAY + 12 * HOUR for visit in weeks[1:])
    assert weeks[0].opens_at == MONDAY  # this week runs already: it begins when it is made
    assert {visit.post_id for visit in weeks} == {place.community.head("grid").id}
    assert len(visits(case, "monthly_condolence")) == 2
    rounds = Occurrence.objects.filter(rule="grid_round")
    assert rounds.values("subject").distinct().count() == len(place.community.grids)


def test_deriving_again_changes_nothing_and_a_later_day_only_adds(place: Town) -> None:
    case = place.case()
    place.derive()
    before = [visit.id for visit in visits(case)]
    again = place.derive()
    assert (again.made, again.changed, again.gone) == (0, 0, 0)
    place.derive(MONDAY + 7 * DAY)
    assert [visit.id for visit in visits(case)][: len(before)] == before and len(visits(case)) == len(before) + 1


def test_a_changed_rule_derives_anew_what_has_not_begun_and_leaves_what_has(place: Town) -> None:
    case = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    begun, *planned = visits(case)
    did(Verb.FINISH, begun, actor=place.actor(), at=MONDAY + 2 * HOUR)
    place.rules(DUTIES.replace("BYDAY=MO", "BYDAY=TH"), at=MONDAY + 3 * HOUR)
    now = visits(case)
    assert now[0].id == begun.id and now[0].state == "done" and now[0].opens_at == begun.opens_at
    assert {visit.opens_at.weekday() for visit in now[1:]} == {3}
    assert len(now) == len(planned) + 1 and len({visit.slot for visit in now}) == len(now)


def test_a_change_of_level_derives_the_visits_anew(place: Town) -> None:
    ref = uuid4()
    case = place.case(ref=ref)
    place.derive()
    assert len(visits(case)) == 6
    assert place.case(ref=ref, level="monthly") == case
    place.derive()
    (begun,) = visits(case)  # this week's has begun and stays
    assert begun.opens_at == MONDAY and len(visits(case, "monthly_condolence")) == 2
    assert not SubjectRecord.objects.filter(stale=True).exists()


def test_a_pause_takes_away_what_lies_in_it_and_an_ended_subject_all_that_has_not_begun(place: Town) -> None:
    ref = uuid4()
    case = place.case(ref=ref)
    place.derive()
    away = Span(SpanKind.PAUSE, date(2026, 3, 9), date(2026, 3, 22), reason="with family")
    place.case(ref=ref, spans=(away,))
    place.derive()
    assert date(2026, 3, 9) not in {visit.opens_at.date() for visit in visits(case)} and len(visits(case)) == 4
    with write():
        assert end_subjects([("care_case", ref)], actor=SYSTEM, at=MONDAY) == 1
    with write():
        assert end_subjects([("care_case", ref)], actor=SYSTEM, at=MONDAY) == 0
    place.derive()
    assert [visit.state for visit in visits(case)] == ["dropped"]  # neither done nor missed


def test_a_round_on_a_public_holiday_goes_to_the_next_working_day(place: Town) -> None:
    place.derive(MONDAY + timedelta(days=200))
    days = {round_.opens_at.date() for round_ in Occurrence.objects.filter(rule="grid_round", opens_at__gt=MONDAY + timedelta(days=199))}
    assert date(2026, 10, 7) not in days  # National Day holiday, a Wednesday
    assert date(2026, 10, 8) in days


def test_subjects_that_contradict_themselves_or_say_what_linli_does_not_keep_are_refused(place: Town) -> None:
    area = place.community.grids[0].id

    def subject(**more: object) -> Subject:
        return Subject("care_case", uuid4(), area, "G-1", **more)  # type: ignore[arg-type]

    twice = (Span(SpanKind.STAY, date(2026, 3, 1), None, "hospital"), Span(SpanKind.STAY, date(2026, 3, 5), None, "hospital"))
    given = [subject(spans=twice), subject(facts={"ethnicity": "x"}), Subject("area", uuid4(), area, "A"), subject()]
    with write():
        results = set_subjects(given, actor=SYSTEM, at=MONDAY)
    assert [type(result) for result in results] == [SpansOverlap, RefusedFact, SourcedKind, UUID]
    with write():
        (refused,) = set_subjects([subject()], actor=person("grid_head", place.community.grids[0].path), at=MONDAY)
    assert isinstance(refused, Forbidden)


def test_the_database_keeps_what_has_begun(place: Town) -> None:
    case = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    (begun, *_) = visits(case)
    for statement in (
        "DELETE FROM duties_occurrence WHERE id = %s",
        "UPDATE duties_occurrence SET due_at = due_at + interval '1 day' WHERE id = %s",
        "UPDATE duties_occurrence SET person_id = NULL WHERE id = %s",
        "UPDATE duties_occurrence SET state = 'done', done_at = due_at, wake_at = NULL, version = version + 1 WHERE id = %s",
    ):
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute(statement, [begun.id])
