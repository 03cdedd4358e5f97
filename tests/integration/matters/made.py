"""What the engine's integration tests share: doing one thing, the desks of the small community, and reading what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules.source import TerritorySource
from linli.directory.territory.services.reading import territory_source
from linli.engines.matters.models import Matter
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import State, Verb
from linli.engines.matters.selectors.check import broken_invariants
from linli.engines.matters.services.act import Done, act
from linli.kernel.access.rules import SYSTEM, Actor
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, person

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AT = MONDAY + HOUR


def do(matter_id: UUID, verb: Verb, *, actor: Actor = SYSTEM, at: datetime = AT, **more: Any) -> Done | Refusal:
    """One command in a write of its own."""
    with write():
        return act([Command(matter_id=matter_id, verb=verb, at=at, **more)], actor=actor)[0]


def done(matter_id: UUID, verb: Verb, **more: Any) -> Matter:
    """One command that must succeed; the matter after it."""
    result = do(matter_id, verb, **more)
    assert isinstance(result, Done), result
    return Matter.objects.get(id=matter_id)


def desk(town: Community, grid: int = 0) -> Actor:
    """The street desk of a grid."""
    return person("street_duty", "/".join(town.grids[grid].path.split("/")[:-2]) + "/")


def district() -> Actor:
    return person("district_duty")


def head(town: Community, grid: int = 0) -> Actor:
    return person("grid_head", town.grids[grid].path)


def officer(code: str) -> Actor:
    """Whoever holds the desk of a department."""
    return replace(person("department_officer"), post_ids=frozenset({organisation().unit_desk(unit(code).id).id}))


def unit(code: str) -> Any:
    return next(unit for unit in organisation().units if unit.code == code)


def up_at_the_street(matter_id: UUID, *, at: datetime = AT) -> Matter:
    """The matter sent up to the street, filed there."""
    matter = done(matter_id, Verb.ESCALATE, at=at, reason="超出职责")
    assert (matter.level, matter.state) == (1, State.FILED)
    return matter


def holds(at: datetime = AT) -> None:
    """The invariants hold over the whole database, and its deferred constraints too."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert broken_invariants(actor=SYSTEM, at=at) == []


def streets_exchanged() -> TerritorySource:
    """The demo territory with its communities exchanged between the two streets: they and their grids move."""
    source = territory_source("demo")
    one, other = (area.code for area in next(layer for layer in source.layers if layer.level == "street").areas)
    layers = []
    for layer in source.layers:
        if layer.level == "community":
            areas = tuple(replace(area, parent=one if area.parent == other else other) for area in layer.areas)
            layers.append(replace(layer, areas=areas))
        else:
            layers.append(layer)
    return replace(source, layers=tuple(layers), records={})
