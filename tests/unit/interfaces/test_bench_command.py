"""``linli bench``: one JSON object on standard output, whatever is said while it is set up."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from click.testing import CliRunner

from linli.interfaces.cli.bench import bench
from tests.bench import roster


def test_what_is_said_on_the_way_is_not_among_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def main() -> dict[str, Any]:
        click.echo("Database tables …")
        return {"name": "roster", "runs": [], "floors": []}

    monkeypatch.setattr(roster, "main", main)
    result = CliRunner().invoke(bench, ["roster"])
    assert result.exit_code == 0 and json.loads(result.stdout)["name"] == "roster" and "Database tables" in result.stderr
