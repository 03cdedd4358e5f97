"""Time is given as ``at``: only interfaces, tasks and the clock itself may ask what time it is (STYLE, habit 4)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "linli"
BANNED = {
    "datetime.datetime": {"now", "today", "utcnow"},
    "datetime.date": {"today"},
    "django.utils.timezone": {"now", "localdate", "localtime"},
    "time": {"time", "time_ns", "localtime", "gmtime"},
    "django.db.models.functions": {"Now"},
    "linli.kernel.clock.services": {"now"},
}


def may_ask(path: Path) -> bool:
    place = path.relative_to(SOURCE).as_posix()
    return place.startswith(("interfaces/", "kernel/clock/")) or "/migrations/" in place or "/tasks/" in place or path.name == "tasks.py"


def asked(tree: ast.AST) -> list[tuple[int, str]]:
    """Lines that ask the time, under whatever name the modules were imported."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                names[one.asname or one.name.partition(".")[0]] = one.name if one.asname else one.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                names[one.asname or one.name] = f"{node.module}.{one.name}"
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            parts = ast.unparse(node).split(".") if all(isinstance(n, ast.Attribute | ast.Name | ast.Load | ast.Store) for n in ast.walk(node)) else []
            if parts and parts[0] in names:
                module, _, name = ".".join([names[parts[0]], *parts[1:]]).rpartition(".")
                if name in BANNED.get(module, ()):
                    found.append((node.lineno, f"{module}.{name}"))
    return found


def test_only_interfaces_tasks_and_the_clock_ask_the_time() -> None:
    wrong = [
        f"{path.relative_to(SOURCE.parent)}:{line}: {what}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not may_ask(path)
        for line, what in asked(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "code",
    [
        "import datetime\ndatetime.datetime.now()",
        "import datetime as dt\nx = dt.date.today",
        "from datetime import datetime, UTC\ndatetime.now(UTC)",
        "from datetime import datetime as D\nD.utcnow()",
        "from django.utils import timezone\ntimezone.now()",
        "from django.utils.timezone import now\nf(default=now)",
        "import time\ntime.time()",
        "from time import time as t\nt()",
        "from django.db.models.functions import Now\nNow()",
        "from linli.kernel.clock import services as clock\nclock.now()",
    ],
)
def test_the_walk_sees_every_way_of_asking(code: str) -> None:
    assert asked(ast.parse(code))


@pytest.mark.parametrize(
    "code", ["import time\ntime.perf_counter()", "from datetime import datetime\ndatetime.now_or_never", "now = 3\nnow + 1", "self.datetime.now()"]
)
def test_it_leaves_other_things_alone(code: str) -> None:
    assert not asked(ast.parse(code))
