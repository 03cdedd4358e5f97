"""From layers to one tree: who belongs to whom, codes, paths; and what an import would change. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from linli.directory.territory.rules.addresses import search_text
from linli.directory.territory.rules.findings import BadTerritory, Finding
from linli.directory.territory.rules.source import LEVEL_NAMES, AreaSource, LayerSource, Scheme, TerritorySource
from linli.kernel.geo.rules import Flaw, check_areas, metres_per_degree
from linli.kernel.refusal import N_, Said, saying

SPLIT_SHARE = 0.01  # a second upper area that holds this share makes an area "split"; less is rounding of the drawing


@dataclass(frozen=True, slots=True)
class Nested:
    """For each lower area: the place of its upper one, whether it is split, whether it touches no upper area at all."""

    parent: NDArray[np.int64]
    split: NDArray[np.bool_]
    outside: NDArray[np.bool_]


def nest(lower: Sequence[BaseGeometry], upper: Sequence[BaseGeometry]) -> Nested:
    """Give each lower polygon (or point) to the upper polygon that holds most of it; on a tie, to the first.

    One that touches no upper polygon goes to the nearest and is marked ``outside``. Shares are of the ground that lies in any
    upper polygon, so water beyond the upper layer does not count as split.
    """
    below, above = np.array(lower, dtype=object), np.array(upper, dtype=object)
    tree = shapely.STRtree(above)
    one, other = tree.query(below, predicate="intersects")
    is_point = shapely.get_dimensions(below) == 0
    shared = shapely.area(shapely.intersection(below[one], above[other]))
    shared[is_point[one]] = 1.0
    overlap = np.zeros((len(below), len(above)))
    overlap[one, other] = shared
    parent = overlap.argmax(axis=1)
    held = overlap.sum(axis=1)
    outside = held <= 0
    rest = held - overlap.max(axis=1)
    split = ~outside & ~is_point & (rest > SPLIT_SHARE * held)
    for place in np.flatnonzero(outside):
        parent[place] = int(tree.query_nearest(below[place], all_matches=True).min())
    return Nested(parent, split, outside)


@dataclass(frozen=True, slots=True)
class PlannedArea:
    """One area as it will stand."""

    code: str
    level: str
    depth: int
    path: str
    parent: str | None
    names: Mapping[str, str]
    households: int | None
    centre: tuple[float, float] | None
    polygon: BaseGeometry | None
    split: bool
    address: str = ""  # names of the areas above, root first

    def search(self) -> str:
        """What the area is found by."""
        return search_text(self.names, address=self.address, code=self.code)

    def record(self) -> tuple[Any, ...]:
        """What is compared with a stored row to see a change (without the place in the tree)."""
        geometry = None if self.polygon is None else shapely.to_wkb(self.polygon)
        return (self.level, dict(self.names), self.households, self.centre, geometry, self.split, self.search())


@dataclass(frozen=True, slots=True)
class Plan:
    """The tree an import asks for, parents before children, and what people should know about it, by level."""

    areas: tuple[PlannedArea, ...]
    split: Mapping[str, int]
    outside: Mapping[str, int]
    flaws: Mapping[str, tuple[Flaw, ...]]


def plan_territory(source: TerritorySource) -> Plan:
    """Join the layers into one tree under the root.

    Raises:
        BadTerritory: a code twice, a parent that is not there, codes that cannot be generated, layers on different ground.
    """
    root_polygon = _outline(source)
    root = PlannedArea(source.code, source.root_level, 0, f"{source.code}/", None, source.names, None, _centre(root_polygon), None, False)
    planned, above = [root], [root]
    splits: dict[str, int] = {}
    outsides: dict[str, int] = {}
    flaws: dict[str, tuple[Flaw, ...]] = {}
    for depth, layer in enumerate(source.layers, start=1):
        nested = _parents(source, layer, above, depth)
        areas = _with_codes(source, layer, nested, above, planned)
        current = [
            PlannedArea(
                code=area.code,
                level=layer.level,
                depth=depth,
                path=f"{above[parent].path}{area.code}/",
                parent=above[parent].code,
                names=area.names or {"zh": area.code, "en": area.code},
                households=area.households,
                centre=area.point or _centre(area.polygon),
                polygon=area.polygon,
                split=bool(split),
                address=above[parent].address + (above[parent].names.get("zh") or above[parent].code),
            )
            for area, parent, split in zip(areas, nested.parent.tolist(), nested.split.tolist(), strict=True)
        ]
        splits[layer.level], outsides[layer.level] = int(nested.split.sum()), int(nested.outside.sum())
        flaws[layer.level] = tuple(check_areas({area.code: area.polygon for area in current if area.polygon is not None}))
        planned += sorted(current, key=lambda area: area.code)
        above = current
    _refuse_shared_codes(planned)
    return Plan(tuple(_households_summed(planned)), splits, outsides, flaws)


def _outline(source: TerritorySource) -> BaseGeometry | None:
    polygons = [area.polygon for area in source.layers[0].areas if area.polygon is not None]
    return shapely.union_all(shapely.set_precision(np.array(polygons, dtype=object), 1e-9)) if polygons else None


def _centre(polygon: BaseGeometry | None) -> tuple[float, float] | None:
    """The centroid where it lies in the area, else a point that does; in degrees, 7 decimals."""
    if polygon is None or polygon.is_empty:
        return None
    point = polygon.centroid
    if not polygon.contains(point):
        point = polygon.representative_point()
    return round(point.x, 7), round(point.y, 7)


def _ground(area: AreaSource | PlannedArea) -> BaseGeometry | None:
    if area.polygon is not None:
        return area.polygon
    point = area.point if isinstance(area, AreaSource) else area.centre
    return shapely.Point(point) if point else None


def _parents(source: TerritorySource, layer: LayerSource, above: Sequence[PlannedArea], depth: int) -> Nested:
    count = len(layer.areas)
    if depth == 1:
        return Nested(np.zeros(count, np.int64), np.zeros(count, bool), np.zeros(count, bool))
    if source.nesting == "field":
        places = {area.code: place for place, area in enumerate(above)}
        missing = [
            Finding(layer.file, area.where, saying("there is no upper area %(code)s", code=area.parent)) for area in layer.areas if area.parent not in places
        ]
        if missing:
            raise BadTerritory(missing)
        return Nested(np.array([places[str(area.parent)] for area in layer.areas]), np.zeros(count, bool), np.zeros(count, bool))
    below = [_ground(area) for area in layer.areas]
    lost = [
        Finding(layer.file, area.where, saying("it has neither outline nor point, so no upper area can be found"))
        for area, shape in zip(layer.areas, below, strict=True)
        if shape is None
    ]
    if lost:
        raise BadTerritory(lost)
    if any(area.polygon is None for area in above):
        told = saying("nesting by overlap needs outlines in the layer above; give nesting: field and a parent field")
        raise BadTerritory([Finding(layer.file, "", told)])
    nested = nest([shape for shape in below if shape is not None], [area.polygon for area in above if area.polygon is not None])
    if 2 * nested.outside.sum() > count:
        outside = int(nested.outside.sum())
        told = saying("%(outside)s of %(count)s areas lie outside every area of the layer above: is the crs right?", outside=outside, count=count)
        raise BadTerritory([Finding(layer.file, "", told)])
    return nested


def in_reading_order(points: Sequence[tuple[float, float]]) -> list[int]:
    """Numbers of ``points`` west to east, in rows from north to south; a row is as high as an area is wide on average."""
    if not points:
        return []
    lons, lats = np.array(points).T
    east, north = metres_per_degree(float(lats.mean()))
    width, height = np.ptp(lons) * east, np.ptp(lats) * north
    row = math.sqrt(width * height / len(points)) or 1.0
    rows = np.floor((lats.max() - lats) * north / row + 1e-9).astype(int)
    return [int(place) for place in np.lexsort((lats, lons, rows))]


def _with_codes(source: TerritorySource, layer: LayerSource, nested: Nested, above: Sequence[PlannedArea], planned: Sequence[PlannedArea]) -> list[AreaSource]:
    """The layer's areas with the codes its scheme gives them; numbers run within one parent."""
    areas = list(layer.areas)
    if layer.codes.scheme is Scheme.KEEP:
        return areas
    chains = {area.code: area for area in planned}
    for place, parent in enumerate(above):
        children = [number for number in range(len(areas)) if nested.parent[number] == place]
        centres = [areas[number].point or _centre(areas[number].polygon) for number in children]
        if any(centre is None for centre in centres):
            told = saying("codes by scheme %(scheme)s number areas by place: every area needs an outline or a point", scheme=layer.codes.scheme.value)
            raise BadTerritory([Finding(layer.file, "", told)])
        for count, position in enumerate(in_reading_order([centre for centre in centres if centre is not None]), start=1):
            area = areas[children[position]]
            code = _code(source, layer, parent, chains, count)
            areas[children[position]] = replace(area, code=code, names=area.names or {})
    return areas


def _code(source: TerritorySource, layer: LayerSource, parent: PlannedArea, chains: Mapping[str, PlannedArea], number: int) -> str:
    if layer.codes.scheme is Scheme.TEMPLATE:
        upper = {}
        node: PlannedArea | None = parent
        while node is not None:
            upper[node.level] = node.code
            node = chains.get(node.parent) if node.parent else None
        return layer.codes.template.format(**{**upper, "root": source.code, "parent": parent.code}, n=number)
    prefix = _twelve_digits(source, layer, parent, chains)
    width = 3 if layer.codes.scheme is Scheme.BEIJING_15 else 8
    return f"{prefix}{number:0{width}}"


def _twelve_digits(source: TerritorySource, layer: LayerSource, parent: PlannedArea, chains: Mapping[str, PlannedArea]) -> str:
    """District (6) + street (3) + community (3): the parent's own 12-digit statistical code, else the numbers its layers hold."""
    if len(parent.code) == 12 and parent.code.isdigit():
        return parent.code
    street = chains.get(parent.parent) if parent.parent else None
    digits = [source.code, street.code if street else "", parent.code]
    widths = (6, 3, 3)
    tails = [code if len(code) == width else code[-width:] for code, width in zip(digits, widths, strict=True)]
    if parent.depth != 2 or not all(tail.isdigit() and len(tail) == width for tail, width in zip(tails, widths, strict=True)):
        message = N_("scheme %(scheme)s needs a community above with a 12-digit code, or with 3 digits under a street with 3 and a district with 6")
        where = saying("under %(path)s", path=parent.path)
        raise BadTerritory([Finding(layer.file, where, Said(message, {"scheme": layer.codes.scheme.value}))])
    return "".join(tails)


def _refuse_shared_codes(planned: Sequence[PlannedArea]) -> None:
    seen: dict[str, PlannedArea] = {}
    problems = []
    for area in planned:
        if area.code in seen:
            told = saying("the code %(code)s is used by %(other)s too; codes are unique in a territory", code=area.code, other=seen[area.code].path)
            problems.append(Finding("codes", area.path, told))
        seen.setdefault(area.code, area)
    if problems:
        raise BadTerritory(problems)


def _households_summed(planned: list[PlannedArea]) -> list[PlannedArea]:
    """Upper areas without a count of their own get the sum of their children's, where every child has one."""
    households = {area.code: area.households for area in planned}
    children: dict[str, list[str]] = {}
    for area in planned:
        if area.parent is not None:
            children.setdefault(area.parent, []).append(area.code)
    for area in reversed(planned):
        if households[area.code] is None and area.code in children:
            counts = [households[code] for code in children[area.code]]
            known = [count for count in counts if count is not None]
            households[area.code] = sum(known) if known else None
    return [replace(area, households=households[area.code]) for area in planned]


@dataclass(frozen=True, slots=True)
class StoredArea:
    """What the database holds of an area, as far as an import compares it."""

    path: str
    record: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do. Codes are sorted; dictionaries are by level, top down.

    Attributes:
        split: areas of which another upper area holds over 1 %; they went to the one that holds most.
        outside: areas that lie in no upper area; they went to the nearest.
        moved: codes whose upper area changes (old path → new path).
        relocated: records with a point that now lie in another area.
        in_use: code → tables that refer to it, for areas that are to be removed.
        flaws: crossed outlines, overlaps and gaps.
    """

    levels: Mapping[str, int]
    split: Mapping[str, int]
    outside: Mapping[str, int]
    households: int | None
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    relocated: int = 0
    repaired: tuple[str, ...] = ()
    in_use: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flaws: Mapping[str, tuple[Flaw, ...]] = field(default_factory=dict)


def compare(plan: Plan, stored: Mapping[str, StoredArea], *, repaired: tuple[str, ...] = ()) -> ImportReport:
    """Say what the plan changes against what is stored, by code."""
    wanted = {area.code: area for area in plan.areas}
    kept = [code for code in wanted if code in stored]
    moved = {code: (stored[code].path, wanted[code].path) for code in sorted(kept) if stored[code].path != wanted[code].path}
    changed = sorted(code for code in kept if code not in moved and stored[code].record != wanted[code].record())
    levels: dict[str, int] = {}
    for area in plan.areas:
        levels[area.level] = levels.get(area.level, 0) + 1
    return ImportReport(
        levels=levels,
        split=plan.split,
        outside=plan.outside,
        households=plan.areas[0].households,
        added=tuple(sorted(set(wanted) - set(stored))),
        changed=tuple(changed),
        moved=moved,
        removed=tuple(sorted(set(stored) - set(wanted))),
        unchanged=len(kept) - len(moved) - len(changed),
        repaired=repaired,
        flaws=plan.flaws,
    )


def level_names(source: TerritorySource) -> list[dict[str, Any]]:
    """What ``Territory.levels`` holds: the levels top down with their names."""
    named = [(source.root_level, {}), *((layer.level, layer.names) for layer in source.layers)]
    return [{"level": level, "names": dict(names or LEVEL_NAMES.get(level, {"zh": level, "en": level.capitalize()}))} for level, names in named]
