"""Correcting one area by hand: its names and its households. Shape and place in the tree come with an import."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from linli.directory.territory.events import TerritoryImported
from linli.directory.territory.models import Area, Territory
from linli.directory.territory.rules.addresses import search_text, sort_key
from linli.directory.territory.services.records import MANAGE
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.epoch import services as epoch
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import update_rows


class NoSuchArea(Refusal):
    code = "territory.no_such_area"
    message = N_("There is no such area.")
    kind = Kind.MISSING


class AreaNameMissing(Refusal):
    code = "territory.name_missing"
    message = N_("An area needs a name.")
    field = "zh"


def change_area(*, actor: Actor, at: datetime, area_id: UUID, names: Mapping[str, str], households: int | None) -> int:
    """Set the names and households of an area; return how many areas are found by its name from now on, itself included.

    The next import of the territory's files writes what they say. Refuses an actor without ``directory.manage`` there, an
    unknown area, no name at all.
    """
    path = Area.objects.filter(id=area_id).values_list("path", flat=True).first()
    if path is None:
        raise NoSuchArea()
    actor.require(MANAGE, area_path=path)
    kept = {language: " ".join(text.split()) for language, text in names.items() if text.strip()}
    if not kept:
        raise AreaNameMissing()
    epoch.bump()
    Area.objects.filter(id=area_id).update(names=kept, households=households, sort_key=sort_key(kept))
    found = _found_anew(path)
    Territory.objects.filter(id=1).update(revision=new_id())
    code = path.rstrip("/").rpartition("/")[2]
    record([Entry(at=at, actor=actor.id, action="territory.change_area", subject_type="area", subject=area_id, details={"households": households})])
    publish([TerritoryImported(key=area_id, at=at, changed=[code])])
    return found


def _found_anew(path: str) -> int:
    """Write what the area and those below it are found by: their own names and those of the areas above."""
    above = [f"{path[: place + 1]}" for place, sign in enumerate(path) if sign == "/"]
    names = dict(Area.objects.filter(path__in=above).values_list("path", "names"))
    rows = list(Area.objects.filter(path__startswith=path).values_list("id", "code", "path", "names"))
    names |= {place: said for _, _, place, said in rows}
    found = [(key, search_text(said, address=_address(place, names), code=code)) for key, code, place, said in rows]
    update_rows(Area, ("id", "search"), found)
    return len(found)


def _address(path: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """The Chinese names of the areas above, root first, as an import lays them."""
    upper = [path[: place + 1] for place, sign in enumerate(path) if sign == "/"][:-1]
    return "".join(names[place].get("zh") or place.rstrip("/").rpartition("/")[2] for place in upper if place in names)
