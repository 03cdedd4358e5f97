"""The real year, where its files are at hand: every row is understood or refused with its reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from linli.interfaces.replay.mapping import load_mapping
from linli.interfaces.replay.records import Record, records_of

ROOT = Path(__file__).parents[2]
RECORDS = ROOT.parent / "shared" / "data" / "boston" / "requests_2015.csv.xz"


@pytest.mark.skipif(not RECORDS.exists(), reason="the real records are not at hand")
def test_every_row_of_the_year_is_understood_or_refused_with_its_reason() -> None:
    mapping = load_mapping(ROOT / "playbooks" / "lianqin" / "mappings" / "boston-311.yaml")
    seen: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    for entry in records_of(RECORDS, mapping):
        if not isinstance(entry, Record):
            seen[entry.refusal.code] += 1
            continue
        sources[entry.request.source] += 1
        seen["taken"] += 1
        seen["without a point"] += entry.request.lon is None
        seen["of them with an area"] += entry.request.lon is None and bool(entry.request.area_code)
        seen["closed"] += entry.closing is not None
    assert seen == {
        "taken": 120_948,
        "replay.closes_before_it_opens": 197,
        "without a point": 17_064,
        "of them with an area": seen["of them with an area"],
        "closed": 101_075,
    }
    assert 5_000 < seen["of them with an area"] < seen["without a point"]
    assert set(sources) == {"hotline", "app", "web", "desk", "grid", "city_management", "social"}
