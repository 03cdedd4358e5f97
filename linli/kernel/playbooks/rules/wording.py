"""Fields, items and values of a playbook in words of both languages, as ``(zh, en)``. Pure.

A field says its words itself: ``Field(title="promise", json_schema_extra={"zh": "时限"})``; a field of one of the usual names needs
to say nothing. A value with codes of its own has ``in_chinese()`` (an enumeration, a time limit), or the field translates them:
``json_schema_extra={"zh": "建档", "values": {"automatic": "自动"}}``. A part that reads best as one phrase has ``in_words()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from linli.kernel.playbooks.rules.schema import Text

Words = tuple[str, str]

USUAL: Mapping[str, Words] = {
    "areas": ("区域", "areas"),
    "choices": ("选项", "choices"),
    "code": ("代码", "code"),
    "days": ("天数", "days"),
    "duties": ("职责", "duties"),
    "form": ("表单", "form"),
    "hours": ("时段", "hours"),
    "kind": ("种类", "kind"),
    "law": ("法律依据", "law"),
    "level": ("层级", "level"),
    "levels": ("层级", "levels"),
    "name": ("名称", "name"),
    "names": ("名称", "names"),
    "required": ("必填", "required"),
    "text": ("文字", "text"),
    "time": ("时限", "time"),
    "times": ("次数", "times"),
    "title": ("名称", "title"),
    "type": ("类型", "type"),
    "visibility": ("公开范围", "visibility"),
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "clearance": {"public": "公开", "internal": "内部", "private": "保密"},
    "visibility": {"public": "公开", "internal": "内部", "private": "保密"},
    "type": {"text": "文字", "number": "数字", "choice": "单选", "choices": "多选", "date": "日期"},
}


def field_words(key: str, field: FieldInfo) -> Words:
    """What a field is called: its own title, a usual name's, or its key."""
    zh = _extra(field).get("zh")
    usual = USUAL.get(key, (key, key.replace("_", " ")))
    return str(zh or (field.title if field.title and key not in USUAL else usual[0])), field.title or usual[1]


def item_words(code: str, item: Any) -> Words:
    """An item of a list by its name, with its code behind; by its code alone where it has none."""
    for key in ("names", "name", "title", "label"):
        text = getattr(item, key, None)
        if isinstance(text, Text):
            return f"{text.zh}（{code}）", f"{text.en} ({code})"
    return code, code


def phrase(value: Any) -> Words | None:
    """The words of a part that reads best as one phrase; None for every other value."""
    say = getattr(value, "in_words", None)
    return say() if callable(say) else None


def value_words(value: Any, key: str = "", field: FieldInfo | None = None) -> Words:
    """A value as a person reads it; empty for nothing. ``field``, under its ``key``: where it stands, which may translate its codes."""
    if value is None:
        return "", ""
    if isinstance(value, Text):
        return value.zh, value.en
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if isinstance(value, date | datetime | time):
        return value.isoformat(), value.isoformat()
    if isinstance(value, BaseModel):
        return phrase(value) or _part(value)
    if isinstance(value, Mapping):
        pairs = [(str(name), value_words(item)) for name, item in value.items()]
        return "；".join(f"{name} {words[0]}" for name, words in pairs) or "空", "; ".join(f"{name} {words[1]}" for name, words in pairs) or "empty"
    if isinstance(value, list | tuple | set | frozenset):
        items = [value_words(item, key, field) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
        return "、".join(item[0] for item in items) or "空", ", ".join(item[1] for item in items) or "empty"
    return _code(value, key, field)


def _part(value: BaseModel) -> Words:
    parts = []
    for name, field in type(value).model_fields.items():
        key = field.alias or name
        parts.append((field_words(key, field), value_words(getattr(value, name), key, field)))
    told = [(title, words) for title, words in parts if words[0]]
    return "；".join(f"{title[0]} {words[0]}" for title, words in told) or "空", "; ".join(f"{title[1]} {words[1]}" for title, words in told) or "empty"


def _code(value: Any, key: str, field: FieldInfo | None) -> Words:
    text = str(value.value if isinstance(value, Enum) else value)
    known = (_extra(field).get("values") if field is not None else None) or VALUES.get(key, {})
    in_chinese = getattr(value, "in_chinese", None)
    zh = str(in_chinese()) if callable(in_chinese) else known.get(text, text)
    en = text.replace("_", " ") if isinstance(value, Enum) or text in known else text
    return zh or "空", en or "empty"


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
