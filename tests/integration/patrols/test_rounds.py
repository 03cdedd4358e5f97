"""Rounds: walked by those in the shift, each checkpoint once a slot, every wrong code refused with its reason, late news at its own time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from linli.directory.organisation.selectors import organisation
from linli.engines.duties.patrols.models import Beat, CheckIn, LoneWatch, Round
from linli.engines.duties.patrols.rules.codes import BadTag, CodeAhead, CodeExpired, NotACode, Shown, token
from linli.engines.duties.patrols.rules.slots import AfterTheShift, BeforeTheShift
from linli.engines.duties.patrols.selectors.check import broken_invariants
from linli.engines.duties.patrols.selectors.own import own_patrol
from linli.engines.duties.patrols.selectors.team import team_patrol
from linli.engines.duties.patrols.services import routes
from linli.engines.duties.patrols.services.misses import forget_walkers
from linli.engines.duties.patrols.services.proofs import NotThere, Position, PositionNeeded, Proof, ReadBefore, code_of, mac_of
from linli.engines.duties.patrols.services.rounds import (
    Back,
    BadKey,
    KeyUsed,
    MetAlready,
    NoRound,
    OnAnotherRoute,
    OutOfOrder,
    check_in,
    finish_round,
    start_round,
)
from linli.engines.duties.patrols.services.stands import NotOfTheDirectory, NotOnDuty
from linli.engines.duties.patrols.tasks import sweep_slots
from linli.engines.duties.rules.task import FromTheFuture
from linli.engines.duties.tasks import derive_due
from linli.engines.duties.tasks import sweep as sweep_duties
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, ActorKind, Forbidden, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.events.models import OutboxEvent
from linli.kernel.geo.rules import BadPoint
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.patrols.made import HOUR, MINUTE, SPOTS, TAG, Beaten, beaten_town

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(tmp_path: Path) -> Beaten:
    return beaten_town(tmp_path)


def test_a_round_is_walked_and_leaves_no_position(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    with write():
        first = start_round(actor=town.people["bob"], at=starts + MINUTE, route_id=town.route, key="one")
    with write():
        assert start_round(actor=town.people["bob"], at=starts + MINUTE, route_id=town.route, key="one") == first
    town.walk("bob", starts + 2 * MINUTE)
    own = own_patrol(actor=town.people["bob"], at=starts + 10 * MINUTE)
    assert own.round is not None and (own.round.met, own.round.slot, own.round.slots) == (4, 0, 3)
    with write():
        assert finish_round(actor=town.people["bob"], at=starts + 20 * MINUTE) == Back(first, None)
    page = team_patrol(actor=town.captain, at=starts + HOUR, team_id=town.team)
    assert [(line.walker, line.met, line.near) for line in page.rounds] == [("Bob", 4, 1)] and page.leads
    sweep_slots(starts + 20 * MINUTE)
    assert broken_invariants(actor=SYSTEM, at=starts + 20 * MINUTE) == []
    kept = {field.name for field in CheckIn._meta.concrete_fields} | {field.name for field in Round._meta.concrete_fields}
    assert not kept & {"lon", "lat", "accuracy", "position"}
    topics = OutboxEvent.objects.filter(topic__startswith="patrols.").order_by("seq").values_list("topic", flat=True)
    assert list(topics) == ["patrols.round_started", *["patrols.checkpoint_met"] * 4, "patrols.round_finished"]
    said = AuditEntry.objects.filter(action="patrols.check_in").values_list("actor", flat=True)
    assert set(said) == {f"round:{first}"}  # a pseudonym whose person is forgotten in time
    with write():
        assert forget_walkers(at=starts + timedelta(days=30)) == 0
    with write():
        assert forget_walkers(at=starts + timedelta(days=40)) == 2
    assert Round.objects.get(id=first).person_id is None


def test_only_those_in_the_shift_walk(town: Beaten) -> None:
    town.sign("bob")
    shift = town.shift()
    starts = shift.starts_at
    for who, at, refusal in (
        (town.people["cid"], starts, NotOnDuty), (town.people["bob"], starts - MINUTE, BeforeTheShift),
        (town.people["bob"], shift.ends_at + HOUR, AfterTheShift),
        (town.people["bob"], starts - timedelta(days=2), NotOnDuty), (ANONYMOUS, starts, NotSignedIn), (town.town.resident("eve"), starts, NotOfTheDirectory),
    ):  # fmt: skip
        with pytest.raises(refusal), write():
            start_round(actor=who, at=at, route_id=town.route, key="x")
        with pytest.raises(refusal), write():
            check_in(actor=who, at=at, proof=town.proof("East gate", at), key="x")
    with pytest.raises(routes.NoSuchRoute), write():
        start_round(actor=town.people["bob"], at=starts, route_id=uuid4(), key="x")
    with pytest.raises(FromTheFuture), write():
        start_round(actor=town.people["bob"], at=starts, route_id=town.route, key="x", happened_at=starts + 6 * MINUTE)
    with pytest.raises(NoRound), write():
        finish_round(actor=town.people["bob"], at=starts)
    assert not Round.objects.exists() and not CheckIn.objects.exists()


def test_a_code_counts_once_a_slot_and_again_in_the_next(town: Beaten) -> None:
    town.sign("ann")
    town.sign("bob")
    starts = town.shift().starts_at
    first = town.meet("bob", "East gate", starts + 5 * MINUTE, key="k")
    assert town.meet("bob", "East gate", starts + 6 * MINUTE, key="k") == first  # the same message again
    for who in ("bob", "ann"):  # the code is replayed, or a colleague scans it as well
        with pytest.raises(MetAlready):
            town.meet(who, "East gate", starts + 7 * MINUTE)
    assert town.meet("bob", "East gate", starts + 65 * MINUTE).slot == 1
    assert town.meet("bob", "East gate", starts + 125 * MINUTE).slot == 2
    assert CheckIn.objects.count() == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        row = CheckIn.objects.first()
        CheckIn.objects.create(round=row.round, beat=row.beat, checkpoint=row.checkpoint, slot=row.slot, shown="sheet", key="z", at=row.at, recorded_at=row.at)
    with pytest.raises(IntegrityError), transaction.atomic():
        CheckIn.objects.filter(key=CheckIn.objects.first().key).update(near=False)


def test_shortly_after_a_slot_a_checkpoint_counts_for_the_slot_that_lacks_it(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    assert town.meet("bob", "East gate", starts + 65 * MINUTE).slot == 0
    assert town.meet("bob", "East gate", starts + 66 * MINUTE).slot == 1
    assert town.meet("bob", "Guard room", starts + 71 * MINUTE).slot == 1


def test_wrong_codes_are_refused_with_their_reason(town: Beaten) -> None:
    town.sign("bob")
    at = town.shift().starts_at + 5 * MINUTE
    gate, room = town.spot("East gate"), town.spot("Guard room")
    forged = token(gate.id, 0, b"\0" * 12)
    number = 10_000
    stranger = token(uuid4(), number, mac_of(uuid4(), Shown.SHEET, number))
    cut = code_of(gate, at).token[:-1]
    for code, refusal in (
        (forged, NotACode), (stranger, NotACode), (cut, NotACode), ("", NotACode), ("https://example.org/x", NotACode), ("ABCD EFGH", NotACode),
        (token(room.id, 77, mac_of(room.id, Shown.SHEET, 77)), NotACode),  # a sheet's signature at a display
        (code_of(gate, at - timedelta(days=9)).token, CodeExpired), (code_of(room, at - 8 * MINUTE).token, CodeExpired),
        (code_of(gate, at - timedelta(days=9)).short, CodeExpired), (code_of(gate, at + timedelta(days=8)).token, CodeAhead),
    ):  # fmt: skip
        with pytest.raises(refusal), write():
            check_in(actor=town.people["bob"], at=at, proof=Proof(code=code), key="x")
    assert not CheckIn.objects.exists() and not Round.objects.exists()
    assert town.meet("bob", "Guard room", at, proof=Proof(code=f"https://linli.example/volunteer/at/{code_of(room, at - 5 * MINUTE).token}/")).slot == 0
    assert town.meet("bob", "East gate", at, proof=Proof(code=code_of(gate, at).short.lower())).slot == 0


def test_a_retired_checkpoint_opens_nothing(town: Beaten) -> None:
    town.sign("bob")
    at = town.shift().starts_at + 5 * MINUTE
    proof, gate = town.proof("East gate", at), town.spot("East gate").id
    with write():
        routes.retire_checkpoint(actor=town.captain, at=at, checkpoint_id=gate)
    with pytest.raises(CodeExpired), write():
        check_in(actor=town.people["bob"], at=at + MINUTE, proof=proof, key="x")


def test_a_phone_that_is_elsewhere_does_not_count(town: Beaten) -> None:
    town.sign("bob")
    at = town.shift().starts_at + 5 * MINUTE
    gate, river = town.spot("East gate"), town.spot("River bank")
    home = Position(gate.lon + 0.002, gate.lat)
    with pytest.raises(NotThere):
        town.meet("bob", "East gate", at, position=home)
    with pytest.raises(NotThere):
        town.meet("bob", "River bank", at, position=home)
    with pytest.raises(BadPoint):
        town.meet("bob", "East gate", at, position=Position(200, 0))
    with pytest.raises(PositionNeeded), write():
        check_in(actor=town.people["bob"], at=at, proof=Proof(checkpoint=river.id), key="x")
    with pytest.raises(routes.NoSuchCheckpoint), write():
        check_in(actor=town.people["bob"], at=at, proof=Proof(checkpoint=gate.id), key="x", position=Position(gate.lon, gate.lat))
    assert not CheckIn.objects.exists()
    assert town.meet("bob", "East gate", at, position=Position(gate.lon + 0.0001, gate.lat)).near is True
    assert town.meet("bob", "Guard room", at, position=Position(home.lon, home.lat, accuracy=900)).near is None  # too vague to tell
    assert town.meet("bob", "Pump room", at).near is None


def test_a_tag_counts_by_its_number_and_each_reading_once(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    at, pump = starts + 5 * MINUTE, town.spot("Pump room")
    assert TAG.encode() not in bytes(pump.tag)
    with pytest.raises(NotACode):
        town.meet("bob", "Pump room", at, proof=Proof(tag="04FFFFFFFFFFFF"))
    with pytest.raises(BadTag):
        town.meet("bob", "Pump room", at, proof=Proof(tag="hello"))
    assert town.meet("bob", "Pump room", at, proof=Proof(tag=f"{TAG.lower()}x00001f")).slot == 0
    for later, tag in ((65, f"{TAG}x00001F"), (66, TAG)):  # an address that was kept, or made by hand
        with pytest.raises(ReadBefore):
            town.meet("bob", "Pump room", starts + later * MINUTE, proof=Proof(tag=tag))
    assert town.meet("bob", "Pump room", starts + 71 * MINUTE, proof=Proof(tag="04:A2:B3:C4:D5:E6:80x000020")).slot == 1
    with write():
        routes.hang_tag(actor=town.captain, at=at, checkpoint_id=pump.id, tag="04000000000001")
    assert town.meet("bob", "Pump room", starts + 131 * MINUTE, proof=Proof(tag="04000000000001x00001F")).slot == 2


def test_what_happened_off_line_counts_from_when_it_happened(town: Beaten) -> None:
    town.sign("bob")
    shift = town.shift()
    later = shift.ends_at + timedelta(hours=9)
    for number, (_, name, _) in enumerate(SPOTS):
        when = shift.starts_at + (10 + number) * MINUTE
        met = town.meet("bob", name, later, happened_at=when)
        assert (met.slot, met.at) == (0, when)
    with write():
        finish_round(actor=town.people["bob"], at=later, happened_at=shift.starts_at + 30 * MINUTE)
    for when, refusal in (
        (shift.starts_at - MINUTE, BeforeTheShift), (shift.ends_at + 11 * MINUTE, AfterTheShift), (later + 6 * MINUTE, FromTheFuture),
        (shift.starts_at - timedelta(days=9), CodeAhead),
    ):  # fmt: skip
        with pytest.raises(refusal):
            town.meet("bob", "East gate", later, happened_at=when, key="w", proof=town.proof("East gate", later))
    assert CheckIn.objects.count() == 4 and Round.objects.count() == 1
    assert broken_invariants(actor=SYSTEM, at=shift.starts_at) == []


def test_news_may_come_in_another_order_than_it_happened(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    later = town.meet("bob", "Guard room", starts + 20 * MINUTE, happened_at=starts + 9 * MINUTE)
    earlier = town.meet("bob", "East gate", starts + 21 * MINUTE, happened_at=starts + 4 * MINUTE)
    assert earlier.round_id == later.round_id and Round.objects.get().started_at == starts + 4 * MINUTE
    with pytest.raises(BeforeTheShift):
        town.meet("bob", "Pump room", starts + 22 * MINUTE, happened_at=starts - MINUTE)
    assert broken_invariants(actor=SYSTEM, at=starts) == []


def test_rounds_do_not_overlap_and_end_in_order(town: Beaten) -> None:
    town.sign("bob")
    starts = town.shift().starts_at
    with write():
        other = routes.make_route(actor=town.captain, at=MONDAY, team_id=town.team, route=routes.NewRoute({"zh": "西线", "en": "West"}))
    with write():
        start_round(actor=town.people["bob"], at=starts + MINUTE, route_id=town.route, key="one")
    with pytest.raises(OnAnotherRoute), write():
        start_round(actor=town.people["bob"], at=starts + 2 * MINUTE, route_id=other, key="two")
    with pytest.raises(KeyUsed), write():
        start_round(actor=town.people["bob"], at=starts + 2 * MINUTE, route_id=other, key="one")
    with pytest.raises(BadKey), write():
        start_round(actor=town.people["bob"], at=starts, route_id=other, key=" ")
    town.meet("bob", "East gate", starts + 9 * MINUTE)
    with pytest.raises(OutOfOrder), write():
        finish_round(actor=town.people["bob"], at=starts + 10 * MINUTE, happened_at=starts + 8 * MINUTE)
    with write():
        finish_round(actor=town.people["bob"], at=starts + 10 * MINUTE)
    with write():
        start_round(actor=town.people["bob"], at=starts + 11 * MINUTE, route_id=other, key="two")
    with pytest.raises(OnAnotherRoute):
        town.meet("bob", "Guard room", starts + 12 * MINUTE)
    row = Round.objects.get(finished_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.create(beat=row.beat, person_id=row.person_id, started_at=starts, finished_at=starts + 2 * MINUTE, key="q", recorded_at=starts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.filter(id=row.id).update(person=None)


def test_only_captains_and_those_who_may_make_routes(town: Beaten) -> None:
    new = routes.NewRoute({"zh": "x", "en": "x"})
    gate = town.spot("East gate")
    for actor in (town.people["bob"], town.manager("elsewhere/"), town.manager("", "patrols.read"), ANONYMOUS):
        for act in (
            lambda a: routes.make_route(actor=a, at=MONDAY, team_id=town.team, route=new),
            lambda a: routes.change_route(actor=a, at=MONDAY, route_id=town.route, route=new),
            lambda a: routes.retire_route(actor=a, at=MONDAY, route_id=town.route),
            lambda a: routes.move_up(actor=a, at=MONDAY, checkpoint_id=gate.id),
            lambda a: routes.hang_tag(actor=a, at=MONDAY, checkpoint_id=town.spot("Pump room").id, tag=TAG),
        ):
            with pytest.raises((Forbidden, NotSignedIn)), write():
                act(actor)
    with write():
        routes.move_up(actor=town.manager(), at=MONDAY, checkpoint_id=town.spot("Guard room").id)
    assert [town.spot(name).place for name in ("East gate", "Guard room")] == [1, 0]
    lon, lat = gate.lon, gate.lat
    for spot, refusal in (
        (routes.NewCheckpoint({"zh": "远"}, lon + 40, lat, Shown.SHEET), routes.OffTheGround),
        (routes.NewCheckpoint({"zh": "远"}, 999, lat, Shown.SHEET), BadPoint),
        (routes.NewCheckpoint({"zh": " "}, lon, lat, Shown.SHEET), routes.BadCheckpoint),
        (routes.NewCheckpoint({"zh": "x"}, lon, lat, Shown.SHEET, 5), routes.BadCheckpoint),
    ):  # fmt: skip
        with pytest.raises(refusal), write():
            routes.add_checkpoint(actor=town.captain, at=MONDAY, route_id=town.route, checkpoint=spot)
    with pytest.raises(routes.TagTaken), write():
        other = routes.add_checkpoint(actor=town.captain, at=MONDAY, route_id=town.route, checkpoint=routes.NewCheckpoint({"zh": "塔"}, lon, lat, Shown.TAG))
        routes.hang_tag(actor=town.captain, at=MONDAY, checkpoint_id=other, tag=TAG)
    with pytest.raises(routes.NotShownSo), write():
        routes.renew_display(actor=town.captain, at=MONDAY, checkpoint_id=gate.id)


def test_a_patrol_duty_is_walked_by_whoever_has_it(tmp_path: Path) -> None:
    duties = {
        "rules": [
            {"code": "grid_round", "names": {"zh": "网格巡查", "en": "Grid round"}, "kind": "patrol", "subjects": {"kind": "area", "where": {"level": "grid"}},
             "levels": ["grid"], "cadence": {"rule": "FREQ=WEEKLY;BYDAY=WE"}},
            {"code": "look_in", "names": {"zh": "走访", "en": "Look in"}, "subjects": {"kind": "area", "where": {"level": "grid"}}, "levels": ["grid"],
             "cadence": {"rule": "FREQ=WEEKLY;BYDAY=TH"}},
        ]
    }  # fmt: skip
    town = beaten_town(tmp_path, duties=duties)
    derive_due(MONDAY)
    wednesday, heads = MONDAY + timedelta(days=2), [town.town.town.head("grid", number) for number in (0, 1)]
    sweep_duties(wednesday)
    own, other = (
        Actor(f"user:{number}", ActorKind.USER, user_id=uuid4(), person_id=organisation().holder(head.id, MONDAY).person_id)
        for number, head in enumerate(heads)
    )  # fmt: skip
    stands = own_patrol(actor=own, at=wednesday).stands
    assert [(stand.of_shift, stand.names["en"], len(stand.routes)) for stand in stands] == [(False, "Grid round", 1)]
    with write():
        start_round(actor=own, at=wednesday, route_id=town.route, key="d")
    with write():
        met = check_in(actor=own, at=wednesday + MINUTE, proof=town.proof("East gate", wednesday), key="e")
    assert met.slot == 0 and not LoneWatch.objects.exists()
    with pytest.raises(MetAlready), write():
        check_in(actor=own, at=wednesday + 3 * HOUR, proof=town.proof("East gate", wednesday + 3 * HOUR), key="f")
    for actor, at in ((other, wednesday), (own, wednesday - timedelta(days=1)), (own, wednesday + timedelta(days=1))):
        with pytest.raises(NotOnDuty), write():
            start_round(actor=actor, at=at, route_id=town.route, key="x")
    beat = Round.objects.get().beat
    assert (beat.slots, beat.wake_at, beat.shift_id) == (1, None, None)
    sweep_slots(wednesday)
    assert broken_invariants(actor=SYSTEM, at=wednesday) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Beat.objects.filter(id=beat.id).update(duty=None)
