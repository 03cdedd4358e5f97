"""What the repository holds to, checked without Django or a database. Run by scripts/check.sh and by tests/architecture.

scripts/upkeep.py             say every breach, one a line; exit 1 when there is one
scripts/upkeep.py --lock      take addresses out of the front-end's lock (npm writes who funds what)
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 400  # lines; a longer file is asking to be two
LENGTH_COUNTS = {".py", ".html", ".js", ".mjs", ".css"}
LOCKS = ("requirements.txt", "requirements-dev.txt", "package-lock.json", "package.json", ".npmrc", "pyproject.toml")
ROOM = {"models", "rules", "services", "selectors", "events", "playbook", "tasks"}  # what a room may hold (DESIGN §3)
FRAME = {"__init__", "apps", "migrations"}  # what Django and Python ask for
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
ROOMS = ("linli/kernel/*/", "linli/directory/*/", "linli/engines/*/", "linli/domains/*/", "linli/insight/")

SKIPPED = {".git", ".venv", "node_modules", "build", ".cache", "vendor", "data", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache"}

# An address in a lock would send everybody to one place.
ADDRESS = re.compile(
    r"\b(?:https?|git\+\w+|ssh|file)://|\"resolved\"|^\s*(?:registry|@\w+:registry)\s*=|--(?:extra-)?index-url|--find-links|--trusted-host", re.M
)
# Folders that exist on one machine only.
MACHINE = re.compile(r"(?<![\w.:~<>/\-})])/(?:work|root|home/[a-z]\w*|Users/\w+|opt/(?:wheels|pypi))(?=/|\b(?![\w-]))")

LINK = re.compile(r"\]\(\s*<?([^)<>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)|<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.M | re.S)


def tracked(*suffixes: str) -> Iterator[Path]:
    """The files of the repository: kept by git, or about to be. Without git, all but what set-up and tests make."""
    said = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode == 0:
        paths = {ROOT / name for name in said.stdout.split("\0") if name}
    else:
        paths = {path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts) and path.suffix not in (".mo", ".pyc")}
    for path in sorted(paths):
        if path.is_file() and (not suffixes or path.suffix in suffixes):
            yield path


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# -- each answers with one line a breach ------------------------------------------------------------------------------


def long_files(paths: Iterable[Path]) -> list[str]:
    lengths = ((path, len(path.read_text().splitlines())) for path in paths if path.suffix in LENGTH_COUNTS and "migrations" not in path.parts)
    return [f"{short(path)}: {length} lines, {LONGEST} at most" for path, length in lengths if length > LONGEST]


def machine_paths(name: str, text: str) -> list[str]:
    """Places of one machine named in ``text``."""
    return [f"{name}:{number}: {found[0]}…" for number, row in enumerate(text.splitlines(), 1) if (found := MACHINE.search(row))]


def addresses(name: str, text: str) -> list[str]:
    """Registry addresses recorded in a lock or its configuration."""
    return [f"{name}:{number}: {row.strip()[:80]}" for number, row in enumerate(text.splitlines(), 1) if ADDRESS.search(row)]


def strangers(room: Path) -> list[str]:
    """What a room holds that is none of the seven; inside a grown one, names that say nothing. A sub-room is an app of its own."""
    inner = [path for path in room.iterdir() if (path / "apps.py").exists()]
    held = {
        path.stem if path.suffix == ".py" else path.name
        for path in room.iterdir()
        if path not in inner and (path.suffix == ".py" or (path.is_dir() and any(path.glob("**/*.py"))))
    }
    found = [line for path in sorted(inner) for line in strangers(path)]
    found += [f"{short(room)}: {name} is none of {', '.join(sorted(ROOM))}" for name in sorted(held - ROOM - FRAME)]
    return found + [f"{short(path)}: a name that says nothing" for path in sorted(room.rglob("*.py")) if path.stem in BANNED_NAMES]


def slug(heading: str) -> str:
    """The anchor that a heading gets on GitHub and its like."""
    bare = re.sub(r"`|\*\*?|\[([^\]]*)\]\([^)]*\)", lambda match: match[1] or "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")


def anchors(text: str) -> set[str]:
    found: dict[str, int] = {}
    names = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    for row in FENCE.sub("", text).splitlines():
        if heading := HEADING.match(row):
            name = slug(heading[1])
            count = found[name] = found.get(name, -1) + 1
            names.add(f"{name}-{count}" if count else name)
    return names


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links of a Markdown page that lead to no file or no heading."""
    wrong = []
    plain = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    for match in LINK.finditer(plain):
        target = next(group for group in match.groups() if group)
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        place, _, anchor = unquote(target).partition("#")
        there = page if not place else (page.parent / place).resolve()
        if not there.exists() or not there.is_relative_to(ROOT):
            wrong.append(f"{short(page)}: {target} leads nowhere")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text()):
            wrong.append(f"{short(page)}: {target}: there is no such heading")
    return wrong


def breaches() -> list[str]:
    files = list(tracked())
    found = long_files(files)
    for path in files:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += machine_paths(short(path), text) if path.name not in {"upkeep.py", "test_repository.py"} else []
        found += addresses(short(path), text) if short(path) in LOCKS else []
        found += broken_links(path, text) if path.suffix == ".md" else []
    for pattern in ROOMS:
        for room in sorted(ROOT.glob(pattern)):
            if room.name != "__pycache__":
                found += strangers(room)
    return found


def clean_lock() -> None:
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    for package in lock["packages"].values():
        for key in ("resolved", "funding"):
            package.pop(key, None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


def main() -> int:
    if sys.argv[1:] == ["--lock"]:
        clean_lock()
        return 0
    wrong = breaches()
    for line in wrong:
        print(line)
    print(f"{len(wrong)} to mend" if wrong else "files, locks, rooms and links are in order")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
