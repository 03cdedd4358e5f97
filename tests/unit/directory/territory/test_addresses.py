"""Chinese addresses as words and elements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.directory.territory.rules.addresses import address_elements, initials, pinyin, query_words, search_text, sort_key, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "临澜区望潮街道榆荫社区望潮路8号榆荫里小区3号楼2单元501室",
            ("临澜区", "望潮街道", "榆荫社区", "望潮路", "8号", "榆荫里小区", "3号楼", "2单元", "501室"),
        ),
        ("石桥花园12栋楼下，井盖坏了", ("石桥花园", "12栋", "楼下", "井盖坏了")),
        ("听泉社区服务站门口", ("听泉社区", "服务站门口")),
        ("Xingfang Road 20", ("xingfang", "road", "20")),
        ("１２号楼", ("12号楼",)),
    ],
)
def test_words_are_cut_after_each_element(text, expected):
    assert words(text) == expected


def test_elements_fill_the_standard_fields():
    found = address_elements("临澜区望潮街道榆荫社区望潮路8号榆荫里小区3号楼2单元501室")
    assert (found.district, found.street, found.community, found.road, found.number) == ("临澜区", "望潮街道", "榆荫社区", "望潮路", "8号")
    assert (found.compound, found.building, found.unit, found.room) == ("榆荫里小区", "3号楼", "2单元", "501室")
    assert found.text() == "临澜区望潮街道榆荫社区望潮路8号榆荫里小区3号楼2单元501室"


@given(st.text(max_size=300))
def test_any_text_is_taken_apart_without_loss_of_order(text):
    assert len(query_words(text)) <= 8
    assert all(words(text))
    address_elements(text)


def test_pinyin():
    assert (pinyin("榆荫社区"), initials("榆荫社区")) == ("yuyinshequ", "yysq")
    assert sorted([{"zh": "张庄"}, {"zh": "安康"}, {"zh": "李村"}], key=sort_key) == [{"zh": "安康"}, {"zh": "李村"}, {"zh": "张庄"}]


def test_search_text_holds_name_address_code_and_sound():
    text = search_text({"zh": "榆荫社区", "en": "Yuyin"}, address="望潮路8号", code="C1")
    assert set(text.split()) == {"榆荫社区", "yuyin", "望潮路", "8号", "c1", "yuyinshequ", "wangchaolu", "8hao", "yysq"}
