"""A playbook's own head: what it is called, which method it writes down, what it builds on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from linli.kernel.playbooks.rules.schema import Section, Text

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class Meta(Section):
    """The ``playbook:`` part of the file."""

    name: Name = Field(title="Name", json_schema_extra={"zh": "名称"})
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] = Field(title="Version", json_schema_extra={"zh": "版本"})
    schema_number: int = Field(alias="schema", ge=1, title="Schema", json_schema_extra={"zh": "结构版本"})
    title: Text = Field(title="Title", json_schema_extra={"zh": "标题"})
    method: Text = Field(title="Method", json_schema_extra={"zh": "工作法"})
    source: str = Field(default="", title="Source", json_schema_extra={"zh": "来源"})
    extends: tuple[Name, ...] = Field(default=(), title="Builds on", json_schema_extra={"zh": "基于"})
    overrides: tuple[str, ...] = Field(default=(), title="Overrides", json_schema_extra={"zh": "覆盖项"})
