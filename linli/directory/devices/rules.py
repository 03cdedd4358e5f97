"""When a device's message is an alarm, and when it is the same alarm once more. Pure.

A device says that something is wrong at a place. None of them says who is there: no picture, no face, no plate (DESIGN §1, 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from linli.kernel.refusal import N_, Kind, Refusal

AHEAD = timedelta(minutes=5)  # a device's clock may run ahead by this much
OLDEST = timedelta(hours=24)  # an older alarm is news to nobody who could come


class UnknownDevice(Refusal):
    code: ClassVar[str] = "devices.unknown"
    message: ClassVar[str] = N_("There is no device %(device)s, or it was taken down.")
    kind: ClassVar[Kind] = Kind.MISSING
    field: ClassVar[str] = "device"


class UnknownKind(Refusal):
    code: ClassVar[str] = "devices.unknown_kind"
    message: ClassVar[str] = N_("The playbook knows no kind of device %(given)s.")
    field: ClassVar[str] = "kind"


class RaisesNothing(Refusal):
    code: ClassVar[str] = "devices.raises_nothing"
    message: ClassVar[str] = N_("Devices of this kind are only kept working; they raise no alarm.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "device"


class AlarmAhead(Refusal):
    code: ClassVar[str] = "devices.alarm_ahead"
    message: ClassVar[str] = N_("The alarm's time lies in the future: set the device's clock.")
    field: ClassVar[str] = "at"


class AlarmOld(Refusal):
    code: ClassVar[str] = "devices.alarm_old"
    message: ClassVar[str] = N_("The alarm is older than a day.")
    field: ClassVar[str] = "at"


@dataclass(frozen=True, slots=True)
class DeviceKind:
    """A kind of device: its names, the class of matter that its alarm opens ("" for none), and how long a further alarm is the
    same one. ``private``: it hangs in somebody's home, so its record holds no point and no address.
    """

    code: str
    names: Mapping[str, str]
    opens: str = ""
    quiet: timedelta = timedelta(minutes=10)
    private: bool = False


def check_alarm(kind: DeviceKind, *, at: datetime, now: datetime) -> None:
    """Let an alarm of that kind pass.

    Raises:
        RaisesNothing, AlarmAhead, AlarmOld.
    """
    if not kind.opens:
        raise RaisesNothing
    if at > now + AHEAD:
        raise AlarmAhead
    if at < now - OLDEST:
        raise AlarmOld


def same_alarm(last: datetime | None, at: datetime, *, quiet: timedelta) -> bool:
    """Whether an alarm at ``at`` only repeats the one that was last heard at ``last``, in either order of arrival."""
    return last is not None and abs(at - last) <= quiet
