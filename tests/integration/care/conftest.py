from __future__ import annotations

from pathlib import Path

import pytest

from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import Town, caring_town


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    made = caring_town(tmp_path)
    with write():
        set_clock(to=MONDAY)
    return made
