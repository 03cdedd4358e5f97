"""What is taken in, what is refused, and how the matter begins that a report makes."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.classes import UnknownClass
from linli.engines.matters.rules.clocks import next_wake
from linli.engines.matters.rules.intake import (
    CELL_DEGREES,
    CLOCK_SKEW,
    BadPoint,
    InTheFuture,
    KeyTooLong,
    ReportRequest,
    TextTooLong,
    cell_of,
    cells_around,
    cells_in,
    check,
    on_earth,
)
from linli.engines.matters.rules.states import State
from linli.engines.matters.rules.words import MAX_TEXT
from linli.kernel.geo.rules import metres_between
from tests.unit.engines.matters.made import AREAS, AT, DAY, HOUR, FakeWorld, begun, named, policy

POLICY = policy()
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def asked(**wanted) -> ReportRequest:
    return ReportRequest(**{"at": AT, "class_code": "E-1", **wanted})


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"class_code": "X"}, UnknownClass),
        ({"class_code": ""}, UnknownClass),
        ({"condition": "worse"}, UnknownClass),
        ({"text": "字" * (MAX_TEXT + 1)}, TextTooLong),
        ({"at": AT + CLOCK_SKEW + timedelta(seconds=1)}, InTheFuture),
        ({"lon": 116.4}, BadPoint),
        ({"lat": 39.9}, BadPoint),
        ({"lon": math.nan, "lat": 39.9}, BadPoint),
        ({"lon": 116.4, "lat": math.inf}, BadPoint),
        ({"lon": 39.9, "lat": 116.4}, BadPoint),  # exchanged
        ({"key": "k" * 201}, KeyTooLong),
    ],
)
def test_what_cannot_be_taken_is_refused(wanted, refusal) -> None:
    with pytest.raises(refusal):
        check(asked(**wanted), now=AT, policy=POLICY)


def test_a_phone_that_runs_a_little_ahead_is_believed() -> None:
    assert check(asked(at=AT + CLOCK_SKEW), now=AT, policy=POLICY).code == "E-1"


@given(NUMBERS, NUMBERS)
def test_a_point_is_on_earth_or_refused_and_never_trips(lon: float, lat: float) -> None:
    if on_earth(lon, lat):
        check(asked(lon=lon, lat=lat), now=AT, policy=POLICY)
        assert cell_of(lon, lat) is not None
    else:
        with pytest.raises(BadPoint):
            check(asked(lon=lon, lat=lat), now=AT, policy=POLICY)


LON, LAT = st.floats(-179.9, 179.9), st.floats(-80, 80)


@given(LON, LAT, st.floats(1, 2000), st.floats(0, 2 * math.pi), st.floats(0, 1))
def test_whatever_lies_within_the_circle_lies_in_one_of_its_squares(lon: float, lat: float, metres: float, angle: float, part: float) -> None:
    north = metres * part * math.sin(angle) / 111_320
    east = metres * part * math.cos(angle) / (111_320 * math.cos(math.radians(lat)))
    if abs(lon + east) < 180 and metres_between(lon, lat, lon + east, lat + north) <= metres:
        assert cell_of(lon + east, lat + north) in cells_around(lon, lat, metres)
    assert CELL_DEGREES * 111_320 > 200


def test_a_placed_report_is_dispatched_and_owned_with_both_clocks() -> None:
    case = begun()
    assert (case.state, case.level, case.accountable_post_id) == (State.DISPATCHED, 0, named("grid 1"))
    assert (case.due_at, case.level_due_at) == (AT + 72 * HOUR, AT + 8 * HOUR)
    assert case.filed_at == case.dispatched_at == AT


def test_one_without_a_place_waits_for_a_person() -> None:
    case = begun(area="root", placing="unplaced")
    assert (case.state, case.level, case.accountable_post_id, case.filed_at) == (State.REPORTED, 2, named("district"), None)


def test_filing_by_hand_waits_too() -> None:
    assert begun(rules=policy(intake_drops=frozenset())).state is State.REPORTED


@pytest.mark.parametrize(("area", "code", "level"), [("street-only", "E-1", 1), ("g1", "S-1", 1), ("root", "S-1", 2)])
def test_it_begins_at_the_lowest_level_that_has_a_post_there(area: str, code: str, level: int) -> None:
    assert begun(area=area, class_code=code).level == level


def test_a_deadline_from_another_platform_is_the_promise_unless_it_has_passed() -> None:
    assert begun(promised=AT + 5 * HOUR).due_at == AT + 5 * HOUR
    assert begun(promised=AT - HOUR).due_at == AT + 72 * HOUR


def test_where_no_level_has_a_post_the_root_post_has_it() -> None:
    world = FakeWorld(without=frozenset({"grid", "street", "district"}))
    case = begun(world=world)
    assert (case.level, case.accountable_post_id) == (POLICY.top, world.root())


@given(st.sampled_from(sorted(AREAS)), st.sampled_from(sorted(POLICY.classes)), st.sampled_from(["inside", "border", "outside", "unplaced"]), st.booleans())
def test_every_beginning_is_owned_and_due(area: str, code: str, placing: str, promised: bool) -> None:
    case = begun(area=area, class_code=code, placing=placing, promised=AT + DAY if promised else None)
    assert case.is_open and case.level_due_at >= case.level_since == case.reported_at < case.due_at
    assert (next_wake(case, policy=POLICY) is None) == (case.level == POLICY.top)


@given(st.floats(-179, 178), st.floats(-80, 80), st.floats(0, 1), st.floats(0, 1))
def test_the_squares_of_a_box_hold_every_point_of_it(west: float, south: float, east: float, north: float) -> None:
    box = (west, south, west + 0.008, south + 0.008)
    squares = cells_in(*box)
    assert 0 < len(squares) <= 100
    assert cell_of(west + 0.008 * east, south + 0.008 * north) in squares


def test_a_large_box_has_no_squares_to_look_for() -> None:
    assert cells_in(119.0, 38.0, 120.0, 39.0) == []
