"""The door: what this is, report, track, what is going on, this month's figures, whom to call; and the page of boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from linli.directory.territory.playbook import Service
from linli.directory.territory.selectors import ground_or_none
from linli.directory.territory.selectors.points import OpenPoint, service_points
from linli.engines.matters.selectors.public import PublicFilter, public_list
from linli.insight.rules import Figures
from linli.insight.selectors import Line, Selection, figures_by_area, figures_by_month, open_now, selected_figures
from linli.interfaces.access import public_route
from linli.interfaces.portal.offers import offers, own
from linli.interfaces.portal.show import lines, own_name, percent, week_words
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now

LATEST = 6
PUBLIC = Actor.system("public figures")  # everyone may see the figures of the whole and of its areas (DESIGN, first paragraph)


@dataclass(frozen=True, slots=True)
class Month:
    """Figures of a month, and the month before where this one has only begun."""

    since: date
    until: date
    figures: Figures

    @property
    def days(self) -> int:
        return (self.until - self.since).days


@public_route
@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    """The first page."""
    at = now()
    ready = ground_or_none() is not None and offers().section is not None
    context: dict[str, Any] = {"numbers": offers().emergencies, "ready": ready, "points": service_points(at=at)}
    if ready:
        month = this_month(at)
        context |= {
            "matters": lines(public_list(at=at, wanted=PublicFilter(state="all", limit=LATEST)), at=at),
            "month": month,
            "levels": funnel(month.figures),
            "rates": rates(month.figures),
            "overdue": overdue_now(at),
        }
    return render(request, "portal/home.html", context)


def this_month(at: datetime) -> Month:
    """The figures of what was reported in this month, in the community's time zone."""
    land = ground_or_none()
    assert land is not None
    today = timezone.localtime(at).date()
    since = today.replace(day=1)
    until = (since.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Month(since, until, selected_figures(actor=PUBLIC, at=at, of=Selection(land.root.path, since, until)))


def funnel(figures: Figures) -> list[dict[str, Any]]:
    """The levels that solved, the lowest first, with their share in per cent."""
    section, land = offers().section, ground_or_none()
    if section is None or land is None:
        return []
    return [
        {
            "name": own_name(land.level_names.get(part.level, {"zh": part.level, "en": part.level})),
            "share": percent(line.share),
            "bar": percent(line.share) or 0,
            "closed": line.closed,
        }
        for part, line in zip(section.route, figures.funnel, strict=False)
    ]


def rates(figures: Figures) -> dict[str, Any]:
    """The shares in per cent; None where nothing was counted."""
    known = figures.rates
    return {name: percent(getattr(known, name)) for name in ("response", "solved", "satisfied", "on_time")}


def overdue_now(at: datetime) -> int:
    """Everything that is open past its promise, whenever it was reported."""
    land = ground_or_none()
    return open_now(actor=PUBLIC, at=at, area_path=land.root.path).overdue if land is not None else 0


@public_route
@require_GET
def figures(request: HttpRequest) -> HttpResponseBase:
    """Everything open: received, solved on the spot, on time, the three rates, by area and by month, and what is overdue."""
    at = now()
    land = ground_or_none()
    if land is None or offers().section is None:
        return render(request, "portal/figures.html", {})
    month = this_month(at)
    first = month.since.replace(year=month.since.year - 1)
    since_first = Selection(land.root.path, first, month.until)
    of_month = Selection(land.root.path, month.since, month.until)
    context = {
        "month": month,
        "levels": funnel(month.figures),
        "rates": rates(month.figures),
        "overdue": overdue_now(at),
        "areas": [_row(line) for line in figures_by_area(actor=PUBLIC, at=at, of=of_month)],
        "months": [_row(line) for line in figures_by_month(actor=PUBLIC, at=at, of=since_first)],
    }
    return render(request, "portal/figures.html", context)


def _row(line: Line) -> dict[str, Any]:
    found = line.figures
    spot = found.funnel[0].share if found.funnel else None
    return {
        "code": line.key.rstrip("/").rpartition("/")[2],
        "name": own_name(line.names),
        "reported": found.counts.reported,
        "closed": found.counts.closed,
        "spot": percent(spot),
        "on_time": percent(found.rates.on_time),
        "overdue": found.overdue_open,
        "satisfied": percent(found.rates.satisfied),
    }


@public_route
@require_GET
def services(request: HttpRequest) -> HttpResponseBase:
    """The service menu: what is done at the counter, what to bring, where, and whether it is open now."""
    return render(request, "portal/services.html", {"points": [menu(point) for point in service_points(at=now())], "numbers": offers().emergencies})


def menu(found: OpenPoint) -> dict[str, Any]:
    """A service point as its page shows it: services by group in the playbook's order, the week with equal days together."""
    groups: dict[str, list[Service]] = {}
    for service in found.point.services:
        groups.setdefault(own(service.group), []).append(service)
    return {"open": found, "point": found.point, "groups": groups.items(), "week": week_words(found.week)}


@public_route
@require_GET
def about(request: HttpRequest) -> HttpResponseBase:
    """What this does, what it never does (DESIGN §1), and what happens with one's data."""
    return render(request, "portal/about.html", {"numbers": offers().emergencies})
