"""The register's file is completed now and then."""

from __future__ import annotations

from linli.kernel.erasures.services import complete_file
from linli.kernel.sweeps import register_sweep

SECONDS = 600


def register_sweeps() -> None:
    register_sweep("erasures.file", SECONDS, complete_file)
