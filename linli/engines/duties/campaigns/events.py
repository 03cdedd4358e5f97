"""What campaigns tell the house. Key: the campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class CampaignEnded(Event):
    """A campaign is over, with what it reached."""

    topic: ClassVar[str] = "campaigns.campaign_ended"
    total: int
    done: int
    reached: bool
