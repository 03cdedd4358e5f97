"""Two playbooks compared, in words of both languages: ``time limit: 4 working hours → 2 urgent hours``. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from linli.kernel.playbooks.rules.composing import ITEM_NAMES
from linli.kernel.playbooks.rules.schema import Section, Text
from linli.kernel.playbooks.rules.wording import Words, field_words, item_words, phrase, value_words


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


Steps = tuple[Words, ...]


def compare(before: Mapping[str, Section], after: Mapping[str, Section]) -> list[Change]:
    """Every difference between two playbooks' sections, in the order of the models."""
    changes: list[Change] = []
    for name in dict.fromkeys([*before, *after]):
        changes += _differences(before.get(name), after.get(name), name, (_section_words(name, before.get(name) or after.get(name)),))
    return changes


def _differences(old: Any, new: Any, path: str, words: Steps, key: str = "", field: FieldInfo | None = None) -> Iterator[Change]:
    """``field``, under its ``key``: where the values stand."""
    if old == new:
        return
    if phrase(old if old is not None else new) is not None:
        yield Change(path, _joined(words), _in_words(old), _in_words(new))
    elif isinstance(old, BaseModel) and type(old) is type(new) and not isinstance(old, Text):
        for name, part in type(old).model_fields.items():
            place = part.alias or name
            yield from _differences(getattr(old, name), getattr(new, name), f"{path}.{place}", (*words, field_words(place, part)), place, part)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), f"{path}.{name}", (*words, (str(name), str(name))))
    elif (names := _items(old)) is not None and (new_names := _items(new)) is not None:
        yield from _item_differences(names, new_names, path, words)
    else:
        yield Change(path, _joined(words), _in_words(old, key, field), _in_words(new, key, field))


def _item_differences(old: dict[str, Any], new: dict[str, Any], path: str, words: Steps) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        item = old.get(name, new.get(name))
        yield from _differences(old.get(name), new.get(name), f"{path}[{name}]", (*words, item_words(name, item)))
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


def _joined(words: Sequence[tuple[str, str]]) -> Text:
    return Text(zh=" › ".join(zh for zh, _ in words), en=" › ".join(en for _, en in words))


def _in_words(value: Any, key: str = "", field: FieldInfo | None = None) -> Text | None:
    """A value as a person reads it; None for nothing."""
    zh, en = value_words(value, key, field)
    return Text(zh=zh, en=en) if zh and en else None
