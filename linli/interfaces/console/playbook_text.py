"""A playbook as an outline that people read: titles of the models' fields, names of the items, values in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pydantic import BaseModel

from linli.kernel.playbooks.rules import Section, Text
from linli.kernel.playbooks.rules.changes import Change


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the outline: its name in both languages, its value in both, and what is below. ``open``: shown unfolded."""

    names: Mapping[str, str]
    value: Mapping[str, str] | None = None
    below: Sequence[Node] = field(default_factory=tuple)


# Sections in words; one that is not named here is shown by its code.
SECTIONS: Mapping[str, tuple[str, str]] = {
    "access": ("权限", "Access"),
    "calendar": ("工作日历", "Working calendar"),
    "care": ("关爱", "Care"),
    "devices": ("设备", "Devices"),
    "directory": ("层级、岗位与部门", "Levels, posts and departments"),
    "duties": ("例行工作", "Recurring duties"),
    "matters": ("事项", "Matters"),
    "notices": ("通知", "Notices"),
    "service_points": ("服务点", "Service points"),
    "shifts": ("班次", "Shifts"),
    "teams": ("队伍", "Teams"),
}


def outline(sections: Mapping[str, Section]) -> list[Node]:
    """One node for each section of a playbook."""
    return [Node(section_words(name), below=_fields(section)) for name, section in sections.items()]


def section_words(name: str) -> Mapping[str, str]:
    zh, en = SECTIONS.get(name, (name, name.replace("_", " ")))
    return {"zh": zh, "en": en}


def change_words(change: Change, language: str) -> tuple[str, str, str, str]:
    """One difference as (kind, where, before, after): "+" for what is new, "-" for what is gone, "~" for what is other."""
    where = change.label.in_language(language).split(" › ")
    where[0] = section_words(change.path.partition(".")[0]).get("en" if language == "en" else "zh", where[0])
    before = change.before.in_language(language) if change.before else ""
    after = change.after.in_language(language) if change.after else ""
    return "+" if change.before is None else "-" if change.after is None else "~", " › ".join(where), before, after


def _fields(model: BaseModel, *, without: Iterable[str] = ()) -> list[Node]:
    nodes = []
    for key, info in type(model).model_fields.items():
        value = getattr(model, key)
        if key in without or value in (None, "", (), [], {}):
            continue
        extra = info.json_schema_extra
        title = info.title or key.replace("_", " ")
        names = {"zh": str(extra.get("zh") or title) if isinstance(extra, dict) else title, "en": title}
        nodes.append(_node(names, value))
    return nodes


def _node(names: Mapping[str, str], value: Any) -> Node:
    if isinstance(value, Text):
        return Node(names, value=value.model_dump())
    if isinstance(value, BaseModel):
        return Node(names, below=_fields(value))
    if isinstance(value, Mapping):
        return Node(names, below=[_node(_item_names(item, str(key)), item) for key, item in value.items()])
    if isinstance(value, list | tuple | frozenset | set):
        items = list(value)
        if items and isinstance(items[0], BaseModel):
            return Node(names, below=[_item(item, number) for number, item in enumerate(items, start=1)])
        return Node(names, value=_joined([_words(item) for item in items]))
    return Node(names, value=_words(value))


def _item(item: BaseModel, number: int) -> Node:
    names = _item_names(item, str(getattr(item, "code", None) or getattr(item, "level", None) or number))
    return Node(names, below=_fields(item, without=("names", "title", "name")))


def _item_names(item: Any, code: str) -> Mapping[str, str]:
    for key in ("names", "title", "name"):
        text = getattr(item, key, None)
        if isinstance(text, Text):
            return {"zh": f"{text.zh}（{code}）", "en": f"{text.en} ({code})"}
    return {"zh": code, "en": code}


def _words(value: Any) -> Mapping[str, str]:
    if isinstance(value, Text):
        return value.model_dump()
    if isinstance(value, bool):
        return {"zh": "是" if value else "否", "en": "yes" if value else "no"}
    if isinstance(value, Enum):
        return {"zh": str(value.value), "en": str(value.value)}
    in_chinese = getattr(value, "in_chinese", None)
    return {"zh": str(in_chinese()) if callable(in_chinese) else str(value), "en": str(value)}


def _joined(parts: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return {"zh": "、".join(part["zh"] for part in parts), "en": ", ".join(part["en"] for part in parts)}
