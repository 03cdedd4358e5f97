"""Places, facilities, legal entities and homes, plainly: what recurring work is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Sum

from linli.directory.territory.models import Building, Classed, Facility, LegalEntity, Place

LABEL_MOST = 120


@dataclass(frozen=True, slots=True)
class Thing:
    """A place or a facility: its id, its area, its name and its class."""

    id: UUID
    area_id: UUID
    name: str
    class_code: str


@dataclass(frozen=True, slots=True)
class Spot:
    """What is written on a place's sheet: its own code, its names, its address and its point (WGS 84)."""

    id: UUID
    code: str
    names: Mapping[str, str]
    class_code: str
    address: str
    lon: float | None
    lat: float | None


def spots(kind: str, ids: Collection[UUID]) -> dict[UUID, Spot]:
    """Where places (kind ``place``) or legal entities (``entity``) are; one query."""
    model: type[Classed] = LegalEntity if kind == "entity" else Place
    rows = model._default_manager.filter(id__in=list(ids)).values_list("id", "code", "names", "class_code", "address", "lon", "lat")
    return {row[0]: Spot(*row) for row in rows}


def places() -> Iterator[Thing]:
    """Every place; one query."""
    return _things(Place)


def entities() -> Iterator[Thing]:
    """Every legal entity; one query."""
    return _things(LegalEntity)


def facilities() -> Iterator[Thing]:
    """Every facility; one query."""
    return _things(Facility)


def homes(*, area_path: str) -> Iterator[tuple[UUID, float, float, int]]:
    """Buildings of an area and below that have a point and a number of households: (area, lon, lat, households); one query."""
    rows = Building.objects.filter(area__path__startswith=area_path, lon__isnull=False, households__gt=0)
    for area_id, lon, lat, households in rows.values_list("area_id", "lon", "lat", "households").iterator(chunk_size=5_000):
        yield area_id, lon or 0.0, lat or 0.0, households or 0


@dataclass(frozen=True, slots=True)
class BuildingFact:
    """A building on record: where it is, how it is called, and its counts (None: not known)."""

    area_id: UUID
    compound: str
    name: str
    floors: int | None
    units: int | None
    households: int | None


def buildings(*, area_path: str) -> list[BuildingFact]:
    """The buildings of an area and below, in the order of their codes; one query."""
    rows = Building.objects.filter(area__path__startswith=area_path).order_by("code")
    found = []
    for area_id, names, code, compound, building, *counts in rows.values_list(
        "area_id", "names", "code", "compound", "building", "floors", "units", "households"
    ):
        found.append(BuildingFact(area_id, compound, building or (names.get("zh") or names.get("en") or code)[:60], *counts))
    return found


def buildings_counted(*, area_path: str) -> tuple[int, int]:
    """How many buildings are on record in an area and below, and how many households they say they have; one query."""
    sums = Building.objects.filter(area__path__startswith=area_path).aggregate(count=Count("id"), households=Sum("households"))
    return sums["count"], sums["households"] or 0


def points_of(ids: Collection[UUID]) -> dict[UUID, tuple[float, float]]:
    """Where these places and facilities are, by id: longitude and latitude, of those that have a point of their own; two queries."""
    if not ids:
        return {}
    rows = [row for model in (Place, Facility) for row in model._default_manager.filter(id__in=ids).values_list("id", "lon", "lat")]
    return {key: (lon, lat) for key, lon, lat in rows if lon is not None and lat is not None}


def _things(model: type[Classed]) -> Iterator[Thing]:
    rows = model._default_manager.values_list("id", "area_id", "names", "code", "class_code")
    for key, area_id, names, code, class_code in rows.iterator(chunk_size=5_000):
        yield Thing(key, area_id, (names.get("zh") or names.get("en") or code)[:LABEL_MOST], class_code)
