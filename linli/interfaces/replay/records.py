"""Rows of a CSV file, one after another, translated by a mapping into what is reported and how it closed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from linli.engines.matters.rules.intake import ReportRequest
from linli.interfaces.replay.mapping import ClassOf, Values
from linli.interfaces.replay.mapping import Mapping as MappingFile
from linli.kernel.playbooks.rules.problems import nearest
from linli.kernel.refusal import N_, Refusal

GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
DUPLICATE, ON_THE_SPOT, SOLVED = "duplicate", "solved_on_the_spot", "solved"


class BadFile(Refusal):
    """The file cannot be read to its end as the mapping says."""

    code = "replay.bad_file"
    message = N_("%(file)s cannot be read after row %(row)s: %(why)s.")


class MissingColumns(Refusal):
    code = "replay.missing_columns"
    message = N_("The file has no column %(missing)s. It has: %(known)s.%(hint)s")


class NoNumber(Refusal):
    code = "replay.no_number"
    message = N_("The row has no number of its own.")


class BadTime(Refusal):
    code = "replay.bad_time"
    message = N_("“%(given)s” is not a time as the mapping describes them.")


class ClosesBeforeItOpens(Refusal):
    code = "replay.closes_before_it_opens"
    message = N_("The record closes before it opens.")


class UnmappedClass(Refusal):
    code = "replay.unmapped_class"
    message = N_("The mapping has no class for “%(given)s”.")


class BadRow(Refusal):
    code = "replay.bad_row"
    message = N_("The row has another number of columns than the head.")


class BadNumber(Refusal):
    code = "replay.bad_point"
    message = N_("“%(given)s” is not a coordinate.")


@dataclass(frozen=True, slots=True, order=True)
class Closing:
    """How a record closed: when, of which number, and the words; ``original`` is the record that it repeats."""

    at: datetime
    number: str
    text: str = field(compare=False)
    outcome: str = field(compare=False)
    original: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the report, its closing if it has one, and its place in the file (from 0)."""

    row: int
    request: ReportRequest
    closing: Closing | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that says nothing usable, with why."""

    row: int
    refusal: Refusal


def digest_of(*paths: Path) -> str:
    """What names a replay: the contents of its files."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def open_text(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """The text of a plain, gzip or xz file, whatever its name."""
    start = raw.read(6)
    raw.seek(0)
    unpacked: Any = gzip.GzipFile(fileobj=raw) if start.startswith(GZIP) else lzma.LZMAFile(raw) if start == XZ else raw  # noqa: SIM115 - ends with raw
    return io.TextIOWrapper(unpacked, encoding="utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding, newline="")


def rows_of(path: Path, mapping: MappingFile, *, seen: Callable[[int], None] | None = None) -> Iterator[list[str] | None]:
    """Yield the head's row, then each row of the file; None for one with another number of columns.

    Args:
        seen: told now and then how many bytes of the file have been read.

    Raises:
        BadFile: wrong encoding, broken compression, a field that never ends.
    """
    count = 0
    with path.open("rb") as raw:
        try:
            reader = csv.reader(open_text(raw, mapping.file.encoding), delimiter=mapping.file.delimiter, strict=False)
            head = [name.strip() for name in next(reader, [])]
            yield head
            for row in reader:
                if seen is not None and count % 1_000 == 0:
                    seen(raw.tell())
                if not row:
                    continue
                count += 1
                yield row if len(row) == len(head) else None
        except (UnicodeDecodeError, csv.Error, EOFError, lzma.LZMAError, gzip.BadGzipFile, OSError) as error:
            raise BadFile(file=path.name, row=count, why=_why(error)) from None


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not {error.encoding} text"
    return " ".join(str(error).split()) or type(error).__name__


def records_of(path: Path, mapping: MappingFile, *, seen: Callable[[int], None] | None = None) -> Iterator[Record | Refused]:
    """Yield every row of the file as a record or a refusal, in the file's order; memory does not grow.

    Raises:
        MissingColumns: before the first row. BadFile: where the file ends in nonsense.
    """
    rows = rows_of(path, mapping, seen=seen)
    head = next(rows, None) or []
    missing = [name for name in mapping.named_columns() if name not in head]
    if missing:
        close = nearest(missing[0], head)
        raise MissingColumns(missing=", ".join(missing), known=", ".join(head) or "–", hint=f" Did you mean {close}?" if close else "")
    reader = Translator(mapping, head, _pairs(path, mapping))
    for number, row in enumerate(rows):
        try:
            if row is None:
                raise BadRow()
            yield reader.record(number, row)
        except Refusal as refusal:
            yield Refused(number, refusal)


def _pairs(path: Path, mapping: MappingFile) -> Mapping[str, str]:
    """Duplicate → original, from the file beside the records."""
    rule = mapping.rules.duplicate
    if rule is None or rule.pairs is None or rule.pair_columns is None:
        return {}
    beside = path.parent / rule.pairs
    if not beside.exists():
        return {}
    with beside.open(encoding="utf-8-sig", newline="") as handle:
        duplicate, original = rule.pair_columns
        return {row[duplicate]: row[original] for row in csv.DictReader(handle) if row.get(duplicate) and row.get(original)}


class Translator:
    """A mapping made ready for the columns of one file."""

    def __init__(self, mapping: MappingFile, head: Sequence[str], pairs: Mapping[str, str]) -> None:
        self._mapping, self._pairs = mapping, pairs
        place = {name: number for number, name in enumerate(head)}
        columns, rules = mapping.columns, mapping.rules
        self._place = place
        self._number, self._opened = place[columns.number], place[columns.opened]
        self._closed, self._promised = self._at(columns.closed), self._at(columns.promised)
        self._lon, self._lat = self._at(columns.lon), self._at(columns.lat)
        self._address, self._text = [place[name] for name in columns.address], [place[name] for name in columns.text]
        self._class_columns = [place[name] for name in mapping.classes.by]
        self._class_of = lru_cache(maxsize=4096)(self._find_class)
        self._source = self._values(mapping.sources)
        self._department = self._values(mapping.departments)
        self._areas = [self._values(values) for values in mapping.areas]
        self._drop = [re.compile(text) for text in mapping.closing.drop]
        self._words = self._at(mapping.closing.column)
        self._zone = ZoneInfo(mapping.file.timezone)
        self._spot = rules.solved_on_the_spot
        self._spot_column = self._at(self._spot.column) if self._spot else None
        self._point = rules.default_point
        self._repeat = re.compile(translate(rules.duplicate.pattern), re.IGNORECASE) if rules.duplicate else None
        self._repeat_column = self._at(rules.duplicate.column) if rules.duplicate else None
        self._claim = self._at(mapping.on_time.column) if mapping.on_time else None

    def _at(self, column: str | None) -> int | None:
        return None if column is None else self._place[column]

    def _values(self, values: Values | None) -> Callable[[Sequence[str]], str]:
        if values is None:
            return lambda _row: ""
        place, known, default = self._place[values.column], values.values, values.default
        return lambda row: known.get(row[place].strip(), default)

    def time(self, text: str) -> datetime:
        """The instant of a time as the file writes it.

        Raises:
            BadTime: it fits none of the mapping's formats.
        """
        for form in self._mapping.file.times:
            try:
                found = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added below
            except ValueError:
                continue
            return (found if found.tzinfo else found.replace(tzinfo=self._zone)).astimezone(UTC)
        raise BadTime(given=text[:40])

    def record(self, number: int, row: Sequence[str]) -> Record:
        """Translate one row.

        Raises:
            Refusal: no number, a time or coordinate that cannot be read, a contradiction, a class that is not mapped.
        """
        key = row[self._number].strip()
        if not key:
            raise NoNumber()
        opened = self.time(row[self._opened].strip())
        closed_text = "" if self._closed is None else row[self._closed].strip()
        closed = self.time(closed_text) if closed_text else None
        if closed is not None and closed < opened:
            raise ClosesBeforeItOpens()
        promised = "" if self._promised is None else row[self._promised].strip()
        known = self._class_of(tuple([row[place].strip() for place in self._class_columns]))
        lon, lat = self._coordinates(row)
        on_the_spot = self._on_the_spot(row, opened, closed)
        details: dict[str, object] = {}
        department = self._department(row)
        if department:
            details["department"] = department
        if self._claim is not None and self._mapping.on_time is not None:
            claim = row[self._claim].strip()
            if claim in self._mapping.on_time.on_time or claim in self._mapping.on_time.late:
                details["claimed_on_time"] = claim in self._mapping.on_time.on_time
        if promised:
            details["promised"] = True
        request = ReportRequest(
            at=opened,
            class_code=known.class_code,
            condition=known.condition,
            text=_joined(row, self._text),
            lon=lon,
            lat=lat,
            address=_joined(row, self._address),
            area_code="" if lon is not None else next((code for code in (area(row) for area in self._areas) if code), ""),
            source=self._spot.source if on_the_spot and self._spot else self._source(row) or self._mapping.mapping.name,
            key=key,
            details=details,
            promised=self.time(promised) if promised else None,
        )
        return Record(number, request, None if closed is None else self._closing(row, key, closed, on_the_spot=on_the_spot))

    def _coordinates(self, row: Sequence[str]) -> tuple[float | None, float | None]:
        if self._lon is None or self._lat is None:
            return None, None
        texts = row[self._lon].strip(), row[self._lat].strip()
        if not all(texts):
            return None, None
        try:
            lon, lat = float(texts[0]), float(texts[1])
        except ValueError:
            raise BadNumber(given=" ".join(texts)[:40]) from None
        if self._point is not None and (lon, lat) == (self._point.lon, self._point.lat):
            return None, None
        return lon, lat

    def _on_the_spot(self, row: Sequence[str], opened: datetime, closed: datetime | None) -> bool:
        rule = self._spot
        if rule is None or closed is None or self._spot_column is None:
            return False
        return row[self._spot_column].strip() in rule.values and (closed - opened).total_seconds() <= rule.minutes * 60

    def _closing(self, row: Sequence[str], key: str, at: datetime, *, on_the_spot: bool) -> Closing:
        words = "" if self._words is None else row[self._words].strip()
        repeats = self._repeat is not None and self._repeat_column is not None and self._repeat.match(row[self._repeat_column]) is not None
        for pattern in self._drop:
            words = pattern.sub("", words)
        empty = self._mapping.closing.empty
        outcome = DUPLICATE if repeats else ON_THE_SPOT if on_the_spot else SOLVED
        return Closing(at, key, words.strip() or f"{empty.zh} {empty.en}", outcome, self._pairs.get(key, "") if repeats else "")

    def _find_class(self, values: tuple[str, ...]) -> ClassOf:
        classes = self._mapping.classes
        rule = next((rule for pattern, rule in classes.rules.items() if _fits(pattern, values[0])), None)
        if rule is not None:
            second = values[1] if len(values) > 1 else ""
            return next((to for pattern, to in rule.cases.items() if _fits(pattern, second)), rule.default)
        if classes.otherwise is not None:
            return classes.otherwise
        raise UnmappedClass(given=" / ".join(values)[:80])


def _fits(pattern: str, value: str) -> bool:
    return pattern.casefold() == value.casefold() or re.fullmatch(_glob(pattern), value, re.IGNORECASE | re.DOTALL) is not None


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> str:
    return ".*".join(re.escape(part) for part in pattern.split("*"))


def _joined(row: Sequence[str], places: Iterable[int]) -> str:
    texts = dict.fromkeys(" ".join(row[place].split()) for place in places)
    return " · ".join(text for text in texts if text)
