"""Makes what tests need, through services only: a small staffed community, and people who may act in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services.demo import staff_demo
from linli.directory.organisation.services.staffing import staff_areas
from linli.directory.territory.selectors import ground
from linli.directory.territory.services.importing import import_territory
from linli.directory.territory.services.reading import territory_source
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.services.report import ReportReceipt, report_matters
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.playbooks.services.apply import apply_playbook
from linli.kernel.playbooks.services.load import load_playbook
from linli.kernel.writing import write

SMALL = Path(__file__).parent / "data" / "small" / "playbook.yaml"
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine in the morning in China, a Monday without holidays near
SINCE = MONDAY - timedelta(days=800)


@dataclass(frozen=True)
class Community:
    """A staffed community; grids by number, a point in each."""

    grids: tuple[Any, ...]

    def point(self, grid: int = 0) -> tuple[float, float]:
        return self.grids[grid].centre

    @property
    def streets(self) -> tuple[Any, ...]:
        return ground().of_level("street")

    def head(self, level: str, grid: int = 0) -> Any:
        return organisation().head(level, self.grids[grid].id)


def hold_playbook(*, at: datetime = MONDAY, playbook: Path = SMALL) -> None:
    """Apply a playbook."""
    with write():
        apply_playbook(actor=SYSTEM, at=at, playbook=load_playbook(playbook))


def community(*, at: datetime = MONDAY, playbook: Path = SMALL) -> Community:
    """The demo territory under a playbook, every post held by an invented person since long ago."""
    hold_playbook(at=at, playbook=playbook)
    with write():
        import_territory(actor=SYSTEM, at=at, source=territory_source("demo"))
    with write():
        staff_areas(actor=SYSTEM, at=at, section=active_playbook().section(DirectorySection))
        staff_demo(actor=SYSTEM, at=at, since=SINCE)
    return Community(ground().of_level("grid"))


def person(code: str, area_path: str = "", *, name: str = "") -> Actor:
    """Somebody with a role of the playbook in an area."""
    return Actor(id=f"user:{name or code}", kind=ActorKind.USER, grants=(role_grant(code, area_path),))


def report(town: Community, *, grid: int = 0, at: datetime = MONDAY, actor: Actor = SYSTEM, **wanted: Any) -> ReportReceipt:
    """One report in a grid, taken."""
    lon, lat = town.point(grid)
    request = ReportRequest(**{"at": at, "class_code": "E-0401", "text": "三轮车堵住消防通道", "lon": lon, "lat": lat, **wanted})
    with write():
        (receipt,) = report_matters([request], actor=actor, at=max(at, MONDAY))
    assert isinstance(receipt, ReportReceipt), receipt
    return receipt
