"""The ``directory`` section of a playbook: the levels of the chain, the roles that posts are made from, the departments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from linli.directory.organisation.rules import DEPARTMENT
from linli.kernel.access.playbook import AccessSection
from linli.kernel.access.rules import PERMISSIONS, built_in_roles, declare
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.refusal import N_

MANAGE = declare("directory.manage", text=N_("manage people, posts, appointments and absences"), administrative=True)
READ = declare("directory.read", text=N_("see who holds which post and how to reach them"), administrative=True)

AREA_PLACE = "{area}"


class Level(Section):
    """A level of the responsibility chain; its name is that of the areas' level. The first one is the root's."""

    code: str = Field(min_length=1, title="Level", json_schema_extra={"zh": "层级"})
    names: Text = Field(title="Names", json_schema_extra={"zh": "名称"})
    unit: Text = Field(title="Name of its unit, with {area}", json_schema_extra={"zh": "机构名称，含 {area}"})
    unit_kind: Literal["team", "station", "centre"] = Field(
        title="Kind of unit", json_schema_extra={"zh": "机构类型", "values": {"team": "队", "station": "工作站", "centre": "中心"}}
    )


class Role(Section):
    """A role: ``per_area`` posts in every area of its level, of ranks ``rank``, ``rank + 1``, …; rank 1 leads."""

    code: str = Field(min_length=1, title="Role", json_schema_extra={"zh": "角色"})
    title: Text = Field(title="Title", json_schema_extra={"zh": "岗位名称"})
    level: str = Field(title="Level", json_schema_extra={"zh": "层级"}, description='a level, or "department": one set for each department')
    rank: int = Field(ge=1, title="Rank", json_schema_extra={"zh": "顺位"})
    per_area: int = Field(default=1, ge=1, le=50, title="Posts for each area", json_schema_extra={"zh": "每个区域的岗位数"})
    access: str = Field(default="", title="Access role", json_schema_extra={"zh": "权限角色"}, description="role of the access section; empty: the same code")
    description: Text = Field(title="Duties", json_schema_extra={"zh": "职责"})

    @property
    def access_role(self) -> str:
        return self.access or self.code


class Department(Section):
    """A department or company at the root's level that can be asked to act."""

    code: str = Field(min_length=1, title="Code", json_schema_extra={"zh": "代码"})
    names: Text = Field(title="Names", json_schema_extra={"zh": "名称"})


class DirectorySection(Section):
    """The ``directory`` section."""

    levels: tuple[Level, ...] = Field(min_length=1, title="Levels, top down", json_schema_extra={"zh": "层级（自上而下）"})
    roles: tuple[Role, ...] = Field(min_length=1, title="Roles", json_schema_extra={"zh": "角色"})
    departments: tuple[Department, ...] = Field(default=(), title="Departments", json_schema_extra={"zh": "部门"})

    def roles_of(self, level: str) -> tuple[Role, ...]:
        """The roles of a level by rank."""
        return tuple(sorted((role for role in self.roles if role.level == level), key=lambda role: role.rank))

    def level(self, code: str) -> Level | None:
        return next((level for level in self.levels if level.code == code), None)

    def access_roles(self) -> dict[str, str]:
        """Role of a post → role of the access section."""
        return {role.code: role.access_role for role in self.roles}

    def check(self, playbook: Sections) -> Iterable[Issue]:
        yield from self._twice()
        levels = [level.code for level in self.levels]
        for place, level in enumerate(self.levels):
            if level.code == DEPARTMENT:
                yield Issue(("levels", place, "code"), N_("This name is kept for departments, which stand beside the chain."))
            for language in ("zh", "en"):
                if AREA_PLACE not in getattr(level.unit, language):
                    yield Issue(("levels", place, "unit", language), N_("The unit's name must hold the area's name."), expected=AREA_PLACE)
        access = playbook.get("access")
        granted = (*access.roles, *built_in_roles(PERMISSIONS)) if isinstance(access, AccessSection) else None
        for place, role in enumerate(self.roles):
            if granted is not None and role.access_role not in granted:
                at = ("roles", place, "access" if role.access else "code")
                yield Issue(at, N_("The access section has no role %(role)s."), known=granted, params={"role": role.access_role})
            if role.level not in (*levels, DEPARTMENT):
                yield Issue(("roles", place, "level"), N_("There is no such level."), expected=", ".join((*levels, DEPARTMENT)), known=(*levels, DEPARTMENT))
        if not self.roles_of(levels[0]):
            yield Issue(("roles",), N_("The top level has no role, so nobody would answer in the end."), expected=f"a role with level: {levels[0]}")
        if self.departments and not self.roles_of(DEPARTMENT):
            yield Issue(("departments",), N_("Departments need a role to answer for them."), expected=f"a role with level: {DEPARTMENT}")

    def _twice(self) -> Iterable[Issue]:
        for name in ("levels", "roles", "departments"):
            seen: set[str] = set()
            for place, item in enumerate(getattr(self, name)):
                if item.code in seen:
                    yield Issue((name, place, "code"), N_("This code is used twice."))
                seen.add(item.code)
        ranks: set[tuple[str, int]] = set()
        for place, role in enumerate(self.roles):
            taken = {(role.level, role.rank + number) for number in range(role.per_area)}
            if ranks & taken:
                yield Issue(("roles", place, "rank"), N_("Two roles of one level have the same rank, so the order of succession is open."))
            ranks |= taken
