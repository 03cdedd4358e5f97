"""Reading a territory from files. Touches files only; everything wrong is gathered and refused in one answer."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from linli.directory.territory.rules import demo
from linli.directory.territory.rules.findings import BadTerritory, Finding, in_row
from linli.directory.territory.rules.source import (
    AreaSource,
    Layer,
    LayerSource,
    Names,
    TerritoryFile,
    TerritorySource,
    parse_territory,
)
from linli.kernel.boundaries import refused_attribute
from linli.kernel.geo.rules import from_bd09, from_gcj02, metres_between, repaired
from linli.kernel.refusal import N_, Said, saying

FILE = "territory.yaml"
DEMO = "demo"
MAX_BYTES = 500_000_000
LEAST_ACROSS = 50.0  # metres; no territory is smaller, but degrees taken for feet are
_WGS84 = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class _Table:
    """A file's content: columns by name, geometries (or None) by feature."""

    columns: Mapping[str, Sequence[Any]]
    shapes: Sequence[BaseGeometry | None]
    crs: str | None  # what the file itself says, where it says more than its format's default
    rows: bool  # rows below a header, counted with it; else features, counted from one

    def where(self, place: int) -> Said:
        return in_row(place + 2) if self.rows else saying("feature %(number)s", number=place + 1)


def territory_source(given: str | Path) -> TerritorySource:
    """The territory of a folder with a ``territory.yaml``, or the built-in one named ``demo``."""
    return demo.territory() if str(given) == DEMO else read_territory(Path(given))


def read_territory(folder: Path) -> TerritorySource:
    """Read ``folder/territory.yaml`` and the files that it names.

    Raises:
        BadTerritory: a file is missing, is not what it says, lacks fields, declares another coordinate system or encoding,
            holds a crossed outline (without ``repair: true``), or a field that names ethnicity, religion or politics.
    """
    path = folder / FILE if folder.is_dir() else folder
    if not path.is_file():
        raise BadTerritory([Finding(str(path), "", saying("there is no such file; a territory is a folder with a %(file)s", file=FILE))])
    territory = parse_territory(path.read_bytes(), file=path.name)
    mended: list[str] = []
    layers = tuple(_read_layer(path.parent, territory, layer, mended) for layer in territory.layers)
    return TerritorySource(
        code=territory.code,
        names=territory.name.model_dump(),
        layers=layers,
        root_level=territory.root_level,
        timezone=territory.timezone,
        holidays=territory.holidays,
        nesting=territory.nesting,
        border_metres=territory.border_metres,
        outside_metres=territory.outside_metres,
        repaired=tuple(mended),
    )


def _read_layer(folder: Path, territory: TerritoryFile, layer: Layer, mended: list[str]) -> LayerSource:
    path = folder / layer.file
    if not path.is_file():
        raise BadTerritory([Finding(layer.file, "", saying("there is no such file beside territory.yaml"))])
    if path.stat().st_size > MAX_BYTES:
        raise BadTerritory([Finding(layer.file, "", saying("the file is larger than %(megabytes)s MB", megabytes=MAX_BYTES // 1_000_000))])
    table = _read_csv(path, layer) if path.suffix.lower() in (".csv", ".txt") else _read_features(path, layer)
    _refuse_fields(layer, table)
    shapes = _in_wgs84(layer, table, layer.crs or territory.crs, said=layer.crs is not None)
    areas = _areas(layer, table, shapes, repair=territory.repair, mended=mended)
    return LayerSource(layer.level, layer.file, areas, names=layer.names.model_dump() if layer.names else {}, codes=layer.codes)


def _read_features(path: Path, layer: Layer) -> _Table:
    import pyogrio  # it brings pandas along, where that is installed: loaded where a map file is read
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer.layer, encoding=layer.encoding, force_2d=True)
    except (UnicodeDecodeError, LookupError):
        raise BadTerritory([Finding(layer.file, "", saying("the text is not in the encoding it says; give encoding: gb18030 or the right one"))]) from None
    except DataLayerError:
        known = ", ".join(name for name, _ in pyogrio.list_layers(path))
        raise BadTerritory([Finding(layer.file, "", saying("there is no layer %(layer)s; there are %(known)s", layer=layer.layer, known=known))]) from None
    except DataSourceError:
        raise BadTerritory([Finding(layer.file, "", saying("this is no GeoJSON, Shapefile, GeoPackage or CSV that can be read"))]) from None
    except Exception as error:  # GDAL's own errors have no common base
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadTerritory([Finding(layer.file, "", saying("it cannot be read: %(why)s", why=why))]) from None
    if shapes is None or not len(shapes):
        raise BadTerritory([Finding(layer.file, "", saying("it holds no features with outlines"))])
    try:
        read = shapely.from_wkb(shapes)
    except shapely.errors.GEOSException:
        raise BadTerritory([Finding(layer.file, "", saying("it holds outlines that cannot be read"))]) from None
    names = [str(name) for name in meta["fields"]]
    stated = meta["crs"]
    if stated and path.suffix.lower() in (".geojson", ".json") and CRS.from_user_input(stated) == CRS.from_user_input(_WGS84):
        stated = None  # GeoJSON's default, said of every file without a crs of its own
    return _Table(dict(zip(names, columns, strict=True)), list(read), stated, rows=False)


def _read_csv(path: Path, layer: Layer) -> _Table:
    columns = read_columns(path.read_bytes(), file=layer.file, encoding=layer.encoding)
    count = len(next(iter(columns.values()), ()))
    shapes: list[BaseGeometry | None] = [None] * count
    problems = []
    for place in range(count):
        try:
            if layer.wkt is not None and layer.wkt in columns:
                shapes[place] = shapely.from_wkt(columns[layer.wkt][place]) if columns[layer.wkt][place] else None
            elif layer.lon is not None and layer.lat is not None and layer.lon in columns and layer.lat in columns:
                shapes[place] = shapely.Point(float(columns[layer.lon][place]), float(columns[layer.lat][place]))
        except (ValueError, shapely.errors.GEOSException):
            problems.append(Finding(layer.file, in_row(place + 2), saying("the outline or the point cannot be read")))
    if problems:
        raise BadTerritory(problems)
    return _Table(columns, shapes, None, rows=True)


def read_columns(raw: bytes, *, file: str, encoding: str | None = None) -> dict[str, list[str]]:
    """The columns of a CSV (comma, semicolon or tab; header first), every value as text without outer blanks.

    Raises:
        BadTerritory: wrong encoding, no rows, a row of another length than the header, a column twice.
    """
    try:
        text = raw.decode(encoding or "utf-8-sig")
    except (UnicodeDecodeError, LookupError):
        if encoding is None:
            raise BadTerritory([Finding(file, "", saying("the text is not UTF-8; give encoding: gb18030 or the right one"))]) from None
        raise BadTerritory([Finding(file, "", saying("the text is not %(encoding)s", encoding=encoding))]) from None
    if "\x00" in text:
        raise BadTerritory([Finding(file, "", saying("this is no CSV: it holds binary data"))])
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadTerritory([Finding(file, "", saying("this is no CSV: %(why)s", why=str(error)))]) from None
    if len(rows) < 2:
        raise BadTerritory([Finding(file, "", saying("expected a line of column names and rows below it"))])
    names = [name.strip() for name in rows[0]]
    if len(set(names)) != len(names):
        raise BadTerritory([Finding(file, in_row(1), saying("a column name stands twice"))])
    problems = [
        Finding(file, in_row(number), saying("%(values)s values for %(columns)s columns", values=len(row), columns=len(names)))
        for number, row in enumerate(rows[1:], 2)
        if len(row) != len(names)
    ]
    if problems:
        raise BadTerritory(problems)
    return {name: [row[place].strip() for row in rows[1:]] for place, name in enumerate(names)}


def _refuse_fields(layer: Layer, table: _Table) -> None:
    refused = [name for name in table.columns if refused_attribute(name)]
    if refused:
        told = saying("data about ethnicity, religion or political standing is not taken in; remove the field")
        raise BadTerritory([Finding(layer.file, saying("field %(name)s", name=name), told) for name in refused])
    asked = {"code": layer.code, "households": layer.households, "parent": layer.parent, "wkt": layer.wkt, "lon": layer.lon, "lat": layer.lat}
    if isinstance(layer.name, Names):
        asked |= {"name.zh": layer.name.zh, "name.en": layer.name.en}
    else:
        asked["name"] = layer.name
    missing = [(what, field) for what, field in asked.items() if field is not None and field not in table.columns]
    if missing:
        known = ", ".join(table.columns) or "–"
        message = N_("there is no field %(field)s (%(what)s); there are: %(known)s")
        raise BadTerritory([Finding(layer.file, "", Said(message, {"field": field, "what": what, "known": known})) for what, field in missing])


def _in_wgs84(layer: Layer, table: _Table, declared: str, *, said: bool) -> list[BaseGeometry | None]:
    """The shapes in WGS 84 degrees."""
    if table.crs is not None and not said and not stands_for(table.crs, declared):
        told = saying("the file says %(crs)s, territory.yaml says %(declared)s; give this layer the crs that is right", crs=table.crs, declared=declared)
        raise BadTerritory([Finding(layer.file, "", told)])
    shapes = np.array(table.shapes, dtype=object)
    present = np.array([shape is not None and not shape.is_empty for shape in shapes], dtype=bool)
    if present.any():
        shapes[present] = shapely.transform(shapes[present], to_wgs84(declared))
        bounds = shapely.bounds(shapes[present])
        good = np.isfinite(bounds).all(axis=1) & (np.abs(bounds[:, [0, 2]]) <= 180).all(axis=1) & (np.abs(bounds[:, [1, 3]]) <= 90).all(axis=1)
        wrong = np.flatnonzero(present)[~good]
        if len(wrong):
            told = saying("its coordinates are no places on Earth in %(declared)s: is the crs right?", declared=declared)
            raise BadTerritory([Finding(layer.file, table.where(int(place)), told) for place in wrong])
        west, south, east, north = shapely.total_bounds(shapes[present])
        across = metres_between(west, south, east, north)
        if shapely.area(shapes[present]).any() and across < LEAST_ACROSS:
            told = saying("in %(declared)s all of it measures %(metres)s m across: is the crs right?", declared=declared, metres=f"{across:.2f}")
            raise BadTerritory([Finding(layer.file, "", told)])
    return list(shapes)


def stands_for(stated: str, declared: str) -> bool:
    """Can a file that states the one coordinate system be in the other?"""
    if declared in ("GCJ-02", "BD-09"):  # files have no way to say these; they say degrees
        return bool(CRS.from_user_input(stated).is_geographic)
    return bool(CRS.from_user_input(stated).equals(CRS.from_user_input(declared), ignore_axis_order=True))


def to_wgs84(declared: str) -> Any:
    """What turns an array of points (x, y) of the declared coordinate system into WGS 84 degrees (longitude, latitude)."""
    if declared in ("GCJ-02", "BD-09"):
        inverse: Any = from_gcj02 if declared == "GCJ-02" else from_bd09
        return lambda points: np.column_stack(inverse(points[:, 0], points[:, 1]))
    if CRS.from_user_input(declared) == CRS.from_user_input(_WGS84):
        return lambda points: points
    transformer = Transformer.from_crs(declared, _WGS84, always_xy=True)
    return lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))


def _areas(layer: Layer, table: _Table, shapes: list[BaseGeometry | None], *, repair: bool, mended: list[str]) -> tuple[AreaSource, ...]:
    areas, problems = [], []
    seen: dict[str, Said] = {}
    for place, shape in enumerate(shapes):
        where = table.where(place)
        code = plain_text(table.columns[layer.code][place]) if layer.code else ""
        name = saying("%(where)s (%(code)s)", where=where, code=code) if code else where
        if layer.code and not code:
            problems.append(Finding(layer.file, where, saying("the code (%(field)s) is empty", field=layer.code)))
            continue
        if "/" in code or len(code) > 100:
            problems.append(Finding(layer.file, name, saying("a code has no slash and at most 100 characters")))
        if code in seen:
            problems.append(Finding(layer.file, name, saying("the code %(code)s stands twice, first at %(first)s", code=code, first=seen[code])))
        if code:
            seen.setdefault(code, where)
        households, wrong = _count(table.columns[layer.households][place] if layer.households else None)
        if wrong:
            problems.append(Finding(layer.file, name, saying("households (%(field)s) is not a whole number of zero or more", field=layer.households)))
        polygon, point = None, None
        if shape is not None and not shape.is_empty:
            if shape.geom_type == "Point":
                point = (float(shape.x), float(shape.y))
            elif shape.geom_type not in ("Polygon", "MultiPolygon"):
                problems.append(Finding(layer.file, name, saying("expected a polygon, found %(found)s", found=shape.geom_type)))
            else:
                polygon = shape
        elif layer.wkt is not None or not table.rows:
            problems.append(Finding(layer.file, name, saying("the outline is empty")))
        if polygon is not None and not polygon.is_valid:
            if repair and not repaired(polygon).is_empty:
                polygon = repaired(polygon)
                mended.append(code or str(where))
            else:
                message = N_("the outline crosses itself (%(how)s)") if repair else N_("the outline crosses itself (%(how)s); mend it, or set repair: true")
                problems.append(Finding(layer.file, name, Said(message, {"how": shapely.is_valid_reason(polygon)})))
        parent = plain_text(table.columns[layer.parent][place]) if layer.parent else None
        areas.append(AreaSource(code, _names(layer, table, place), where, households, polygon, point, parent))
    if problems:
        raise BadTerritory(problems)
    return tuple(areas)


def _names(layer: Layer, table: _Table, place: int) -> dict[str, str]:
    if layer.name is None:
        return {}
    if isinstance(layer.name, Names):
        return {
            language: text
            for language, column in (("zh", layer.name.zh), ("en", layer.name.en))
            if column is not None and (text := plain_text(table.columns[column][place]))
        }
    text = plain_text(table.columns[layer.name][place])
    return {"zh": text, "en": text} if text else {}


def plain_text(value: Any) -> str:
    """A cell as text: whole floats without their ".0", nothing for null and NaN."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _count(value: Any) -> tuple[int | None, bool]:
    """A count as read, and whether it is wrong."""
    text = plain_text(value)
    if not text:
        return None, False
    return (int(text), False) if text.isascii() and text.isdigit() and len(text) < 10 else (None, True)
