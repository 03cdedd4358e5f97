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
from linli.insight.selectors import Line, Selection, figures_by_area, figures_by_month, selected_figures
from linli.interfaces.access import public_route
from linli.interfaces.portal.browsing import area_path_of
from linli.interfaces.portal.offers import offers, own
from linli.interfaces.portal.show import lines, own_name, percent, week_words
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now

LATEST = 6
PUBLIC = Actor.system("public figures")  # everyone may see the figures of the whole and of its areas (DESIGN, first paragraph)


@dataclass(frozen=True, slots=True)
class Month:
    """Figures of a month. ``current``: whether it is the one that runs."""

    since: date
    until: date
    figures: Figures
    current: bool

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
    return month_of(at, path=land.root.path)


def month_of(at: datetime, *, path: str, wanted: str = "") -> Month:
    """The figures of an area for a month (``2026-03``); for this one where none is named, or one that is no month or to come.

    Where this one has only begun and nothing was reported in it, the one before says more, and is given.
    """
    this = timezone.localtime(at).date().replace(day=1)
    try:
        named = datetime.strptime(wanted, "%Y-%m").date() if wanted else None  # noqa: DTZ007 - a month has no zone
    except ValueError:
        named = None
    if named is not None and date(2000, 1, 1) < named <= this:
        return _month(at, path, named, current=named == this)
    found = _month(at, path, this, current=True)
    return found if found.figures.counts.reported else _month(at, path, _first_before(this), current=False)


def _month(at: datetime, path: str, since: date, *, current: bool) -> Month:
    until = (since.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Month(since, until, selected_figures(actor=PUBLIC, at=at, of=Selection(path, since, until)), current)


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


def overdue_now(at: datetime, *, path: str = "") -> int:
    """Everything that is open past its promise in an area (everywhere), whenever it was reported: from the roll-ups."""
    land = ground_or_none()
    return selected_figures(actor=PUBLIC, at=at, of=Selection(path or land.root.path)).overdue_open if land is not None else 0


@public_route
@require_GET
def figures(request: HttpRequest) -> HttpResponseBase:
    """Everything open: received, solved on the spot, on time, the three rates, by area and by month, and what is overdue.

    ``?area=`` shows one area and those in it, ``?month=2026-03`` another month. A handful of queries on roll-ups.
    """
    at = now()
    land = ground_or_none()
    if land is None or offers().section is None:
        return render(request, "portal/figures.html", {})
    path = area_path_of(request.GET.get("area", "").strip()[:80]) or land.root.path
    node = land.by_path(path)
    month = month_of(at, path=path, wanted=request.GET.get("month", ""))
    before = Selection(path, _first_before(month.since), month.since)
    year = Selection(path, month.since.replace(year=month.since.year - 1), month.until)
    by_area = figures_by_area(actor=PUBLIC, at=at, of=Selection(path, month.since, month.until))
    earlier = {line.key: percent(line.figures.rates.on_time) for line in figures_by_area(actor=PUBLIC, at=at, of=before)} if by_area else {}
    context = {
        "month": month,
        "area": node if node.id != land.root.id else None,
        "path": list(land.chain(node.id)),
        "before": before.since,
        "after": None if month.current else month.until,
        "levels": funnel(month.figures),
        "rates": rates(month.figures),
        "overdue": overdue_now(at, path=path),
        "areas": [_row(line) | _change(line, earlier.get(line.key)) for line in by_area],
        "deeper": {child.code for child in land.children(node.id) if land.children(child.id)},
        "months": [_row(line) for line in figures_by_month(actor=PUBLIC, at=at, of=year)],
    }
    return render(request, "portal/figures.html", context)


def _first_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


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
        "response": percent(found.rates.response),
        "solved": percent(found.rates.solved),
        "satisfied": percent(found.rates.satisfied),
    }


def _change(line: Line, earlier: Any) -> dict[str, Any]:
    """How the share closed on time moved against the month before, in percentage points; None where one of them is unknown."""
    now_share = percent(line.figures.rates.on_time)
    return {"change": None if now_share is None or earlier is None else round(now_share - earlier, 1)}


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
