"""An alarm is taken while somebody could come; one that rings on is one alarm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.directory.devices.rules import AHEAD, OLDEST, AlarmAhead, AlarmOld, DeviceKind, RaisesNothing, check_alarm, same_alarm

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
BELL = DeviceKind("bell", {}, opens="A-1")
SECONDS = st.integers(-200_000, 200_000).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(SECONDS)
def test_only_fresh_alarms_pass(at: datetime) -> None:
    if at > NOW + AHEAD:
        with pytest.raises(AlarmAhead):
            check_alarm(BELL, at=at, now=NOW)
    elif at < NOW - OLDEST:
        with pytest.raises(AlarmOld):
            check_alarm(BELL, at=at, now=NOW)
    else:
        check_alarm(BELL, at=at, now=NOW)


def test_a_camera_raises_nothing() -> None:
    with pytest.raises(RaisesNothing):
        check_alarm(DeviceKind("camera", {}), at=NOW, now=NOW)


@given(SECONDS, SECONDS, st.integers(0, 60))
def test_repetition_is_symmetric_and_bounded(first: datetime, second: datetime, minutes: int) -> None:
    quiet = timedelta(minutes=minutes)
    assert same_alarm(first, second, quiet=quiet) == same_alarm(second, first, quiet=quiet) == (abs(first - second) <= quiet)
    assert not same_alarm(None, second, quiet=quiet)
