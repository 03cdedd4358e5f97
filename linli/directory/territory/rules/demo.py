"""The demo territory: a small district of our own making, in the open water of the Bohai Sea, where nobody lives. Pure.

One district, two streets, four communities of six grids each; outlines are irregular and share their lines exactly. Every
name, code and figure is invented; the code 999001 is given to no division.
"""

from __future__ import annotations

import math
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry

from linli.directory.territory.rules.addresses import AddressElements
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.directory.territory.rules.source import AreaSource, LayerSource, TerritorySource
from linli.kernel.geo.rules import metres_per_degree

DISTRICT = "999001"
_WEST, _NORTH = 119.6, 38.82  # north-west corner
_COLUMNS, _ROWS = 6, 4  # grids
_WIDTH, _HEIGHT = 320.0, 260.0  # metres of a grid, on average
_STREETS = (("望潮街道", "Wangchao Street"), ("栖云街道", "Qiyun Street"))
_COMMUNITIES = (("榆荫社区", "Yuyin Community"), ("石桥社区", "Shiqiao Community"), ("杏坊社区", "Xingfang Community"), ("听泉社区", "Tingquan Community"))
_ROADS = (("望潮路", "Wangchao Road"), ("石桥街", "Shiqiao Street"), ("杏坊路", "Xingfang Road"), ("听泉巷", "Tingquan Lane"))
_COMPOUNDS = (("榆荫里小区", "Yuyinli"), ("石桥花园", "Shiqiao Garden"), ("杏坊家园", "Xingfang Homes"), ("听泉苑", "Tingquan Court"))
_PLACES = (
    ("社区服务中心", "Community Centre", "centre"),
    ("便民菜市场", "Market", "market"),
    ("口袋公园", "Pocket Park", "park"),
    ("小学南门", "Primary School South Gate", "school"),
)
_FACILITIES = (
    ("上水井盖", "Water manhole cover", "0101"),
    ("路灯", "Street lamp", "0108"),
    ("公交站亭", "Bus shelter", "0204"),
    ("果皮箱", "Litter bin", "0303"),
    ("行道树", "Street tree", "0402"),
)
_ENTITIES = (("便利店", "Corner Shop", "retail"), ("早餐铺", "Breakfast Shop", "catering"), ("五金店", "Hardware Shop", "retail"))


def _wobble(seed: int) -> float:
    """A fixed number between -1 and 1 for a number: no chance, the demo is the same every time."""
    value = math.sin(seed * 12.9898 + 4.1414) * 43758.5453
    return 2 * (value - math.floor(value)) - 1


def _degrees(column: float, row: float) -> tuple[float, float]:
    east, north = metres_per_degree(_NORTH)
    return round(_WEST + column * _WIDTH / east, 7), round(_NORTH - row * _HEIGHT / north, 7)


def _corner(column: int, row: int) -> tuple[float, float]:
    seed = 7 * column + 31 * row
    return _degrees(column + 0.22 * _wobble(seed), row + 0.22 * _wobble(seed + 1000))


def _side(a: tuple[int, int], b: tuple[int, int]) -> list[tuple[float, float]]:
    """The line between two neighbouring corners, bent in the middle; the same line from both of its sides."""
    first, last = min(a, b), max(a, b)
    seed = 3 * first[0] + 17 * first[1] + (500 if first[0] == last[0] else 0)
    middle = _degrees((first[0] + last[0]) / 2 + 0.09 * _wobble(seed), (first[1] + last[1]) / 2 + 0.09 * _wobble(seed + 77))
    return [_corner(*a), middle]


def _outline(column: int, row: int) -> BaseGeometry:
    corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    return shapely.Polygon([point for place in range(4) for point in _side(corners[place], corners[(place + 1) % 4])])


def _community(column: int, row: int) -> int:
    return 2 * (column // 3) + row // 2


def _community_code(number: int) -> str:
    return f"{DISTRICT}{number // 2 + 1:03}{number % 2 + 1:03}"


def _grid_number(column: int, row: int) -> int:
    """1 to 6 within the community, west to east and north to south."""
    return 3 * (row % 2) + column % 3 + 1


@lru_cache(maxsize=1)
def territory() -> TerritorySource:
    """The demo territory, with its buildings, places, facilities and firms."""
    cells = [(column, row) for row in range(_ROWS) for column in range(_COLUMNS)]
    outlines = {cell: _outline(*cell) for cell in cells}
    grids = []
    for column, row in sorted(cells, key=lambda cell: (_community(*cell), _grid_number(*cell))):
        number, count = _community(column, row), _grid_number(column, row)
        zh, en = _COMMUNITIES[number]
        code = f"{_community_code(number)}{count:03}"
        names = {"zh": f"{zh[:2]}第{'一二三四五六'[count - 1]}网格", "en": f"{en.split()[0]} Grid {count}"}
        households = 280 + round(90 * _wobble(11 * column + 5 * row))
        grids.append(AreaSource(code, names, f"grid {code}", households, outlines[column, row], parent=_community_code(number)))
    communities = [
        AreaSource(
            _community_code(number), {"zh": zh, "en": en}, f"community {number}", None,
            shapely.union_all([outline for cell, outline in outlines.items() if _community(*cell) == number]),
            parent=f"{DISTRICT}{number // 2 + 1:03}",
        )
        for number, (zh, en) in enumerate(_COMMUNITIES)
    ]  # fmt: skip
    streets = [
        AreaSource(
            f"{DISTRICT}{number + 1:03}", {"zh": zh, "en": en}, f"street {number}", None,
            shapely.union_all([outline for cell, outline in outlines.items() if _community(*cell) // 2 == number]),
            parent=DISTRICT,
        )
        for number, (zh, en) in enumerate(_STREETS)
    ]  # fmt: skip
    return TerritorySource(
        code=DISTRICT,
        names={"zh": "临澜区", "en": "Linlan District"},
        layers=(
            LayerSource("street", "demo", tuple(streets)),
            LayerSource("community", "demo", tuple(communities)),
            LayerSource("grid", "demo", tuple(grids)),
        ),
        nesting="field",
        records={
            RecordKind.BUILDING: tuple(_buildings(cells)),
            RecordKind.PLACE: tuple(_places()),
            RecordKind.FACILITY: tuple(_facilities(cells)),
            RecordKind.ENTITY: tuple(_entities(cells)),
        },
    )


def _elements(number: int, house: int, *, compound: bool) -> AddressElements:
    street, community = _STREETS[number // 2][0], _COMMUNITIES[number][0]
    return AddressElements("临澜区", street, community, _ROADS[number][0], f"{house}号", _COMPOUNDS[number][0] if compound else "")


def _buildings(cells: list[tuple[int, int]]) -> list[RecordSource]:
    found = []
    for column, row in cells:
        number, grid = _community(column, row), _grid_number(column, row)
        for count in range(3):
            block = 3 * (grid - 1) + count + 1
            base = _elements(number, 8 + number, compound=True)
            elements = AddressElements(base.district, base.street, base.community, base.road, base.number, base.compound, f"{block}号楼")
            found.append(
                RecordSource(
                    code=f"{_community_code(number)}B{block:03}",
                    names={"zh": f"{_COMPOUNDS[number][0]}{block}号楼", "en": f"{_COMPOUNDS[number][1]} Building {block}"},
                    point=_degrees(column + 0.32 + 0.18 * count, row + 0.5),
                    address=elements.text(),
                    elements=elements,
                    floors=6 + (column + count) % 3 * 6,
                    units=3,
                    households=72 + 12 * ((row + count) % 3),
                )
            )
    return found


def _places() -> list[RecordSource]:
    found = []
    for number, (zh, en) in enumerate(_COMMUNITIES):
        for count, (what, what_en, kind) in enumerate(_PLACES):
            elements = _elements(number, 20 + count, compound=False)
            point = _degrees(3 * (number // 2) + 0.6 + 0.6 * count, 2 * (number % 2) + 0.45 + 0.3 * count)
            code = f"{_community_code(number)}P{count + 1:02}"
            names = {"zh": f"{zh[:2]}{what}", "en": f"{en.split()[0]} {what_en}"}
            found.append(RecordSource(code=code, names=names, class_code=kind, point=point, address=elements.text(), elements=elements))
    return found


def _facilities(cells: list[tuple[int, int]]) -> list[RecordSource]:
    found = []
    for place, (column, row) in enumerate(cells):
        for count in range(2):
            zh, en, kind = _FACILITIES[(2 * place + count) % len(_FACILITIES)]
            serial = 2 * place + count + 1
            code = f"{DISTRICT}{kind}{serial:06}"
            point = _degrees(column + 0.4 + 0.25 * count, row + 0.35)
            found.append(RecordSource(code=code, names={"zh": f"{zh}{serial}", "en": f"{en} {serial}"}, class_code=kind, point=point))
    return found


def _entities(cells: list[tuple[int, int]]) -> list[RecordSource]:
    found = []
    for place, (column, row) in enumerate(cells[::2]):
        number = _community(column, row)
        zh, en, kind = _ENTITIES[place % len(_ENTITIES)]
        elements = _elements(number, 30 + place, compound=False)
        names = {"zh": f"{_COMMUNITIES[number][0][:2]}{zh}", "en": f"{_COMMUNITIES[number][1].split()[0]} {en}"}
        point = _degrees(column + 0.5, row + 0.62)
        found.append(RecordSource(code=f"{DISTRICT}E{place + 1:03}", names=names, class_code=kind, point=point, address=elements.text(), elements=elements))
    return found
