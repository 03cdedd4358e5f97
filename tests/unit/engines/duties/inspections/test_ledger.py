"""What an inspection's form says is wrong, what a ledger lacks, and sections of a playbook that cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.duties.inspections.rules.ledger import (
    BadMendBy,
    HazardTerms,
    LeafForm,
    Stake,
    check_mend_by,
    finding_of,
    finds_ledger_wrong,
    lacking,
    next_look,
    until_of,
)
from linli.kernel.playbooks.rules.problems import BadPlaybook
from linli.kernel.playbooks.services.load import load_playbook

TERMS = HazardTerms("hazard", "rectify_by", "mended", "H-0199", 7)
TODAY = date(2026, 1, 5)
FISHINGNET = Path(__file__).resolve().parents[5] / "playbooks" / "fishingnet" / "playbook.yaml"


@pytest.mark.parametrize(
    ("given", "until"),
    [
        ("2026-01-09", date(2026, 1, 9)),
        ("", date(2026, 1, 12)),
        ("2026-01-05", date(2026, 1, 5)),
        ("2027-01-06", date(2027, 1, 6)),
    ],
)
def test_a_date_to_mend_by_is_the_forms_or_the_playbooks(given: str, until: date) -> None:
    check_mend_by({"hazard": "堆物", "rectify_by": given}, TERMS, look=False, day=TODAY)
    found = finding_of({"hazard": " 堆物 ", "rectify_by": given}, TERMS, day=TODAY)
    assert found is not None
    assert (found.words, found.rectify_by) == ("堆物", until)


@pytest.mark.parametrize("given", ["2026-01-04", "2027-01-07", "soon"])
def test_a_date_to_mend_by_that_cannot_be_is_refused_where_it_counts(given: str) -> None:
    for look, form in ((False, {"hazard": "堆物"}), (True, {"mended": False})):
        with pytest.raises(BadMendBy) as caught:
            check_mend_by({**form, "rectify_by": given}, TERMS, look=look, day=TODAY)
        assert caught.value.params["place"] == "rectify_by"
    for look, form in ((False, {"hazard": ""}), (True, {"mended": True})):
        check_mend_by({**form, "rectify_by": given}, TERMS, look=look, day=TODAY)


@pytest.mark.parametrize(
    ("stands", "given", "until"),
    [
        (date(2026, 1, 7), "", date(2026, 1, 7)),
        (date(2026, 1, 5), "", date(2026, 1, 12)),
        (date(2026, 1, 2), "", date(2026, 1, 12)),
        (date(2026, 1, 7), "2026-01-05", date(2026, 1, 5)),
        (date(2026, 1, 2), "2026-01-09", date(2026, 1, 9)),
    ],
)
def test_not_mended_keeps_its_date_until_that_is_reached(stands: date, given: str, until: date) -> None:
    assert until_of({"rectify_by": given}, TERMS, day=TODAY, stands=stands) == until


@given(by=st.dates(date(2025, 1, 1), date(2027, 1, 1)), today=st.dates(date(2025, 6, 1), date(2026, 6, 1)))
def test_there_is_always_a_day_left_for_the_next_look(by: date, today: date) -> None:
    assert today < next_look(by, today=today) and by <= next_look(by, today=today)


@pytest.mark.parametrize("form", [{}, {"hazard": ""}, {"hazard": "  "}, {"hazard": None}])
def test_nothing_said_is_nothing_found(form: dict[str, object]) -> None:
    assert finding_of(form, TERMS, day=TODAY) is None


def test_a_ledger_lacks_what_is_not_there_and_what_the_year_asks_anew() -> None:
    forms = {code: LeafForm(code, {}, {}, yearly, None) for code, yearly in (("registration", True), ("contact", False))}
    stake = Stake("venue", {}, "place", frozenset({"hotel"}), forms)

    def lacks(written: dict[str, date]) -> list[str]:
        return [form.code for form in lacking(stake, written, today=TODAY)]

    assert lacks({}) == ["registration", "contact"]
    assert lacks({"registration": date(2025, 12, 31), "contact": date(2024, 1, 1)}) == ["registration"]
    assert lacks({"registration": date(2026, 1, 1), "contact": date(2024, 1, 1)}) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("classes: [compound, village]", "classes: [compound, hotel]", "belongs to another stake already"),
        ("title: People working here, title_zh: 从业人员数", "title: Ethnicity, title_zh: 民族", "Linli keeps no"),
        ("staff: {type: integer", "staff: {type: array", "is no plain value"),
        ("exits: {type: integer", "exits: {type: strang", "not a JSON Schema"),
        (", title_zh: 安全出口数", "", "needs a title in both languages"),
        ("class: H-0199, days", "class: H-9999, days", "no such class"),
        ("within: community", "within: planet", "no such level"),
        ("subjects: {kind: hazard}", "subjects: {kind: area}", "nobody would look again"),
        ("code: rental\n", "code: venue\n", "give each code once"),
    ],
)
def test_a_section_that_cannot_be_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FISHINGNET.read_text()
    assert old in text
    path = tmp_path / "playbook.yaml"
    path.write_text(text.replace(old, new))
    with pytest.raises(BadPlaybook) as caught:
        load_playbook(path)
    assert any(said in problem.sentence() for problem in caught.value.problems), [problem.sentence() for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("form", "written", "wrong"),
    [
        ({"ledger_right": False}, None, True),
        ({"ledger_right": False}, timedelta(hours=-1), True),
        ({"ledger_right": False}, timedelta(hours=1), False),
        ({"ledger_right": True}, None, False),
        ({}, None, False),
    ],
)
def test_a_visit_finds_the_ledger_wrong_until_a_leaf_is_written(form: dict[str, object], written: timedelta | None, wrong: bool) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert finds_ledger_wrong(form, at=at, written=None if written is None else at + written) is wrong
