"""The register's lines survive being written, cut and doubled."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.erasures.rules import Tombstone, line_of, read_lines

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
stones = st.builds(Tombstone, st.sampled_from(["people.person", "files.file"]), st.uuids(), st.datetimes(timezones=st.just(UTC)))


@given(st.lists(stones, unique_by=lambda stone: stone.key))
def test_what_was_written_is_read(written: list[Tombstone]) -> None:
    assert read_lines([line_of(stone) for stone in written] * 2) == (written, 0)


@given(stones, st.integers(min_value=1))
def test_a_line_cut_by_a_crash_is_counted_and_the_others_stay(stone: Tombstone, cut: int) -> None:
    line = line_of(stone)
    other = Tombstone("files.file", UUID(int=7), AT)
    found, unreadable = read_lines([line_of(other), line[: cut % len(line)], ""])
    assert found == [other] and unreadable == (1 if cut % len(line) else 0)


def test_strange_lines_are_counted() -> None:
    assert read_lines(["[]", "{}", "null", '{"kind": "a", "subject": "b", "at": "c"}', "\ud800"]) == ([], 5)
