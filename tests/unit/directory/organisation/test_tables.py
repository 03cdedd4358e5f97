"""Tables as people send them: encodings, formats, damage."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.directory.organisation.rules import tables
from linli.directory.organisation.rules.tables import BrokenEncoding, BrokenTable, EmptyTable, OldExcel, TableTooLarge, read_table
from linli.kernel.refusal import Refusal

TEXT = "工号,姓名\n001,王建国\n\n002,李秀英\n"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16")],
)
def test_the_encodings_in_use_are_seen_from_the_bytes(encoding, said) -> None:
    table = read_table(TEXT.encode(encoding))
    assert table.header == ("工号", "姓名")
    assert table.rows == ((2, ("001", "王建国")), (4, ("002", "李秀英")))
    assert table.encoding == said


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_quotes(delimiter) -> None:
    data = f'code{delimiter}name\r\n1{delimiter}" Wang,\n Jian "\r\n'.encode()
    assert read_table(data).rows == ((2, ("1", "Wang, Jian")),)


def test_a_workbook_keeps_numbers_and_dates_readable() -> None:
    book = openpyxl.Workbook()
    for row in (["工号", "开始日期", None], [1001, __import__("datetime").datetime(2026, 1, 5), None], [None, None, None], [1002.0, "2026年1月6日", 0.5]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    table = read_table(stream.getvalue())
    assert table.header == ("工号", "开始日期")
    assert table.rows == ((2, ("1001", "2026-01-05", "")), (4, ("1002", "2026年1月6日", "0.5")))


def _zip(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", EmptyTable),
        (b"\n\n,,\n", EmptyTable),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", OldExcel),
        (b"PK\x03\x04 not a zip", BrokenTable),
        (_zip("hello.txt", b"hello"), BrokenTable),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", BrokenEncoding),
        ("姓名\n王".encode()[:-1] + b"\xff", BrokenEncoding),
        (b'code,name\n1,"open', BrokenTable),
        (",".join(["x"] * 200).encode(), BrokenTable),
    ],
)
def test_what_is_no_table_is_refused(data, refusal) -> None:
    with pytest.raises(refusal):
        read_table(data)


def test_a_table_past_the_limits_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(tables, "MOST_BYTES", 100)
    with pytest.raises(TableTooLarge):
        read_table(b"x" * 101)
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    with pytest.raises(TableTooLarge):
        read_table(b"a\n1\n2\n3\n4\n")
    monkeypatch.setattr(tables, "MOST_UNPACKED", 50)
    monkeypatch.setattr(tables, "MOST_BYTES", 10_000)
    with pytest.raises(TableTooLarge):
        read_table(_zip("xl/workbook.xml", b" " * 1000))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_refusal(data) -> None:
    try:
        table = read_table(data)
    except Refusal:
        return
    assert table.header and any(table.header)
