"""Whom to try when, as a rule: rested, at another hour and on another weekday, never after the end, at last a leaflet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.campaigns.rules.doors import (
    Advice,
    DayPart,
    EndedAlready,
    LeafletTooEarly,
    Outcome,
    OutsideCampaign,
    Retry,
    Try,
    check_attempt,
    suggest,
)

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=ZONE)  # a Wednesday
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
moments = st.integers(0, 3 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))
closed = st.lists(moments, max_size=5).map(lambda times: [Try(at, Outcome.NOT_HOME) for at in sorted(times)])
retries = st.builds(Retry, st.integers(1, 6), st.integers(0, 72))


@given(closed, retries, st.integers(0, 40))
def test_a_suggestion_is_rested_within_the_hours_and_before_the_end(tries: list[Try], retry: Retry, days: int) -> None:
    last = NOW.date() + timedelta(days=days)
    found = suggest(tries, retry=retry, now=NOW, last=last)
    if not tries:
        assert found.advice is Advice.ANY_TIME
    elif len(tries) >= retry.tries:
        assert found.advice is Advice.LEAFLET
    elif found.advice is Advice.THEN:
        assert found.not_before is not None and found.day is not None and found.day <= last and found.not_before.date() == found.day
        assert found.not_before >= max(NOW, tries[-1].at + timedelta(hours=retry.least_hours))
        assert any(part == found.part and begins <= found.not_before.time() < ends for part, begins, ends in retry.parts)
    else:
        assert found.advice is Advice.LEAFLET  # no time is left


@given(closed, retries)
def test_another_part_of_the_day_and_weekday_is_tried_while_there_is_one(tries: list[Try], retry: Retry) -> None:
    found = suggest(tries, retry=retry, now=NOW, last=NOW.date() + timedelta(days=30))
    if found.advice is not Advice.THEN or found.day is None:
        return
    parts = {retry.part_of(one.at) for one in tries}
    if len(parts) < 3:
        assert found.part not in parts
    assert found.day.weekday() not in {one.at.weekday() for one in tries}  # seven weekdays, fewer tries


@given(st.sampled_from([Outcome.DONE, Outcome.REFUSED, Outcome.LEAFLET]), closed)
def test_an_ended_door_asks_for_nothing(outcome: Outcome, tries: list[Try]) -> None:
    assert suggest([*tries, Try(NOW, outcome)], retry=Retry(), now=NOW, last=LAST).advice is Advice.NOTHING


def test_a_morning_on_a_wednesday_is_followed_by_an_afternoon_on_a_thursday() -> None:
    found = suggest([Try(NOW, Outcome.NOT_HOME)], retry=Retry(), now=NOW, last=LAST)
    assert (found.day, found.part) == (date(2026, 3, 5), DayPart.AFTERNOON)
    found = suggest([Try(NOW, Outcome.NOT_HOME)], retry=Retry(), now=NOW, last=NOW.date())
    assert found.advice is Advice.LEAFLET  # twenty hours of rest do not fit into its last day
    assert suggest([Try(NOW, Outcome.NOT_HOME)], retry=Retry(), now=NOW, last=FIRST).advice is Advice.NOTHING


@pytest.mark.parametrize(
    ("tries", "wish", "refusal"),
    [
        ([], Try(NOW + timedelta(minutes=6), Outcome.DONE), OutsideCampaign),
        ([], Try(NOW - timedelta(days=9), Outcome.DONE), OutsideCampaign),
        ([Try(NOW - timedelta(hours=1), Outcome.DONE)], Try(NOW, Outcome.REFUSED), EndedAlready),
        ([Try(NOW - timedelta(hours=1), Outcome.DONE)], Try(NOW, Outcome.NOT_HOME), EndedAlready),
        ([Try(NOW - timedelta(hours=1), Outcome.NOT_HOME)], Try(NOW, Outcome.LEAFLET), LeafletTooEarly),
    ],
)
def test_what_cannot_be_noted_is_refused(tries: list[Try], wish: Try, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_attempt(tries, wish, retry=Retry(), first=FIRST, last=LAST, now=NOW)


def test_old_news_of_a_closed_door_is_taken_after_its_end() -> None:
    done = [Try(NOW - timedelta(hours=1), Outcome.DONE)]
    when: dict[str, Any] = {"retry": Retry(), "first": FIRST, "last": LAST, "now": NOW}
    assert check_attempt(done, Try(NOW - timedelta(hours=2), Outcome.NOT_HOME), **when) is None
    three = [Try(NOW - timedelta(days=day), Outcome.NOT_HOME) for day in (3, 2, 1)]
    assert check_attempt(three, Try(NOW, Outcome.LEAFLET), **when) is None
    with pytest.raises(EndedAlready):  # what came after the end is not
        check_attempt(done, Try(NOW, Outcome.NOT_HOME), **when)
