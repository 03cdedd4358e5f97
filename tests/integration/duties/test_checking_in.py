"""Check-ins: what counts as done, what does not, and what a phone kept for later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from linli.directory.territory.selectors import ground
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.forms import BadForm
from linli.engines.duties.rules.task import BeforeTheDuty, EvidenceMissing, FromTheFuture, NotPossible, OutOfOrder, Verb
from linli.engines.duties.selectors.check import broken_invariants
from linli.engines.duties.services.checkin import Command, KeyUsed, NoSuchDuty, Receipt, check_in
from linli.kernel.access.rules import SYSTEM, Forbidden
from linli.kernel.audit.models import AuditEntry
from linli.kernel.events.models import OutboxEvent
from linli.kernel.writing import write
from tests.factories import MONDAY, person
from tests.integration.duties.made import DAY, HOUR, Town, did, town, visits


@pytest.fixture
def place(committed: None, tmp_path: Path) -> Town:
    return town(tmp_path)


@pytest.fixture
def visit(place: Town) -> Occurrence:
    case = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    return visits(case)[0]


def test_start_arrive_finish_on_the_spot_or_elsewhere_on_the_record_and_told(place: Town, visit: Occurrence) -> None:
    grid = place.actor()
    lon, lat = ground().area(visit.area_id).centre
    did(Verb.START, visit, actor=grid, at=MONDAY + 2 * HOUR, lon=117.2010149, lat=38.8009774)
    did(Verb.ARRIVE, visit, actor=grid, at=MONDAY + 2 * HOUR, lon=lon, lat=lat)
    did(Verb.FINISH, visit, actor=grid, at=MONDAY + 3 * HOUR, note="一切都好")
    visit.refresh_from_db()
    assert (visit.state, visit.done_at, visit.missed_at, visit.wake_at) == ("done", MONDAY + 3 * HOUR, None, None)
    assert list(CheckInRecord.objects.filter(occurrence=visit).order_by("version").values_list("there", flat=True)) == [False, True, None]
    assert AuditEntry.objects.filter(subject=visit.id).count() == 3
    assert OutboxEvent.objects.filter(topic="duties.done", key=visit.id).count() == 1
    with pytest.raises(NotPossible):
        did(Verb.FINISH, visit, actor=grid, at=MONDAY + 4 * HOUR)


def test_an_attempt_is_not_a_visit_and_is_missed_when_nobody_was_met(place: Town, visit: Occurrence) -> None:
    did(Verb.NOT_HOME, visit, actor=place.actor(), at=MONDAY + 2 * HOUR)
    did(Verb.NOT_HOME, visit, actor=place.actor(), at=MONDAY + DAY)
    visit.refresh_from_db()
    assert (visit.state, visit.attempts) == ("open", 2)
    place.run(visit.due_at)
    visit.refresh_from_db()
    assert (visit.state, visit.attempts) == ("missed", 2)


def test_a_refused_visit_is_counted_as_refused_neither_done_nor_missed(place: Town, visit: Occurrence) -> None:
    did(Verb.REFUSE, visit, actor=place.actor(), at=MONDAY + 2 * HOUR)
    place.run(visit.due_at + DAY)
    visit.refresh_from_db()
    assert (visit.state, visit.done_at, visit.missed_at) == ("refused", None, None)


def test_what_was_done_in_time_counts_so_however_late_the_news_and_what_was_done_late_stays_missed(place: Town, visit: Occurrence) -> None:
    second = visits(place.case(1))
    assert second == []
    place.derive()
    place.run(visit.due_at + DAY)
    visit.refresh_from_db()
    assert visit.state == "missed"
    did(Verb.FINISH, visit, actor=place.actor(), at=visit.due_at - HOUR, now=visit.due_at + 2 * DAY)
    visit.refresh_from_db()
    assert (visit.state, visit.missed_at) == ("done", None)
    late = Occurrence.objects.get(rule="weekly_visit", state="missed")
    did(Verb.FINISH, late, actor=place.actor(grid=1), at=late.due_at + HOUR, now=late.due_at + 2 * DAY)
    late.refresh_from_db()
    assert late.state == "done" and late.missed_at == late.due_at
    assert broken_invariants(actor=SYSTEM, at=visit.due_at + 2 * DAY) == []


def test_one_visit_serves_several_purposes_all_of_them_or_none(place: Town, visit: Occurrence) -> None:
    monthly = Occurrence.objects.filter(subject=visit.subject_id, rule="monthly_condolence").earliest("opens_at")
    street = place.actor("street")
    with pytest.raises(EvidenceMissing):
        did(Verb.FINISH, visit, monthly, actor=street, at=MONDAY + 2 * HOUR)
    visit.refresh_from_db()
    assert visit.state == "open" and CheckInRecord.objects.count() == 0
    with pytest.raises(BadForm):
        did(Verb.FINISH, visit, monthly, actor=street, at=MONDAY + 2 * HOUR, form={"well": "yes"})
    receipt = did(Verb.FINISH, visit, monthly, actor=street, at=MONDAY + 2 * HOUR, form={"well": True})
    assert receipt.states == ("done", "done")
    assert CheckInRecord.objects.filter(visit=receipt.visit).count() == 2


def test_the_same_key_gives_the_first_answer_again_within_a_batch_and_later(place: Town, visit: Occurrence) -> None:
    command = Command((visit.id,), Verb.FINISH, MONDAY + 2 * HOUR, key="phone-1")
    with write():
        first, again = check_in([command, command], actor=place.actor(), at=MONDAY + DAY)
    with write():
        (later,) = check_in([command], actor=place.actor(), at=MONDAY + DAY)
    assert isinstance(first, Receipt) and isinstance(again, Receipt) and isinstance(later, Receipt)
    assert not first.repeated and again.repeated and later.repeated and first.visit == again.visit == later.visit
    assert CheckInRecord.objects.count() == 1


def test_a_key_handed_in_again_with_something_else_is_refused_within_a_batch_and_later(place: Town, visit: Occurrence) -> None:
    other = Occurrence.objects.filter(subject=visit.subject_id, rule="monthly_condolence").earliest("opens_at")
    at, street = MONDAY + 2 * HOUR, place.actor("street")
    first = Command((visit.id,), Verb.START, at, key="phone-1")
    wrong = [replace(first, verb=Verb.FINISH), replace(first, occurrence_ids=(other.id,)), replace(first, occurrence_ids=(visit.id, other.id))]
    with write():
        done, *refused = check_in([first, *wrong], actor=street, at=at)
    with write():
        refused += check_in(wrong, actor=street, at=at + HOUR)
    assert isinstance(done, Receipt) and [type(one) for one in refused] == [KeyUsed] * 6
    assert CheckInRecord.objects.count() == 1
    visit.refresh_from_db()
    assert visit.state == "open"


def test_each_of_a_batch_is_taken_or_refused_by_itself_with_the_reason(place: Town, visit: Occurrence) -> None:
    at = MONDAY + DAY

    def command(verb: Verb, when: object, *ids: object) -> Command:
        return Command(ids or (visit.id,), verb, when)  # type: ignore[arg-type]

    with write():
        results = check_in(
            [
                command(Verb.FINISH, at + HOUR),
                command(Verb.FINISH, visit.opens_at - HOUR),
                command(Verb.FINISH, at, uuid4()),
                command(Verb.START, at - HOUR),
                command(Verb.FINISH, at - 2 * HOUR),
                command(Verb.FINISH, at),
            ],
            actor=place.actor(),
            at=at,
        )
    assert [type(result) for result in results] == [FromTheFuture, BeforeTheDuty, NoSuchDuty, Receipt, OutOfOrder, Receipt]


def test_who_may_not_sees_nothing_and_who_may_only_look_cannot_check_in(place: Town, visit: Occurrence) -> None:
    with pytest.raises(NoSuchDuty):
        did(Verb.START, visit, actor=person("grid_head", place.community.grids[5].path), at=MONDAY + HOUR)
    with pytest.raises(NoSuchDuty):
        did(Verb.START, visit, actor=person("grid_member", place.community.grids[0].path), at=MONDAY + HOUR)  # private: no clearance
    looking = person("grid_head", place.community.grids[0].path)
    (grant,) = looking.grants
    reader = replace(looking, grants=(replace(grant, permissions=frozenset({"duties.read"})),))
    with pytest.raises(Forbidden):
        did(Verb.START, visit, actor=reader, at=MONDAY + HOUR)
