"""A recorder in place of e-mail, and the habits of a place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

import pytest

from linli.kernel.notices.rules import Channel, Timing
from linli.kernel.notices.services import channels, queue, sending
from tests.integration.notices.made import Recorder


@pytest.fixture
def email(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setitem(channels.ADAPTERS, Channel.EMAIL, recorder)
    return recorder


@pytest.fixture
def habits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Quiet from 22 to 7, digests at 8, in UTC."""
    section = queue.NoticesSection.model_validate({"quiet_hours": {"from": "22:00", "to": "07:00"}, "digest_times": ["08:00"], "keep_days": 30})
    assert section.quiet_hours is not None
    timing = Timing(UTC, section.quiet_hours.hours(), section.minutes)
    monkeypatch.setattr(queue, "section_and_timing", lambda: (section, timing))
    monkeypatch.setattr(sending, "section_and_timing", lambda: (section, timing))
    yield
