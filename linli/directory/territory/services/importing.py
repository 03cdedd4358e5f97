"""Taking in a territory: one transaction, by code, with a preview of what will change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import IntegrityError, connection

from linli.directory.territory.events import TerritoryImported
from linli.directory.territory.models import Addressed, Area, StreetPiece, Territory
from linli.directory.territory.rules import AreaNode, Ground
from linli.directory.territory.rules.addresses import sort_key
from linli.directory.territory.rules.findings import SHOWN
from linli.directory.territory.rules.source import TerritorySource
from linli.directory.territory.rules.tree import ImportReport, Plan, StoredArea, compare, level_names, plan_territory
from linli.directory.territory.selectors.ground import remember
from linli.directory.territory.services.records import MANAGE, MODELS, store_records
from linli.directory.territory.services.streets import cut_anew
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.epoch import services as epoch
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, update_rows

_COLUMNS = (
    "id", "code", "level", "depth", "parent_id", "path", "names", "households", "lon", "lat", "geometry", "split", "sort_key", "search",
)  # fmt: skip


class AreaInUse(Refusal):
    """Areas that the new territory no longer holds, but that records refer to."""

    code = "territory.area_in_use"
    message = N_("Nothing was imported: %(count)s areas would be removed while records refer to them: %(areas)s.")
    kind = Kind.CONFLICT


def preview_territory(*, actor: Actor, source: TerritorySource) -> ImportReport:
    """Say what :func:`import_territory` would do; writes nothing.

    Raises:
        Forbidden: without ``directory.manage``.
        BadTerritory: the layers do not make a tree.
    """
    actor.require(MANAGE)
    return _prepared(source)[1]


def import_territory(*, actor: Actor, at: datetime, source: TerritorySource) -> ImportReport:
    """Make the territory what the source says: areas are added, changed and moved by code, and those it lacks are removed.

    Records with a point are placed anew on the changed ground. The answer of ``ground()`` changes with the commit.

    Raises:
        Forbidden: without ``directory.manage``.
        BadTerritory: the layers do not make a tree.
        AreaInUse: an area to be removed is referred to.
    """
    actor.require(MANAGE)
    epoch.bump()  # first: it holds off every writer that decides on the old ground, and other imports
    plan, report = _prepared(source)
    if report.in_use:
        shown = ", ".join(f"{code} ({', '.join(tables)})" for code, tables in list(report.in_use.items())[:SHOWN])
        raise AreaInUse(count=len(report.in_use), areas=shown)
    ids = dict(Area.objects.values_list("code", "id"))
    gone = [ids.pop(code) for code in report.removed]
    ids |= {code: new_id() for code in report.added}
    revision = new_id()
    ground = _Later(plan, source, ids, revision)
    report = replace(report, relocated=_write(plan, source, report, ground, gone, at))
    for kind, records in source.records.items():
        store_records(actor=actor, at=at, kind=kind, records=records, ground=ground.made)
    _tell(actor, at, ids[source.code], report)
    return report


def _prepared(source: TerritorySource) -> tuple[Plan, ImportReport]:
    plan = plan_territory(source)
    stored: dict[str, StoredArea] = {}
    ids: dict[UUID, str] = {}
    fields = ("id", "code", "path", "level", "names", "households", "lon", "lat", "geometry", "split", "search")
    for key, code, path, level, names, households, lon, lat, geometry, split, search in Area.objects.values_list(*fields):
        centre = None if lon is None else (lon, lat)
        stored[code] = StoredArea(path, (level, names, households, centre, None if geometry is None else bytes(geometry), split, search))
        ids[key] = code
    report = compare(plan, stored, repaired=source.repaired)
    gone = {key: code for key, code in ids.items() if code in set(report.removed)}
    uses: dict[str, list[str]] = {}
    for key, table in _uses(gone):
        uses.setdefault(gone[key], []).append(table)
    return plan, replace(report, in_use={code: tuple(sorted(tables)) for code, tables in sorted(uses.items())})


def _uses(ids: Collection[UUID]) -> Iterable[tuple[UUID, str]]:
    """Which of these areas other tables refer to. Records with a point and streets do not count: they are placed anew."""
    if not ids:
        return
    for relation in Area._meta.get_fields(include_hidden=True):
        model = relation.related_model if relation.auto_created and not relation.concrete else None
        if model is None or not isinstance(model, type) or model in (Area, StreetPiece, Territory):
            continue
        name = relation.field.name  # type: ignore[union-attr]
        found = model._default_manager.filter(**{f"{name}__in": list(ids)})
        if issubclass(model, Addressed):
            found = found.filter(lon=None)
        for key in found.order_by().values_list(f"{name}_id", flat=True).distinct():
            yield key, str(model._meta.db_table)


def _write(plan: Plan, source: TerritorySource, report: ImportReport, ground: _Later, gone: list[UUID], at: datetime) -> int:
    ids = ground.ids
    rows = {
        area.code: (
            ids[area.code], area.code, area.level, area.depth, ids[area.parent] if area.parent else None, area.path, dict(area.names), area.households,
            *(area.centre or (None, None)), None if area.polygon is None else shapely.to_wkb(area.polygon), area.split, sort_key(area.names),
            area.search(),
        )
        for area in plan.areas
    }  # fmt: skip
    try:
        with connection.cursor() as cursor:
            # Constraints between areas are asked at the end, when the tree is whole again.
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            # Plain SQL: the database's own references decide, not a cascade.
            cursor.execute("DELETE FROM territory_area WHERE id = ANY(%s::uuid[])", [gone])
        insert_rows(Area, _COLUMNS, [rows[code] for code in report.added])
        update_rows(Area, _COLUMNS, [rows[code] for code in (*report.changed, *report.moved)])
        Territory.objects.update_or_create(
            id=1,
            defaults={
                "root_id": ids[source.code],
                "levels": level_names(source),
                "timezone": source.timezone,
                "holidays": source.holidays,
                "border_metres": source.border_metres,
                "outside_metres": source.outside_metres,
                "revision": ground.revision,
                "at": at,
                "recorded_at": machine_now(),
            },
        )
        relocated = _place_anew(ground)
        if (report.added or report.changed or report.moved or gone) and StreetPiece.objects.exists():
            cut_anew(ground.made)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        raise AreaInUse(count=len(gone), areas=str(error).strip().splitlines()[-1]) from None
    return relocated


def _place_anew(ground: _Later) -> int:
    """Give records with a point the area that owns it now; return how many changed."""
    moved = 0
    for model in MODELS.values():
        stored = list(model._default_manager.exclude(lon=None).values_list("id", "lon", "lat", "area_id", "placing"))
        if not stored:
            continue
        located = ground.made.locate_many(np.array([row[1] for row in stored], dtype=float), np.array([row[2] for row in stored], dtype=float))
        changed = [
            (row[0], found.area.id, found.how.value) for row, found in zip(stored, located, strict=True) if (row[3], row[4]) != (found.area.id, found.how.value)
        ]
        moved += update_rows(model, ("id", "area_id", "placing"), changed)
    return moved


@dataclass
class _Later:
    """The ground as it will be, made when something has to be placed on it."""

    plan: Plan
    source: TerritorySource
    ids: dict[str, UUID]
    revision: UUID

    @cached_property
    def made(self) -> Ground:
        ids, source = self.ids, self.source
        nodes = [
            AreaNode(
                ids[area.code], area.code, area.level, area.path, area.names, ids[area.parent] if area.parent else None,
                area.households, area.centre, area.split,
            )
            for area in self.plan.areas
        ]  # fmt: skip
        ground = Ground(
            nodes,
            levels=[entry["level"] for entry in level_names(source)],
            level_names={entry["level"]: entry["names"] for entry in level_names(source)},
            polygons={ids[area.code]: area.polygon for area in self.plan.areas if area.polygon is not None},
            border_metres=source.border_metres,
            outside_metres=source.outside_metres,
            timezone=source.timezone,
            holidays=source.holidays,
        )
        remember(self.revision, ground)  # should this transaction fail, nobody will ever ask for this revision
        return ground


def _tell(actor: Actor, at: datetime, root: UUID, report: ImportReport) -> None:
    details: dict[str, Any] = {
        "levels": dict(report.levels),
        "added": len(report.added),
        "changed": len(report.changed),
        "moved": len(report.moved),
        "removed": len(report.removed),
    }
    record([Entry(at=at, actor=actor.id, action="territory.imported", subject_type="area", subject=root, details=details)])
    moved = dict(report.moved.values())
    publish([TerritoryImported(key=root, at=at, added=list(report.added), changed=list(report.changed), removed=list(report.removed), moved=moved)])
