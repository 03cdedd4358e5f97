"""Gates, terms and the matrix of teams."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.directory.teams.rules import Cell, NotTrained, Passed, Session, TeamKind, TermTooLong, check_term, matrix, missing_courses

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, tzinfo=UTC)
KIND = TeamKind("patrol", {}, {}, courses=("first_aid", "fire"), term_days=365)
PASSED = st.builds(
    lambda course, days, valid: Passed(course, DAY + timedelta(days=days), None if valid is None else DAY + timedelta(days=days + valid)),
    st.sampled_from(["first_aid", "fire", "singing"]), st.integers(-900, 30), st.none() | st.integers(0, 900),
)  # fmt: skip
SESSIONS = st.lists(
    st.builds(Session, st.sampled_from("abc"), st.sampled_from(["mall", "campus"]), st.booleans(), st.integers(0, 90), st.integers(0, 900)), max_size=30
)


@given(st.lists(PASSED, max_size=6))
def test_a_course_counts_from_its_day_until_it_is_over(passed: list[Passed]) -> None:
    missing = missing_courses(KIND, passed, day=DAY)
    for course in KIND.courses:
        held = any(one.course == course and one.on <= DAY and (one.until is None or one.until >= DAY) for one in passed)
        assert (course in missing) != held
    assert set(missing_courses(KIND, [*passed, Passed("fire", DAY)], day=DAY)) <= set(missing)


@given(st.integers(-10, 800))
def test_a_term_lies_ahead_and_ends(days: int) -> None:
    ends = AT + timedelta(days=days)
    if 0 < days <= 366:
        check_term(KIND, starts=AT, ends=ends, missing=())
    else:
        with pytest.raises(TermTooLong):
            check_term(KIND, starts=AT, ends=ends, missing=())
    with pytest.raises(NotTrained):
        check_term(KIND, starts=AT, ends=ends, missing=("fire",))


@given(SESSIONS)
def test_rows_columns_and_the_whole_add_up(sessions: list[Session]) -> None:
    cells = matrix(sessions)
    whole = cells.get(("", ""), Cell())
    assert (whole.sessions, whole.attendances) == (len(sessions), sum(one.attendances for one in sessions))
    for name in ("sessions", "self_led", "attendances", "leaflets"):
        assert sum(getattr(cell, name) for (kind, venue), cell in cells.items() if kind and venue) == getattr(whole, name)
        assert sum(getattr(cell, name) for (kind, venue), cell in cells.items() if kind and not venue) == getattr(whole, name)
    assert all(0 <= cell.share <= 100 and cell.self_led <= cell.sessions for cell in cells.values())
