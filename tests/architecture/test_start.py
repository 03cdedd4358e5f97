"""What every start of the program loads: each command, each web process and each worker waits for it."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = {"pandas", "ortools", "pypinyin", "openpyxl", "pyogrio", "apprise", "scipy", "weasyprint"}  # loaded by those who use them
LOADED = "import django; django.setup(); import linli.config.asgi, linli.config.worker, sys; print(*{name.partition('.')[0] for name in sys.modules})"


def test_the_start_loads_nothing_that_only_some_work_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env={**os.environ, "DJANGO_SETTINGS_MODULE": "linli.config.settings"}, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "linli" in loaded and not HEAVY & loaded
