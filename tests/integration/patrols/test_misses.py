"""Missed slots are seen the same day, answered and kept; whoever is alone and gives no sign is told of at once, level by level."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.selectors import organisation
from linli.directory.teams.models import Captaincy
from linli.directory.territory.services.moving import follow_areas
from linli.engines.duties.patrols import tasks
from linli.engines.duties.patrols.models import Beat, CheckIn, LoneAlarm, LoneWatch, Miss, Round, Route
from linli.engines.duties.patrols.rules.answers import Answer, AnsweredAlready, NoteMissing
from linli.engines.duties.patrols.selectors.check import broken_invariants
from linli.engines.duties.patrols.selectors.covered import covered
from linli.engines.duties.patrols.selectors.own import own_patrol
from linli.engines.duties.patrols.selectors.team import miss_board, team_patrol
from linli.engines.duties.patrols.services import lone, routes
from linli.engines.duties.patrols.services.misses import NoSuchMiss, answer_miss, forget_walkers
from linli.engines.duties.patrols.services.rounds import MetAlready, check_in, finish_round, start_round
from linli.engines.duties.patrols.services.stands import NotOnDuty
from linli.engines.duties.patrols.tasks import sweep_signs, sweep_slots
from linli.engines.duties.shifts.services import rosters as shift_services
from linli.kernel.access.rules import SYSTEM, Forbidden
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.patrols.made import HOUR, MINUTE, SECTIONS, Beaten, beaten_town

DAY = timedelta(days=1)


@pytest.fixture
def town(db: None, tmp_path: Path) -> Beaten:
    return beaten_town(tmp_path)


def say(town: Beaten, miss: Miss, wanted: Answer, words: str = "", *, actor: Any = None, at: datetime | None = None) -> None:
    with write():
        answer_miss(actor=actor or town.captain, at=at or miss.ends_at + HOUR, miss_id=miss.id, wanted=wanted, words=words)


def test_a_slot_without_its_round_is_missed_within_its_grace(town: Beaten) -> None:
    town.sign("bob")
    shift = town.shift()
    starts = shift.starts_at
    town.walk("bob", starts + 5 * MINUTE)
    town.meet("bob", "East gate", starts + 80 * MINUTE)
    for after, wanted in ((69, 0), (71, 0), (129, 0), (130, 1), (189, 1), (190, 2), (600, 2)):
        sweep_slots(starts + after * MINUTE)
        sweep_slots(starts + after * MINUTE)
        assert Miss.objects.count() == wanted, after
    found = [(miss.slot, miss.reached, miss.of, miss.staffed, miss.at - miss.ends_at) for miss in Miss.objects.order_by("slot")]
    assert found == [(1, 1, 4, 1, 10 * MINUTE), (2, 0, 4, 1, 10 * MINUTE)]
    assert Round.objects.filter(finished_at=None).count() == 0  # nobody ended it: it ended with its last check-in
    assert Round.objects.get().finished_at == starts + 80 * MINUTE
    with write():
        set_clock(to=starts + 200 * MINUTE)
    dispatch_once()
    told = Notice.objects.filter(template="patrols.missed")
    assert set(told.values_list("recipient", flat=True)) == {f"person:{town.captain.person_id}"} and told.count() == 2
    sweep_signs(starts + 600 * MINUTE)
    assert broken_invariants(actor=SYSTEM, at=starts + 600 * MINUTE) == []
    beat = Beat.objects.get(shift=shift)
    with pytest.raises(IntegrityError), transaction.atomic():
        Miss.objects.create(beat=beat, slot=1, starts_at=starts, ends_at=starts + HOUR, reached=0, of=1, staffed=0, at=starts, recorded_at=starts)


def test_an_empty_shift_misses_all_of_its_slots_and_the_post_above_hears_where_there_is_no_captain(town: Beaten) -> None:
    Captaincy.objects.update(ends_at=MONDAY)
    at = town.shift().ends_at + HOUR
    sweep_slots(at)
    assert list(Miss.objects.values_list("staffed", "reached")) == [(0, 0)] * 3
    with write():
        set_clock(to=at)
    dispatch_once()
    above = organisation().holder(lone.chain_of(Route.objects.get(id=town.route).area_path)[0], at).person_id
    assert set(Notice.objects.filter(template="patrols.missed").values_list("recipient", flat=True)) == {f"person:{above}"}


def test_after_thirty_days_without_a_worker_every_slot_is_judged_in_batches(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = beaten_town(tmp_path, shifts={**SECTIONS["shifts"], "horizon_days": 35})
    monkeypatch.setattr(tasks, "BATCH", 7)
    town.sign("bob", 2)
    town.walk("bob", town.shift(2).starts_at + 5 * MINUTE)  # walked while nothing judged
    with write():
        shift_services.call_off(actor=town.captain, at=MONDAY, shift_id=town.shift(3).id)
        routes.retire_route(actor=town.captain, at=town.shift(28).starts_at - HOUR, route_id=town.route)
    back = town.shift(30).ends_at + HOUR
    assert any("seen to begin" in finding.statement for finding in broken_invariants(actor=SYSTEM, at=back))
    assert sweep_slots(back) == 27  # the shifts of 28 days but the one that was called off
    assert Miss.objects.count() == 27 * 3 - 1 and not Beat.objects.exclude(wake_at=None).exists()
    assert Miss.objects.earliest("starts_at").starts_at == town.shift().starts_at and Miss.objects.filter(staffed=1).count() == 2
    with CaptureQueriesContext(connection) as asked:
        assert sweep_slots(back + HOUR) == 0
    assert Miss.objects.count() == 27 * 3 - 1 and len(asked) < 8
    with write():
        set_clock(to=back)
    dispatch_once()
    assert not Notice.objects.filter(template="patrols.missed").exists()  # old news is on the board, and told to nobody
    sweep_signs(back)
    assert broken_invariants(actor=SYSTEM, at=back) == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + next(one["sql"] for one in asked if 'FROM "shifts_shift"' in one["sql"]))
        assert any("shift_to_begin" in row[0] for row in cursor.fetchall())


def test_a_miss_is_answered_by_those_who_lead_and_stays(town: Beaten) -> None:
    sweep_slots(town.shift().ends_at + HOUR)
    first, second, third = Miss.objects.order_by("slot")
    for nobody in (town.people["bob"], town.manager("elsewhere/"), town.manager("", "patrols.read")):
        with pytest.raises(Forbidden):
            say(town, first, Answer.ACKNOWLEDGED, actor=nobody)
    say(town, first, Answer.ACKNOWLEDGED)
    for wanted, words, refusal in ((Answer.FORGIVEN, " ", NoteMissing), (Answer.FORGIVEN, "x" * 501, NoteMissing), (Answer.ACKNOWLEDGED, "", AnsweredAlready)):
        with pytest.raises(refusal):
            say(town, first, wanted, words)
    say(town, first, Answer.FORGIVEN, "暴雨停巡")
    with pytest.raises(AnsweredAlready):
        say(town, first, Answer.RESOLVED, "again")
    say(town, second, Answer.RESOLVED, "补巡", actor=town.manager())
    with pytest.raises(NoSuchMiss), write():
        answer_miss(actor=town.captain, at=MONDAY, miss_id=town.team, wanted=Answer.RESOLVED, words="x")
    board = miss_board(actor=town.manager(), since=MONDAY, until=MONDAY + DAY)
    assert (board.missed, board.open, board.forgiven, board.cleared, len(board.lines)) == (3, 1, 1, 0, 3)
    assert {line.by for line in board.lines if line.state is Answer.FORGIVEN} == {"Ann"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Miss.objects.filter(id=third.id).update(state="forgiven", answered_at=MONDAY)
    with write():
        forget_walkers(at=MONDAY + 40 * DAY)
    assert set(Miss.objects.values_list("answered_by", flat=True)) == {None} and Miss.objects.filter(note="暴雨停巡").exists()
    assert miss_board(actor=town.manager("elsewhere/"), since=MONDAY, until=MONDAY + DAY).missed == 0
    with pytest.raises(Forbidden):
        miss_board(actor=town.people["bob"], since=MONDAY, until=MONDAY + DAY)


def test_late_news_clears_a_miss_that_was_none(town: Beaten) -> None:
    town.sign("bob")
    shift = town.shift()
    later = shift.ends_at + 2 * HOUR
    sweep_slots(later)
    for number, name in enumerate(("East gate", "Guard room", "Pump room", "River bank")):
        assert Miss.objects.get(slot=0).cleared_at is None
        town.meet("bob", name, later, happened_at=shift.starts_at + number * MINUTE)
    miss = Miss.objects.get(slot=0)
    assert (miss.reached, miss.cleared_at) == (4, later)
    assert broken_invariants(actor=SYSTEM, at=later) == []
    with pytest.raises(AnsweredAlready):
        say(town, miss, Answer.RESOLVED, "x")
    board = miss_board(actor=town.manager(), since=MONDAY, until=MONDAY + DAY)
    assert (board.missed, board.cleared) == (2, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Miss.objects.filter(id=miss.id).update(cleared_at=None)


def test_what_changes_while_a_shift_runs_counts_from_the_next(town: Beaten) -> None:
    shift = town.shift()
    sweep_slots(shift.starts_at)
    with write():
        lon, lat = town.town.town.point(0)
        routes.add_checkpoint(
            actor=town.captain, at=shift.starts_at + MINUTE, route_id=town.route, checkpoint=routes.NewCheckpoint({"zh": "新"}, lon, lat, routes.Shown.SHEET)
        )
        routes.change_route(
            actor=town.captain, at=shift.starts_at + MINUTE, route_id=town.route, route=routes.NewRoute({"zh": "河东线", "en": "East bank"}, minutes=90)
        )
    sweep_slots(shift.ends_at + HOUR)
    assert list(Miss.objects.values_list("of", flat=True)) == [4, 4, 4]
    sweep_slots(town.shift(1).ends_at + HOUR)
    assert list(Miss.objects.order_by("ends_at").values_list("of", flat=True)) == [4, 4, 4, 5, 5]
    with write():
        routes.retire_route(actor=town.captain, at=town.shift(1).ends_at, route_id=town.route)
    sweep_slots(town.shift(2).ends_at + HOUR)
    assert Miss.objects.count() == 5


# -- alone -------------------------------------------------------------------------------------------------------------


def tell(at: datetime) -> list[tuple[str, str]]:
    """The sweep and the outbox at an instant: (template, recipient) of every notice so far."""
    with write():
        set_clock(to=at)
    sweep_signs(at)
    dispatch_once()
    return list(Notice.objects.filter(template__in=["patrols.silent", "patrols.heard"]).order_by("at", "recipient").values_list("template", "recipient"))


def test_a_lone_volunteer_is_missed_at_once_and_level_by_level(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    with write():
        start_round(actor=town.people["bob"], at=starts, route_id=town.route, key="r")
    watch = LoneWatch.objects.get()
    assert (watch.minutes, watch.well_by) == (30, starts + 30 * MINUTE)
    town.meet("bob", "East gate", starts + 20 * MINUTE)  # whatever one does is a sign
    assert tell(starts + 49 * MINUTE) == []
    told = tell(starts + 50 * MINUTE)
    head = lone.chain_of(Route.objects.get(id=town.route).area_path)[0]
    assert len(told) == 2 and ("patrols.silent", f"person:{town.captain.person_id}") in told
    assert tell(starts + 59 * MINUTE) == told
    assert len(tell(starts + 60 * MINUTE)) == 4  # the captain again, and the next level
    alarm = LoneAlarm.objects.get()
    assert (alarm.told, alarm.at) == (2, starts + 50 * MINUTE) and head is not None
    page = team_patrol(actor=town.captain, at=starts + HOUR, team_id=town.team)
    assert [(line.name, line.told, line.last["en"]) for line in page.alone] == [("Bob", 2, "East gate")]
    with write():
        assert lone.say_well(actor=town.people["bob"], at=starts + 61 * MINUTE) == starts + 91 * MINUTE
    assert [template for template, _ in tell(starts + 62 * MINUTE)][4:] == ["patrols.heard"] * 3
    with write():
        finish_round(actor=town.people["bob"], at=starts + 70 * MINUTE)
    assert LoneWatch.objects.get().ended_at == starts + 70 * MINUTE
    assert len(tell(starts + 300 * MINUTE)) == 7
    sweep_slots(starts + 70 * MINUTE)
    assert broken_invariants(actor=SYSTEM, at=starts + 70 * MINUTE) == []


def test_the_highest_level_is_told_once_and_the_alarm_stays(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    with write():
        start_round(actor=town.people["bob"], at=starts, route_id=town.route, key="r")
    levels = len(lone.chain_of(Route.objects.get(id=town.route).area_path))
    for number in range(levels + 3):
        tell(starts + (30 + 10 * number) * MINUTE)
    alarm = LoneAlarm.objects.get()
    assert (alarm.told, alarm.tell_at, alarm.closed_at) == (levels, None, None)
    assert not [finding for finding in broken_invariants(actor=SYSTEM, at=starts + 30 * MINUTE) if "sign" in finding.statement]


def test_a_captain_closes_with_a_note(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    with write():
        start_round(actor=town.people["bob"], at=starts, route_id=town.route, key="r")
    tell(starts + 30 * MINUTE)
    alarm = LoneAlarm.objects.get()
    given = {"at": starts + 40 * MINUTE, "alarm_id": alarm.id, "still_out": True}
    for actor, words, refusal in ((town.people["cid"], "x", Forbidden), (town.captain, "  ", NoteMissing), (town.manager("elsewhere/"), "x", Forbidden)):
        with pytest.raises(refusal), write():
            lone.close_alarm(actor=actor, words=words, **given)
    with write():
        lone.close_alarm(actor=town.captain, words="电话已通，手机静音", **given)
    assert LoneWatch.objects.get().well_by == starts + 70 * MINUTE
    with pytest.raises(lone.NoSuchAlarm), write():
        lone.close_alarm(actor=town.captain, words="x", **given)
    tell(starts + 70 * MINUTE)
    with write():
        lone.close_alarm(
            actor=town.captain, words="已回家，忘了结束", at=starts + 80 * MINUTE, alarm_id=LoneAlarm.objects.get(closed_at=None).id, still_out=False
        )
    assert LoneWatch.objects.get().ended_at == starts + 80 * MINUTE
    with pytest.raises(IntegrityError), transaction.atomic():
        LoneAlarm.objects.filter(id=alarm.id).update(note="")
    with pytest.raises(IntegrityError), transaction.atomic():
        LoneWatch.objects.update(ended_at=None)


def test_nobody_is_waited_for_in_company_unless_they_ask(town: Beaten) -> None:
    town.sign("bob")
    town.sign("cid")
    starts = town.shift().starts_at
    with write():
        start_round(actor=town.people["bob"], at=starts, route_id=town.route, key="r")
    assert not LoneWatch.objects.exists()
    with pytest.raises(lone.NotWatched), write():
        lone.say_well(actor=town.people["bob"], at=starts)
    for actor, minutes, refusal in ((town.people["bob"], 4, lone.BadMinutes), (town.people["bob"], 241, lone.BadMinutes), (town.captain, 30, NotOnDuty)):
        with pytest.raises(refusal), write():
            lone.watch_me(actor=actor, at=starts, team_id=town.team, minutes=minutes)
    for minutes in (15, 20):
        with write():
            lone.watch_me(actor=town.people["bob"], at=starts + MINUTE, team_id=town.team, minutes=minutes)
    assert own_patrol(actor=town.people["bob"], at=starts + MINUTE).watch.well_by == starts + 21 * MINUTE
    with write():
        finish_round(actor=town.people["bob"], at=starts + 2 * MINUTE)
    assert LoneWatch.objects.get().ended_at is None  # asked for by themselves: they end it themselves
    with write():
        lone.stop_watch(actor=town.people["bob"], at=starts + 3 * MINUTE)
    assert LoneWatch.objects.get().ended_at is not None


# -- covered, moved, together -------------------------------------------------------------------------------------------


def test_what_was_covered_by_length_and_household(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    before = covered(actor=town.manager(), since=MONDAY, until=MONDAY + DAY)
    assert before.walked == before.reached == 0 and 150 < before.metres < 260 and before.households > 0 and not before.estimated
    for number, name in enumerate(("East gate", "Guard room", "Pump room")):
        town.meet("bob", name, starts + number * MINUTE)
    after = covered(actor=town.manager(), since=MONDAY, until=MONDAY + DAY)
    assert [leg.walked for leg in after.legs] == [True, True, False, False]
    assert 0 < after.walked < after.metres and 0 < after.reached < after.households
    own = {area.id: one for area, one in after.areas}[town.town.town.grids[0].id]
    assert own.metres == pytest.approx(after.metres, rel=0.01) and own.left == pytest.approx(after.metres - after.walked, rel=0.02)
    assert covered(actor=town.manager(), since=MONDAY + DAY, until=MONDAY + 2 * DAY).walked == 0
    assert covered(actor=town.manager("elsewhere/"), since=MONDAY, until=MONDAY + DAY).areas == ()
    with pytest.raises(Forbidden):
        covered(actor=town.people["bob"], since=MONDAY, until=MONDAY + DAY)
    upper = town.town.town.streets[0].path
    assert covered(actor=town.manager(), since=MONDAY, until=MONDAY + DAY, area_path=upper).metres == after.metres


def test_pages_and_sweeps_ask_a_constant_number_of_queries(town: Beaten) -> None:
    lon, lat = town.town.town.point(0)
    counts = []
    for number in (0, 1):
        made_at = town.shift(number).starts_at - HOUR
        with write():
            for place in range(3):
                made = routes.make_route(actor=town.captain, at=made_at, team_id=town.team, route=routes.NewRoute({"zh": f"线{place}", "en": "x"}))
                spot = routes.NewCheckpoint({"zh": "点", "en": "x"}, lon, lat, routes.Shown.SHEET)
                routes.add_checkpoint(actor=town.captain, at=made_at, route_id=made, checkpoint=spot)
        at = town.shift(number).ends_at + HOUR
        with CaptureQueriesContext(connection) as asked:
            sweep_slots(at)
            team_patrol(actor=town.captain, at=at, team_id=town.team)
            covered(actor=town.manager(), since=MONDAY, until=MONDAY + 9 * DAY)
            miss_board(actor=town.manager(), since=MONDAY, until=MONDAY + 9 * DAY)
        counts.append(len(asked))
    assert Beat.objects.count() == 4 + 7 and counts[0] == counts[1]


def test_routes_follow_an_area_that_moves(town: Beaten) -> None:
    old = Route.objects.get(id=town.route).area_path
    Route.objects.filter(id=town.route).update(area_path="old/")
    follow_areas(old_paths=["old/"])
    assert Route.objects.get(id=town.route).area_path == old


def test_two_check_ins_at_once_are_one(committed: str, tmp_path: Path) -> None:
    town = beaten_town(tmp_path)
    town.sign("bob")
    town.sign("cid")
    at = town.shift().starts_at + MINUTE
    proof = town.proof("East gate", at)

    def meet(who: str) -> str:
        try:
            with write():
                check_in(actor=town.people[who], at=at, proof=proof, key=who)
            return "met"
        except MetAlready:
            return "already"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(meet, ("bob", "cid"))) == ["already", "met"]
    assert CheckIn.objects.count() == 1
