"""A hazard found becomes a matter that knows where it came from, and is mended only when a look after it says so."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from linli.engines.duties.events import DutyDone
from linli.engines.duties.inspections import tasks
from linli.engines.duties.inspections.models import Draw, Hazard, HazardCheck, LastInspection, Sampled
from linli.engines.duties.inspections.rules.ledger import BadMendBy
from linli.engines.duties.inspections.selectors.boards import draws, left_of, rounds
from linli.engines.duties.inspections.selectors.hazards import origin_of
from linli.engines.duties.inspections.selectors.ledgers import ledger_behind, ledger_page
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.task import Verb as CheckIn
from linli.engines.duties.services.checkin import Command, check_in
from linli.engines.matters.models import Matter
from linli.engines.matters.rules.command import Command as Wish
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act
from linli.flows.hazard_becomes_matter import open_matters
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.events.models import OutboxEvent
from linli.kernel.events.services import Delivered
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.integration.duties.test_evidence import signed, taken
from tests.integration.inspections.made import DAY, HOUR, MORNING, Town, town

CHINA = ZoneInfo("Asia/Shanghai")
CLEAN = {"exits_clear": True, "extinguishers": True, "ledger_right": True}
FOUND = {"exits_clear": False, "extinguishers": True, "ledger_right": True, "hazard": "楼梯间堆放杂物", "rectify_by": "2026-01-10"}


@pytest.fixture
def place(committed: None) -> Town:
    return town()


@pytest.fixture
def hazard(place: Town) -> Hazard:
    place.finish("monthly_inspection", place.rental, FOUND, at=MORNING + 2 * HOUR)
    return Hazard.objects.get()


def test_a_clean_inspection_raises_nothing_and_is_remembered(place: Town) -> None:
    place.finish("monthly_inspection", place.rental, CLEAN, at=MORNING + 2 * HOUR)
    assert not Hazard.objects.exists() and not Matter.objects.exists()
    assert LastInspection.objects.get(place=place.rental).at == MORNING + 2 * HOUR


def test_a_hazard_becomes_one_matter_seen_from_both_sides(place: Town, hazard: Hazard) -> None:
    matter = Matter.objects.get()
    assert (hazard.matter, hazard.matter_code, hazard.rectify_by) == (matter.id, matter.code, date(2026, 1, 10))
    assert (matter.class_code, matter.address) == ("H-0199", "一号路 三巷五号")
    origin = origin_of(actor=place.actor(), matter_id=matter.id)
    assert origin is not None and (origin.label, origin.place) == ("三巷五号", place.rental)
    assert origin_of(actor=place.actor("grid", 5), matter_id=matter.id) is None
    page = ledger_page(actor=place.actor(), at=MORNING + 3 * HOUR, kind="place", place=place.rental)
    assert [one.matter_code for one in page.hazards] == [matter.code]
    assert "recheck" in {Occurrence.objects.get(id=line.duty).rule for line in page.coming}


def test_told_again_it_stays_one_hazard_and_one_matter(place: Town, hazard: Hazard) -> None:
    row = OutboxEvent.objects.get(topic="duties.done")
    done = Occurrence.objects.get(id=hazard.duty)
    event = DutyDone(
        key=done.id, at=MORNING + 2 * HOUR, rule=done.rule, post=done.post_id, area_path=done.area_path, confidentiality=1, actor="user:x",
        version=done.version, due_at=done.due_at,
    )  # fmt: skip
    for _ in range(2):
        with write():
            open_matters([Delivered(seq=row.seq, event=event, recorded_at=MORNING + 2 * HOUR, handled_at=MORNING + 3 * HOUR)])
    assert Hazard.objects.count() == Matter.objects.count() == 1


def looks(hazard: Hazard) -> list[tuple[date, date]]:
    """The days of the looks that are still to be made, the first and the last of each."""
    rows = Occurrence.objects.filter(subject__kind="hazard", subject__ref=hazard.id, state__in=["planned", "open"]).order_by("opens_at")
    return [(row.opens_at.astimezone(CHINA).date(), row.due_at.astimezone(CHINA).date()) for row in rows]


def test_not_mended_by_its_date_it_goes_up_and_is_looked_at_again(place: Town, hazard: Hazard) -> None:
    at = MORNING + 5 * DAY
    place.run(at)
    first = place.finish("recheck", hazard.id, {"mended": False, "rectify_by": "2026-01-14"}, at=at + HOUR)
    hazard.refresh_from_db()
    assert (hazard.mended_at, hazard.rectify_by) == (None, date(2026, 1, 14))
    assert Matter.objects.get().level == 1
    assert looks(hazard) == [(date(2026, 1, 12), date(2026, 1, 14))]
    at = MORNING + 8 * DAY
    place.run(at)
    place.finish("recheck", hazard.id, {"mended": True}, at=at + HOUR)
    hazard.refresh_from_db()
    assert hazard.mended_at == at + HOUR and Matter.objects.get().handled_at is not None
    assert list(HazardCheck.objects.order_by("at").values_list("mended", flat=True)) == [False, True]
    assert not looks(hazard)
    page = ledger_page(actor=place.actor(), at=at + 2 * HOUR, kind="place", place=place.rental)
    assert len(page.inspections) == 3
    first.refresh_from_db()
    assert ledger_behind(actor=place.actor(), kind="hazard", ref=first.subject.ref) == ("place", place.rental)


@pytest.mark.parametrize("answers", [{"mended": False, "rectify_by": "2026-01-10"}, {"mended": False}])
def test_not_mended_before_its_date_it_keeps_it_and_is_looked_at_by_then(place: Town, hazard: Hazard, answers: dict[str, Any]) -> None:
    at = MORNING + 3 * DAY  # 8 January, when the look opens
    place.run(at)
    place.finish("recheck", hazard.id, answers, at=at + HOUR)
    hazard.refresh_from_db()
    assert (hazard.mended_at, hazard.rectify_by, Matter.objects.get().level) == (None, date(2026, 1, 10), 0)
    assert looks(hazard) == [(date(2026, 1, 9), date(2026, 1, 10))]
    for day in (4, 5):  # again on the 9th; on the 10th it goes up, and the look after that has a day of its own
        at = MORNING + day * DAY
        place.run(at)
        place.finish("recheck", hazard.id, {"mended": False, "rectify_by": "2026-01-10"}, at=at + HOUR)
        assert Matter.objects.get().level == (1 if day == 5 else 0)
        assert looks(hazard)[0][0] == date(2026, 1, 6 + day)
    assert HazardCheck.objects.filter(hazard=hazard).count() == 3


def test_what_was_answered_late_is_looked_at_again_too(place: Town, hazard: Hazard) -> None:
    at = MORNING + 6 * DAY  # 11 January: missed the evening before
    place.run(at)
    one = place.finish("recheck", hazard.id, {"mended": False, "rectify_by": "2026-01-12"}, at=at + HOUR)
    assert one.state == "missed" and Matter.objects.get().level == 1
    assert looks(hazard) == [(date(2026, 1, 12), date(2026, 1, 12))]


def test_to_be_mended_today_is_today_and_looked_at_by_tomorrow(place: Town) -> None:
    place.finish("monthly_inspection", place.rental, {**FOUND, "rectify_by": "2026-01-05"}, at=MORNING + 2 * HOUR)
    hazard = Hazard.objects.get()
    assert hazard.rectify_by == date(2026, 1, 5)
    assert looks(hazard) == [(date(2026, 1, 5), date(2026, 1, 6))]
    place.finish("recheck", hazard.id, {"mended": False, "rectify_by": "2026-01-06"}, at=MORNING + 5 * HOUR)
    assert Matter.objects.get().level == 1 and looks(hazard) == [(date(2026, 1, 6), date(2026, 1, 6))]


def test_a_date_to_mend_by_that_is_past_is_refused_and_nothing_is_written(place: Town) -> None:
    with pytest.raises(BadMendBy, match="rectify_by"):
        place.finish("monthly_inspection", place.rental, {**FOUND, "rectify_by": "2026-01-04"}, at=MORNING + 2 * HOUR)
    assert not CheckInRecord.objects.exists() and not Hazard.objects.exists()
    one = Occurrence.objects.filter(rule="monthly_inspection", subject__ref=place.rental, opens_at__lte=MORNING).latest("opens_at")
    command = Command((one.id,), CheckIn.FINISH, MORNING + 2 * HOUR, form={**FOUND, "rectify_by": "2026-01-05"}, photos=[taken()], signature=signed())
    with write():
        set_clock(to=MORNING + 3 * DAY)
    with write():
        check_in([command], actor=place.actor(), at=MORNING + 3 * DAY)  # made on the 5th without signal: the 5th was not past
    place.run(MORNING + 3 * DAY)
    assert Hazard.objects.get().rectify_by == date(2026, 1, 5)


def test_a_matter_closed_too_early_is_opened_again(place: Town, hazard: Hazard) -> None:
    for verb in (Verb.SOLVE, Verb.VERIFY, Verb.CALL_BACK, Verb.CLOSE):
        with write():
            act([Wish(Matter.objects.get().id, verb, MORNING + DAY, text="已清理", reached=True)], actor=SYSTEM)
    assert Matter.objects.get().closed_at is not None
    hazard.refresh_from_db()
    assert hazard.mended_at is None  # only a look after it says so
    at = MORNING + 3 * DAY
    place.run(at)
    place.finish("recheck", hazard.id, {"mended": False}, at=at + HOUR)
    matter = Matter.objects.get()
    assert matter.closed_at is None and matter.reopenings == 1 and matter.level == 0  # its date is not reached


def test_the_database_takes_a_duty_once(place: Town, hazard: Hazard) -> None:
    values = {field.attname: getattr(hazard, field.attname) for field in Hazard._meta.concrete_fields if field.name != "id"}
    with pytest.raises(IntegrityError, match="duty"), transaction.atomic():
        Hazard.objects.create(**values)


def test_rounds_say_how_far_and_what_is_left(place: Town) -> None:
    def census() -> tuple[int, int, int]:
        one = next(one for one in rounds(actor=place.actor(), at=MORNING + 2 * HOUR) if one.rule == "census_places")
        return one.done, one.left, one.total

    done, left, total = census()
    assert (done, left) == (0, total) and total >= 2
    place.census()
    place.finish("census_places", place.hotel, {"ledger_complete": True}, at=MORNING + HOUR)
    assert census() == (1, total - 1, total)
    labels = [line.label for line in left_of(actor=place.actor(), at=MORNING + 2 * HOUR, rule="census_places")]
    assert "三巷五号" in labels and "福来旅馆" not in labels


def test_places_are_drawn_once_a_day_and_become_duties(place: Town) -> None:
    tasks.draw(MORNING)
    tasks.draw(MORNING + HOUR)
    row = Draw.objects.get()
    assert Sampled.objects.get().place == place.hotel and row.weights == {str(place.hotel): 365}
    place.run(MORNING + HOUR)
    (line,) = draws(actor=place.actor("street"))
    assert line.holds and [(one.label, one.state) for one in line.places] == [("福来旅馆", "open")]
    place.finish("sampled", Sampled.objects.get().id, CLEAN, at=MORNING + 2 * HOUR)
    assert LastInspection.objects.filter(place=place.hotel).exists()
    tasks.draw(MORNING + DAY)
    assert Draw.objects.latest("day").weights == {str(place.hotel): 1}  # inspected yesterday
    tasks.draw(MORNING + 5 * DAY)  # a Saturday
    assert Draw.objects.count() == 2
    Draw.objects.filter(id=row.id).update(seed="0" * 64)
    assert [line.holds for line in draws(actor=place.actor("street"))] == [True, False]


def test_an_inspection_that_is_refused_writes_nothing(place: Town) -> None:
    with pytest.raises(Refusal):
        place.finish("monthly_inspection", place.rental, CLEAN, at=MORNING + 2 * HOUR, actor=place.actor("grid", 5))
    assert not LastInspection.objects.exists()
