"""Places, facilities and homes, plainly: what recurring work is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from linli.directory.territory.models import Building, Classed, Facility, Place

LABEL_MOST = 120


@dataclass(frozen=True, slots=True)
class Thing:
    """A place or a facility: its id, its area, its name and its class."""

    id: UUID
    area_id: UUID
    name: str
    class_code: str


def places() -> Iterator[Thing]:
    """Every place; one query."""
    return _things(Place)


def facilities() -> Iterator[Thing]:
    """Every facility; one query."""
    return _things(Facility)


def homes(*, area_path: str) -> Iterator[tuple[UUID, float, float, int]]:
    """Buildings of an area and below that have a point and a number of households: (area, lon, lat, households); one query."""
    rows = Building.objects.filter(area__path__startswith=area_path, lon__isnull=False, households__gt=0)
    for area_id, lon, lat, households in rows.values_list("area_id", "lon", "lat", "households").iterator(chunk_size=5_000):
        yield area_id, lon or 0.0, lat or 0.0, households or 0


def _things(model: type[Classed]) -> Iterator[Thing]:
    rows = model._default_manager.values_list("id", "area_id", "names", "code", "class_code")
    for key, area_id, names, code, class_code in rows.iterator(chunk_size=5_000):
        yield Thing(key, area_id, (names.get("zh") or names.get("en") or code)[:LABEL_MOST], class_code)
