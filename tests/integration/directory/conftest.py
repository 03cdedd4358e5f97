"""A small territory, staffed as the lianqin playbook says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import yaml

from linli.directory.organisation.models import Appointment, Post
from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.services import staff_areas, staff_demo
from linli.directory.people.services import NewPerson, enter_person
from linli.directory.territory.models import Area
from linli.directory.territory.services import import_territory, territory_source
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PART = Path(__file__).parents[3] / "playbooks" / "lianqin" / "playbook.yaml"


def day(number: float) -> datetime:
    return AT + timedelta(days=number)


def post(code: str) -> Post:
    return Post.objects.get(code=code)


def holder_of(code: str) -> UUID:
    return Appointment.objects.get(post__code=code, ends_at=None).person_id


def newcomer(code: str = "n1", name: str = "新人") -> UUID:
    with write():
        return enter_person(actor=SYSTEM, at=AT, person=NewPerson(code, name))


def lianqin() -> DirectorySection:
    return DirectorySection.model_validate(yaml.safe_load(PART.read_text())["directory"])


def lay_areas(grids: int = 2) -> dict[str, Area]:
    """A district with one street, one community and ``grids`` grids."""
    areas: dict[str, Area] = {}
    parent = None
    for depth, (code, level) in enumerate([("D", "district"), ("S", "street"), ("C", "community")]):
        path = f"{parent.path if parent else ''}{code}/"
        parent = areas[code] = Area.objects.create(
            code=code, level=level, depth=depth, parent=parent, path=path, names={"zh": f"{code}区", "en": f"{code} area"}
        )
    for number in range(grids):
        code = f"G{number}"
        areas[code] = Area.objects.create(
            code=code, level="grid", depth=3, parent=parent, path=f"D/S/C/{code}/", names={"zh": f"第{number}网格", "en": f"Grid {number}"}
        )
    return areas


@pytest.fixture
def areas(db: None) -> dict[str, Area]:
    return lay_areas()


@pytest.fixture
def staffed(areas: dict[str, Area]) -> dict[str, Area]:
    with write():
        staff_areas(actor=SYSTEM, at=AT, section=lianqin())
        staff_demo(actor=SYSTEM, at=AT)
    return areas


@pytest.fixture
def demo_ground(db):
    with write():
        import_territory(actor=SYSTEM, at=AT, source=territory_source("demo"))
