"""Words: what is kept can be stored, what is shown names nobody's number."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linli.engines.matters.rules.words import MASK, MAX_TEXT, kept, patterns, public, searchable

ANY = st.text(st.characters(), max_size=300)  # half surrogate pairs included
PERSONAL_LOOKING = st.lists(st.sampled_from(list("0123456789-+ ()·京A微信qq:：@.x电话，")), max_size=80).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "请打13800138000",
        "电话:138-0013-8000找张三",
        "tel -13800138000",
        "联系13800138000-张三",
        "138 0013 8000",
        "138　0013　8000",
        "+86 138 0013 8000",
        "(010)62345678",
        "010–6234–5678",
        "１３８００１３８０００",
        "身份证110101199003071234",
        "证号11010119900307123X请核实",
        "卡号6222021234567890123",
        "6222 0212 3456 7890 123",
        "车牌号京A12345违停",
        "粤B·D12345挡住了通道",
        "京a12345",
        "警车京A1234警",
        "写信到zhang.san@example.com吧",
        "邮箱：li@mail.example.com.cn",
        "加微信：abc_12345",
        "微信号zhang-san99",
        "QQ:123456",
    ],
)
def test_numbers_that_name_a_person_are_masked(text: str) -> None:
    shown = public(text)
    assert MASK in shown
    digits = [character for character in text if character.isdigit()]
    assert sum(character.isdigit() for character in shown) < max(4, len(digits) // 2), shown
    assert "@" not in shown and "zhang" not in shown and "abc_" not in shown


@pytest.mark.parametrize("text", ["3号楼2单元501室漏水", "三轮车堵住消防通道", "消火栓119打不开", "K2路公交站牌倒了", "川菜馆A座1层油烟", "Room 12, 4th floor"])
def test_what_names_nobody_stays(text: str) -> None:
    assert public(text) == text


def test_the_words_around_a_number_stay() -> None:
    assert public("写信到a@b.cn吧，车牌京A12345挡路") == f"写信到{MASK}吧，车牌{MASK}挡路"


@given(st.one_of(ANY, PERSONAL_LOOKING))
@example("1234567\x008")
@example("e\x00\u0301")
@example("\ud800")
def test_kept_words_can_be_stored_and_stay_as_they_are(text: str) -> None:
    once = kept(text)
    assert kept(once) == once
    assert "\x00" not in once
    once.encode()  # what the database is sent


@given(st.one_of(ANY, PERSONAL_LOOKING).map(kept))
@example("2012345678-12345678-")
@example("京京A12345678")
def test_masking_twice_masks_nothing_more(text: str) -> None:
    assert public(public(text)) == public(text)


@pytest.mark.parametrize("unit", ["a", "中", "1 ", "a@", "a.", "京A", "qq", "-1", "((("])
def test_the_longest_text_costs_little(unit: str) -> None:
    text = (unit * MAX_TEXT)[:MAX_TEXT]
    before = time.process_time()
    public(kept(text))
    assert time.process_time() - before < 0.5  # the square of its length would be many seconds


@given(ANY.map(kept))
def test_words_that_stand_in_a_text_are_found_in_it(text: str) -> None:
    indexed = searchable(text)
    for word in text.split()[:3]:
        assert all(pattern.lower() in indexed.lower() for pattern in patterns(word)), (word, patterns(word), indexed)
