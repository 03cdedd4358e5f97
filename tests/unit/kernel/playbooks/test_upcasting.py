"""Old content is raised step by step, and nothing else is read."""

from __future__ import annotations

from typing import Any

import pytest

from linli.kernel.playbooks.rules.upcasting import SCHEMA, UPCASTERS, UnknownSchema, upcast


def _renamed(content: dict[str, Any]) -> dict[str, Any]:
    return {("tea" if name == "teas" else name): value for name, value in content.items()}


def _doubled(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "sugar": content["sugar"] * 2}


STEPS = {1: _renamed, 2: _doubled}


@pytest.mark.parametrize(("schema", "content"), [(1, {"teas": 1, "sugar": 2}), (2, {"tea": 1, "sugar": 2}), (3, {"tea": 1, "sugar": 4})])
def test_content_of_every_schema_reads_alike(schema: int, content: dict[str, Any]) -> None:
    before = dict(content)
    assert upcast(content, schema, upcasters=STEPS, newest=3) == {"tea": 1, "sugar": 4}
    assert content == before


@pytest.mark.parametrize("schema", [0, -1, 4])
def test_content_from_the_future_or_nowhere_is_refused(schema: int) -> None:
    with pytest.raises(UnknownSchema):
        upcast({}, schema, upcasters=STEPS, newest=3)


def test_a_missing_step_is_refused() -> None:
    with pytest.raises(UnknownSchema):
        upcast({}, 1, upcasters={2: _doubled}, newest=3)


def test_every_older_schema_has_its_step() -> None:
    assert set(UPCASTERS) == set(range(1, SCHEMA))
