"""Two playbooks compared, in words of both languages: ``time limit: 4 working hours → 2 urgent hours``. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from linli.kernel.playbooks.rules.composing import ITEM_NAMES
from linli.kernel.playbooks.rules.schema import Section, Text


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: the place, items by their names: ``matters.classes[0101].time``.
        label: the place in words, in both languages: the titles of sections, items and fields, joined by ``›``.
        before, after: the values in words, in both languages; None where there is nothing.
    """

    path: str
    label: Text
    before: Text | None
    after: Text | None

    def sentence(self, language: str) -> str:
        """``label: before → after``; what is new is marked +, what is gone −."""
        label = self.label.in_language(language)
        if self.before is None and self.after is not None:
            return f"+ {label}: {self.after.in_language(language)}"
        if self.after is None and self.before is not None:
            return f"− {label}: {self.before.in_language(language)}"
        assert self.before is not None and self.after is not None
        return f"{label}: {self.before.in_language(language)} → {self.after.in_language(language)}"


Words = tuple[tuple[str, str], ...]  # (zh, en) of each step


def compare(before: Mapping[str, Section], after: Mapping[str, Section]) -> list[Change]:
    """Every difference between two playbooks' sections, in the order of the models."""
    changes: list[Change] = []
    for name in dict.fromkeys([*before, *after]):
        changes += _differences(before.get(name), after.get(name), name, (_section_words(name, before.get(name) or after.get(name)),))
    return changes


def _differences(old: Any, new: Any, path: str, words: Words) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, BaseModel) and type(old) is type(new) and not isinstance(old, Text):
        for name, field in type(old).model_fields.items():
            key = field.alias or name
            yield from _differences(getattr(old, name), getattr(new, name), f"{path}.{key}", (*words, _field_words(key, field)))
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}", (*words, (str(key), str(key))))
    elif (names := _items(old)) is not None and (new_names := _items(new)) is not None:
        yield from _item_differences(names, new_names, path, words)
    else:
        yield Change(path, _joined(words), _in_words(old), _in_words(new))


def _item_differences(old: dict[str, Any], new: dict[str, Any], path: str, words: Words) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        item = old.get(name, new.get(name))
        yield from _differences(old.get(name), new.get(name), f"{path}[{name}]", (*words, _item_words(name, item)))
    kept_old, kept_new = [name for name in old if name in new], [name for name in new if name in old]
    if kept_old != kept_new:
        order = (" → ".join(kept_old), " → ".join(kept_new))
        yield Change(path, _joined((*words, ("顺序", "order"))), *(Text(zh=text, en=text) for text in order))


def _items(value: Any) -> dict[str, Any] | None:
    """Items of a list by name, where all of them have one; None otherwise."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, BaseModel) for item in value):
        return None
    if not value:
        return {}
    for key in ITEM_NAMES:
        names = [str(getattr(item, key)) for item in value if key in type(item).model_fields and isinstance(getattr(item, key), str | int)]
        if len(names) == len(value) == len(set(names)):
            return dict(zip(names, value, strict=True))
    return None


def _section_words(name: str, section: Section | None) -> tuple[str, str]:
    title = type(section).model_config.get("title") if section is not None else None
    extra = type(section).model_config.get("json_schema_extra") if section is not None else None
    zh = extra.get("zh") if isinstance(extra, dict) else None
    return str(zh or title or name), str(title or name)


def _field_words(key: str, field: FieldInfo) -> tuple[str, str]:
    extra = field.json_schema_extra
    zh = extra.get("zh") if isinstance(extra, dict) else None
    title = field.title or key.replace("_", " ")
    return str(zh or title), title


def _item_words(name: str, item: Any) -> tuple[str, str]:
    for key in ("names", "name", "title", "label"):
        text = getattr(item, key, None)
        if isinstance(text, Text):
            return f"{text.zh}（{name}）", f"{text.en} ({name})"
    return name, name


def _joined(words: Sequence[tuple[str, str]]) -> Text:
    return Text(zh=" › ".join(zh for zh, _ in words), en=" › ".join(en for _, en in words))


def _in_words(value: Any) -> Text | None:
    """A value as a person reads it; None for nothing."""
    zh, en = _words(value)
    return Text(zh=zh, en=en) if zh and en else None


def _words(value: Any) -> tuple[str, str]:
    if value is None:
        return "", ""
    if isinstance(value, Text):
        return value.zh, value.en
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if isinstance(value, Enum):
        return str(value.value), str(value.value).replace("_", " ")
    if isinstance(value, date | datetime | time):
        return value.isoformat(), value.isoformat()
    if isinstance(value, BaseModel):
        parts = [(_field_words(field.alias or name, field), _words(getattr(value, name))) for name, field in type(value).model_fields.items()]
        told = [(title, words) for title, words in parts if words[0]]
        return "；".join(f"{title[0]} {words[0]}" for title, words in told) or "空", "; ".join(f"{title[1]} {words[1]}" for title, words in told) or "empty"
    if isinstance(value, Mapping):
        pairs = [(str(key), _words(item)) for key, item in value.items()]
        return "；".join(f"{key} {words[0]}" for key, words in pairs) or "空", "; ".join(f"{key} {words[1]}" for key, words in pairs) or "empty"
    if isinstance(value, list | tuple | set | frozenset):
        items = [_words(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
        return "、".join(item[0] for item in items) or "空", ", ".join(item[1] for item in items) or "empty"
    in_chinese = getattr(value, "in_chinese", None)
    text = str(value)
    return (str(in_chinese()) if callable(in_chinese) else text) or "空", text or "empty"
