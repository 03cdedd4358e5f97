"""The wall: where matters are, what each level solves, which clocks run out, who is there. Each part can be fetched alone.

Every figure is a link to the records behind it. What happens is seen within two seconds (``/live/command`` tells that
something changed; the parts are then fetched again); figures that are counted from roll-ups follow a moment later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.organisation.selectors import duty_desks
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.matters.selectors.queue import QueueFilter, queue, queue_counts
from linli.engines.matters.selectors.wall import arrivals_by_hour, open_whistles
from linli.engines.matters.services.frame import frame
from linli.insight.rules import Figures, Share
from linli.insight.selectors import Selection, figures_by_area, selected_figures
from linli.interfaces.access import requires
from linli.interfaces.command.maps import queue_link
from linli.interfaces.console.pages import level_names
from linli.interfaces.console.queue import lines_of
from linli.interfaces.console.report import bounds
from linli.interfaces.replay.models import ReplayProgress
from linli.interfaces.zone import community_zone
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now

PERIODS = {"month": (_("30 days"), 30), "year": (_("a year"), 365)}
SHOWN = 7
STREETS = 12


@dataclass(frozen=True, slots=True)
class Wall:
    """What a wall looks at: an area, and since when its rates are counted."""

    actor: Actor
    at: datetime
    area: AreaNode
    period: str

    @property
    def selection(self) -> Selection:
        return Selection(self.area.path, since=timezone.localdate(self.at) - timedelta(days=PERIODS[self.period][1]))

    @property
    def since(self) -> str:
        return (self.selection.since or timezone.localdate(self.at)).isoformat()

    @property
    def midnight(self) -> datetime:
        return timezone.localtime(self.at).replace(hour=0, minute=0, second=0, microsecond=0)

    def link(self, **wanted: str) -> str:
        return queue_link(area=self.area.path, **wanted)


def wall_of(request: HttpRequest) -> Wall:
    """The wall that is asked for; without an area, the widest one that the person sees figures of."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    land = ground()
    path = request.GET.get("area", "") or next((scope.area_path for scope in actor.scopes("insight.read")), "")
    area = land.by_path(path) if path else land.root
    actor.require("insight.read", area_path=area.path)
    actor.require("matters.read", area_path=area.path)
    period = request.GET.get("period", "year")
    return Wall(actor, now(), area, period if period in PERIODS else "year")


@requires("insight.read")
@never_cache
@require_GET
def screen(request: HttpRequest) -> HttpResponseBase:
    """The whole screen; it is complete without script, only not live."""
    wall = wall_of(request)
    land = ground()
    context = {
        **_now(wall), **_figures(wall), **_watch(wall), "bounds": _bounds(wall.area), "zone": str(community_zone() or ""),
        "query": f"area={wall.area.path}&period={wall.period}",
        "above": land.chain(wall.area.id)[:-1], "periods": [(code, words, code == wall.period) for code, (words, _days) in PERIODS.items()],
    }  # fmt: skip
    return render(request, "command/screen.html", context)


@requires("insight.read")
@never_cache
@require_GET
def now_part(request: HttpRequest) -> HttpResponseBase:
    """The figures of this moment, from live rows."""
    return render(request, "command/now.html", _now(wall_of(request)))


@requires("insight.read")
@never_cache
@require_GET
def figures_part(request: HttpRequest) -> HttpResponseBase:
    """Funnel, and the areas compared, from the roll-ups."""
    return render(request, "command/figures.html", _figures(wall_of(request)))


@requires("insight.read")
@never_cache
@require_GET
def watch_part(request: HttpRequest) -> HttpResponseBase:
    """Clocks that run out, departments called, who is present."""
    return render(request, "command/watch.html", _watch(wall_of(request)))


def _now(wall: Wall) -> dict[str, Any]:
    arrivals = arrivals_by_hour(actor=wall.actor, at=wall.at, start=wall.midnight, area_path=wall.area.path)
    figures = selected_figures(actor=wall.actor, at=wall.at, of=wall.selection)
    counts = queue_counts(actor=wall.actor, at=wall.at, area_path=wall.area.path)
    return {
        "wall": wall,
        "counts": counts,
        "today": sum(arrivals),
        "arrivals": list(enumerate(arrivals)),
        "rates": _rates(figures),
        "links": {
            "open": wall.link(),
            "overdue": wall.link(clock="overdue"),
            "soon": wall.link(clock="soon"),
            "today": wall.link(state="all", since=f"{wall.midnight:%Y-%m-%dT%H:%M}"),
            "closed": wall.link(state="closed", since=wall.since),
        },
    }


def _rates(figures: Figures) -> dict[str, Any]:
    return {
        "response": _per_cent(figures.rates.response),
        "solved": _per_cent(figures.rates.solved),
        "satisfied": _per_cent(figures.rates.satisfied),
        "on_time": _per_cent(figures.rates.on_time),
        "rated": figures.rates.rated,
        "clocks": {name: _per_cent(clock.share) for name, clock in figures.clocks.items()},
    }


def _per_cent(share: Share) -> str:
    """A share with one decimal; a dash where nothing was counted."""
    return "–" if share is None else f"{100 * share:.1f}"


def _figures(wall: Wall) -> dict[str, Any]:
    figures = selected_figures(actor=wall.actor, at=wall.at, of=wall.selection)
    names, levels = level_names(), _route()
    funnel = [
        {
            "names": names.get(levels[line.level], {"zh": levels[line.level], "en": levels[line.level]}),
            "closed": line.closed,
            "share": _per_cent(line.share),
            "width": 100 * (line.share or 0),
            "of_reached": _per_cent(line.of_reached),
            "kind": "ok" if line.level == 0 else "warm" if line.level == len(figures.funnel) - 1 else "",
            "link": wall.link(state="closed", level=levels[line.level], since=wall.since),
            "first": line.level == 0,
        }
        for line in figures.funnel
    ]
    lines = sorted(figures_by_area(actor=wall.actor, at=wall.at, of=wall.selection), key=lambda line: (-line.figures.overdue_open, line.key))
    return {
        "wall": wall,
        "funnel": funnel,
        "funnel_of": figures.counts.funnel,
        "outside": figures.counts.closed - figures.counts.funnel,
        "derived": ReplayProgress.objects.exists(),
        "clocks": _rates(figures)["clocks"],
        "streets": [
            {
                "names": line.names,
                "open": line.figures.counts.open,
                "overdue": line.figures.overdue_open,
                "on_time": _per_cent(line.figures.rates.on_time),
                "width": 100 * (line.figures.rates.on_time or 0),
                "spot": _per_cent(line.figures.funnel[0].share if line.figures.funnel else None),
                "link": queue_link(area=line.key),
                "down": f"?area={line.key}&period={wall.period}",
            }
            for line in lines[:STREETS]
        ],
        "streets_more": max(0, len(lines) - STREETS),
    }


def _route() -> list[str]:
    return [level.level for level in frame().policy.levels]


def _watch(wall: Wall) -> dict[str, Any]:
    page = queue(actor=wall.actor, at=wall.at, wanted=QueueFilter(area_path=wall.area.path, clock="running", limit=SHOWN))
    return {
        "wall": wall,
        "running": lines_of(page.rows, wall.at),
        "running_link": wall.link(clock="soon"),
        "whistles": open_whistles(actor=wall.actor, at=wall.at, area_path=wall.area.path, limit=3),
        "whistles_link": wall.link(whistled="1"),
        "desks": duty_desks(actor=wall.actor, at=wall.at, area_path=wall.area.path)[:STREETS],
        "level_names": level_names(),
    }


def _bounds(area: AreaNode) -> str:
    outline = ground().polygon(area.id)
    if outline is None:
        return bounds()
    west, south, east, north = outline.bounds
    return f"{west:.5f},{south:.5f},{east:.5f},{north:.5f}"
