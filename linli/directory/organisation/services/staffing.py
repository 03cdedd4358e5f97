"""Making the units and posts that a playbook asks for, in every area at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from linli.directory.organisation.events import AreasStaffed
from linli.directory.organisation.models import Post, Unit
from linli.directory.organisation.playbook import AREA_PLACE, MANAGE, DirectorySection, Role
from linli.directory.organisation.rules import DEPARTMENT
from linli.directory.organisation.services.appointments import appoint
from linli.directory.organisation.services.posts import NewPost, RankTaken, insert_posts
from linli.directory.territory.models import Area
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.epoch.services import bump
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows

Names = Mapping[str, str]


class NoAreas(Refusal):
    code: ClassVar[str] = "organisation.no_areas"
    message: ClassVar[str] = N_("There is no territory yet, so there is nothing to staff.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NoRootRole(Refusal):
    code: ClassVar[str] = "organisation.no_root_role"
    message: ClassVar[str] = N_("The playbook has no role for the level %(level)s, which is that of the whole territory.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Staffed:
    """How many units and posts were made, and the root post."""

    units: int
    posts: int
    root_post_id: UUID


class _Plan:
    """What is there and what is to be made, while the areas are walked from the root down."""

    def __init__(self) -> None:
        self.unit_ids: dict[str, UUID] = dict(Unit.objects.values_list("code", "id"))
        self.post_codes = set(Post.objects.values_list("code", flat=True))
        self.ranks: dict[tuple[UUID, str, int], str] = {
            (unit_id, level, rank): code for unit_id, level, rank, code in Post.objects.filter(retired_at=None).values_list("unit_id", "level", "rank", "code")
        }
        self.units: list[tuple[UUID, str, dict[str, str], str, UUID, UUID | None]] = []
        self.posts: list[NewPost] = []
        self.has_root = Post.objects.filter(is_root=True).exists()

    def unit(self, code: str, names: dict[str, str], kind: str, area_id: UUID, parent_id: UUID | None) -> UUID:
        if code not in self.unit_ids:
            self.unit_ids[code] = new_id()
            self.units.append((self.unit_ids[code], code, names, kind, area_id, parent_id))
        return self.unit_ids[code]

    def posts_of(self, role: Role, prefix: str, place: Names, unit_id: UUID, area_id: UUID, *, top: bool) -> None:
        for number in range(role.per_area):
            mark = f"{number + 1}" if role.per_area > 1 else ""
            code = f"{prefix}-{role.code}{'-' if mark else ''}{mark}"
            if code in self.post_codes:
                continue
            rank = role.rank + number
            taken = self.ranks.setdefault((unit_id, role.level, rank), code)
            if taken != code:
                raise RankTaken(rank=rank, post=taken)
            names = {"zh": f"{place['zh']}{role.title.zh}{mark}", "en": f"{place['en']} {role.title.en} {mark}".rstrip()}
            self.post_codes.add(code)
            is_root = top and not self.has_root
            self.has_root = self.has_root or is_root
            self.posts.append(NewPost(code, names, role.code, unit_id, area_id, role.level, rank, is_root))


def staff_areas(*, actor: Actor, at: datetime, section: DirectorySection, root_person_id: UUID | None = None) -> Staffed:
    """Make every unit and post of the section that is missing, area by area and department by department.

    Can be run again after a change of territory or playbook: what is there stays as it is. An area whose level the section
    does not know gets none, but the root area always gets the desk of its level or else of the top level; its first post is
    the root post. A new root post needs somebody in the same write: ``root_person_id``, or another service.

    Refuses an actor without ``directory.manage`` everywhere, an empty territory, a rank that an older post holds.
    """
    actor.require(MANAGE)
    bump()
    areas = list(Area.objects.order_by("depth", "code").values_list("id", "code", "level", "parent_id", "names"))
    if not areas:
        raise NoAreas
    plan = _Plan()
    unit_of_area: dict[UUID, UUID] = {}
    for area_id, area_code, area_level, parent_id, area_names in areas:
        level = section.level(area_level) or (section.levels[0] if parent_id is None else None)
        parent = unit_of_area.get(parent_id) if parent_id else None
        roles = section.roles_of(level.code) if level else ()
        if level is None or not roles:
            if parent_id is None:
                raise NoRootRole(level=area_level)
            if parent is not None:
                unit_of_area[area_id] = parent
            continue
        place = _both(area_names, area_code)
        names = {language: getattr(level.unit, language).replace(AREA_PLACE, place[language]) for language in ("zh", "en")}
        unit_of_area[area_id] = plan.unit(f"{area_code}-{level.code}", names, level.unit_kind, area_id, parent)
        for role in roles:
            plan.posts_of(role, area_code, place, unit_of_area[area_id], area_id, top=parent_id is None)
    root_area_id = areas[0][0]
    for department in section.departments:
        place = department.names.model_dump()
        unit_id = plan.unit(department.code, place, DEPARTMENT, root_area_id, unit_of_area[root_area_id])
        for role in section.roles_of(DEPARTMENT):
            plan.posts_of(role, department.code, place, unit_id, root_area_id, top=False)
    _save(plan, actor, at, root_area_id)
    root_id = Post.objects.values_list("id", flat=True).get(is_root=True)
    if root_person_id is not None:
        appoint(actor=actor, at=at, post_id=root_id, person_id=root_person_id, starts_at=at)
    return Staffed(len(plan.units), len(plan.posts), root_id)


def _save(plan: _Plan, actor: Actor, at: datetime, root_area_id: UUID) -> None:
    insert_rows(Unit, ("id", "code", "names", "kind", "area", "parent"), plan.units)
    record(
        [Entry(at=at, actor=actor.id, action="organisation.create_unit", subject_type="unit", subject=row[0], details={"code": row[1]}) for row in plan.units]
    )
    insert_posts(actor=actor, at=at, posts=plan.posts)
    publish([AreasStaffed(key=root_area_id, at=at, units=len(plan.units), posts=len(plan.posts))])


def _both(names: Names, code: str) -> dict[str, str]:
    zh = names.get("zh") or names.get("en") or code
    return {"zh": zh, "en": names.get("en") or zh}
