"""A playbook as an outline that people read: titles of the models' fields, names of the items, values in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pydantic import BaseModel

from linli.kernel.playbooks.rules import Section, Text


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the outline: its name in both languages, its value in both, and what is below. ``open``: shown unfolded."""

    names: Mapping[str, str]
    value: Mapping[str, str] | None = None
    below: Sequence[Node] = field(default_factory=tuple)


def outline(sections: Mapping[str, Section]) -> list[Node]:
    """One node for each section of a playbook."""
    return [Node(_title(section, name), below=_fields(section)) for name, section in sections.items()]


def _title(section: BaseModel, name: str) -> Mapping[str, str]:
    config: Mapping[str, Any] = type(section).model_config
    extra = config.get("json_schema_extra")
    title = str(config.get("title") or name)
    return {"zh": str(extra.get("zh") or title) if isinstance(extra, dict) else title, "en": title}


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
