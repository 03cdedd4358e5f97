"""One clock for the whole program. Only interfaces and tasks ask it; everything else is given ``at``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from linli.kernel.clock.models import ClockSetting
from linli.kernel.epoch import services as epoch

_offset: timedelta | None = None
_forgotten = 0  # how often: an offset read before the last time is not remembered


def now() -> datetime:
    """The program's time: the machine's, moved by the stored offset (UTC, aware).

    The offset is remembered; a process that lives long runs the epoch's listener, which drops it when it changes.
    """
    global _offset
    offset = _offset
    if offset is None or epoch.changed_here():
        forgotten = _forgotten
        setting = ClockSetting.objects.first()
        offset = setting.offset if setting else timedelta(0)
        if forgotten == _forgotten and not epoch.changed_here():  # what an open write sees may be taken back
            _offset = offset
    return machine_now() + offset


def remembered() -> datetime | None:
    """The program's time where the offset is remembered, without asking the database; else None. For event loops."""
    return None if _offset is None else machine_now() + _offset


def machine_now() -> datetime:
    """The machine's own time: for ``recorded_at`` and for measuring, never for deadlines."""
    return datetime.now(UTC)


def set_clock(*, to: datetime | None = None, by: timedelta | None = None) -> datetime:
    """Move the clock to an instant or by a span, for every process; return the new time. Runs inside ``write()``."""
    epoch.bump()
    target = to if to is not None else now() + (by or timedelta(0))
    ClockSetting.objects.update_or_create(id=1, defaults={"offset": target - machine_now()})
    return target


def forget() -> None:
    """Drop the remembered offset; the next call reads it again (called when the configuration changes)."""
    global _offset, _forgotten
    _forgotten += 1
    _offset = None


epoch.on_change(forget)
