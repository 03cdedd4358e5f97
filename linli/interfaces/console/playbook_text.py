"""A playbook as an outline that people read: titles of the models' fields, names of the items, values in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext, override
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from linli.kernel.access.rules import PERMISSIONS
from linli.kernel.playbooks.rules import Section, Text
from linli.kernel.playbooks.rules.changes import Change
from linli.kernel.playbooks.rules.wording import field_words, item_words, phrase, value_words


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
    for name, info in type(model).model_fields.items():
        value, key = getattr(model, name), info.alias or name
        if name not in without and value not in (None, "", (), [], {}):
            nodes.append(_node(_both(field_words(key, info)), value, key, info))
    return nodes


def _node(names: Mapping[str, str], value: Any, key: str = "", info: FieldInfo | None = None) -> Node:
    if isinstance(value, BaseModel) and not isinstance(value, Text) and phrase(value) is None:
        return Node(names, below=_fields(value))
    if isinstance(value, Mapping) and any(isinstance(item, BaseModel | Mapping) for item in value.values()):
        return Node(names, below=[_node(_both(item_words(str(code), item)), item) for code, item in value.items()])
    if isinstance(value, list | tuple) and value and isinstance(value[0], BaseModel):
        return Node(names, below=[_item(item, number) for number, item in enumerate(value, start=1)])
    if key == "permissions":
        return Node(names, value=_permissions(value))
    return Node(names, value=_both(value_words(value, key, info)))


def _permissions(names: Iterable[str]) -> Mapping[str, str]:
    """What a role may do, in the words of each permission."""
    texts = [PERMISSIONS[name].text if name in PERMISSIONS else name for name in names]
    with override("zh-hans"):
        zh = "；".join(gettext(text) for text in texts)
    return {"zh": zh, "en": "; ".join(texts)}


def _item(item: BaseModel, number: int) -> Node:
    code = str(getattr(item, "code", None) or getattr(item, "level", None) or number)
    return Node(_both(item_words(code, item)), below=_fields(item, without=("names", "title", "name", "code")))


def _both(words: tuple[str, str]) -> Mapping[str, str]:
    return {"zh": words[0], "en": words[1]}
