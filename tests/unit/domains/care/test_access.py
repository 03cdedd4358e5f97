"""A pseudonym is known however it was typed, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from linli.domains.care.rules.access import as_label


@pytest.mark.parametrize("asked", ["G-7K2M-9QXF", "g7k2m9qxf", " g-7k2m 9qxf ", "Ｇ－７Ｋ２Ｍ－９ＱＸＦ", "G—7K2M—9QXF"])
def test_a_pseudonym_is_known_in_any_case_with_and_without_hyphens(asked: str) -> None:
    assert as_label(asked) == "G-7K2M-9QXF"


@pytest.mark.parametrize("asked", ["", "13812345678", "7K2M-9QXF", "G-7K2M", "G-7K2M-9QXFF", "G-7K2M-9QXI", "爱心铃 G-7K2M-9QXF"])
def test_nothing_else_is_taken_for_one(asked: str) -> None:
    assert as_label(asked) == ""
