"""Where and when the invented month is lived."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from uuid import UUID

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.matters.selectors.figures import busiest_areas
from linli.kernel.access.rules import Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.calendar.selectors import working_calendar

SEED = 20150101
WEEKS, WEEK, DAY = 4, timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and when: the community, its grids, the moment that the demo stands at, the Monday from which its month is lived."""

    community: AreaNode
    grids: tuple[AreaNode, ...]
    at: datetime
    monday: date
    zone: tzinfo
    chance: random.Random

    def moment(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), self.zone)

    @property
    def start(self) -> datetime:
        return self.moment(self.monday, 7)

    @property
    def today(self) -> date:
        return self.at.astimezone(self.zone).date()

    def days(self) -> list[date]:
        """The days of the month, the one that is not over included."""
        return [self.monday + DAY * number for number in range((self.today - self.monday).days + 1)]


def stage_at(at: datetime) -> Stage:
    land, busy = ground(), busiest_areas()
    grids = land.of_level(land.levels[-1])
    communities = {land.chain(grid.id)[-2].id: land.chain(grid.id)[-2] for grid in grids}
    chosen = max(communities.values(), key=lambda area: (busy.get(area.path, 0), area.code))
    own = sorted((grid for grid in grids if grid.path.startswith(chosen.path)), key=lambda grid: (-busy.get(grid.path, 0), grid.code))
    zone = working_calendar().zone
    today = at.astimezone(zone).date()
    monday = today - DAY * today.weekday() - WEEKS * WEEK
    return Stage(chosen, tuple(own), at, monday, zone, random.Random(SEED))  # noqa: S311 - has to be the same every time


def station(*posts: UUID, who: str = "system:demo") -> Actor:
    """Somebody of the station's rights, who holds these posts."""
    return Actor(who, ActorKind.SYSTEM, grants=(role_grant("station_duty", ground().root.path),), post_ids=frozenset(posts))
