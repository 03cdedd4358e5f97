"""The address of static files: it holds a digest of what they are, so that browsers may keep them for ever.

No file is copied or renamed (modules import each other by relative addresses); a release that changes a file changes the folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

VENDOR = "vendor"  # laid at set-up from pinned packages: name and size tell one version from another


def static_digest(folder: Path) -> str:
    """Ten hexadecimal digits that change when any file in ``folder`` does; the same on every machine of one release."""
    digest = hashlib.blake2b(digest_size=5)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
            if not name.startswith(VENDOR):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def keeps_for_ever(path: str, url: str) -> bool:  # noqa: ARG001 - whitenoise names them
    """Whether a static file may be kept by browsers without asking again: all of them, since the address changes with them."""
    return True
