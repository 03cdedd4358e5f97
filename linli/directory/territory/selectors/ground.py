"""The ground in memory, kept while no import has changed it."""

from __future__ import annotations

from uuid import UUID

import shapely

from linli.directory.territory.models import Area, Territory
from linli.directory.territory.rules import AreaNode, Ground
from linli.kernel.epoch.services import Cached
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.refusal import N_, Kind, Refusal


class NoTerritory(Refusal):
    """Nothing can be placed before a territory is imported."""

    code = "territory.none"
    message = N_("There is no territory yet. First: linli territory import DIR.")
    kind = Kind.CONFLICT


_built: tuple[UUID, Ground] | None = None  # survives changes of configuration that are not about the ground


def _build() -> Ground | None:
    global _built
    territory = Territory.objects.first()
    if territory is None:
        return None
    if _built is not None and _built[0] == territory.revision:
        return _built[1]
    polygons: dict[UUID, bytes] = {}
    nodes = []
    fields = ("id", "code", "level", "path", "names", "parent_id", "households", "lon", "lat", "geometry", "split")
    for key, code, level, path, names, parent, households, lon, lat, geometry, split in Area.objects.order_by("depth", "code").values_list(*fields):
        nodes.append(AreaNode(key, code, level, path, names, parent, households, None if lon is None else (lon, lat), split))
        if geometry is not None:
            polygons[key] = bytes(geometry)
    ground = Ground(
        nodes,
        levels=[entry["level"] for entry in territory.levels],
        level_names={entry["level"]: entry["names"] for entry in territory.levels},
        polygons=dict(zip(polygons, shapely.from_wkb(list(polygons.values())), strict=True)),
        border_metres=territory.border_metres,
        outside_metres=territory.outside_metres,
        timezone=territory.timezone,
        holidays=territory.holidays,
    )
    _built = (territory.revision, ground)
    return ground


def remember(revision: UUID, ground: Ground) -> None:
    """Keep a ground that was made while its territory was imported, so that it need not be made again."""
    global _built
    _built = (revision, ground)


_ground: Cached[Ground | None] = Cached(_build)


def ground(epoch: int | None = None) -> Ground:
    """The territory as it stands, in memory: the root, the tree, the index of points.

    Args:
        epoch: from ``epoch.hold()`` on a writing path; without it the database is asked.

    Raises:
        NoTerritory: none was imported yet.
    """
    found = _ground.get(epoch)
    if found is None:
        raise NoTerritory
    return found


def ground_or_none(epoch: int | None = None) -> Ground | None:
    """The same, or None before the first import: for pages that must work on an empty installation."""
    return _ground.get(epoch)


def is_set_up() -> bool:
    """Whether there are a territory and a playbook, without which nothing can be asked of anybody."""
    try:
        active_playbook()
    except NoPlaybook:
        return False
    return ground_or_none() is not None
