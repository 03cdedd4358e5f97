from __future__ import annotations

import pytest

from tests.factories import Community, community


@pytest.fixture
def town(db: None) -> Community:
    """A staffed community in a transaction that is rolled back."""
    return community()
