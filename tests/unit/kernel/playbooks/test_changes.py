"""Two playbooks compared, in words."""

from __future__ import annotations

import pytest

from linli.kernel.playbooks.rules import Section
from linli.kernel.playbooks.rules.changes import compare
from linli.kernel.playbooks.rules.source import read_source
from linli.kernel.playbooks.rules.validation import validate
from tests.unit.kernel.playbooks.sections import GOOD, MODELS


def sections(text: str) -> dict[str, Section]:
    root, _ = read_source(text.encode(), "f.yaml")
    assert root is not None
    found = validate(root, MODELS)
    assert not found.problems
    return dict(found.sections)


@pytest.mark.parametrize(
    ("old", "new", "path", "english", "chinese"),
    [
        (
            "steep: 2 working hours", "steep: 1 urgent hour", "tea.kinds[green].steep",
            "tea › Kinds › Green tea (green) › steeping time: 2 working hours → 1 urgent hour",
            "tea › 茶类 › 绿茶（green） › 浸泡时间: 2个工作时 → 1个紧急工作时",
        ),
        ("cup: small", "cup: large", "tea.kinds[green].cup",
         "tea › Kinds › Green tea (green) › cup: small → large", "tea › 茶类 › 绿茶（green） › cup: small → large"),
        ("cup: small", "warm: true", "tea.kinds[green].warm", "tea › Kinds › Green tea (green) › warm: no → yes", "tea › 茶类 › 绿茶（green） › warm: 否 → 是"),
        ("    - {code: server, names: {zh: 侍者, en: Server}}\n", "", "kitchen.roles[server]",
         "− kitchen › Roles › Server (server): code server; names Server", "− kitchen › 角色 › 侍者（server）: 代码 server；名称 侍者"),
        ("zh: 侍者, en: Server", "zh: 侍者, en: Waiter", "kitchen.roles[server].names",
         "kitchen › Roles › Server (server) › names: Server → Waiter", "kitchen › 角色 › 侍者（server） › 名称: 侍者 → 侍者"),
    ],
)  # fmt: skip
def test_a_change_in_words(old: str, new: str, path: str, english: str, chinese: str) -> None:
    after = GOOD.replace(old, new, 1)
    changes = compare(sections(GOOD), sections(after))
    (change,) = [change for change in changes if change.path == path]
    assert (change.sentence("en"), change.sentence("zh-hans")) == (english, chinese)


def test_what_is_new_is_marked_and_a_new_order_is_seen() -> None:
    after = GOOD + "  sugar: 2\n  days: {monday: [green, black]}\n"
    assert [change.sentence("en") for change in compare(sections(GOOD), sections(after))] == ["tea › sugar: 0 → 2", "+ tea › days › monday: green, black"]
    lines = GOOD.splitlines(keepends=True)
    maker = next(number for number, line in enumerate(lines) if "code: maker" in line)
    lines[maker], lines[maker + 1] = lines[maker + 1], lines[maker]
    (change,) = compare(sections(GOOD), sections("".join(lines)))
    assert change.sentence("en") == "kitchen › Roles › order: maker → server → server → maker"


def test_the_same_is_no_change() -> None:
    assert compare(sections(GOOD), sections(GOOD)) == []
    assert len(compare({}, sections(GOOD))) == 2
