from __future__ import annotations

from pathlib import Path

import pytest

from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.shifts.test_shifts import Patrol, make_patrol


@pytest.fixture
def patrol(db: None, tmp_path: Path) -> Patrol:
    made = make_patrol(tmp_path)
    with write():
        set_clock(to=MONDAY)
    return made
