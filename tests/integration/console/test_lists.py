"""Every list of the desk leaves as a table, CSV and XLSX, and that it did is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from linli.engines.matters.models import Matter
from linli.engines.matters.rules.hexes import hex_of_square
from linli.engines.matters.rules.intake import cell_of
from linli.kernel.audit.models import AuditEntry
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, report
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db
LIANQIN = Path(__file__).resolve().parents[3] / "playbooks" / "lianqin" / "playbook.yaml"


@pytest.fixture
def town(db: None) -> Community:
    made = community(playbook=LIANQIN)
    with write():
        set_clock(to=MONDAY)
    return made


LISTS = (
    "/console/whistles", "/console/calls", "/console/search?q=E", "/console/directory", "/console/audit", "/console/notices", "/console/devices",
    "/console/teams", "/console/duties", "/console/duties/missed?days=30", "/console/outbox", "/console/events", "/command/spot?place=SPOT",
)  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_a_table_that_is_written_down(town: Community, desk: Desk, path: str) -> None:
    receipt = report(town, class_code="C-0118")
    if "SPOT" in path:
        matter = Matter.objects.get(code=receipt.code)
        assert matter.lon is not None and matter.lat is not None
        path = path.replace("SPOT", hex_of_square(cell_of(matter.lon, matter.lat), 8))
    who = desk(role="operator") if any(name in path for name in ("audit", "directory", "outbox", "events")) else desk("street")
    join = "&" if "?" in path else "?"
    answer = who.get(f"{path}{join}format=csv")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv")
    assert len(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()) >= 1
    book = who.get(f"{path}{join}format=xlsx")
    assert book.content[:2] == b"PK"
    assert AuditEntry.objects.filter(action="console.export").count() == 2
