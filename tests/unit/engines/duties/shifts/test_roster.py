"""What the solver proposes keeps to every rule that a roster made by hand is checked against; what it refuses is impossible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise, product
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from linli.engines.duties.shifts.rules.roster import Broken, Gap, Limits, RosterRule, Slot, Volunteer, at_night, broken_rules, cover_gaps, too_close, week_of
from linli.engines.duties.shifts.rules.solve import Impossible, Proposal, propose

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = Limits(rest=8 * HOUR, most=2)
A, B, C, D = (UUID(int=number) for number in range(101, 105))


def slot(number: int, hour: int, *, hours: int = 6, least: int = 1, most: int = 3, night: bool = False, **skills: int) -> Slot:
    starts = START + hour * HOUR
    return Slot(UUID(int=number), starts, starts + hours * HOUR, least, most, skills, night, week_of(starts, zone=UTC))


SLOTS = st.lists(st.tuples(st.integers(-24, 60), st.integers(0, 2), st.integers(0, 1), st.booleans(), st.booleans()), min_size=1, max_size=4).map(
    lambda rows: [
        slot(number, hour, least=least, most=least + more, night=night, **({"keys": 1} if keys else {}))
        for number, (hour, least, more, night, keys) in enumerate(rows, 1)
    ]
)
HELD = st.dictionaries(st.sampled_from([START.date(), START.date() - timedelta(days=7)]), st.integers(0, 3))
PEOPLE = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3), st.sets(st.integers(1, 4)), HELD), min_size=1, max_size=4).map(
    lambda rows: [
        Volunteer(UUID(int=100 + number), frozenset({"keys"} if keys else ()), new, carried, frozenset(UUID(int=one) for one in away), held)
        for number, (keys, new, carried, away, held) in enumerate(rows, 1)
    ]
)


def every_roster(slots: list[Slot], people: list[Volunteer]):
    """Each roster there is, with its unfairness: the slow and certain way."""
    pairs = [(one.id, person.id) for one in slots for person in people]
    for choice in product((False, True), repeat=len(pairs)):
        roster = {one.id: frozenset(p for (s, p), on in zip(pairs, choice, strict=True) if on and s == one.id) for one in slots}
        if not broken_rules(slots, people, roster, limits=LIMITS):
            yield sum((person.carried + sum(person.held.values()) + sum(person.id in there for there in roster.values())) ** 2 for person in people)


@settings(max_examples=40, deadline=None)
@given(SLOTS, PEOPLE)
def test_a_proposal_breaks_nothing_and_none_is_fairer(slots: list[Slot], people: list[Volunteer]) -> None:
    answer = propose(slots, people, limits=LIMITS)
    if isinstance(answer, Proposal):
        assert broken_rules(slots, people, answer.roster, limits=LIMITS) == []
        assert answer.bound <= answer.cost and answer.gap == 0
    if len(slots) * len(people) <= 8:
        best = min(every_roster(slots, people), default=None)
        assert (answer.cost if isinstance(answer, Proposal) else None) == best


def test_what_makes_it_impossible_is_named() -> None:
    two = [Volunteer(A), Volunteer(B)]
    for slots, people, rule in (
        ([slot(1, 0, least=3)], two, RosterRule.COVER),
        ([slot(1, 0, least=2)], [Volunteer(A), Volunteer(B, away=frozenset({UUID(int=1)}))], RosterRule.AVAILABLE),
        ([slot(1, 0), slot(2, 8)], [Volunteer(A)], RosterRule.REST),
        ([slot(1, 0, keys=1)], two, RosterRule.SKILLS),
        ([slot(1, 0, night=True)], [Volunteer(A)], RosterRule.PAIRS),
        ([slot(1, 0)], [Volunteer(A, new=True)], RosterRule.NEW),
        ([slot(1, 0), slot(2, 20), slot(3, 40)], [Volunteer(A)], RosterRule.MOST),
        ([slot(1, 0)], [Volunteer(A, held={START.date(): 2})], RosterRule.MOST),
    ):
        answer = propose(slots, people, limits=LIMITS)
        assert isinstance(answer, Impossible) and rule in answer.rules and not answer.together, (rule, answer)
    answer = propose([slot(1, 0, keys=1), slot(2, 30)], two, limits=LIMITS)
    assert isinstance(answer, Impossible) and answer.slots == (UUID(int=1),)
    both = propose([slot(1, 0, keys=1), slot(2, 3, least=2)], two, limits=LIMITS)
    assert isinstance(both, Impossible) and both.together and RosterRule.SKILLS in both.rules


def test_past_months_are_evened_out_and_who_signed_up_stays() -> None:
    people = [Volunteer(A, carried=5), Volunteer(B), Volunteer(C, carried=1)]
    answer = propose([slot(1, 0), slot(2, 30)], people, limits=LIMITS)
    assert isinstance(answer, Proposal) and A not in {person for there in answer.roster.values() for person in there}
    answer = propose([slot(1, 0), slot(2, 30)], people, limits=LIMITS, fixed=[(UUID(int=1), A)])
    assert isinstance(answer, Proposal) and answer.roster[UUID(int=1)] == {A}


def test_what_somebody_has_in_a_week_counts_in_that_week_only() -> None:
    full = Volunteer(A, held={START.date(): 2})
    answer = propose([slot(1, 0), slot(2, 168)], [full, Volunteer(B, carried=4)], limits=LIMITS)
    assert isinstance(answer, Proposal) and answer.roster == {UUID(int=1): {B}, UUID(int=2): {A}}
    slots = [slot(1, 0), slot(2, 40), slot(3, 168)]
    by_hand = {one.id: frozenset({A}) for one in slots}
    most = [one.slot for one in broken_rules(slots, [Volunteer(A, held={START.date(): 1})], by_hand, limits=LIMITS) if one.rule is RosterRule.MOST]
    assert most == [UUID(int=2)]


def test_a_week_is_the_places_own() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    for hour, monday in ((0, "2026-03-02"), (159, "2026-03-02"), (160, "2026-03-09"), (-8, "2026-03-02"), (-9, "2026-02-23")):  # hours of UTC
        assert week_of(START + hour * HOUR, zone=zone).isoformat() == monday, hour


def test_a_roster_by_hand_shows_each_rule_it_breaks() -> None:
    slots = [slot(1, 0, least=2, night=True), slot(2, 8, keys=1), slot(3, 40), slot(4, 60)]
    people = [Volunteer(A, new=True), Volunteer(B, away=frozenset({UUID(int=3)}))]
    roster = {slots[0].id: frozenset({A}), slots[1].id: frozenset({A}), slots[2].id: frozenset({B}), slots[3].id: frozenset({A})}
    found = broken_rules(slots, people, roster, limits=LIMITS)
    assert found[:3] == [Broken(RosterRule.COVER, slots[0].id), Broken(RosterRule.PAIRS, slots[0].id, A), Broken(RosterRule.NEW, slots[0].id)]
    assert {one.rule for one in found} == set(RosterRule)


@given(st.integers(0, 60), st.integers(1, 12), st.integers(0, 60), st.integers(1, 12))
def test_rest_is_symmetric(first: int, long: int, second: int, other: int) -> None:
    one, two = slot(1, first, hours=long), slot(2, second, hours=other)
    assert too_close(one, two, rest=8 * HOUR) == too_close(two, one, rest=8 * HOUR)
    assert too_close(one, two, rest=timedelta(0)) == (one.starts < two.ends and two.starts < one.ends)


SPANS = st.lists(st.tuples(st.integers(-10, 60), st.integers(1, 20), st.integers(0, 3)), max_size=6)


@given(SPANS, st.integers(1, 3))
def test_gaps_are_exactly_the_uncovered_hours(spans, wanted: int) -> None:
    shifts = [(START + begin * HOUR, START + (begin + hours) * HOUR, number) for begin, hours, number in spans]
    gaps = cover_gaps(shifts, since=START, until=START + 48 * HOUR, wanted=wanted)
    for hour in range(48):
        middle = START + hour * HOUR + timedelta(minutes=30)
        standing = sum(number for begin, end, number in shifts if begin <= middle < end)
        assert (standing < wanted) == any(gap.starts <= middle < gap.ends for gap in gaps)
    assert all(one.ends < two.starts for one, two in pairwise(gaps)) and all(gap.starts < gap.ends for gap in gaps)


def test_night_is_the_places_own() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    limits = replace(LIMITS, night_from=time(22), night_until=time(6))
    for begin, hours, night in ((13, 1, False), (13, 2, True), (14, 8, True), (21, 2, True), (22, 2, False), (0, 13, False)):  # hours of UTC
        starts = START + begin * HOUR
        assert at_night(starts, starts + hours * HOUR, limits=limits, zone=zone) is night, begin


def test_no_cover_wanted_has_no_gap() -> None:
    assert cover_gaps([], since=START, until=START + HOUR) == [Gap(START, START + HOUR)]
    assert cover_gaps([(START, START + HOUR, 1)], since=START, until=START + HOUR) == []
