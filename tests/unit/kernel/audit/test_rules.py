"""The chain's rules: what is true stays true, and whatever is touched is found."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.kernel.audit import rules
from linli.kernel.audit.rules import Checker, Fault, FaultKind, Link

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INSTANT = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))
VALUES = st.tuples(INSTANT, TEXT, TEXT, TEXT, st.uuids(), TEXT, TEXT, TEXT)
Row = tuple[Any, ...]  # link, recorded_at, hash, *ENTRY_FIELDS


def made(batches: list[list[tuple[Any, ...]]]) -> tuple[list[Link], list[Row]]:
    """A true chain of these batches."""
    links: list[Link] = []
    rows: list[Row] = []
    previous = rules.GENESIS
    for seq, batch in enumerate(batches, start=1):
        recorded_at = AT + timedelta(seconds=seq)
        entries = [(position, *values) for position, values in enumerate(batch)]
        hashes = [rules.entry_hash(entry) for entry in entries]
        digest = rules.links_digest(hashes)
        previous = rules.link_hash(previous, seq, len(batch), recorded_at, digest)
        links.append(Link(seq, recorded_at, len(batch), digest, previous))
        rows += [(seq, recorded_at, held, *entry) for held, entry in zip(hashes, entries, strict=True)]
    return links, rows


def some(link: int, count: int) -> list[tuple[Any, ...]]:
    """Entries that differ from each other."""
    return [
        (AT + timedelta(minutes=link, microseconds=n), f"user:{n}", "act", "matter", UUID(int=link * 100 + n), "filed", "closed", "{}") for n in range(count)
    ]


CHAINS = st.lists(st.integers(1, 4), min_size=1, max_size=5).map(lambda counts: made([some(link, count) for link, count in enumerate(counts)]))


def fault_of(links: list[Link], rows: list[Row]) -> Fault | None:
    return Checker().walk(links, rows)


@settings(max_examples=40)
@given(CHAINS)
def test_a_true_chain_is_in_order(chain: tuple[list[Link], list[Row]]) -> None:
    links, rows = chain
    checker = Checker(anchors={link.seq: link.hash.hex() for link in links})
    assert checker.walk(links, rows) is None
    assert (checker.links, checker.entries) == (len(links), len(rows))


@settings(max_examples=40)
@given(CHAINS, st.data())
def test_any_changed_field_of_any_entry_is_named(chain: tuple[list[Link], list[Row]], data: st.DataObject) -> None:
    links, rows = chain
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(4, len(rows[0]) - 1))
    row = list(rows[place])
    strategy: Any = {datetime: INSTANT, str: TEXT, UUID: st.uuids()}[type(row[column])]
    other = data.draw(strategy)
    if other == row[column]:
        return
    row[column] = other
    rows[place] = tuple(row)
    assert fault_of(links, rows) == Fault(FaultKind.ENTRY_CHANGED, row[0], row[3])


@settings(max_examples=40)
@given(CHAINS, st.data())
def test_a_missing_entry_is_named(chain: tuple[list[Link], list[Row]], data: st.DataObject) -> None:
    links, rows = chain
    gone = rows.pop(data.draw(st.integers(0, len(rows) - 1)))
    assert fault_of(links, rows) == Fault(FaultKind.ENTRY_MISSING, gone[0], gone[3])


@settings(max_examples=40)
@given(CHAINS, st.data(), VALUES)
def test_an_added_entry_is_named(chain: tuple[list[Link], list[Row]], data: st.DataObject, values: tuple[Any, ...]) -> None:
    links, rows = chain
    link = data.draw(st.sampled_from(links))
    entry = (link.count, *values)
    added = (link.seq, link.recorded_at, rules.entry_hash(entry), *entry)
    rows = sorted([*rows, added], key=lambda row: (row[0], row[3]))
    assert fault_of(links, rows) == Fault(FaultKind.ENTRY_ADDED, link.seq, link.count)


@settings(max_examples=40)
@given(CHAINS, st.data())
def test_a_changed_link_is_named(chain: tuple[list[Link], list[Row]], data: st.DataObject) -> None:
    links, rows = chain
    place = data.draw(st.integers(0, len(links) - 1))
    name, change = data.draw(
        st.sampled_from(
            [
                ("count", lambda v: v + 1),
                ("recorded_at", lambda v: v + timedelta(microseconds=1)),
                ("digest", lambda v: bytes(32)),
                ("hash", lambda v: bytes(32)),
            ]
        )
    )
    links[place] = dataclasses.replace(links[place], **{name: change(getattr(links[place], name))})
    fault = fault_of(links, rows)
    assert fault is not None and (fault.kind, fault.link) == (FaultKind.LINK_CHANGED, place + 1)


@settings(max_examples=40)
@given(CHAINS, st.data())
def test_a_missing_link_is_named(chain: tuple[list[Link], list[Row]], data: st.DataObject) -> None:
    links, rows = chain
    gone = links.pop(data.draw(st.integers(0, len(links) - 1)))
    fault = fault_of(links, rows)
    assert fault is not None
    if gone.seq > len(links):  # the last one: only its entries tell
        assert (fault.kind, fault.link, fault.position) == (FaultKind.ENTRY_ADDED, gone.seq, 0)
    else:
        assert (fault.kind, fault.link) == (FaultKind.LINK_MISSING, gone.seq)


def test_moved_links_tell_where_they_come_from() -> None:
    links, _ = made([[(AT, "a", "b", "c", UUID(int=n), "", "", "{}")] for n in range(5)])
    moved = dataclasses.replace(links[3], seq=2)
    neighbours = [links[0], moved, links[2], dataclasses.replace(links[1], seq=4), links[4]]
    assert rules.moved_from(moved, neighbours) == 4
    assert rules.moved_from(dataclasses.replace(links[2], count=9), neighbours) is None


@given(st.integers(0, 1000), VALUES)
def test_the_entry_hash_is_that_of_plain_json(position: int, values: tuple[Any, ...]) -> None:
    """The documented rule, computed without the library that the program uses."""
    at, actor, action, subject_type, subject, *rest = values
    plain = json.dumps([position, at.isoformat(), actor, action, subject_type, str(subject), *rest], ensure_ascii=False, separators=(",", ":"))
    assert rules.entry_hash((position, *values)) == hashlib.sha256(plain.encode()).digest()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(FaultKind.ENTRY_CHANGED, 7, 2), "entry 7/2: entry changed"),
        (Fault(FaultKind.LINK_MISSING, 3, detail="up to 5"), "link 3: link missing (up to 5)"),
    ],
)
def test_a_fault_says_where_and_what(fault: Fault, said: str) -> None:
    assert str(fault) == said
