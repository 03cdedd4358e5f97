"""What an import of people, posts or appointments would change, row by row: pure.

A plan is made once and is both the preview and what is carried out. A row is added, changed, unchanged or refused; the key
is the person's number, the post's code, or post and start.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz, process

from linli.directory.organisation.rules.tables import Table
from linli.kernel.boundaries import refused_attribute
from linli.kernel.refusal import N_, Refusal, Said


class ImportKind(StrEnum):
    PEOPLE = "people"
    POSTS = "posts"
    APPOINTMENTS = "appointments"


class Effect(StrEnum):
    """What a row does."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RefusedColumn(Refusal):
    """A column names an attribute that this program does not take in (DESIGN §1, boundary 3)."""

    code: ClassVar[str] = "import.refused_column"
    message: ClassVar[str] = N_("The column “%(column)s” names an attribute of persons that is never taken in. Remove it and send the file again.")


class WrongColumns(Refusal):
    code: ClassVar[str] = "import.wrong_columns"
    message: ClassVar[str] = N_("The columns are not the expected ones. Not known: %(unknown)s. Missing: %(missing)s. Known are: %(known)s.")


class DoubleColumn(Refusal):
    code: ClassVar[str] = "import.double_column"
    message: ClassVar[str] = N_("Two columns mean the same: %(columns)s.")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, other titles it goes by, and whether it must be there."""

    name: str
    titles: tuple[str, ...]
    required: bool = True


COLUMNS: dict[ImportKind, tuple[Column, ...]] = {
    ImportKind.PEOPLE: (
        Column("code", ("工号", "编号", "人员编号", "number", "staff number")),
        Column("name", ("姓名", "名字", "display name", "full name")),
        Column("contact", ("联系方式", "联系电话", "手机", "手机号", "电话", "phone", "mobile", "e-mail", "email"), required=False),
        Column("languages", ("语言", "语种", "language"), required=False),
    ),
    ImportKind.POSTS: (
        Column("code", ("岗位编码", "岗位编号", "post code", "post")),
        Column("name_zh", ("岗位名称", "名称", "中文名称", "name")),
        Column("name_en", ("英文名称", "english name"), required=False),
        Column("role", ("角色", "岗位角色")),
        Column("unit", ("机构编码", "机构", "单位编码", "unit code")),
        Column("area", ("区域编码", "区域", "网格编码", "area code")),
        Column("level", ("层级",), required=False),
        Column("rank", ("顺位", "排序", "order")),
    ),
    ImportKind.APPOINTMENTS: (
        Column("post", ("岗位编码", "岗位编号", "岗位", "post code")),
        Column("person", ("工号", "人员编号", "编号", "number", "staff number")),
        Column("starts", ("开始日期", "任职日期", "起始日期", "start", "start date", "from")),
        Column("ends", ("结束日期", "截止日期", "到期日期", "end", "end date", "until"), required=False),
    ),
}


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line(Generic[T]):
    """One row of the file: its number, its key as people know it, what it does, and what it would set."""

    row: int
    key: str
    effect: Effect
    value: T | None = None
    reason: Said | None = None


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What the whole file does."""

    kind: ImportKind
    encoding: str
    lines: tuple[Line[T], ...]

    def counts(self) -> dict[Effect, int]:
        found = Counter(line.effect for line in self.lines)
        return {effect: found.get(effect, 0) for effect in Effect}

    def of(self, effect: Effect) -> tuple[Line[T], ...]:
        return tuple(line for line in self.lines if line.effect is effect)


class RowRefused(Exception):
    """A row cannot be read; carries why."""

    def __init__(self, message: str, **params: Any) -> None:
        self.reason = Said(message, params)
        super().__init__(str(self.reason))


def matched_columns(kind: ImportKind, header: Sequence[str]) -> dict[str, int]:
    """Return column name → place, by name or by any title in Chinese or English.

    Refuses a column that names ethnicity, religion or political standing (:class:`RefusedColumn`) before anything else;
    unknown and missing ones (:class:`WrongColumns`, which names the nearest known); two for one meaning.
    """
    for title in header:
        attribute = refused_attribute(title)
        if attribute:
            raise RefusedColumn(column=title, attribute=attribute)
    known = {_plain(title): column.name for column in COLUMNS[kind] for title in (column.name, *column.titles)}
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, title in enumerate(header):
        name = known.get(_plain(title))
        if name is None:
            nearest = difflib.get_close_matches(_plain(title), known, n=1, cutoff=0.5)
            unknown.append(f"{title or '—'} → {_title(kind, known[nearest[0]])}?" if nearest else title or "—")
        elif name in places:
            raise DoubleColumn(columns=f"{header[places[name]]}, {title}")
        else:
            places[name] = place
    missing = [_title(kind, column.name) for column in COLUMNS[kind] if column.required and column.name not in places]
    if unknown or missing:
        titles = [_title(kind, column.name) for column in COLUMNS[kind]]
        raise WrongColumns(unknown=", ".join(unknown) or "—", missing=", ".join(missing) or "—", known=", ".join(titles))
    return places


def titled(kind: ImportKind, reason: Said) -> Said:
    """The reason with its column called as tables call it: 姓名 (name)."""
    column = reason.params.get("column")
    return Said(reason.message, {**reason.params, "column": _title(kind, column)}) if column else reason


def _title(kind: ImportKind, name: str) -> str:
    column = next(column for column in COLUMNS[kind] if column.name == name)
    return f"{column.titles[0]} ({name})"


def _plain(title: str) -> str:
    return re.sub(r"[\s_\-*（）()：:]+", "", title).casefold()


def cells(table: Table, places: Mapping[str, int]) -> Iterable[tuple[int, dict[str, str]]]:
    """Row number and the row's cells by column name; cells that a row does not have are empty."""
    for number, row in table.rows:
        yield number, {name: row[place] if place < len(row) else "" for name, place in places.items()}


def needed(row: Mapping[str, str], name: str, *, longest: int = 200) -> str:
    """The cell's text. Refuses an empty one, one too long, and angle brackets (no name holds them; a script does)."""
    text = row.get(name, "")
    if not text:
        raise RowRefused(N_("%(column)s is empty"), column=name)
    if len(text) > longest:
        raise RowRefused(N_("%(column)s is longer than %(longest)s characters"), column=name, longest=longest)
    if "<" in text or ">" in text:
        raise RowRefused(N_("%(column)s holds the characters < or >"), column=name)
    return text


def read_day(text: str) -> date:
    """A day written 2026-01-05, 2026/1/5, 2026.1.5, 20260105 or 2026年1月5日."""
    found = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+00:00:00)?", text) or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    try:
        if found:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        pass
    raise RowRefused(N_("“%(text)s” is not a date such as 2026-01-05"), text=text)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The instant after the day: a last day of office is served to its end."""
    return datetime.combine(day + timedelta(days=1), time.min, zone)


class Nearest:
    """Names the known code nearest to a wrong one; for the first 100 wrong ones, so that a file of nothing else stays quick."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)
        self._left = 100

    def __call__(self, name: str) -> str:
        self._left -= 1
        found = process.extractOne(name, self._known, scorer=fuzz.ratio, score_cutoff=60) if self._left >= 0 else None
        return found[0] if found else "—"
