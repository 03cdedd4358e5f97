"""Records of places, components, buildings and legal entities as they come in from a table. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

from linli.directory.territory.rules.addresses import AddressElements, address_elements
from linli.directory.territory.rules.findings import BadTerritory, Finding, in_row
from linli.kernel.boundaries import refused_attribute
from linli.kernel.playbooks.rules.problems import nearest
from linli.kernel.refusal import N_, Said, saying


class RecordKind(StrEnum):
    BUILDING = "building"
    PLACE = "place"
    FACILITY = "facility"
    ENTITY = "entity"


ELEMENTS = tuple(element.name for element in fields(AddressElements))
_SHARED = ("code", "name_zh", "name_en", "lon", "lat", "area", "address", *ELEMENTS)
_OWN: dict[RecordKind, tuple[str, ...]] = {
    RecordKind.BUILDING: ("floors", "units", "households"),
    RecordKind.PLACE: ("class",),
    RecordKind.FACILITY: ("class",),
    RecordKind.ENTITY: ("class", "registration"),
}
NO_ELEMENTS = AddressElements()
_LARGEST = {"floors": 300, "units": 1_000, "households": 100_000}

# Column heads as Chinese registers write them.
_CHINESE = {
    "编码": "code", "编号": "code", "标识码": "code", "名称": "name_zh", "英文名称": "name_en", "经度": "lon", "纬度": "lat",
    "网格编码": "area", "所属网格": "area", "区域编码": "area", "地址": "address", "详细地址": "address", "区": "district", "街道": "street",
    "社区": "community", "街路巷": "road", "门牌号": "number", "小区": "compound", "楼栋": "building", "单元": "unit", "房号": "room",
    "层数": "floors", "单元数": "units", "户数": "households", "类别": "class", "类别代码": "class", "分类代码": "class",
    "统一社会信用代码": "registration",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordSource:
    """One record as read. ``area`` is the code of the area where there is no point; numbers are None where nothing is said."""

    code: str
    names: Mapping[str, str]
    where: Said | str = ""
    class_code: str = ""
    point: tuple[float, float] | None = None
    area: str = ""
    address: str = ""
    elements: AddressElements = NO_ELEMENTS
    floors: int | None = None
    units: int | None = None
    households: int | None = None
    registration: str = ""


@dataclass(frozen=True, slots=True)
class RecordsReport:
    """What an import of records did, or would do; ``placed`` counts how their areas were found."""

    kind: RecordKind
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    placed: Mapping[str, int] = field(default_factory=dict)


def columns_of(kind: RecordKind) -> tuple[str, ...]:
    """The columns that a table of this kind may have."""
    return (*_SHARED, *_OWN[kind])


def parse_records(kind: RecordKind, columns: Mapping[str, Sequence[str]], *, file: str) -> list[RecordSource]:
    """Turn a table (column → texts) into records. Chinese column heads in common use are understood.

    Columns: ``code`` and ``name_zh`` or ``name_en`` are needed; then ``lon`` and ``lat`` (WGS 84), or ``area`` (a code), or
    neither; ``address`` or its elements; ``class`` (needed but for buildings); ``floors``, ``units``, ``households``;
    ``registration``.

    Raises:
        BadTerritory: columns that are missing or unknown, a column about ethnicity, religion or politics, and every row
            with a value that cannot be.
    """
    named = {_CHINESE.get(head.strip(), head.strip().lower().replace(" ", "_")): list(values) for head, values in columns.items() if head.strip()}
    _refuse_columns(kind, columns, named, file)
    problems: list[Finding] = []
    records: list[RecordSource] = []
    seen: dict[str, int] = {}
    for place in range(len(named["code"])):
        row = {name: values[place].strip() for name, values in named.items()}
        where = in_row(place + 2)
        found = list(_row_problems(kind, row))
        if row["code"] in seen:
            found.append(saying("the code %(code)s stands twice, first at %(first)s", code=row["code"], first=in_row(seen[row["code"]])))
        seen.setdefault(row["code"], place + 2)
        problems += [Finding(file, where, text) for text in found]
        if not found:
            records.append(_record(kind, row, where))
    if problems:
        raise BadTerritory(problems)
    return records


def _refuse_columns(kind: RecordKind, heads: Mapping[str, Sequence[str]], named: Mapping[str, Sequence[str]], file: str) -> None:
    known = columns_of(kind)
    problems = []
    for head in heads:
        name = _CHINESE.get(head.strip(), head.strip().lower().replace(" ", "_"))
        if refused_attribute(head):
            told = saying("data about ethnicity, religion or political standing is not taken in; remove the column")
            problems.append(Finding(file, saying("column %(name)s", name=head), told))
        elif name and name not in known:
            facts = {"kind": kind.value, "known": ", ".join(known), "near": nearest(name, known)}
            message = N_("it is not known for %(kind)s; known are %(known)s")
            if facts["near"]:
                message = N_("it is not known for %(kind)s; known are %(known)s; did you mean %(near)s?")
            problems.append(Finding(file, saying("column %(name)s", name=head), Said(message, facts)))
    needed = ["code", *([] if kind is RecordKind.BUILDING else ["class"])]
    problems += [Finding(file, "", saying("the column %(name)s is missing", name=name)) for name in needed if name not in named]
    if "name_zh" not in named and "name_en" not in named:
        problems.append(Finding(file, "", saying("a column name_zh or name_en is missing")))
    if ("lon" in named) != ("lat" in named):
        problems.append(Finding(file, "", saying("the columns lon and lat belong together")))
    if problems:
        raise BadTerritory(problems)


def _row_problems(kind: RecordKind, row: Mapping[str, str]) -> list[Said]:
    found = []
    if not row["code"] or len(row["code"]) > 100:
        found.append(saying("the code is empty, or longer than 100 characters"))
    if not row.get("name_zh") and not row.get("name_en"):
        found.append(saying("it has no name"))
    if kind is not RecordKind.BUILDING and not row["class"]:
        found.append(saying("the class is empty"))
    if bool(row.get("lon")) != bool(row.get("lat")):
        found.append(saying("lon and lat belong together"))
    elif row.get("lon") and _point(row) is None:
        found.append(saying("%(lon)s, %(lat)s is not a place on Earth (longitude, then latitude)", lon=row["lon"], lat=row["lat"]))
    for name, largest in _LARGEST.items():
        text = row.get(name, "")
        if text and not (text.isascii() and text.isdigit() and int(text[:9]) <= largest and len(text) < 9):
            found.append(saying("%(name)s is not a whole number up to %(largest)s", name=name, largest=largest))
    return found


def _point(row: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        lon, lat = float(row["lon"]), float(row["lat"])
    except (KeyError, ValueError):
        return None
    return (lon, lat) if math.isfinite(lon) and abs(lon) <= 180 and abs(lat) <= 90 else None


def _record(kind: RecordKind, row: Mapping[str, str], where: Said) -> RecordSource:
    given = {name: row[name] for name in ELEMENTS if row.get(name)}
    address = row.get("address", "")
    elements = AddressElements(**given) if given else address_elements(address)
    zh, en = row.get("name_zh", ""), row.get("name_en", "")
    return RecordSource(
        code=row["code"],
        names={language: text for language, text in (("zh", zh), ("en", en)) if text},
        where=where,
        class_code=row.get("class", "") if kind is not RecordKind.BUILDING else "",
        point=_point(row),
        area=row.get("area", ""),
        address=address or elements.text(),
        elements=elements,
        floors=_number(row, "floors"),
        units=_number(row, "units"),
        households=_number(row, "households"),
        registration=row.get("registration", ""),
    )


def _number(row: Mapping[str, str], name: str) -> int | None:
    return int(row[name]) if row.get(name) else None
