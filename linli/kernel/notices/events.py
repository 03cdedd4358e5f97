"""What the rest of the house hears of notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class NoticeNotDelivered(Event):
    """A notice failed for good, or its fate is unknown (``state``: failed | unknown). ``key`` is the notice's id."""

    topic: ClassVar[str] = "notices.not_delivered"
    recipient: str = ""
    channel: str = ""
    template: str = ""
    dedupe_key: str = ""
    state: str = ""
