"""Any list as a table that leaves the house: CSV or XLSX, without formulas, and written down."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import xlsxwriter
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from linli.interfaces.access import actor_of_request
from linli.kernel.audit.services import Entry, record
from linli.kernel.ids import new_id
from linli.kernel.writing import write

FORMATS = ("csv", "xlsx")
MOST = 100_000  # lines of one table
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "|", "%")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def asked_format(request: HttpRequest) -> str:
    """The format in which a list is asked for; empty for the page."""
    given = request.GET.get("format", "")
    return given if given in FORMATS else ""


def kept_query(request: HttpRequest, *without: str) -> str:
    """The address's filters as they are, without the place in the list: what a link to its table repeats."""
    given = request.GET.copy()
    for name in ("format", "page", "before", "after", "part", *without):
        given.pop(name, None)
    return given.urlencode()


def taken(request: HttpRequest, *, name: str, heads: Sequence[str], rows: Iterable[Sequence[object]], at: datetime) -> HttpResponseBase:
    """The table of a list; who took how many lines of which list is written into the audit chain."""
    actor = actor_of_request(request)
    lines = [[str(head) for head in heads], *([cell(value) for value in row] for row in islice(rows, MOST))]
    given = asked_format(request)
    details = {"list": name, "count": len(lines) - 1, "format": given}
    with write():
        record([Entry(at=at, actor=actor.id, action="console.export", subject_type="export", subject=new_id(), details=details)])
    return response(iter(lines), format=given, name=f"linli-{name}", at=at)


def response(table: Iterator[Sequence[str]], *, format: str, name: str, at: datetime) -> HttpResponseBase:  # noqa: A002
    """A table as a file; CSV is UTF-8 with its mark, for spreadsheets."""
    name = f"{name}-{timezone.localtime(at):%Y%m%d-%H%M}"
    whole = format == "xlsx"  # a book is made whole, lines go out as they are made
    csv_type = "text/csv; charset=utf-8"
    answer: HttpResponseBase = HttpResponse(_xlsx(table), content_type=XLSX) if whole else StreamingHttpResponse(_csv(table), content_type=csv_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{"xlsx" if whole else "csv"}"'
    return answer


def cell(value: object) -> str:
    """A value as a cell: times by the community's clock, nothing that a spreadsheet takes for a formula."""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    return "" if value is None else safe_cell(str(value))


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(DANGEROUS) else text


def _csv(table: Iterator[Sequence[str]]) -> Iterator[bytes]:
    yield "﻿".encode()
    for cells in table:
        buffer = io.StringIO()
        csv.writer(buffer).writerow(cells)
        yield buffer.getvalue().encode()


def _xlsx(table: Iterator[Sequence[str]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for line, cells in enumerate(table):
            for column, value in enumerate(cells):
                sheet.write_string(line, column, value)
    return buffer.getvalue()
