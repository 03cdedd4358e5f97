"""Invented campaigns: one at every door, half way through, and one that counts what is reported."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from linli.engines.duties.campaigns.playbook import templates
from linli.engines.duties.campaigns.rules.doors import Outcome
from linli.engines.duties.campaigns.rules.targets import doors_of
from linli.engines.duties.campaigns.selectors import campaign_page
from linli.engines.duties.campaigns.services.noting import Wish, note_attempts
from linli.engines.duties.campaigns.services.running import NewCampaign, lay_doors, start_campaign
from linli.engines.duties.campaigns.services.sharing import add_helper, share_staircases
from linli.interfaces.cli.inventing.stage import DAY, SEED, WEEK, Stage
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write

DOORS, LAMPS = "households", "street_lights"
HOUSES = (("1号楼", 3, 6, 2), ("2号楼", 3, 6, 2), ("3号楼", 2, 11, 3))  # name, staircases, floors, doors a floor
AN_EVENING = 7


def start_campaigns(stage: Stage, *, helpers: Sequence[UUID]) -> None:
    """Start what the playbook has of them: the doors of three houses shared out among helpers, and every lamp of the community."""
    first = stage.monday + WEEK
    at = stage.moment(first, 9)
    for template, days in ((DOORS, 60), (LAMPS, 30)):
        if template in templates():
            with write():
                wish = NewCampaign(template, _code(template, first), stage.community.id, first, first + timedelta(days=days - 1))
                made = start_campaign(actor=SYSTEM, at=at, campaign=wish)
                if template == DOORS:
                    for name, units, floors, rooms in HOUSES:
                        doors = doors_of(compound="望潮苑", building=name, units=units, floors=floors, rooms=rooms)
                        lay_doors(actor=SYSTEM, at=at, campaign_id=made, area_id=stage.grids[0].id, doors=doors)
                    for person in helpers:
                        add_helper(actor=SYSTEM, at=at, campaign_id=made, person_id=person)
                    share_staircases(actor=SYSTEM, at=at, campaign_id=made)


def try_doors(stage: Stage, day: date) -> None:
    """An evening's round: those whose turn it is, as the list says; not everybody is at home."""
    first = stage.monday + WEEK
    at = stage.moment(day, 19, 30)
    if DOORS not in templates() or not first <= day or at > stage.at or day.weekday() == 6:
        return
    chance = random.Random(f"{SEED}doors{day}")  # noqa: S311 - has to be the same every time
    doors = campaign_page(actor=SYSTEM, at=at, code=_code(DOORS, first)).left[:AN_EVENING]
    outcomes = chance.choices([Outcome.DONE, Outcome.NOT_HOME, Outcome.REFUSED], [68, 26, 6], k=len(doors))
    wishes = [Wish(door.id, outcome, at + timedelta(minutes=2 * n), f"demo-{day}-{n}") for n, (door, outcome) in enumerate(zip(doors, outcomes, strict=True))]
    with write():
        note_attempts(actor=SYSTEM, at=at + DAY / 24, wishes=wishes)


def _code(template: str, first: date) -> str:
    return f"{template.replace('_', '-')}-{first:%Y%m}"
