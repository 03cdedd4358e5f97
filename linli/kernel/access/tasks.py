"""What access forgets on time."""

from __future__ import annotations

from datetime import datetime

from linli.kernel.access.services.codes import sweep_codes
from linli.kernel.access.services.limits import sweep_limits
from linli.kernel.writing import write


def sweep(*, at: datetime) -> int:
    """Delete spent sign-in codes, limits that are whole again and the salts of past days; return how many rows went."""
    with write():
        return sweep_codes(at=at) + sweep_limits(at=at)
