"""Invented streets: the lines that the patrol's grid and its neighbours share, named and taken in as a file of lines would be."""

from __future__ import annotations

from itertools import combinations

import shapely

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.rules.streets import Street, line_metres
from linli.directory.territory.selectors import ground
from linli.directory.territory.services import import_streets
from linli.interfaces.cli.inventing.stage import Stage
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write

LAYER = "demo-streets"
LEAST_METRES = 40.0
NAMES = (
    ("望潮", "Wangchao"), ("听涛", "Tingtao"), ("榆荫", "Yuyin"), ("石桥", "Shiqiao"), ("杏坊", "Xingfang"), ("听泉", "Tingquan"), ("栖云", "Qiyun"),
    ("柳浦", "Liupu"), ("槐安", "Huai'an"), ("竹溪", "Zhuxi"), ("松亭", "Songting"), ("梅园", "Meiyuan"),
)  # fmt: skip
KINDS = (("路", "Road"), ("街", "Street"), ("巷", "Lane"))


def lay_streets(stage: Stage) -> None:
    """A street on every line that two of the grids round the busiest one share."""
    borders = [border for one, other in combinations(_around(stage.grids[0]), 2) if (border := _border(one, other))]
    streets = []
    for number, parts in enumerate(borders):
        (zh, en), (kind_zh, kind_en) = NAMES[number % len(NAMES)], KINDS[number // len(NAMES) % len(KINDS)]
        streets.append(Street({"zh": f"{zh}{kind_zh}", "en": f"{en} {kind_en}"}, parts))
    if streets:
        with write():
            import_streets(actor=SYSTEM, at=stage.start, source=LAYER, streets=streets)


def _around(grid: AreaNode) -> list[AreaNode]:
    land = ground()
    outline = land.polygon(grid.id)
    found = [other for other in land.of_level(grid.level) if (its := land.polygon(other.id)) is not None and outline is not None and its.intersects(outline)]
    return sorted(found, key=lambda other: (other.id != grid.id, other.code))


def _border(one: AreaNode, other: AreaNode) -> tuple[shapely.Geometry, ...]:
    shared = shapely.intersection(ground().polygon(one.id), ground().polygon(other.id))
    lines = [part for part in shapely.get_parts(shared) if part.geom_type == "LineString"]
    merged = list(shapely.get_parts(shapely.line_merge(shapely.MultiLineString(lines)))) if lines else []
    return tuple(line for line, metres in zip(merged, line_metres(merged), strict=True) if metres >= LEAST_METRES)
