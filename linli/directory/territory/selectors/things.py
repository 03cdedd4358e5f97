"""Places and facilities, plainly: what recurring work is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from linli.directory.territory.models import Classed, Facility, Place

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


def _things(model: type[Classed]) -> Iterator[Thing]:
    rows = model._default_manager.values_list("id", "area_id", "names", "code", "class_code")
    for key, area_id, names, code, class_code in rows.iterator(chunk_size=5_000):
        yield Thing(key, area_id, (names.get("zh") or names.get("en") or code)[:LABEL_MOST], class_code)
