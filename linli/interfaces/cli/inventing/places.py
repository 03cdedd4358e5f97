"""Invented places that are looked after, and devices that ring."""

from __future__ import annotations

from datetime import date, timedelta

from linli.directory.devices.services import NewDevice, raise_alarm, register_devices
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.directory.territory.selectors.things import places
from linli.directory.territory.services.records import import_records
from linli.engines.duties import tasks as duties
from linli.engines.duties.inspections.playbook import keeps_ledgers
from linli.engines.duties.inspections.services.leaves import NewLeaf, write_leaf
from linli.engines.duties.inspections.tasks import draw
from linli.engines.duties.services.subjects import refresh_sources
from linli.interfaces.cli.inventing.stage import Stage
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write

TRADES = (
    ("hotel", "望潮旅馆", "Wangchao Inn", 2), ("internet_cafe", "星河网吧", "Xinghe Internet Cafe", 1), ("bathhouse", "清泉浴室", "Qingquan Bathhouse", 2),
    ("entertainment", "欢歌厅", "Huange Karaoke", 3), ("pawnshop", "恒信典当", "Hengxin Pawnshop", 0),
)  # fmt: skip
DRAWN_DAYS = 9


def lay_places(stage: Stage) -> None:
    """A few rental houses and special trades, so that there is a ledger to keep true; one is left without its leaf."""
    records = []
    for place, grid in enumerate(stage.grids[:6], start=1):
        names = {"zh": f"望潮路{place}号出租屋", "en": f"{place} Wangchao Road, rented rooms"}
        records.append(RecordSource(f"demo-rental-{place}", names, class_code="rental", point=grid.centre))
    for place, (trade, zh, en, _exits) in enumerate(TRADES):
        grid = stage.grids[place % len(stage.grids)]
        records.append(RecordSource(f"demo-trade-{place + 1}", {"zh": zh, "en": en}, class_code=trade, point=grid.centre))
    with write():
        import_records(actor=SYSTEM, at=stage.start, kind=RecordKind.PLACE, records=records)
        refresh_sources(kinds=[RecordKind.PLACE.value], at=stage.start)
    if not keeps_ledgers():
        return
    known = {place.name: place.id for place in places()}
    with write():
        for _trade, zh, _en, exits in TRADES[:-1]:
            answers = {"operator": zh, "licence": f"示例{exits}号", "exits": exits}
            write_leaf(NewLeaf("place", known[zh], "registration", answers, 0), actor=SYSTEM, at=stage.start)


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
