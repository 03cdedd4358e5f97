"""Reading a table that people send: CSV in the encodings in use in China and elsewhere, or XLSX. Bytes in, rows out."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from linli.kernel.refusal import N_, Refusal

MOST_BYTES = 32 * 1024 * 1024
MOST_UNPACKED = 256 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 100
_ENCODINGS = ("utf-8-sig", "gb18030")  # utf-8-sig reads plain UTF-8 as well; every UTF-8 text that is not ASCII fails in neither silently
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class TableTooLarge(Refusal):
    code: ClassVar[str] = "table.too_large"
    message: ClassVar[str] = N_("The file is too large: at most %(megabytes)s MB and %(rows)s rows.")


class EmptyTable(Refusal):
    code: ClassVar[str] = "table.empty"
    message: ClassVar[str] = N_("The file holds no table: its first row must name the columns.")


class OldExcel(Refusal):
    code: ClassVar[str] = "table.old_excel"
    message: ClassVar[str] = N_("This is a file of the old Excel format (.xls). Save it as .xlsx or CSV and send it again.")


class BrokenTable(Refusal):
    code: ClassVar[str] = "table.broken"
    message: ClassVar[str] = N_("The file is neither a readable XLSX nor CSV.")


class BrokenEncoding(Refusal):
    code: ClassVar[str] = "table.encoding"
    message: ClassVar[str] = N_(
        "The text of the file is in no known encoding (UTF-8, UTF-16 or GB18030), or it is damaged. Save it as UTF-8 and send it again."
    )


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` holds (row number in the file, starting at 1 for the header; cells). Rows without any content are left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    encoding: str


def read_table(data: bytes) -> Table:
    """Read a CSV (comma, semicolon or tab; UTF-8, UTF-16 with mark, GB18030) or the first sheet of an XLSX.

    What it is is seen from its content, never from its name. Refuses with :class:`TableTooLarge`, :class:`EmptyTable`,
    :class:`OldExcel`, :class:`BrokenTable`, :class:`BrokenEncoding`.
    """
    if len(data) > MOST_BYTES:
        raise _too_large()
    if data.startswith(_OLD_EXCEL):
        raise OldExcel
    if data.startswith(b"PK\x03\x04"):
        return _table(_xlsx_rows(data), "xlsx")
    text, encoding = _decoded(data)
    return _table(_csv_rows(text), encoding)


def _too_large() -> TableTooLarge:
    return TableTooLarge(megabytes=MOST_BYTES // 1024 // 1024, rows=MOST_ROWS)


def _table(rows: Iterable[tuple[str, ...]], encoding: str) -> Table:
    header: tuple[str, ...] | None = None
    kept: list[tuple[int, tuple[str, ...]]] = []
    for number, row in enumerate(rows, start=1):
        if not any(row):
            continue
        if header is None:
            if len(row) > MOST_COLUMNS:
                raise BrokenTable
            header = _without_empty_end(row)
            continue
        if len(kept) >= MOST_ROWS:
            raise _too_large()
        kept.append((number, row))
    if header is None:
        raise EmptyTable
    return Table(header, tuple(kept), encoding)


def _without_empty_end(row: tuple[str, ...]) -> tuple[str, ...]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _decoded(data: bytes) -> tuple[str, str]:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Bytes of another encoding often pass as GB18030, but as characters that nobody writes.
        if any(unicodedata.category(character) in ("Cc", "Co", "Cn") and character not in "\r\n\t" for character in set(text)):
            continue
        return text, encoding.removesuffix("-sig")
    raise BrokenEncoding


def _csv_rows(text: str) -> Iterator[tuple[str, ...]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            yield tuple(_clean(cell) for cell in row)
    except csv.Error:
        raise BrokenTable from None


def _xlsx_rows(data: bytes) -> Iterator[tuple[str, ...]]:
    import openpyxl  # loaded where a workbook is read
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                raise _too_large()
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(values_only=True):
            yield tuple(_cell(value) for value in row)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, SyntaxError):
        raise BrokenTable from None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _clean(str(value))


def _clean(text: str) -> str:
    return " ".join(text.replace("\ufeff", "").split())
