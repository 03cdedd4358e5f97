"""Every playbook of the repository passes ``linli playbook check``, and is named as its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from linli.kernel.playbooks.rules.problems import BadPlaybook
from linli.kernel.playbooks.services.load import FILE, load_playbook, shipped_folder, shipped_playbooks


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
