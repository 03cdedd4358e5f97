"""Taking in places, components, buildings and legal entities, by code, with a preview of what will change."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from linli.directory.territory.models import Addressed, Building, Facility, LegalEntity, Place
from linli.directory.territory.rules import AreaNode, Ground, Placing
from linli.directory.territory.rules.addresses import search_text
from linli.directory.territory.rules.findings import BadTerritory, Finding, in_row
from linli.directory.territory.rules.records import ELEMENTS, RecordKind, RecordSource, RecordsReport, parse_records
from linli.directory.territory.selectors.ground import ground
from linli.directory.territory.services.reading import MAX_BYTES, plain_text, read_columns
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.epoch import services as epoch
from linli.kernel.ids import new_id
from linli.kernel.refusal import saying
from linli.kernel.rows import insert_rows, update_rows

MANAGE = "directory.manage"
MODELS: Mapping[RecordKind, type[Addressed]] = {
    RecordKind.BUILDING: Building,
    RecordKind.PLACE: Place,
    RecordKind.FACILITY: Facility,
    RecordKind.ENTITY: LegalEntity,
}
_SHARED = ("names", "area_id", "placing", "lon", "lat", "address", *ELEMENTS, "search")
_OWN: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.BUILDING: ("floors", "units", "households"),
    RecordKind.PLACE: ("class_code",),
    RecordKind.FACILITY: ("class_code",),
    RecordKind.ENTITY: ("class_code", "registration"),
}


def read_records(path: Path, kind: RecordKind, *, encoding: str | None = None) -> list[RecordSource]:
    """Read a CSV or XLSX (first sheet) of records; columns as in ``rules.records.parse_records``.

    Raises:
        BadTerritory: the file is missing, is not what it says, or holds what cannot be taken in; says every row.
    """
    if not path.is_file():
        raise BadTerritory([Finding(str(path), "", saying("there is no such file"))])
    if path.stat().st_size > MAX_BYTES:
        raise BadTerritory([Finding(path.name, "", saying("the file is larger than %(megabytes)s MB", megabytes=MAX_BYTES // 1_000_000))])
    is_book = path.suffix.lower() in (".xlsx", ".xlsm")
    columns = _read_xlsx(path) if is_book else read_columns(path.read_bytes(), file=path.name, encoding=encoding)
    return parse_records(kind, columns, file=path.name)


def _read_xlsx(path: Path) -> dict[str, list[str]]:
    import openpyxl  # loaded where a workbook is read
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = [[plain_text(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, IndexError):
        raise BadTerritory([Finding(path.name, "", saying("this is no XLSX table that can be read"))]) from None
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        raise BadTerritory([Finding(path.name, "", saying("expected a line of column names and rows below it"))])
    heads = rows[0]
    twice = [head for head, count in Counter(head for head in heads if head).items() if count > 1]
    if twice:
        raise BadTerritory([Finding(path.name, in_row(1), saying("a column name stands twice: %(names)s", names=", ".join(twice)))])
    return {head: [row[place] if place < len(row) else "" for row in rows[1:]] for place, head in enumerate(heads) if head}


def preview_records(*, actor: Actor, kind: RecordKind, records: Sequence[RecordSource]) -> RecordsReport:
    """Say what :func:`import_records` would do; writes nothing."""
    actor.require(MANAGE)
    return _sorted_out(kind, records, ground())[0]


def import_records(*, actor: Actor, at: datetime, kind: RecordKind, records: Sequence[RecordSource]) -> RecordsReport:
    """Add records, or update them by code; none is removed. A point finds its area; else ``area`` names it; else the root.

    Raises:
        Forbidden: without ``directory.manage``.
        BadTerritory: a record names an area that is not there.
        NoTerritory: no territory yet.
    """
    actor.require(MANAGE)
    epoch.bump()  # duties about places ask for them anew
    return store_records(actor=actor, at=at, kind=kind, records=records, ground=ground())


def store_records(*, actor: Actor, at: datetime, kind: RecordKind, records: Sequence[RecordSource], ground: Ground) -> RecordsReport:
    """The same with the ground given: the import of a territory knows the new one before anybody else does."""
    report, added, changed = _sorted_out(kind, records, ground)
    columns = ("id", "code", *_SHARED, *_OWN[kind])
    insert_rows(MODELS[kind], columns, [(new_id(), *row) for row in added])
    update_rows(MODELS[kind], columns, changed)
    if added or changed:
        details = {"kind": kind.value, "added": len(added), "changed": len(changed)}
        record([Entry(at=at, actor=actor.id, action="territory.records_imported", subject_type="area", subject=ground.root.id, details=details)])
    return report


def _sorted_out(kind: RecordKind, records: Sequence[RecordSource], ground: Ground) -> tuple[RecordsReport, list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The report, rows to add (from the code on) and rows to change (with their id before the code)."""
    placed = _placed(records, ground, kind)
    names = ("id", "code", *_SHARED, *_OWN[kind])
    codes = [found.code for found in records]
    stored = {row[1]: row for row in MODELS[kind]._default_manager.filter(code__in=codes).values_list(*names)}
    added, changed, unchanged = [], [], 0
    for found, (area, how) in zip(records, placed, strict=True):
        row = _row(kind, found, area, how)
        old = stored.get(found.code)
        if old is None:
            added.append(row)
        elif tuple(old[1:]) != row:
            changed.append((old[0], *row))
        else:
            unchanged += 1
    counts = Counter(how.value for _, how in placed)
    report = RecordsReport(kind, tuple(sorted(row[0] for row in added)), tuple(sorted(row[1] for row in changed)), unchanged, dict(sorted(counts.items())))
    return report, added, changed


def _placed(records: Sequence[RecordSource], ground: Ground, kind: RecordKind) -> list[tuple[AreaNode, Placing]]:
    nowhere = float("nan")
    located = ground.locate_many(
        [found.point[0] if found.point else nowhere for found in records], [found.point[1] if found.point else nowhere for found in records]
    )
    codes = {area.code: area for area in ground}
    placed, problems = [], []
    for place, found in enumerate(records):
        location = located[place]
        if found.point is not None:
            placed.append((location.area, location.how))
        elif found.area and found.area not in codes:
            problems.append(Finding(str(kind), found.where or found.code, saying("there is no area %(area)s", area=found.area)))
        else:
            placed.append((codes[found.area] if found.area else ground.root, Placing.UNPLACED))
    if problems:
        raise BadTerritory(problems)
    return placed


def _row(kind: RecordKind, found: RecordSource, area: AreaNode, how: Placing) -> tuple[Any, ...]:
    lon, lat = found.point or (None, None)
    elements = [getattr(found.elements, name) for name in ELEMENTS]
    search = search_text(found.names, address=found.address, code=found.code)
    shared = (found.code, dict(found.names), area.id, how.value, lon, lat, found.address, *elements, search)
    return (*shared, *(getattr(found, name) for name in _OWN[kind]))
