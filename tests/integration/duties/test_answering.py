"""Who answers for a duty: succession by absence, by silence, and back; and what was missed is seen the same day."""

from __future__ import annotations

from pathlib import Path

import pytest

from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import record_absence
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import NothingToExcuse, NotPossible, Verb
from linli.engines.duties.selectors.check import broken_invariants
from linli.engines.duties.services.checkin import OwnExcuse, excuse
from linli.kernel.access.rules import SYSTEM, Forbidden
from linli.kernel.events.models import OutboxEvent
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import DAY, HOUR, Town, did, town, visits


@pytest.fixture
def place(committed: None, tmp_path: Path) -> Town:
    return town(tmp_path)


def told(topic: str) -> list[dict[str, object]]:
    return list(OutboxEvent.objects.filter(topic=topic).order_by("seq").values_list("data", flat=True))


def begun(place: Town, at: object = MONDAY + HOUR) -> Occurrence:
    case = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    return visits(case)[0]


def test_a_duty_begins_with_one_person_and_passes_to_the_next_in_the_succession_while_they_are_away_and_back(place: Town) -> None:
    visit = begun(place)
    post = place.community.head("grid")
    head = organisation().holder(post.id, MONDAY).person_id
    assert (visit.state, visit.post_id, visit.person_id) == ("open", post.id, head)
    with write():
        absence = record_absence(actor=SYSTEM, at=MONDAY + 2 * HOUR, person_id=head, starts_at=MONDAY + 2 * HOUR, ends_at=MONDAY + DAY, reason="leave")
    assert absence
    place.run(MONDAY + 3 * HOUR)
    visit.refresh_from_db()
    acting = visit.person_id
    assert acting != head and acting == organisation().holder(post.id, MONDAY + 3 * HOUR).person_id
    assert visit.post_id == post.id  # an absence changes who holds the post, never the post
    (event, *_) = told("duties.passed")
    assert (event["from_person"], event["to_person"]) == (str(head), str(acting))
    place.run(MONDAY + DAY + HOUR)
    visit.refresh_from_db()
    assert visit.person_id == head
    assert broken_invariants(actor=SYSTEM, at=MONDAY + DAY + HOUR) == []


def test_silence_hands_the_duty_to_the_next_level_and_it_comes_back_when_the_first_answers(place: Town) -> None:
    visit = begun(place)
    place.run(MONDAY + 2 * DAY + 12 * HOUR)  # two working days after Monday have ended
    visit.refresh_from_db()
    assert visit.level == 1 and visit.post_id == place.community.head("street").id
    assert told("duties.handed_on")[0]["from_post"] == str(place.community.head("grid").id)
    did(Verb.TAKE, visit, actor=place.actor("grid"), at=MONDAY + 3 * DAY)
    visit.refresh_from_db()
    assert visit.level == 0 and visit.post_id == place.community.head("grid").id
    assert len(told("duties.came_back")) == 1
    assert broken_invariants(actor=SYSTEM, at=MONDAY + 3 * DAY) == []


def test_a_late_sweep_changes_nothing_but_when_it_is_written_down(place: Town) -> None:
    visit = begun(place)
    place.run(MONDAY + 30 * DAY)
    visit.refresh_from_db()
    assert (visit.state, visit.missed_at, visit.level) == ("missed", visit.due_at, 1)
    assert broken_invariants(actor=SYSTEM, at=MONDAY + 30 * DAY) == []


def test_a_miss_is_there_the_same_day_an_honest_excuse_is_accepted_above_and_the_miss_stays(place: Town) -> None:
    visit = begun(place)
    place.run(visit.due_at + HOUR)
    visit.refresh_from_db()
    assert visit.state == "missed" and (visit.due_at + 8 * HOUR).date() == visit.due_at.date()  # 20:00 in China: the day is not over
    street, grid = place.actor("street"), place.actor("grid")

    def excused(actor: object, note: str = "是的") -> object:
        with write():
            (result,) = excuse([visit.id], note=note, actor=actor, at=visit.due_at + 20 * HOUR)  # type: ignore[arg-type]
        return result

    assert isinstance(excused(street), OwnExcuse) and isinstance(excused(place.actor("district")), NothingToExcuse)
    did(Verb.EXPLAIN, visit, actor=grid, at=visit.due_at + 2 * HOUR, note="老人住院")
    assert isinstance(excused(grid), Forbidden)
    assert not isinstance(excused(place.actor("district")), Refusal)
    visit.refresh_from_db()
    assert visit.state == "missed" and visit.missed_at and visit.excused_at
    with pytest.raises(NotPossible):
        did(Verb.EXPLAIN, visit, actor=grid, at=visit.due_at + 22 * HOUR, note="再说")


def test_the_check_finds_what_is_wrong(place: Town) -> None:
    visit = begun(place)
    other = place.community.head("street")
    Occurrence.objects.filter(id=visit.id).update(person_id=organisation().holder(other.id, MONDAY).person_id)
    (finding, *_) = broken_invariants(actor=SYSTEM, at=MONDAY + HOUR)
    assert finding.count == 1 and finding.ids == (visit.id,)
