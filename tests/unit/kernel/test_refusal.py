"""Refusals and what they quote are said in the reader's language, facts left as they are."""

from __future__ import annotations

from linli.directory.territory.rules.findings import BadTerritory, Finding, in_row
from linli.kernel.refusal import Title, saying

CHINESE = {"row %(number)s": "第 %(number)s 行", "the code is empty": "编码为空", "Nothing was imported. %(problems)s": "未导入。%(problems)s"}


def translate(text: str) -> str:
    return CHINESE.get(text, text)


def test_what_is_said_is_translated_with_everything_quoted_in_it() -> None:
    refused = BadTerritory([Finding("a.csv", in_row(3), saying("the code is empty"))])
    assert refused.sentence() == "Nothing was imported. a.csv, row 3: the code is empty"
    assert refused.sentence(translate) == "未导入。a.csv, 第 3 行: 编码为空"


def test_a_sentence_without_facts_is_taken_as_it_is_and_facts_are_never_read_as_places() -> None:
    assert saying("100 % of it").sentence() == "100 % of it"
    assert saying("there is no %(name)s", name="%(x)s 50 %").sentence() == "there is no %(x)s 50 %"


def test_a_title_is_said_in_the_readers_language_and_several_facts_one_after_the_other() -> None:
    said = saying("missing: %(what)s", what=(Title(zh="编号", en="Number"), saying("the code is empty")))
    assert said.sentence() == "missing: Number, the code is empty"
    assert said.sentence(lambda text: {**CHINESE, ", ": "、", "read in English": "用中文阅读"}.get(text, text)) == "missing: 编号、编码为空"


def test_more_findings_than_are_shown_are_counted() -> None:
    many = [Finding("a.csv", in_row(number), saying("the code is empty")) for number in range(25)]
    assert BadTerritory(many).sentence().endswith("; +5")
