"""What a file would change, row by row."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from linli.directory.organisation.rules.import_plans import (
    KnownPerson,
    PostsOnRecord,
    PostValue,
    Term,
    plan_appointments,
    plan_people,
    plan_posts,
)
from linli.directory.organisation.rules.importing import (
    DoubleColumn,
    Effect,
    ImportKind,
    RefusedColumn,
    RowRefused,
    WrongColumns,
    matched_columns,
    read_day,
)
from linli.directory.organisation.rules.tables import read_table

ZONE = ZoneInfo("Asia/Shanghai")
WANG, LI, HEAD, SECOND, UNIT, GRID = (UUID(int=number) for number in range(1, 7))


def table(text: str):
    return read_table(text.encode())


def mark(contact: str) -> bytes:
    return contact.encode()


def effects(plan) -> list[Effect]:
    return [line.effect for line in plan.lines]


# -- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [["工号", "姓名", "联系电话", "语言"], ["Staff Number", "full_name", "Phone", "LANGUAGES"], ["姓名（必填）".replace("（必填）", ""), "编号"]]
)
def test_columns_are_known_by_chinese_and_english_titles(header) -> None:
    places = matched_columns(ImportKind.PEOPLE, header)
    assert {"code", "name"} <= places.keys()


@pytest.mark.parametrize("title", ["民族", "政治面貌", "宗教信仰", "是否党员", "ethnicity", "Religion", "political status", "party_member"])
def test_columns_of_refused_attributes_are_refused_even_beside_wrong_ones(title) -> None:
    with pytest.raises(RefusedColumn) as refusal:
        matched_columns(ImportKind.PEOPLE, ["工号", "姓名", "whatever", title])
    assert refusal.value.params["column"] == title


def test_wrong_columns_name_the_nearest_and_the_missing() -> None:
    with pytest.raises(WrongColumns) as refusal:
        matched_columns(ImportKind.PEOPLE, ["工号", "性名", "身高体重"])
    params = refusal.value.params
    assert "性名 → 姓名 (name)?" in params["unknown"] and "身高体重" in params["unknown"]
    assert params["missing"] == "姓名 (name)"
    with pytest.raises(DoubleColumn):
        matched_columns(ImportKind.PEOPLE, ["工号", "姓名", "手机", "电话"])


# -- people ----------------------------------------------------------------------------------------------------------


def test_people_are_added_changed_unchanged_or_refused_with_row_and_reason() -> None:
    known = {"1": KnownPerson(WANG, "王建国", ("zh-hans",), mark("13800000000")), "2": KnownPerson(LI, "李秀英", ("zh-hans",), None)}
    plan = plan_people(
        table(
            "工号,姓名,手机,语言\n"
            "1,王建国,13800000000,\n"
            "2,李秀英,,zh-hans;en\n"
            "3,张伟,wei@example.org,\n"
            "3,张伟,,\n"
            ",赵敏,,\n"
            "5,<script>,,\n"
            "6,钱进,call me,\n"
            "7,孙丽,,Chinese!\n"
            f"8,{'长' * 151},,\n"
        ),
        known,
        mark,
    )
    assert effects(plan) == [Effect.UNCHANGED, Effect.CHANGED, Effect.ADDED] + [Effect.REFUSED] * 6
    assert [(line.row, str(line.reason)) for line in plan.of(Effect.REFUSED)][:2] == [(5, "the same entry stands in row 4"), (6, "工号 (code) is empty")]
    assert plan.counts() == {Effect.ADDED: 1, Effect.CHANGED: 1, Effect.UNCHANGED: 1, Effect.REFUSED: 6}


def test_a_new_contact_is_a_change_and_an_empty_one_is_not() -> None:
    known = {"1": KnownPerson(WANG, "王建国", ("zh-hans",), mark("13800000000"))}
    plan = plan_people(table("工号,姓名,手机\n1,王建国,13900000000\n"), known, mark)
    assert effects(plan) == [Effect.CHANGED]
    assert effects(plan_people(table("工号,姓名,手机\n1,王建国,\n"), known, mark)) == [Effect.UNCHANGED]


# -- posts -----------------------------------------------------------------------------------------------------------


def on_record() -> PostsOnRecord:
    head = PostValue("G-head", {"zh": "网格长", "en": "Head"}, "grid_head", UNIT, GRID, "grid", 1, HEAD)
    second = PostValue("G-second", {"zh": "信息员", "en": "Officer"}, "information_officer", UNIT, GRID, "grid", 2, SECOND)
    return PostsOnRecord({"G-head": head, "G-second": second}, {"G-grid": UNIT}, {"G": (GRID, "grid")}, frozenset({"grid_head", "information_officer"}))


def test_posts_name_the_nearest_unit_area_and_role() -> None:
    plan = plan_posts(
        table(
            "岗位编码,岗位名称,角色,机构,区域,顺位\n"
            "G-head,网格长,grid_head,G-grid,G,1\n"
            "G-third,调解员,grid_heat,G-grid,G,3\n"
            "G-fourth,帮扶员,grid_head,G-gird,G,4\n"
            "G-fifth,宣传员,grid_head,G-grid,H,5\n"
            "G-sixth,宣传员,grid_head,G-grid,G,0\n"
            "G-seventh,宣传员,grid_head,G-grid,G,2\n"
            "G-eighth,宣传员,grid_head,G-grid,G,8\n"
        ),
        on_record(),
    )
    assert effects(plan) == [Effect.UNCHANGED, *[Effect.REFUSED] * 5, Effect.ADDED]
    reasons = [str(line.reason) for line in plan.of(Effect.REFUSED)]
    assert "nearest: grid_head" in reasons[0] and "nearest: G-grid" in reasons[1] and "no area H" in reasons[2]
    assert "G-second" in reasons[4]


def test_a_post_keeps_its_english_name_and_may_change_its_rank() -> None:
    plan = plan_posts(table("岗位编码,岗位名称,角色,机构,区域,顺位\nG-head,网格长,grid_head,G-grid,G,7\n"), on_record())
    (line,) = plan.lines
    assert line.effect is Effect.CHANGED
    assert (line.value.rank, line.value.names["en"], line.value.existing) == (7, "Head", HEAD)


# -- appointments ----------------------------------------------------------------------------------------------------


def plan_terms(text: str, terms=None):
    return plan_appointments(
        table("岗位编码,工号,开始日期,结束日期\n" + text),
        posts={"G-head": HEAD, "G-second": SECOND},
        people={"1": WANG, "2": LI},
        names={WANG: "王建国", LI: "李秀英"},
        terms=terms or {},
        zone=ZONE,
    )


def local(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=ZONE)


def test_days_are_whole_and_the_last_is_included() -> None:
    (line,) = plan_terms("G-head,1,2026/1/5,2026年1月31日\n").lines
    assert (line.value.starts_at, line.value.ends_at) == (local(2026, 1, 5), local(2026, 2, 1))


def test_an_overlap_on_record_or_in_the_file_names_whose_it_is() -> None:
    plan = plan_terms(
        "G-head,2,2026-01-20,\nG-second,2,2026-01-01,2026-01-31\nG-second,1,2026-01-31,\nG-second,1,2026-02-01,\n",
        {HEAD: [Term(HEAD, WANG, local(2026, 1, 1), None)]},
    )
    assert effects(plan) == [Effect.REFUSED, Effect.ADDED, Effect.REFUSED, Effect.ADDED]
    assert [str(line.reason) for line in plan.of(Effect.REFUSED)] == ["王建国 holds this post then", "李秀英 holds this post then"]


def test_a_known_appointment_changes_its_end_only() -> None:
    terms = {HEAD: [Term(SECOND, WANG, local(2026, 1, 1), None)]}
    assert effects(plan_terms("G-head,1,2026-01-01,\n", terms)) == [Effect.UNCHANGED]
    (line,) = plan_terms("G-head,1,2026-01-01,2026-06-30\n", terms).lines
    assert (line.effect, line.value.existing, line.value.ends_at) == (Effect.CHANGED, SECOND, local(2026, 7, 1))


def test_rows_that_make_no_sense_are_refused() -> None:
    plan = plan_terms("G-haed,1,2026-01-01,\nG-head,9,2026-01-01,\nG-head,1,soon,\nG-head,1,2026-02-30,\nG-head,1,2026-02-02,2026-02-01\n")
    assert effects(plan) == [Effect.REFUSED] * 5
    assert "nearest: G-head" in str(plan.lines[0].reason)


@pytest.mark.parametrize("text", ["2026-01-05", "2026/1/5", "2026.01.05", "20260105", "2026年1月5日", "2026-01-05 00:00:00"])
def test_the_ways_to_write_a_day(text) -> None:
    assert read_day(text) == date(2026, 1, 5)


@pytest.mark.parametrize("text", ["", "5/1/2026", "2026-13-01", "2026-02-30", "20261", "yesterday"])
def test_what_is_no_day(text) -> None:
    with pytest.raises(RowRefused):
        read_day(text)
