"""What a wall looks at: an area, and since when its rates are counted; and links to the records behind its figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.matters.selectors.patterns import Pattern
from linli.insight.selectors import Selection
from linli.interfaces.access import actor_of_request
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now

PERIODS = {"month": (_("30 days"), 30), "year": (_("a year"), 365)}


@dataclass(frozen=True, slots=True)
class Wall:
    """An area and a period, as one person sees them at a moment."""

    actor: Actor
    at: datetime
    area: AreaNode
    period: str

    @property
    def selection(self) -> Selection:
        return Selection(self.area.path, since=self.first_day)

    @property
    def first_day(self) -> date:
        return timezone.localdate(self.at) - timedelta(days=PERIODS[self.period][1])

    @property
    def since(self) -> str:
        return self.first_day.isoformat()

    @property
    def midnight(self) -> datetime:
        return timezone.localtime(self.at).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def day_start(self) -> datetime:
        """The beginning of the first of the last 24 hours, the present one included."""
        return timezone.localtime(self.at).replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)

    @property
    def query(self) -> str:
        """What the parts of the screen are asked with."""
        return urlencode({"area": self.area.path, "period": self.period})

    @property
    def period_words(self) -> Any:
        return PERIODS[self.period][0]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the area, in degrees; of all areas together where it has no outline of its own."""
        land = ground()
        shape = land.polygon(self.area.id)
        shapes = [shape] if shape is not None else [one for one in (land.polygon(area.id) for area in land) if one is not None]
        sides = [one.bounds for one in shapes] or [(116.3, 39.8, 116.5, 40.0)]
        return (min(side[0] for side in sides), min(side[1] for side in sides), max(side[2] for side in sides), max(side[3] for side in sides))

    def pattern(self, class_code: str) -> Pattern:
        start = timezone.make_aware(datetime.combine(self.first_day, datetime.min.time()))
        return Pattern(self.area.path, start, class_code)

    def link(self, **wanted: str) -> str:
        return queue_link(**{"area": self.area.path, **wanted})


def wall_of(request: HttpRequest) -> Wall:
    """The wall that is asked for; without an area, the widest one that the person sees figures of."""
    actor = actor_of_request(request)
    land = ground()
    path = request.GET.get("area", "") or next((scope.area_path for scope in actor.scopes("insight.read")), "")
    area = land.by_path(path) if path else land.root
    actor.require("insight.read", area_path=area.path)
    actor.require("matters.read", area_path=area.path)
    period = request.GET.get("period", "year")
    return Wall(actor, now(), area, period if period in PERIODS else "year")


def queue_link(**wanted: str) -> str:
    """The queue behind a figure."""
    return f"{reverse('console:queue')}?{urlencode({'view': 'area', **{key: value for key, value in wanted.items() if value}})}"


def moment(at: datetime) -> str:
    """A moment as the queue's filters take it."""
    return f"{at:%Y-%m-%dT%H:%M}"
