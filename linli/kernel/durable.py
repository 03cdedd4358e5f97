"""What must outlive a loss of power: a file's name is as lasting as its content only when its folder lies on the disk too."""

from __future__ import annotations

import os
from pathlib import Path


def settle(folder: Path) -> None:
    """Wait until the names in a folder, new and replaced ones, lie on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
