"""What a captain chose, against who signed up or left since: nobody is overrun, nothing else is changed."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.shifts.rules.changes import Since, kept, since_shown

SHIFT, OTHER = UUID(int=1), UUID(int=2)
PEOPLE = st.frozensets(st.integers(1, 5).map(lambda number: UUID(int=100 + number)))


@given(PEOPLE, PEOPLE, PEOPLE)
def test_everybody_is_where_the_last_word_put_them(before: frozenset[UUID], now: frozenset[UUID], chosen: frozenset[UUID]) -> None:
    moved = since_shown({SHIFT: chosen, OTHER: chosen}, shown={SHIFT: before, OTHER: now}, signed={SHIFT: now, OTHER: now})
    merged = kept({SHIFT: chosen, OTHER: chosen}, moved)
    assert merged[OTHER] == chosen  # nothing happened there
    for person in before | now | chosen:
        own_doing = (person in now) != (person in before)
        assert (person in merged[SHIFT]) == (person in now if own_doing else person in chosen)
    assert bool(moved) == (merged[SHIFT] != chosen)
    assert since_shown(merged, shown={SHIFT: now, OTHER: now}, signed={SHIFT: now, OTHER: now}) == []


def test_a_page_that_does_not_say_what_it_showed_overruns_nobody() -> None:
    person = UUID(int=101)
    assert since_shown({SHIFT: frozenset()}, shown={}, signed={SHIFT: frozenset({person})}) == [Since(SHIFT, frozenset({person}), frozenset())]
