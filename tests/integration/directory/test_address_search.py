"""Finding a place by what somebody writes."""

import pytest
from django.db import connection

from linli.directory.territory.selectors import address_candidates


@pytest.mark.usefixtures("demo_ground")
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("榆荫社区", "榆荫社区"),
        ("望潮街道榆荫社区", "榆荫社区"),
        ("榆荫里小区3号楼楼下井盖坏了", "榆荫里小区3号楼"),
        ("临澜区栖云街道听泉社区听泉巷11号听泉苑7号楼", "听泉苑7号楼"),
        ("鱼阴社区", "榆荫社区"),  # another word of the same sound
        ("yuyinshequ", "榆荫社区"),
        ("Xingfang Market", "杏坊便民菜市场"),
        ("石桥口袋公园", "石桥口袋公园"),
    ],
)
def test_an_address_finds_what_it_means(text, first):
    found = address_candidates(text=text, limit=5)
    assert found[0].names["zh"] == first, [(candidate.names["zh"], candidate.score) for candidate in found]
    assert all(0 < candidate.score <= 1 for candidate in found) and len(found) <= 5


@pytest.mark.usefixtures("demo_ground")
def test_an_address_search_is_one_query_whatever_it_finds(django_assert_num_queries):
    for text in ("临澜区望潮街道榆荫社区", "'; DROP TABLE territory_area; --%s", "社区"):
        with django_assert_num_queries(1):
            address_candidates(text=text, limit=100)
    assert address_candidates(text="") == [] and address_candidates(text="   ,。") == []
    assert address_candidates(text="完全无关之文字") == []


@pytest.mark.django_db
def test_chinese_has_trigrams_in_this_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(show_trgm('榆荫社区')), (SELECT datctype FROM pg_database WHERE datname = current_database())")
        count, locale = cursor.fetchone()
    assert count == 5, locale
