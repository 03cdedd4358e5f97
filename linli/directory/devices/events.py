"""What the register of devices tells the house. Key: the device, so that its alarms keep their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class AlarmRaised(Event):
    """A device says that something is wrong where it hangs; repetitions of the same alarm are not told again."""

    topic: ClassVar[str] = "devices.alarm_raised"
    alarm: UUID
