"""Commands that cannot do what is asked say so in one line and with an exit code that means something."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from linli.interfaces.cli.main import main

COMMANDS = (["matters", "check"], ["matters", "sweep"], ["user", "list"], ["apikey", "create", "--name", "k"], ["backup", "b.tar"], ["audit", "verify"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_without_data_is_named_with_the_way_out(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, [*command, "--data", str(tmp_path)])
    assert done.exit_code == 1 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1 and "linli init" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command", [["nothing"], ["matters", "nothing"], ["apikey", "create"], ["user", "create"], ["restore"], ["matters", "check", "--nothing"]], ids=" ".join
)
def test_wrong_usage_is_exit_code_two(command: list[str]) -> None:
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 2 and "Error: " in done.stderr and "Traceback" not in done.output


@pytest.mark.django_db
def test_before_the_first_playbook_the_check_says_what_to_do() -> None:
    done = CliRunner().invoke(main, ["matters", "check"])
    assert done.exit_code == 1 and done.stdout == "" and len(done.stderr.strip().splitlines()) == 1 and "linli playbook apply" in done.stderr


@pytest.mark.django_db
def test_an_unknown_area_is_one_line() -> None:
    done = CliRunner().invoke(main, ["apikey", "create", "--name", "k", "--area", "nowhere"])
    assert done.exit_code == 1 and done.stdout == "" and len(done.stderr.strip().splitlines()) == 1
