"""``linli playbook``: what it prints, what it returns, and that checking needs no database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from linli.interfaces.cli.playbook import playbook
from linli.kernel.playbooks.models import PlaybookVersion
from linli.kernel.playbooks.rules import schema
from tests.harness import ROOT
from tests.unit.kernel.playbooks.sections import GOOD, MODELS


@pytest.fixture(autouse=True)
def _tea_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The wired sections are the tests' own, and sentences are English."""
    monkeypatch.setattr(schema, "_registered", dict(MODELS))
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Playbooks ``tea``, ``cafe`` (builds on it) and ``broken`` in folders side by side."""
    texts = {
        "tea": GOOD,
        "cafe": GOOD.split("kitchen:", maxsplit=1)[0].replace("name: tea", "name: cafe\n  extends: [tea]\n  overrides: ['tea.kinds[green].cup']")
        + "tea: {kinds: [{code: green, cup: large}]}\n",
        "broken": GOOD.replace("cup: small", "cup: smal").replace("role: maker", "role: makers"),
    }
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "playbook.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(playbook, list(arguments))


def test_check_says_yes(folder: Path) -> None:
    result = run("check", "tea/playbook.yaml")
    assert (result.exit_code, result.output) == (0, "tea 1.0.0: OK\n")


def test_check_says_every_problem_on_a_line_of_its_own(folder: Path) -> None:
    result = run("check", "broken")
    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        "broken/playbook.yaml:17: tea.kinds[0].cup: this is not one of the values there are (expected small, large; did you mean small?)"
    ]
    Path("broken/playbook.yaml").write_text(GOOD.replace("role: maker", "role: makers"))
    assert [line.split(": ")[:2] for line in run("check", "broken").stdout.splitlines()] == [
        ["broken/playbook.yaml:15", "tea.kinds[0].role"],
        ["broken/playbook.yaml:20", "tea.kinds[1].role"],
    ]


def test_an_unknown_name_is_one_line(folder: Path) -> None:
    result = run("check", "coffee")
    assert result.exit_code == 1 and len(result.stderr.splitlines()) == 1 and "coffee" in result.stderr


def test_show_gives_the_composed_playbook_with_defaults(folder: Path) -> None:
    import yaml

    shown = yaml.safe_load(run("show", "cafe").stdout)
    assert shown["playbook"]["name"] == "cafe" and shown["tea"]["sugar"] == 0
    assert [(kind["code"], kind["cup"], kind["steep"]) for kind in shown["tea"]["kinds"]] == [
        ("green", "large", "2 working hours"),
        ("01", "large", "1 working day"),
    ]


def test_diff_says_what_changes(folder: Path) -> None:
    result = run("diff", "tea", "cafe")
    assert (result.exit_code, result.stdout) == (0, "tea › Kinds › Green tea (green) › cup: small → large\n")
    assert run("diff", "tea", "tea").stdout == ""


def test_playbooks_that_build_on_each_other_in_a_circle_are_refused(folder: Path) -> None:
    Path("tea/playbook.yaml").write_text(GOOD.replace("name: tea", "name: tea\n  extends: [cafe, cofe]"))
    result = run("check", "tea")
    assert result.exit_code == 3
    assert "cafe/playbook.yaml:3: playbook.extends[0]: playbooks cannot build on each other in a circle" in result.stdout
    assert "tea/playbook.yaml:3: playbook.extends[1]: there is no playbook of this name" in result.stdout


def test_a_mistake_in_the_head_does_not_hide_what_the_file_builds_on(folder: Path) -> None:
    path = Path("cafe/playbook.yaml")
    path.write_text(path.read_text().replace("en: Making tea", "en: Making tea, slowly"))
    assert run("check", "cafe").stdout.splitlines() == [
        "cafe/playbook.yaml:8: playbook.method.slowly: there is no key of this name here (expected zh, en)",
    ]
    path.write_text(path.read_text().replace("en: Making tea, slowly", "en: Making tea, and slowly"))
    assert "text that holds a comma needs quotes" in run("check", "cafe").stdout


@pytest.mark.django_db
def test_apply_then_show_and_apply_again(folder: Path) -> None:
    assert run("show").exit_code == 1
    result = run("apply", "tea")
    assert (result.exit_code, result.stdout) == (0, "tea 1.0.0: 1\n")
    assert run("show").stdout.startswith("# tea 1.0.0, application 1, ")
    again = run("apply", "tea")
    assert again.exit_code == 1 and "holds already" in again.stderr
    changed = run("apply", "cafe")
    assert changed.stdout.splitlines() == ["tea › Kinds › Green tea (green) › cup: small → large", "cafe 1.0.0: 2"]


@pytest.mark.django_db
def test_a_broken_one_is_not_applied(folder: Path) -> None:
    run("apply", "tea")
    result = run("apply", "broken")
    assert result.exit_code == 3 and "broken/playbook.yaml:17" in result.stderr
    assert [version.name for version in PlaybookVersion.objects.all()] == ["tea"]


def test_check_needs_no_database_and_no_data_folder(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "LINLI_DATA", "LINLI_DB_ROLE")}
    nowhere = tmp_path / "none"
    (tmp_path / "bad.yaml").write_text("calendr: {}\n")
    done = subprocess.run(
        [sys.executable, "-m", "linli.interfaces.cli.main", "playbook", "check", "--data", str(nowhere), str(tmp_path / "bad.yaml")],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "bad.yaml:1: calendr: " in done.stdout and "calendar" in done.stdout
    assert not nowhere.exists()
