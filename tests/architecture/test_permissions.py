"""Every permission is known as soon as the program has started, whatever modules a request happens to load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent.parent / "linli"
STARTED = "import django; django.setup(); from linli.kernel.access.rules import PERMISSIONS; print(*PERMISSIONS)"


def declared_in_source() -> dict[str, str]:
    """Permission name → file, for each ``declare("room.verb", …)`` in the source."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "declare":
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and any(keyword.arg == "text" for keyword in node.keywords):
                    found[str(first.value)] = str(file.relative_to(PACKAGE))
    return found


def test_every_permission_is_declared_at_the_start() -> None:
    started = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True, cwd=PACKAGE.parent).stdout.split()
    declared = declared_in_source()
    assert "access.manage" in declared
    assert {name: file for name, file in declared.items() if name not in started} == {}
