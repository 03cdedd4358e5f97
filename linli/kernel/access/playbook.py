"""The playbook's ``access`` section: what each role may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from linli.kernel.access.rules import PERMISSIONS, Confidentiality, Role, built_in_roles
from linli.kernel.playbooks.rules.schema import Issue, Section, Sections, Text
from linli.kernel.refusal import N_

RoleCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Clearance = Literal["public", "internal", "private", "sealed"]


class RoleSpec(Section):
    """One role: its name, what it may do in the area where it is held, and how confidential a record it may see."""

    name: Text = Field(title="Name", json_schema_extra={"zh": "名称"})
    permissions: tuple[str, ...] = Field(title="Permissions", json_schema_extra={"zh": "权限"})
    clearance: Clearance = Field(default="internal", title="Clearance", json_schema_extra={"zh": "密级"})


class AccessSection(Section):
    """Roles by code. A post names its role (``directory`` section); an operator may also give one directly.

    Access is always live: a changed role holds for every open matter at once (DECIDED 12).
    """

    roles: dict[RoleCode, RoleSpec] = Field(default_factory=dict, title="Roles", json_schema_extra={"zh": "角色"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Refuse permissions that no room declares, one named twice, and the codes of built-in roles."""
        reserved = built_in_roles(PERMISSIONS)
        for code, role in self.roles.items():
            if code in reserved:
                yield Issue(("roles", code), N_("The role %(role)s is built in; choose another code."), params={"role": code})
            for place, permission in enumerate(role.permissions):
                path = ("roles", code, "permissions", place)
                if permission not in PERMISSIONS:
                    yield Issue(path, N_("There is no permission %(permission)s."), known=tuple(PERMISSIONS), params={"permission": permission})
                elif permission in role.permissions[:place]:
                    yield Issue(path, N_("The permission %(permission)s is named twice."), params={"permission": permission})

    def as_roles(self) -> dict[str, Role]:
        """The roles as access reads them."""
        return {code: Role(code, frozenset(role.permissions), Confidentiality[role.clearance.upper()]) for code, role in self.roles.items()}
