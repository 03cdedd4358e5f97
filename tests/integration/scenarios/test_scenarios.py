"""Every playbook's acceptance story comes true on an empty community; a broken story is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from linli.interfaces.scenario.story import BadStory, load_story
from linli.interfaces.scenario.telling import Telling
from linli.kernel.playbooks.services.load import find_playbook, shipped_playbooks
from tests.factories import MONDAY, community

STORIES = [name for name, path in shipped_playbooks().items() if (path.parent / "scenario.yaml").exists()]


@pytest.mark.django_db
@pytest.mark.parametrize("name", STORIES)
def test_the_story_comes_true(name: str) -> None:
    path = find_playbook(name)
    community(at=MONDAY, playbook=path)
    told = list(Telling(load_story(path.parent / "scenario.yaml")).tell())
    assert told and [(step.number, step.said, step.wrong) for step in told if step.wrong] == []


def test_every_shipped_playbook_has_a_story() -> None:
    assert list(shipped_playbooks()) == STORIES


BROKEN = """\
scenario:
  title: {zh: 故事, en: Story}
  playbook: lianqin
  starts: "2026-03-02"
steps:
  - {at: D1 09:00, report: {name: lamp, class: C-0118, text: x}}
  - {at: D1 08:00, expect: {matter: lamp}}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("matter: lamp", "matter: lmap", 7, "nothing of this name"),
        ("D1 08:00", "day one", 7, "steps[1].at"),
        ("matter: lamp", "mater: lamp", 7, "there is no key of this name"),
        ("starts", "begins", 4, "there is no key of this name"),
        ("D1 08:00", "D1 07:00", 7, "before the one above"),
    ],
)
def test_a_broken_story_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(BROKEN.replace(old, new), encoding="utf-8")
    with pytest.raises(BadStory) as caught:
        load_story(path)
    found = [problem.sentence() for problem in caught.value.problems]
    assert any(f"scenario.yaml:{line}:" in sentence and said in sentence for sentence in found), found


@pytest.mark.django_db
def test_a_story_that_does_not_come_true_says_what_was_otherwise(tmp_path: Path) -> None:
    community(playbook=find_playbook("lianqin"))
    path = tmp_path / "scenario.yaml"
    path.write_text(BROKEN.replace("D1 08:00, expect: {matter: lamp}", "D1 10:00, expect: {matter: lamp, level: street}"), encoding="utf-8")
    told = list(Telling(load_story(path)).tell())
    assert told[-1].wrong == ("lamp: level is grid, expected street",)
