"""Making, renaming and removing units: the bodies that posts belong to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import ProtectedError

from linli.directory.organisation.events import UnitChanged, UnitCreated, UnitRemoved
from linli.directory.organisation.models import Post, Unit
from linli.directory.organisation.playbook import MANAGE
from linli.directory.organisation.rules import UnknownPostArea, UnknownUnit
from linli.directory.organisation.services.posts import CodeTaken, shown_name
from linli.directory.territory.models import Area
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.epoch.services import bump
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal


class UnitNameMissing(Refusal):
    code: ClassVar[str] = "organisation.unit_name_missing"
    message: ClassVar[str] = N_("A unit needs a name.")
    field: ClassVar[str] = "zh"


class UnitInUse(Refusal):
    """Posts belong to the unit, or records name it: a whistle, an earlier post."""

    code: ClassVar[str] = "organisation.unit_in_use"
    message: ClassVar[str] = N_("The unit %(unit)s cannot be removed: posts or records belong to it.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def create_unit(*, actor: Actor, at: datetime, code: str, names: Mapping[str, str], kind: str, area_id: UUID, parent_id: UUID | None = None) -> Unit:
    """Make a unit for an area.

    Refuses an actor without ``directory.manage`` there, a code in use, an unknown area, no name at all.
    """
    path = Area.objects.filter(id=area_id).values_list("path", flat=True).first()
    if path is None:
        raise UnknownPostArea(area=area_id)
    actor.require(MANAGE, area_path=path)
    given = _given(names)
    bump()
    taken = Unit.objects.filter(code=code).values_list("names", flat=True).first()
    if taken is not None:
        raise CodeTaken(code=code, name=shown_name(taken, code))
    unit = Unit.objects.create(code=code, names=given, kind=kind, area_id=area_id, parent_id=parent_id)
    record([Entry(at=at, actor=actor.id, action="organisation.create_unit", subject_type="unit", subject=unit.id, details={"code": code, "kind": kind})])
    publish([UnitCreated(key=unit.id, at=at)])
    return unit


def rename_unit(*, actor: Actor, at: datetime, unit_id: UUID, names: Mapping[str, str]) -> None:
    """Give a unit other names; its posts keep theirs.

    Refuses an actor without ``directory.manage`` there, an unknown unit, no name at all.
    """
    unit = _managed(actor, unit_id)
    unit.names = _given(names)
    bump()
    unit.save(update_fields=["names"])
    record([Entry(at=at, actor=actor.id, action="organisation.rename_unit", subject_type="unit", subject=unit_id, details={"code": unit.code})])
    publish([UnitChanged(key=unit_id, at=at)])


def remove_unit(*, actor: Actor, at: datetime, unit_id: UUID) -> None:
    """Remove a unit that nothing rests on.

    Refuses an actor without ``directory.manage`` there, an unknown unit, and one that posts, other units or records name.
    """
    unit = _managed(actor, unit_id)
    bump()
    if Post.objects.filter(unit_id=unit_id).exists():
        raise UnitInUse(unit=unit.code)
    try:
        unit.delete()
    except ProtectedError:
        raise UnitInUse(unit=unit.code) from None
    record([Entry(at=at, actor=actor.id, action="organisation.remove_unit", subject_type="unit", subject=unit_id, details={"code": unit.code})])
    publish([UnitRemoved(key=unit_id, at=at)])


def _managed(actor: Actor, unit_id: UUID) -> Unit:
    unit = Unit.objects.select_related("area").filter(id=unit_id).first()
    if unit is None:
        raise UnknownUnit(unit=unit_id)
    actor.require(MANAGE, area_path=unit.area.path)
    return unit


def _given(names: Mapping[str, str]) -> dict[str, str]:
    given = {language: " ".join(text.split()) for language, text in names.items() if text.strip()}
    if not given:
        raise UnitNameMissing
    return given
