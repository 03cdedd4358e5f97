"""The ground in memory: the tree of areas and the index that finds the area of a point. Pure.

How a place becomes an area (the same for one point and for a million):

- ``inside``: the point lies in exactly one lowest area, away from any other.
- ``border``: it lies in one, and another is within the border width (5 m unless the territory says otherwise); or it lies
  in none, and the nearest is within that width. The owner is the area that holds the point; on a shared line or in an
  overlap, the one whose code sorts first. The same point always has the same owner.
- ``outside``: it lies in no lowest area. The owner is the nearest within the outside limit (1,000 m unless the territory
  says otherwise); beyond that the lowest upper area that holds the point, else the root. ``metres`` says how far it was.
- ``unplaced``: no point was given. The owner is the area that was named, else the root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from linli.kernel.geo.rules import Placing, PolygonIndex, metres_per_degree, valid_point
from linli.kernel.geo.rules.index import BORDER_METRES, PLACINGS
from linli.kernel.refusal import N_, Kind, Refusal

OUTSIDE_METRES = 1000.0


class UnknownArea(Refusal):
    """An area that the territory does not hold."""

    code = "territory.unknown_area"
    message = N_("There is no area %(area)s.")
    kind = Kind.MISSING
    field = "area"


@dataclass(frozen=True, slots=True)
class AreaNode:
    """One area. ``path`` is the codes from the root, each followed by "/"; ``centre`` lies in the area, (lon, lat) in degrees."""

    id: UUID
    code: str
    level: str
    path: str
    names: Mapping[str, str] = field(hash=False)
    parent_id: UUID | None
    households: int | None = None
    centre: tuple[float, float] | None = None
    split: bool = False

    def name(self, language: str = "zh") -> str:
        """The name in ``language`` ("zh" or "en"), else in the other, else the code."""
        return self.names.get(language) or next((text for text in self.names.values() if text), self.code)


@dataclass(frozen=True, slots=True)
class Location:
    """The area of a place, how it was found, and the metres to it (0 unless the point lies in no area)."""

    area: AreaNode
    how: Placing
    metres: float = 0.0


@dataclass(frozen=True, slots=True)
class Located:
    """Many locations as arrays: ``areas[index[i]]`` is the i-th area; ``how`` holds places in ``PLACINGS``. ``located[i]`` is a Location."""

    areas: Sequence[AreaNode]
    index: NDArray[np.int32]
    how: NDArray[np.uint8]
    metres: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Location]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, place: int) -> Location:
        return Location(self.areas[self.index[place]], PLACINGS[self.how[place]], float(self.metres[place]))


class Ground:
    """A territory as it stands: immutable, safe to share among threads.

    Args:
        areas: every area, parents before children; exactly one without a parent, the root.
        levels: names of the levels, top down.
        polygons: area id → valid polygon in degrees; areas without one are found by name only.

    Which areas own points: those of the lowest level, and areas of upper levels that have no children, on the ground that
    no lower area covers.
    """

    def __init__(
        self,
        areas: Iterable[AreaNode],
        *,
        levels: Sequence[str],
        polygons: Mapping[UUID, BaseGeometry] = MappingProxyType({}),
        border_metres: float = BORDER_METRES,
        outside_metres: float = OUTSIDE_METRES,
        timezone: str = "Asia/Shanghai",
        holidays: str = "CN",
        level_names: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self.levels = tuple(levels)
        self.level_names = level_names
        self.timezone, self.holidays = timezone, holidays
        self.border_metres, self.outside_metres = border_metres, outside_metres
        self._areas = tuple(areas)
        self._ids = {area.id: area for area in self._areas}
        self._codes = {area.code: area for area in self._areas}
        self._paths = {area.path: area for area in self._areas}
        roots = [area for area in self._areas if area.parent_id is None]
        if len(roots) != 1:
            raise ValueError(f"a territory has one root, not {len(roots)}")
        self.root = roots[0]
        self._children: dict[UUID, list[AreaNode]] = {area.id: [] for area in self._areas}
        self._chains: dict[UUID, tuple[AreaNode, ...]] = {self.root.id: (self.root,)}
        for area in self._areas:
            if area.parent_id is not None:
                self._children[area.parent_id].append(area)
                self._chains[area.id] = (*self._chains[area.parent_id], area)
        self._polygons = dict(polygons)
        self._owners, owned = self._owned_ground()
        self._owner_places = {area.id: place for place, area in enumerate(self._owners)}
        self._points = PolygonIndex(owned, border_metres=border_metres) if owned else None
        self._inside = tuple(Location(area, Placing.INSIDE) for area in self._owners)
        self._border = tuple(Location(area, Placing.BORDER) for area in self._owners)

    def _owned_ground(self) -> tuple[list[AreaNode], list[BaseGeometry]]:
        leaves = [area for area in self._areas if not self._children[area.id] and area.id in self._polygons]
        leaves.sort(key=lambda area: (-self.depth(area.id), area.code))
        if not leaves:
            return [], []
        deepest = self.depth(leaves[0].id)
        owners = [area for area in leaves if self.depth(area.id) == deepest]
        ground = [self._polygons[area.id] for area in owners]
        for area in leaves[len(owners) :]:
            polygon = self._polygons[area.id]
            tree = shapely.STRtree(ground)
            over = [ground[number] for number in tree.query(polygon, predicate="intersects")]
            rest = polygon.difference(shapely.union_all(over)) if over else polygon
            width = self.border_metres / metres_per_degree(polygon.centroid.y)[1]
            # Slivers between two drawings of one line are no ground of their own.
            parts = [part for part in shapely.get_parts(rest) if part.geom_type == "Polygon" and not part.buffer(-width).is_empty]
            if parts:
                owners.append(area)
                ground.append(shapely.MultiPolygon(parts))
        return owners, ground

    def __len__(self) -> int:
        return len(self._areas)

    def __iter__(self) -> Iterator[AreaNode]:
        """Every area, parents before children."""
        return iter(self._areas)

    # -- the tree --

    def area(self, area_id: UUID) -> AreaNode:
        """The area of an id.

        Raises:
            UnknownArea: there is none.
        """
        found = self._ids.get(area_id)
        if found is None:
            raise UnknownArea(area=area_id)
        return found

    def by_code(self, code: str) -> AreaNode:
        """The area of a code.

        Raises:
            UnknownArea: there is none.
        """
        found = self._codes.get(code)
        if found is None:
            raise UnknownArea(area=code)
        return found

    def by_path(self, path: str) -> AreaNode:
        """The area of a path such as ``25025/A1/14/``.

        Raises:
            UnknownArea: there is none.
        """
        found = self._paths.get(path)
        if found is None:
            raise UnknownArea(area=path)
        return found

    def by_name(self, name: str, *, level: str | None = None) -> AreaNode | None:
        """The one area of that name in any language (case and blanks aside), else None; None too when several share it."""
        wanted = " ".join(name.casefold().split())
        found = [area for area in self._names.get(wanted, ()) if level is None or area.level == level]
        return found[0] if len(found) == 1 else None

    @cached_property
    def _names(self) -> dict[str, list[AreaNode]]:
        names: dict[str, list[AreaNode]] = {}
        for area in self._areas:
            for text in {" ".join(text.casefold().split()) for text in area.names.values() if text}:
                names.setdefault(text, []).append(area)
        return names

    def ancestors(self, area_id: UUID) -> tuple[AreaNode, ...]:
        """The areas above, root first, without the area itself."""
        return self.chain(area_id)[:-1]

    def chain(self, area_id: UUID) -> tuple[AreaNode, ...]:
        """From the root down to the area itself."""
        found = self._chains.get(area_id)
        if found is None:
            raise UnknownArea(area=area_id)
        return found

    def depth(self, area_id: UUID) -> int:
        """Steps from the root (0)."""
        return len(self.chain(area_id)) - 1

    def at_level(self, area_id: UUID, level: str) -> AreaNode | None:
        """The area itself or the one above it that is of ``level``; None when there is none."""
        return next((area for area in reversed(self.chain(area_id)) if area.level == level), None)

    def children(self, area_id: UUID) -> tuple[AreaNode, ...]:
        """The areas directly below, in code order."""
        self.area(area_id)
        return tuple(self._children[area_id])

    def of_level(self, level: str) -> tuple[AreaNode, ...]:
        """Every area of a level."""
        return tuple(area for area in self._areas if area.level == level)

    def polygon(self, area_id: UUID) -> BaseGeometry | None:
        """The area's own outline in degrees (WGS 84), if it has one."""
        return self._polygons.get(area_id)

    # -- points --

    def locate(self, lon: float, lat: float) -> Location:
        """The area that owns a point (WGS 84, degrees), and how; see the head of this module.

        Raises:
            BadPoint: not a place on Earth.
        """
        if self._points is None:
            valid_point(lon, lat)
            return Location(self.root, Placing.OUTSIDE)
        hit = self._points.locate(lon, lat)
        if hit.placing is Placing.INSIDE:
            return self._inside[hit.index]
        if hit.metres == 0.0:
            return self._border[hit.index]
        if hit.metres <= self.outside_metres:
            return Location(self._owners[hit.index], hit.placing, hit.metres)
        return Location(self._upper(lon, lat), Placing.OUTSIDE, hit.metres)

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> Located:
        """The same for many points at once. What is no point (NaN, out of range) is ``unplaced`` at the root."""
        if self._points is None:
            count = len(np.asarray(lons))
            return Located((self.root,), np.zeros(count, np.int32), np.full(count, PLACINGS.index(Placing.OUTSIDE), np.uint8), np.zeros(count))
        hits = self._points.locate_many(lons, lats)
        areas = [*self._owners, self.root]
        index = np.where(hits.index < 0, len(self._owners), hits.index).astype(np.int32)
        for place in np.flatnonzero(hits.metres > self.outside_metres):
            upper = self._upper(float(np.asarray(lons)[place]), float(np.asarray(lats)[place]))
            if upper.id != self.root.id:
                areas.append(upper)
                index[place] = len(areas) - 1
            else:
                index[place] = len(self._owners)
        return Located(tuple(areas), index, hits.placing, hits.metres)

    def _upper(self, lon: float, lat: float) -> AreaNode:
        """The lowest upper area that holds a point far from every lowest area; the root when none does."""
        tree, areas = self._uppers
        if tree is None:
            return self.root
        found = [areas[number] for number in tree.query(shapely.Point(lon, lat), predicate="intersects")]
        return min(found, key=lambda area: (-self.depth(area.id), area.code), default=self.root)

    @cached_property
    def _uppers(self) -> tuple[shapely.STRtree | None, list[AreaNode]]:
        areas = [area for area in self._areas if area.id in self._polygons and area.id not in self._owner_places]
        return (shapely.STRtree([self._polygons[area.id] for area in areas]) if areas else None), areas

    def unplaced(self, area_id: UUID | None = None) -> Location:
        """The location of something that has no point: the area that was named, else the root."""
        return Location(self.root if area_id is None else self.area(area_id), Placing.UNPLACED)
