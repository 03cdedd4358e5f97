"""What is kept in the repository: short files, rooms of seven, nothing of one machine, links that lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import upkeep

ROOMS = [room for pattern in upkeep.ROOMS for room in sorted(upkeep.ROOT.glob(pattern)) if room.name != "__pycache__"]


def test_no_file_is_long() -> None:
    assert upkeep.long_files(upkeep.tracked()) == []


@pytest.mark.parametrize("room", ROOMS, ids=upkeep.short)
def test_a_room_holds_the_seven(room: Path) -> None:
    assert upkeep.strangers(room) == []


def test_no_file_names_a_place_of_one_machine() -> None:
    texts = {path: path.read_bytes().decode(errors="replace") for path in upkeep.tracked() if path.name not in ("upkeep.py", Path(__file__).name)}
    assert [line for path, text in texts.items() for line in upkeep.machine_paths(upkeep.short(path), text)] == []


def test_every_link_in_the_docs_leads_somewhere() -> None:
    assert [line for page in upkeep.tracked(".md") for line in upkeep.broken_links(page, page.read_text())] == []


def test_every_decision_is_in_the_index() -> None:
    folder = upkeep.ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    assert [path.name for path in sorted(folder.glob("0*.md")) if f"({path.name})" not in index] == []


# -- the checks themselves can fail -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [text.replace("|", "/") for text in ("cd |work|main", "see '|root|x'", "DATA=|home|ann", "(|work)", "|Users|ann|linli")])
def test_a_place_of_one_machine_is_seen(text: str) -> None:
    assert upkeep.machine_paths("page", text)


@pytest.mark.parametrize(
    "text",
    [text.replace("|", "/") for text in ("hours|work", "https:||example.org|work|", "~|work", "|workers", "|var|lib|linli", "{base}|root|", "|work-orders")],
)
def test_other_paths_pass(text: str) -> None:
    assert not upkeep.machine_paths("page", text)


def test_a_stranger_in_a_room_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "ROOT", tmp_path)
    for name in ("models.py", "apps.py", "manager.py", "services/report.py", "services/utils.py"):
        (tmp_path / "room" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "room" / name).touch()
    assert [line.partition(":")[0] for line in upkeep.strangers(tmp_path / "room")] == ["room", "room/services/utils.py"]


def test_a_long_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "ROOT", tmp_path)
    (tmp_path / "long.py").write_text("\n" * 401)
    (tmp_path / "data.csv").write_text("\n" * 401)
    assert len(upkeep.long_files(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a](other.md) [b](other.md#two-words) [c](#here)\n# Here", 0),
        ("[a](none.md)", 1),
        ("[a](other.md#one)", 1),
        ("[a](#nowhere)", 1),
        ('<img src="none.svg">', 1),
        ("![picture](none.svg)", 1),
        ("[![badge](none.svg)](other.md)", 1),
        ("[a](https://example.org/x) `[b](none.md)`\n```\n[c](none.md)\n```", 0),
        ("[up](../../outside.md)", 1),
    ],
)
def test_broken_links_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, wrong: int) -> None:
    monkeypatch.setattr(upkeep, "ROOT", tmp_path)
    (tmp_path / "other.md").write_text("## Two words\n")
    page = tmp_path / "page.md"
    page.write_text(text)
    assert len(upkeep.broken_links(page, text)) == wrong


def test_headings_get_their_anchors() -> None:
    assert upkeep.anchors("# 1. Set up `make`\n## Same\n## Same\n## 中文，标题\n```\n# not one\n```") == {"1-set-up-make", "same", "same-1", "中文标题"}
