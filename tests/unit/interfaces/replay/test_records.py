"""Rows of any city become records by its mapping alone; what contradicts itself is refused, never guessed."""

from __future__ import annotations

import csv
import gzip
import io
import lzma
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linli.interfaces.replay.mapping import Mapping, load_mapping
from linli.interfaces.replay.records import BadFile, MissingColumns, Record, Refused, records_of

HOTLINE = """\
mapping:
  name: hotline
  title: {zh: 某市热线, en: A city's hotline}
file:
  encoding: gb18030
  times: ["%Y/%m/%d %H:%M:%S", "%Y-%m-%d"]
  timezone: Asia/Shanghai
columns:
  number: 工单编号
  opened: 受理时间
  closed: 办结时间
  address: [地址]
  text: [标题, 内容]
classes:
  by: [事项类别]
  rules:
    "*路灯*": {default: {class: C-0118, condition: out}}
    噪*: {default: {class: E-0410}}
areas:
  - {column: 社区, values: {榆荫社区: "999001001001"}}
sources: {column: 渠道, values: {微信: app}, default: hotline}
closing: {column: 答复, empty: {zh: 已办结。, en: Closed.}}
rules:
  duplicate: {column: 答复, pattern: "重复*", pairs: pairs.csv, pair_columns: [后, 先]}
"""
HEAD = ["工单编号", "受理时间", "办结时间", "事项类别", "标题", "内容", "地址", "社区", "渠道", "答复"]
ROWS = [
    ["A1", "2019/2/1 10:53:47", "2019/2/3 9:00:00", "小区路灯", "灯坏了", "楼下路灯\n不亮", "望潮路3号", "榆荫社区", "微信", "已修好"],
    ["A2", "2019-02-01", "", "噪声", "", "夜里施工", "石桥街", "", "电话", ""],
    ["A3", "2019/2/2 8:00:00", "2019/2/1 8:00:00", "噪声", "", "x", "", "", "", ""],
    ["A4", "昨天", "", "噪声", "", "x", "", "", "", ""],
    ["", "2019/2/2 8:00:00", "", "噪声", "", "x", "", "", "", ""],
    ["A5", "2019/2/2 8:00:00", "", "天气", "", "x", "", "", "", ""],
    ["A6", "2019/2/2 8:00:00"],
    ["A7", "2019/2/2 8:00:00", "2019/2/2 9:00:00", "噪声", "", "x", "", "", "", "重复反映"],
]


def written(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    return text.getvalue()


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    path = tmp_path / "mapping.yaml"
    path.write_text(HOTLINE, encoding="utf-8")
    (tmp_path / "pairs.csv").write_text("后,先\nA7,A2\n", encoding="utf-8")
    return load_mapping(path)


def read(tmp_path: Path, mapping: Mapping, raw: bytes) -> list[Record | Refused]:
    path = tmp_path / "records.csv"
    path.write_bytes(raw)
    return list(records_of(path, mapping))


@pytest.mark.parametrize("packed", [bytes, gzip.compress, lzma.compress], ids=["plain", "gzip", "xz"])
def test_a_chinese_hotline_is_a_mapping_file_and_no_code(tmp_path: Path, mapping: Mapping, packed: type[bytes]) -> None:
    found = read(tmp_path, mapping, packed(written(ROWS).encode("gb18030")))
    first, second = found[0], found[1]
    assert isinstance(first, Record) and isinstance(second, Record)
    assert first.request.at == datetime(2019, 2, 1, 2, 53, 47, tzinfo=UTC)
    assert (first.request.class_code, first.request.condition, first.request.source) == ("C-0118", "out", "app")
    assert (first.request.text, first.request.area_code) == ("灯坏了 · 楼下路灯 不亮", "999001001001")
    assert first.closing is not None and (first.closing.text, first.closing.outcome) == ("已修好", "solved")
    assert second.closing is None and (second.request.area_code, second.request.source) == ("", "hotline")
    last = found[-1]
    assert isinstance(last, Record) and last.closing is not None
    assert (last.closing.outcome, last.closing.original) == ("duplicate", "A2")
    assert [entry.refusal.code for entry in found if isinstance(entry, Refused)] == [
        "replay.closes_before_it_opens", "replay.bad_time", "replay.no_number", "replay.unmapped_class", "replay.bad_row",
    ]  # fmt: skip


def test_a_missing_column_is_said_before_anything_is_read(tmp_path: Path, mapping: Mapping) -> None:
    with pytest.raises(MissingColumns) as caught:
        read(tmp_path, mapping, written(ROWS).replace("受理时间", "受理日期", 1).encode("gb18030"))
    assert caught.value.params["missing"] == "受理时间"


@pytest.mark.parametrize(
    "raw",
    [written(ROWS).encode("utf-16"), written(ROWS).encode("gb18030") + b"\xff\xff\xff", gzip.compress(written(ROWS * 50).encode("gb18030"))[:-40]],
    ids=["encoding", "broken bytes", "cut off"],
)
def test_a_file_that_cannot_be_read_to_its_end_is_one_clear_refusal(tmp_path: Path, mapping: Mapping, raw: bytes) -> None:
    with pytest.raises((BadFile, MissingColumns)) as caught:
        read(tmp_path, mapping, raw)
    assert "\n" not in caught.value.message % caught.value.params


POINTS = HOTLINE.replace("  address: [地址]", "  lon: x\n  lat: y\n  address: [地址]").replace(
    "rules:\n  duplicate", "rules:\n  default_point: {lon: 120.5, lat: 38.5}\n  solved_on_the_spot: {column: 渠道, values: [巡查], minutes: 30}\n  duplicate"
)


@pytest.mark.parametrize(
    ("x", "y", "lon", "area"),
    [("120.1", "38.2", 120.1, ""), ("120.5", "38.5", None, "999001001001"), ("120.5", "38.6", 120.5, ""), ("", "38.5", None, "999001001001")],
)
def test_the_default_point_means_no_point(tmp_path: Path, x: str, y: str, lon: float | None, area: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(POINTS, encoding="utf-8")
    text = written(ROWS[:1]).replace(",答复\r\n", ",答复,x,y\r\n").replace(",已修好\r\n", f",已修好,{x},{y}\r\n")
    (found,) = read(tmp_path, load_mapping(path), text.encode("gb18030"))
    assert isinstance(found, Record) and (found.request.lon, found.request.area_code) == (lon, area)


@pytest.mark.parametrize(("channel", "closed", "source"), [("巡查", "11:23:47", "grid"), ("巡查", "11:23:48", "hotline"), ("电话", "10:53:47", "hotline")])
def test_own_reports_closed_within_minutes_were_solved_on_the_spot(tmp_path: Path, channel: str, closed: str, source: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(POINTS.replace("  lon: x\n  lat: y\n", ""), encoding="utf-8")
    row = [*ROWS[0]]
    row[2], row[8] = f"2019/2/1 {closed}", channel
    (found,) = read(tmp_path, load_mapping(path), written([row]).encode("gb18030"))
    assert isinstance(found, Record) and found.closing is not None
    assert (found.request.source, found.closing.outcome) == (source, "solved_on_the_spot" if source == "grid" else "solved")
