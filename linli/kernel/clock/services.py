"""One clock for the whole program. Only interfaces and tasks ask it; everything else is given ``at``."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from linli.kernel.clock.models import ClockSetting
from linli.kernel.epoch import services as epoch

_lock = threading.Lock()
_offset: timedelta | None = None


def now() -> datetime:
    """The program's time: the machine's, moved by the stored offset (UTC, aware)."""
    global _offset
    if _offset is None:
        with _lock:
            setting = ClockSetting.objects.first()
            _offset = setting.offset if setting else timedelta(0)
    return machine_now() + _offset


def machine_now() -> datetime:
    """The machine's own time: for ``recorded_at`` and for measuring, never for deadlines."""
    return datetime.now(UTC)


def set_clock(*, to: datetime | None = None, by: timedelta | None = None) -> datetime:
    """Move the clock to an instant or by a span, for every process; return the new time. Runs in a transaction."""
    target = to if to is not None else now() + (by or timedelta(0))
    ClockSetting.objects.update_or_create(id=1, defaults={"offset": target - machine_now()})
    epoch.bump()
    forget()
    return target


def forget() -> None:
    """Drop the remembered offset; the next call reads it again (called when the configuration changes)."""
    global _offset
    _offset = None
