"""The wall: where matters are, what each level solves, which clocks run out, who is there. Each part can be fetched alone.

Every figure is a link to the records behind it. What happens is seen within two seconds (``/live/command`` tells that
something changed; the parts are then fetched again); figures that are counted from roll-ups follow a moment later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.organisation.selectors import duty_desks
from linli.directory.territory.selectors import ground
from linli.engines.matters.selectors.patterns import usual_by_hour
from linli.engines.matters.selectors.queue import QueueFilter, queue, queue_counts
from linli.engines.matters.selectors.wall import arrivals_by_hour, open_whistles
from linli.engines.matters.services.frame import frame
from linli.insight.rules import Figures, Share
from linli.insight.selectors import figures_by_area, figures_by_class, selected_figures
from linli.interfaces.access import requires
from linli.interfaces.command.heat import heat_choices, shown_heat
from linli.interfaces.command.wall import PERIODS, Wall, moment, queue_link, wall_of
from linli.interfaces.console.pages import level_names
from linli.interfaces.console.queue import lines_of
from linli.interfaces.replay.models import ReplayProgress
from linli.interfaces.zone import community_zone

SHOWN = 12  # lines that are sent; the screen shows as many as fit
AREAS = 40
FEW = 6  # areas that leave room for the classes below them
DESKS = 24


@requires("insight.read")
@never_cache
@require_GET
def screen(request: HttpRequest) -> HttpResponseBase:
    """The whole screen; it is complete without script, only not live."""
    wall = wall_of(request)
    counted = _counted(wall)
    bounds = ",".join(f"{side:.5f}" for side in wall.box)
    context = {
        **_now(wall, counted), **_figures(wall, counted), **_watch(wall), **_arrivals(wall), "bounds": bounds, "zone": str(community_zone() or ""),
        "above": ground().chain(wall.area.id)[:-1], "periods": [(code, words, code == wall.period) for code, (words, _days) in PERIODS.items()],
        "heat": shown_heat(request), "heats": heat_choices(get_language() or ""),
    }  # fmt: skip
    return render(request, "command/screen.html", context)


@requires("insight.read")
@never_cache
@require_GET
def now_part(request: HttpRequest) -> HttpResponseBase:
    """The figures of this moment, from live rows."""
    wall = wall_of(request)
    return render(request, "command/now.html", _now(wall, _counted(wall)))


@requires("insight.read")
@never_cache
@require_GET
def figures_part(request: HttpRequest) -> HttpResponseBase:
    """Funnel, and the areas compared, from the roll-ups."""
    wall = wall_of(request)
    return render(request, "command/figures.html", _figures(wall, _counted(wall)))


@requires("insight.read")
@never_cache
@require_GET
def watch_part(request: HttpRequest) -> HttpResponseBase:
    """Clocks that run out, departments called, who is present."""
    return render(request, "command/watch.html", _watch(wall_of(request)))


@requires("insight.read")
@never_cache
@require_GET
def arrivals_part(request: HttpRequest) -> HttpResponseBase:
    """What each of the last 24 hours brought, beside what it usually brings."""
    return render(request, "command/arrivals.html", _arrivals(wall_of(request)))


def _counted(wall: Wall) -> Figures:
    """The figures of the wall's area and period, which several parts show."""
    return selected_figures(actor=wall.actor, at=wall.at, of=wall.selection)


def _now(wall: Wall, figures: Figures) -> dict[str, Any]:
    return {
        "wall": wall,
        "counts": queue_counts(actor=wall.actor, at=wall.at, area_path=wall.area.path),
        "today": sum(arrivals_by_hour(actor=wall.actor, at=wall.at, start=wall.midnight, area_path=wall.area.path)),
        "rates": _rates(figures),
        "links": {
            "open": wall.link(),
            "overdue": wall.link(clock="overdue"),
            "soon": wall.link(clock="soon"),
            "today": wall.link(state="all", since=moment(wall.midnight)),
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
    """A share with one decimal, 100 without; a dash where nothing was counted."""
    return "–" if share is None else "100" if share == 1 else f"{100 * share:.1f}"


def _arrivals(wall: Wall) -> dict[str, Any]:
    start, hour = wall.day_start, timedelta(hours=1)
    came = arrivals_by_hour(actor=wall.actor, at=wall.at, start=start, area_path=wall.area.path)
    usual = usual_by_hour(actor=wall.actor, at=start, area_path=wall.area.path)
    hours = [
        {
            "at": start + number * hour,
            "count": count,
            "usual": round(usual[number % 24], 1),
            "link": wall.link(state="all", since=moment(start + number * hour), until=moment(start + (number + 1) * hour)),
        }
        for number, count in enumerate(came)
    ]
    return {"wall": wall, "hours": hours, "arrivals_link": wall.link(state="all", since=moment(start)), "arrived": sum(came)}


def _figures(wall: Wall, figures: Figures) -> dict[str, Any]:
    lines = sorted(figures_by_area(actor=wall.actor, at=wall.at, of=wall.selection), key=lambda line: (-line.figures.overdue_open, line.key))
    busiest = max((line.figures.counts.open for line in lines), default=0) or 1
    return {
        "wall": wall,
        "funnel": _funnel(wall, figures),
        "outside": figures.counts.closed - figures.counts.funnel,
        "derived": ReplayProgress.objects.exists(),
        "clocks": _rates(figures)["clocks"],
        "closed_link": wall.link(state="closed", since=wall.since),
        "streets": [
            {
                "names": line.names,
                "open": line.figures.counts.open,
                "overdue": line.figures.overdue_open,
                "on_time": _per_cent(line.figures.rates.on_time),
                "late_width": 100 * line.figures.overdue_open / busiest,
                "width": 100 * line.figures.counts.open / busiest,
                "link": queue_link(area=line.key),
                "closed_link": queue_link(area=line.key, state="closed", since=wall.since),
                "down": f"?area={line.key}&period={wall.period}",
            }
            for line in lines[:AREAS]
        ],
        "streets_link": wall.link(clock="overdue"),
        "classes": _classes(wall) if len(lines) <= FEW else [],
    }


def _funnel(wall: Wall, figures: Figures) -> list[dict[str, Any]]:
    """Each level with what it closed, beside what reached it: what lower levels closed did not."""
    names, levels = level_names(), [level.level for level in frame().policy.levels]
    funnel, reached = [], 1.0
    for line in figures.funnel:
        code = levels[line.level]
        funnel.append(
            {
                "names": names.get(code, {"zh": code, "en": code}),
                "closed": line.closed,
                "share": _per_cent(line.share),
                "width": 100 * (line.share or 0),
                "reached": 100 * max(0.0, reached) if line.share is not None else 0,
                "of_reached": _per_cent(line.of_reached),
                "kind": ("ok", "", "warm")[min(2, line.level)],
                "link": wall.link(state="closed", level=code, since=wall.since),
                "first": line.level == 0,
            }
        )
        reached -= line.share or 0
    return funnel


def _classes(wall: Wall) -> list[dict[str, Any]]:
    """What is reported most."""
    lines = figures_by_class(actor=wall.actor, at=wall.at, of=wall.selection)[:SHOWN]
    most = lines[0].figures.counts.reported if lines else 1
    return [
        {
            "names": line.names,
            "reported": line.figures.counts.reported,
            "width": 100 * line.figures.counts.reported / (most or 1),
            "link": wall.link(**{"state": "all", "class": line.key, "since": wall.since}),
        }
        for line in lines
    ]


def _watch(wall: Wall) -> dict[str, Any]:
    page = queue(actor=wall.actor, at=wall.at, wanted=QueueFilter(area_path=wall.area.path, clock="soon", limit=SHOWN))
    desks = duty_desks(actor=wall.actor, at=wall.at, area_path=wall.area.path)
    whistles = open_whistles(actor=wall.actor, at=wall.at, area_path=wall.area.path)
    desks.sort(key=lambda line: line.holding is not None)  # a desk without anybody is seen first
    return {
        "wall": wall,
        "running": lines_of(page.rows, wall.at),
        "running_link": wall.link(clock="soon"),
        "whistles": whistles[:SHOWN],
        "awaited": len(whistles),
        "whistles_link": wall.link(whistled="1"),
        "desks": desks[:DESKS],
        "absent": sum(line.holding is None for line in desks),
    }
