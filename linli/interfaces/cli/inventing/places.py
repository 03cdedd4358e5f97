"""Invented places that are looked after, and devices that ring."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from linli.directory.devices.services import NewDevice, raise_alarm, register_devices
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.directory.territory.selectors.things import entities, places
from linli.directory.territory.services.records import import_records
from linli.engines.duties import tasks as duties
from linli.engines.duties.inspections.playbook import keeps_ledgers, ledger_policy
from linli.engines.duties.inspections.services.leaves import NewLeaf, write_leaf
from linli.engines.duties.inspections.tasks import draw
from linli.engines.duties.services.subjects import refresh_sources
from linli.interfaces.cli.inventing.duties import shown
from linli.interfaces.cli.inventing.stage import Stage
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write

TRADES = (
    ("hotel", "望潮旅馆", "Wangchao Inn", 2), ("internet_cafe", "星河网吧", "Xinghe Internet Cafe", 1), ("bathhouse", "清泉浴室", "Qingquan Bathhouse", 2),
    ("entertainment", "欢歌厅", "Huange Karaoke", 3), ("pawnshop", "恒信典当", "Hengxin Pawnshop", 0),
)  # fmt: skip
UNITS = (
    ("shop", "邻家超市", "Linjia Supermarket"), ("catering", "小满面馆", "Xiaoman Noodles"), ("workshop", "永兴加工厂", "Yongxing Workshop"),
    ("security", "平安物业保安队", "Ping'an Property Guards"),
)  # fmt: skip
# What stands on a leaf, by the name of its field; a form takes those that it asks for.
FILLED: dict[str, Any] = {
    "exits": 2, "area": 180, "hours": "08:00-22:00", "line": "零售服务", "floors": 1, "stores_goods": True, "dangerous_goods": False, "staff": 6, "guards": 1,
    "trained": 4, "dormitory": 0, "signed": True, "extinguishers": 6, "alarm": True, "rooms": 6, "structure": "brick", "gas": False, "escape": True,
    "tenants": 9, "households": 5, "changed": 0, "name": "值班前台", "phone": "010-5550100",
}  # fmt: skip
DRAWN_DAYS = 9


def lay_places(stage: Stage) -> None:
    """A few rental houses, special trades and firms with their ledgers, so that there is something to keep true; one is left without its leaves."""
    rentals = [("rental", f"望潮路{place}号出租屋", f"{place} Wangchao Road, rented rooms") for place in range(1, len(stage.grids[:6]) + 1)]
    _enter(stage, RecordKind.PLACE, [*rentals, *(trade[:3] for trade in TRADES)])
    _enter(stage, RecordKind.ENTITY, UNITS)
    if not keeps_ledgers():
        return
    empty = TRADES[-1][1]
    exits = {zh: count for _, zh, _, count in TRADES}
    known = {one.name: (kind.value, one.id) for kind, found in ((RecordKind.PLACE, places()), (RecordKind.ENTITY, entities())) for one in found}
    policy, codes = ledger_policy()[1], {zh: code for code, zh, _ in (*rentals, *(trade[:3] for trade in TRADES), *UNITS)}
    with write():
        for zh, code in codes.items():
            kind, place = known[zh]
            stake = policy.stake_of(kind, code)
            given = {**FILLED, "operator": zh, "exits": exits.get(zh, 2), "licence": "示例许可", "on": stage.monday.isoformat()}
            for form in stake.forms.values() if stake and zh != empty else ():
                answers = {field: given[field] for field in form.schema["properties"] if field in given}
                write_leaf(NewLeaf(kind, place, form.code, answers, 0, **shown(form.evidence)), actor=SYSTEM, at=stage.start)


def _enter(stage: Stage, kind: RecordKind, things: Iterable[tuple[str, str, str]]) -> None:
    records = [
        RecordSource(f"demo-{kind.value}-{number}", {"zh": zh, "en": en}, class_code=code, point=stage.grids[number % len(stage.grids)].centre)
        for number, (code, zh, en) in enumerate(things)
    ]
    with write():
        import_records(actor=SYSTEM, at=stage.start, kind=kind, records=records)
        refresh_sources(kinds=[kind.value], at=stage.start)


def draw_places(stage: Stage, day: date) -> None:
    """In the last days, places are drawn each working morning and become duties."""
    if (stage.today - day).days <= DRAWN_DAYS and keeps_ledgers():
        draw(stage.moment(day, 8))
        duties.derive_due(stage.moment(day, 8))


def register(stage: Stage) -> list[str]:
    """Register devices; return the codes of the care bells. One smoke detector rang some minutes ago."""
    found: list[NewDevice] = []
    kinds = (
        ("smoke", "楼道烟感", "Smoke detector in the stairs"),
        ("gas", "食堂燃气报警器", "Gas detector in the canteen"),
        ("water", "地下室水浸", "Water in the cellar"),
    )
    for place, grid in enumerate(stage.grids[:6]):
        kind, zh, en = kinds[place % 3]
        lon, lat = grid.centre or (None, None)
        found.append(NewDevice(f"DEMO-{kind}-{place + 1}", kind, {"zh": zh, "en": en}, grid.code, lon, lat, f"望潮路{place + 1}号"))
        found.append(
            NewDevice(f"DEMO-camera-{place + 1}", "camera", {"zh": "广场摄像头（仅登记维护）", "en": "Camera of the square (upkeep)"}, grid.code, lon, lat)
        )
    bells = [f"DEMO-bell-{place + 1}" for place in range(3)]
    found += [NewDevice(code, "care_bell", {"zh": "爱心铃", "en": "Care bell"}, stage.grids[place % len(stage.grids)].code) for place, code in enumerate(bells)]
    with write():
        register_devices(actor=SYSTEM, at=stage.start, devices=found)
        rang = stage.at - timedelta(minutes=12)
        raise_alarm(actor=SYSTEM, at=stage.at, device="DEMO-smoke-1", happened_at=rang, message="2号楼3层", key="demo")
    return bells
