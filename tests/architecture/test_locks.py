"""Locks pin what is installed by hashes and record no registry's address: everybody uses the registry of their own settings."""

from __future__ import annotations

import json
import re

import pytest

from scripts import upkeep

PYTHON_LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("name", upkeep.LOCKS)
def test_no_lock_records_an_address(name: str) -> None:
    assert upkeep.addresses(name, (upkeep.ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_every_python_package_is_pinned_and_hashed(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (upkeep.ROOT / name).read_text().strip())
    assert len(entries) > 30
    assert [entry.splitlines()[0] for entry in entries if "==" not in entry.splitlines()[0] or "--hash=sha256:" not in entry] == []


def test_every_front_end_package_is_pinned_and_hashed() -> None:
    packages = json.loads((upkeep.ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if name and not (entry.get("integrity") and entry.get("version"))] == []
    asked = json.loads((upkeep.ROOT / "package.json").read_text())
    assert all(re.fullmatch(r"[\d.]+", version) for version in {**asked["dependencies"], **asked["devDependencies"]}.values())


@pytest.mark.parametrize(
    "line",
    [
        '      "resolved": "x",',
        "--index-url x",
        "foo @ git+ssh://host/foo",
        "registry=example.org",
        "@scope:registry = example.org",
        "# from https://example.org/simple",
        "--find-links wheels",
    ],
)
def test_an_address_is_seen(line: str) -> None:
    assert upkeep.addresses("lock", line)
