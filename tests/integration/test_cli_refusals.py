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


BAD_BEGINNINGS = {
    "playbook": (["--playbook", "nowhere"], "There is no playbook nowhere", "没有名为 nowhere 的工作法手册"),
    "territory": (["--territory", "nowhere"], "there is no such file", "没有这个文件"),
}


@pytest.mark.parametrize("language", ["en_GB.UTF-8", "zh_CN.UTF-8"])
@pytest.mark.parametrize("wrong", BAD_BEGINNINGS)
def test_a_community_that_cannot_begin_leaves_nothing_and_is_told_in_the_language_of_the_terminal(
    wrong: str, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("LC_ALL", language)
    arguments, english, chinese = BAD_BEGINNINGS[wrong]
    done = CliRunner().invoke(main, ["init", "--data", str(tmp_path / "new"), *arguments])
    assert done.exit_code == 1 and len(done.stderr.strip().splitlines()) == 1
    assert (chinese if language.startswith("zh") else english) in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_data_folder_that_cannot_be_made_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = CliRunner().invoke(main, ["init", "--data", str(tmp_path / "file" / "below")])
    assert done.exit_code == 1 and done.stderr.startswith("Error: ") and len(done.stderr.strip().splitlines()) == 1
    assert str(tmp_path / "file") in done.stderr
