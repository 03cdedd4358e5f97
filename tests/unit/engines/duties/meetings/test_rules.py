"""Agendas lose nothing and repeat nothing; minutes are closed after the meeting, once; actions have a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.meetings.rules import (
    BadDay,
    Candidate,
    DecidedAlready,
    MinutesClosed,
    NobodyCame,
    NoReason,
    NotHeldYet,
    NothingToDo,
    NothingWritten,
    Source,
    Standing,
    TooLong,
    check_action,
    check_calling_off,
    check_closing,
    check_text,
    gathered,
)

AT = datetime(2026, 3, 6, 8, 0, tzinfo=UTC)
NAMES = {"zh": "事", "en": "Matter"}
refs = st.integers(1, 12).map(lambda number: UUID(int=number))
candidates = st.lists(st.builds(lambda source, ref: Candidate(source, ref, NAMES, {}, 0), st.sampled_from([Source.MATTER, Source.ACTION]), refs), max_size=15)


def standings(draw: st.DrawFn) -> list[Standing]:
    rows = draw(st.lists(st.tuples(st.sampled_from([Source.MATTER, Source.ACTION]), refs, st.booleans()), max_size=10, unique_by=lambda row: row[:2]))
    by_hand = draw(st.integers(0, 3))
    found = [Standing(UUID(int=100 + place), source, ref, touched) for place, (source, ref, touched) in enumerate(rows)]
    return found + [Standing(UUID(int=200 + place), Source.HAND, None, touched=False) for place in range(by_hand)]


agendas = st.composite(standings)()


def after(standing: list[Standing], found: object) -> list[Standing]:
    kept = [item for item in standing if item.id not in found.drop]  # type: ignore[attr-defined]
    added = [Standing(UUID(int=1000 + place), one.source, one.ref, touched=False) for place, one in enumerate(found.add)]  # type: ignore[attr-defined]
    return kept + added


@given(agendas, candidates, st.integers(0, 8))
def test_gathering_twice_changes_nothing(standing: list[Standing], wanted: list[Candidate], most: int) -> None:
    once = after(standing, gathered(standing, wanted, most=most))
    again = gathered(once, wanted, most=most)
    assert (again.add, again.drop) == ((), ())


@given(agendas, candidates, st.integers(0, 8))
def test_what_was_decided_or_typed_stays_and_nothing_stands_twice(standing: list[Standing], wanted: list[Candidate], most: int) -> None:
    found = gathered(standing, wanted, most=most)
    left = after(standing, found)
    assert {item.id for item in standing if item.touched or item.source is Source.HAND} <= {item.id for item in left}
    keys = [(item.source, item.ref) for item in left if item.ref]
    assert len(keys) == len(set(keys))


@given(agendas, candidates, st.integers(0, 8))
def test_every_open_action_comes_and_matters_up_to_the_limit(standing: list[Standing], wanted: list[Candidate], most: int) -> None:
    found = gathered(standing, wanted, most=most)
    left = {(item.source, item.ref) for item in after(standing, found)}
    assert {(one.source, one.ref) for one in wanted if one.source is Source.ACTION} <= left
    asked = {one.ref for one in wanted if one.source is Source.MATTER}
    assert len(asked - {ref for source, ref in left if source is Source.MATTER}) == found.left
    if found.left:
        assert sum(1 for source, _ in left if source is Source.MATTER) >= most


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"closed_at": AT}, MinutesClosed),
        ({"held_at": None}, NotHeldYet),
        ({"held_at": AT + timedelta(minutes=6)}, NotHeldYet),
        ({"came": 0}, NobodyCame),
        ({"written": 0}, NothingWritten),
    ],
)
def test_minutes_are_published_once_after_the_meeting_with_somebody_there(changed: dict[str, object], refusal: type[Exception]) -> None:
    facts: dict[str, object] = {"closed_at": None, "held_at": AT - timedelta(hours=1), "came": 1, "written": 1, "at": AT}
    assert check_closing(**facts) == AT - timedelta(hours=1)  # type: ignore[arg-type]
    with pytest.raises(refusal):
        check_closing(**{**facts, **changed})  # type: ignore[arg-type]


def test_a_clock_that_runs_ahead_a_little_is_held_now() -> None:
    assert check_closing(closed_at=None, held_at=AT + timedelta(minutes=3), came=1, written=1, at=AT) == AT


@pytest.mark.parametrize(("what", "days", "refusal"), [("  ", 0, NothingToDo), ("x" * 401, 0, TooLong), ("dig", -1, BadDay), ("dig", 367, BadDay)])
def test_an_action_says_what_and_by_when(what: str, days: int, refusal: type[Exception]) -> None:
    today = date(2026, 3, 6)
    assert check_action(" dig\x00 ", today + timedelta(days=366), today=today) == "dig"
    with pytest.raises(refusal):
        check_action(what, today + timedelta(days=days), today=today)


def test_a_text_is_kept_tidy() -> None:
    assert check_text(" a\r\nb ") == "a\nb"


def test_a_meeting_is_called_off_with_a_short_reason_and_only_where_nothing_was_decided() -> None:
    assert check_calling_off(" 礼堂停电 ", written=0) == "礼堂停电"
    for why, written, refusal in (("停电", 1, DecidedAlready), ("", 1, DecidedAlready), (" \n", 0, NoReason), ("长" * 201, 0, TooLong)):
        with pytest.raises(refusal):
            check_calling_off(why, written=written)
