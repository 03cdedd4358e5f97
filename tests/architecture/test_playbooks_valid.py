"""Every playbook of the repository passes ``linli playbook check``, and is named as its folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from linli.kernel.playbooks.rules import registered_sections
from linli.kernel.playbooks.rules.problems import BadPlaybook
from linli.kernel.playbooks.rules.wording import field_words
from linli.kernel.playbooks.services.load import FILE, load_playbook, shipped_folder, shipped_playbooks

CJK = re.compile(r"[㐀-鿿]")


@pytest.mark.parametrize("name", sorted(shipped_playbooks()))
def test_a_shipped_playbook_is_valid(name: str) -> None:
    try:
        loaded = load_playbook(shipped_playbooks()[name])
    except BadPlaybook as bad:
        pytest.fail("\n".join(problem.sentence() for problem in bad.problems))
    assert loaded.name == name


def test_every_folder_holds_a_playbook() -> None:
    folders = [path for path in shipped_folder().iterdir() if path.is_dir()]
    assert folders
    assert [path.name for path in folders if not Path(path, FILE).is_file()] == []


def test_every_field_of_a_playbook_has_a_chinese_name() -> None:
    """By its own title, a usual name, or a phrase for the whole part (linli.kernel.playbooks.rules.wording)."""
    seen: set[type[BaseModel]] = set()
    waiting: list[type[BaseModel]] = list(registered_sections().values())
    unnamed = []
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, field in model.model_fields.items():
            key = field.alias or name
            if not CJK.search(field_words(key, field)[0]) and not hasattr(model, "in_words"):
                unnamed.append(f"{model.__module__}.{model.__name__}.{key}")
            waiting += _models(field.annotation)
    assert len(seen) > 20 and unnamed == []


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
