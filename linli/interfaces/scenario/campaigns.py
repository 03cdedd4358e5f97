"""Campaigns in a story: one is started with its doors, doors are tried, and what has to be so of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from linli.directory.territory.selectors import ground
from linli.engines.duties.campaigns.rules.doors import Advice, DayPart, Outcome
from linli.engines.duties.campaigns.rules.targets import doors_of
from linli.engines.duties.campaigns.selectors import campaign_page
from linli.engines.duties.campaigns.services.noting import Wish, note_attempts
from linli.engines.duties.campaigns.services.running import NewCampaign, lay_doors, start_campaign
from linli.kernel.access.rules import SYSTEM
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.ids import new_id
from linli.kernel.playbooks.rules import Section
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


class HousePart(Section):
    building: str
    units: int = 1
    floors: int
    rooms: int


class StartPart(Section):
    """A campaign of the playbook begins, in the area around grid ``grid``; a campaign about households has the doors of these buildings."""

    name: str
    template: str
    grid: int = 0
    days: int = 30
    houses: list[HousePart] = Field(default_factory=list)


class TryPart(Section):
    """Somebody of the campaign tries the doors whose address ends so (``3 1 101``); ``most``: of them only the first so many."""

    campaign: str
    doors: str
    outcome: Outcome
    most: int | None = None
    refused: str = ""


class ExpectCampaign(Section):
    """What has to be so of a campaign; ``door`` with what is to be done about it."""

    campaign: str
    total: int | None = None
    done: int | None = None
    left: int | None = None
    tried: int | None = None
    share: float | None = None
    reached: bool | None = None
    door: str = ""
    advice: Advice | None = None
    part: DayPart | None = None


class CampaignTelling:
    """The campaigns' part of a story."""

    def start(self, wanted: StartPart, at: datetime) -> list[str]:
        land = ground()
        lowest = land.of_level(land.levels[-1])
        grid = lowest[wanted.grid % len(lowest)]
        area = next(one for one in land.chain(grid.id) if one.id != grid.id)
        today = at.astimezone(working_calendar().zone).date()
        wish = NewCampaign(wanted.template, wanted.name, area.id, today, today + timedelta(days=wanted.days - 1))
        with write():
            made = start_campaign(actor=SYSTEM, at=at, campaign=wish)
            for house in wanted.houses:
                lay_doors(actor=SYSTEM, at=at, campaign_id=made, area_id=grid.id, doors=doors_of(compound="", **house.model_dump()))
        return []

    def attempt(self, wanted: TryPart, at: datetime) -> list[str]:
        found = [door for door in campaign_page(actor=SYSTEM, at=at, code=wanted.campaign).left if door.label.endswith(wanted.doors)][: wanted.most]
        if not found:
            return [f"no open door ends with {wanted.doors}"]
        with write():
            results = note_attempts(actor=SYSTEM, at=at, wishes=[Wish(door.id, wanted.outcome, at, str(new_id())) for door in found])
        codes = {result.code if isinstance(result, Refusal) else "" for result in results}
        return [] if codes == {wanted.refused} else [f"{sorted(codes)}, expected {wanted.refused or 'that it is noted'}"]

    def expect(self, wanted: ExpectCampaign, at: datetime) -> list[str]:
        page = campaign_page(actor=SYSTEM, at=at, code=wanted.campaign)
        progress = page.line.progress
        values: dict[str, Any] = {
            "total": progress.total, "done": progress.done, "left": progress.open, "tried": progress.tried, "share": progress.share,
            "reached": progress.reached,
        }  # fmt: skip
        if wanted.door:
            door = next((one for one in page.left if one.label.endswith(wanted.door)), None)
            values |= {"advice": door.suggestion.advice if door else None, "part": door.suggestion.part if door else None}
        return [f"{name} is {is_}, expected {asked}" for name, is_ in values.items() if (asked := getattr(wanted, name)) is not None and asked != is_]
