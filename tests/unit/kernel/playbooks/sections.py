"""Small sections of the tests' own: a playbook about tea."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from linli.kernel.calendar.playbook import Limit
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.refusal import N_

HEAD = """playbook:
  name: tea
  version: 1.0.0
  schema: 1
  title: {zh: 茶, en: Tea}
  method: {zh: 泡茶法, en: Making tea}
"""
BODY = """kitchen:
  roles:
    - {code: maker, names: {zh: 茶师, en: Maker}}
    - {code: server, names: {zh: 侍者, en: Server}}
tea:
  kinds:
    - code: green
      names: {zh: 绿茶, en: Green tea}
      role: maker
      steep: 2 working hours
      cup: small
    - code: "01"
      names: {zh: 红茶, en: Black tea}
      role: maker
      steep: 1 working day
"""
GOOD = HEAD + BODY


class RolePart(Section):
    code: str
    names: Text


class KitchenSection(Section):
    roles: tuple[RolePart, ...] = Field(title="Roles", json_schema_extra={"zh": "角色"})


class KindPart(Section):
    code: str
    names: Text
    role: str = Field(title="who makes it", json_schema_extra={"zh": "由谁泡"})
    steep: Limit = Field(title="steeping time", json_schema_extra={"zh": "浸泡时间"})
    cup: Literal["small", "large"] = "large"
    warm: bool = False


class TeaSection(Section):
    kinds: tuple[KindPart, ...] = Field(min_length=1, title="Kinds", json_schema_extra={"zh": "茶类"})
    sugar: int = Field(default=0, ge=0, title="sugar", json_schema_extra={"zh": "糖"})
    days: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def check(self, playbook: Sections) -> Iterable[Issue]:
        roles = [role.code for role in playbook.section(KitchenSection).roles]
        for place, kind in enumerate(self.kinds):
            if kind.role not in roles:
                yield Issue(("kinds", place, "role"), N_("the kitchen has no role %(role)s"), {"role": kind.role}, expected=", ".join(roles), known=roles)


MODELS: dict[str, type[Section]] = {"kitchen": KitchenSection, "tea": TeaSection}
