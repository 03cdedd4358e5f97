"""What a territory is imported from: the shape of ``territory.yaml`` and what was read of its files. Pure."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import Field, ValidationError, field_validator, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from linli.directory.territory.rules.findings import BadTerritory, Finding
from linli.directory.territory.rules.ground import OUTSIDE_METRES
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.kernel.geo.rules import UnknownDatum
from linli.kernel.geo.rules.index import BORDER_METRES
from linli.kernel.playbooks.rules import Section, Text
from linli.kernel.playbooks.rules.problems import Problem, nearest, write_path
from linli.kernel.playbooks.rules.schema import Path
from linli.kernel.playbooks.rules.source import Value, read_source
from linli.kernel.refusal import Refusal, Said, saying

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]

LEVEL_NAMES: Mapping[str, Mapping[str, str]] = {
    "province": {"zh": "省", "en": "Province"},
    "city": {"zh": "市", "en": "City"},
    "district": {"zh": "区", "en": "District"},
    "street": {"zh": "街道", "en": "Street"},
    "community": {"zh": "社区", "en": "Community"},
    "grid": {"zh": "网格", "en": "Grid"},
}


class Scheme(StrEnum):
    """How grids (or any layer) get their codes."""

    KEEP = "keep"  # as the file has them
    BEIJING_15 = "beijing-15"  # 6 district + 3 street + 3 community + 3 grid, numbered west to east, north to south
    CJT_349_20 = "cjt-349-20"  # 20 digits as CJ/T 349 has: the 12 above, then eight digits of number
    TEMPLATE = "template"


class Codes(Section):
    """The code scheme of a layer.

    ``template`` may use ``{root}``, ``{parent}``, the level names of upper layers, and ``{n}`` (the number among the
    areas of one parent, west to east in rows from north to south) with a width: ``{parent}-{n:03}``.
    """

    scheme: Scheme = Scheme.KEEP
    template: str = ""

    @model_validator(mode="after")
    def _template(self) -> Codes:
        if (self.scheme is Scheme.TEMPLATE) != bool(self.template):
            raise ValueError(saying("scheme: template and a template belong together"))
        if self.template and "n" not in {name for _, name, _, _ in string.Formatter().parse(self.template)}:
            raise ValueError(saying("a template needs {n}, else all areas of one parent would share a code"))
        return self


class Names(Section):
    """Fields that hold the name in each language."""

    zh: str | None = None
    en: str | None = None


KEEP = Codes()


def known_crs(value: str) -> str:
    """Return ``value`` in its usual writing: ``EPSG:4326``, ``GCJ-02``, ``BD-09``.

    Raises:
        UnknownDatum: nothing known by that name.
    """
    compact = value.upper().replace("-", "").replace("_", "").replace(" ", "")
    if compact in ("GCJ02", "GCJ"):
        return "GCJ-02"
    if compact in ("BD09", "BD09LL"):
        return "BD-09"
    try:
        return CRS.from_user_input("EPSG:4326" if compact in ("WGS84", "CRS84") else value).to_string()
    except CRSError:
        raise UnknownDatum(crs=value) from None


def _checked_crs(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return known_crs(value)
    except UnknownDatum as refusal:
        raise ValueError(refusal) from None


class Layer(Section):
    """One level's file. Fields name properties of the features (columns of a CSV)."""

    level: Slug
    names: Text | None = None  # what people call the level
    file: str = Field(min_length=1)
    layer: str | None = None  # within a GeoPackage
    code: str | None = None
    name: str | Names | None = None
    households: str | None = None
    parent: str | None = None  # with nesting: field
    wkt: str | None = None  # CSV: column with the outline
    lon: str | None = None  # CSV: columns with a point
    lat: str | None = None
    crs: str | None = None
    encoding: str | None = None
    codes: Codes = Codes()

    _crs = field_validator("crs")(_checked_crs)

    @model_validator(mode="after")
    def _fields(self) -> Layer:
        if self.code is None and self.codes.scheme is Scheme.KEEP:
            raise ValueError(saying("code names the field that holds the code; without one, give codes: a scheme"))
        if (self.lon is None) != (self.lat is None):
            raise ValueError(saying("lon and lat belong together"))
        return self


class TerritoryFile(Section):
    """``territory.yaml``: a territory to import, layers from the top down."""

    name: Text
    code: str = Field(min_length=1, pattern=r"^[^/\s]+$")
    timezone: str = "Asia/Shanghai"
    holidays: str = "CN"
    crs: str = "EPSG:4326"
    root_level: Slug = "district"
    layers: list[Layer] = Field(min_length=1)
    nesting: Literal["largest-overlap", "field"] = "largest-overlap"
    repair: bool = False
    border_metres: float = Field(default=BORDER_METRES, ge=0, le=100)
    outside_metres: float = Field(default=OUTSIDE_METRES, ge=0)

    _crs = field_validator("crs")(_checked_crs)

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(_with_hint(saying("there is no time zone %(name)s", name=value), value, available_timezones()))
        return ZoneInfo(value).key

    @field_validator("holidays")
    @classmethod
    def _holidays(cls, value: str) -> str:
        country, _, part = value.partition("-")
        known = holidays.list_supported_countries(include_aliases=True)
        if country not in known or (part and part not in known[country]):
            raise ValueError(saying("no holidays are known for %(name)s: give a country such as CN, or a country and its part such as US-MA", name=value))
        return value

    @model_validator(mode="after")
    def _levels(self) -> TerritoryFile:
        levels = [self.root_level, *(layer.level for layer in self.layers)]
        twice = {level for level in levels if levels.count(level) > 1}
        if twice:
            raise ValueError(saying("each level has one layer; twice: %(levels)s", levels=", ".join(sorted(twice))))
        for number, layer in enumerate(self.layers):
            known = {"n", "root", "parent", *levels[: number + 1]}
            facts = {"template": layer.codes.template, "names": ", ".join(sorted(known))}
            try:
                asked = {name for _, name, _, _ in string.Formatter().parse(layer.codes.template) if name is not None}
                layer.codes.template.format(**dict.fromkeys(known - {"n"}, ""), n=1)
            except (ValueError, KeyError, IndexError, AttributeError, TypeError):
                raise ValueError(saying("template %(template)s may use %(names)s, with a width such as {n:03}", **facts)) from None
            if not asked <= known:
                raise ValueError(saying("template %(template)s may use %(names)s, as plain names", **facts))
            if self.nesting == "field" and number and layer.parent is None:
                raise ValueError(saying("nesting: field needs the parent field of layer %(level)s", level=layer.level))
        return self


def _with_hint(told: Said, value: str, known: Collection[str]) -> Said:
    found = nearest(value, known)
    return saying("%(told)s; did you mean %(name)s?", told=told, name=found) if found else told


def parse_territory(raw: bytes, *, file: str = "territory.yaml") -> TerritoryFile:
    """Read the bytes of a ``territory.yaml``.

    Raises:
        BadTerritory: not YAML, or not this shape; each problem says its line and path.
    """
    root, problems = read_source(raw, file)
    if root is None or problems:
        raise BadTerritory([Finding(file, _line(problem.line, problem.path), _said(problem)) for problem in problems])
    try:
        return TerritoryFile.model_validate(root.plain())
    except ValidationError as error:
        raise BadTerritory([_finding(file, root, found) for found in error.errors()]) from None


def _said(problem: Problem) -> Said:
    return Said(problem.message, problem.params) if problem.path or "playbook" not in problem.expected else saying("it is empty")


def _line(number: int, path: Path) -> Said:
    return saying("line %(number)s, %(path)s", number=number, path=write_path(path)) if path else saying("line %(number)s", number=number)


def _finding(file: str, root: Value, found: Any) -> Finding:
    path = tuple(part for part in found["loc"] if part not in ("str", "Names"))
    error = (found.get("ctx") or {}).get("error")
    told = error.args[0] if error is not None and isinstance(error.args[0], Said) else saying("this value does not fit: %(why)s", why=found["msg"])
    if error is not None and isinstance(error.args[0], Refusal):
        told = Said(error.args[0].message, error.args[0].params)
    if found["type"] == "extra_forbidden":
        shapes: list[type[Section]] = [TerritoryFile]
        if path[0] == "layers":
            shapes = [Codes] if "codes" in path else [Names, Text] if len(path) > 3 else [Layer]
        elif len(path) > 1:
            shapes = [Text]
        known = [name for shape in shapes for name in shape.model_fields]
        told = _with_hint(saying("%(name)s is not known here", name=path[-1]), str(path[-1]), known)
    elif found["type"] == "missing":
        told, path = saying("%(name)s is missing", name=path[-1]), path[:-1]
    value = root.find(path)
    while value is None:
        path = path[:-1]
        value = root.find(path)
    line = (value.key or value.place).line
    return Finding(file, _line(line, path), told)


@dataclass(frozen=True, slots=True)
class AreaSource:
    """One area as read: polygon (or a bare point) in WGS 84; ``where`` names the feature or row for people."""

    code: str
    names: Mapping[str, str]
    where: Said | str
    households: int | None = None
    polygon: BaseGeometry | None = None
    point: tuple[float, float] | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class LayerSource:
    level: str
    file: str
    areas: tuple[AreaSource, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    codes: Codes = KEEP


@dataclass(frozen=True, slots=True)
class TerritorySource:
    """A whole territory as read, checked feature by feature, not yet joined into a tree."""

    code: str
    names: Mapping[str, str]
    layers: tuple[LayerSource, ...]
    root_level: str = "district"
    timezone: str = "Asia/Shanghai"
    holidays: str = "CN"
    nesting: str = "largest-overlap"
    border_metres: float = BORDER_METRES
    outside_metres: float = OUTSIDE_METRES
    repaired: tuple[str, ...] = ()
    records: Mapping[RecordKind, tuple[RecordSource, ...]] = field(default_factory=dict)  # imported with it, where there are any
