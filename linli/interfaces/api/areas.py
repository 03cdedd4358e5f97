"""Areas and posts by code, and as JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from linli.directory.organisation.rules import PostNode
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules import AreaNode, Ground
from linli.directory.territory.selectors import ground
from linli.kernel.refusal import N_, Kind, Refusal


class NoSuchPost(Refusal):
    code = "api.no_such_post"
    message = N_("There is no post %(post)s.")
    kind = Kind.MISSING
    field = "post"


class NoSuchUnit(Refusal):
    code = "api.no_such_unit"
    message = N_("There is no unit %(unit)s.")
    kind = Kind.MISSING
    field = "units"


def path_of(code: str) -> str:
    """The path of the area of a code. Raises ``UnknownArea``."""
    return ground().by_code(code).path


def post_by_code(code: str) -> PostNode:
    """The post of a code. Raises ``NoSuchPost``."""
    found = next((post for post in organisation().posts if post.code == code), None)
    if found is None:
        raise NoSuchPost(post=code[:80])
    return found


def unit_by_code(code: str) -> UUID:
    """The id of the unit of a code. Raises ``NoSuchUnit``."""
    found = next((unit.id for unit in organisation().units if unit.code == code), None)
    if found is None:
        raise NoSuchUnit(unit=code[:80])
    return found


def area_body(area: AreaNode, land: Ground) -> dict[str, Any]:
    lon, lat = area.centre or (None, None)
    return {
        "code": area.code,
        "level": area.level,
        "path": area.path,
        "names": dict(area.names),
        "parent": land.area(area.parent_id).code if area.parent_id else None,
        "households": area.households,
        "lon": lon,
        "lat": lat,
    }


def post_body(post: PostNode) -> dict[str, Any]:
    unit = organisation().unit(post.unit_id)
    return {
        "code": post.code,
        "names": dict(post.names),
        "level": post.level,
        "role": post.role,
        "area_path": post.area_path,
        "unit": unit.code,
        "unit_names": dict(unit.names),
    }
