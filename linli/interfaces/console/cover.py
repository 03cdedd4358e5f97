"""Cover around the clock of an area: its teams together, the gaps drawn and named, and the areas below."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.teams.playbook import team_kinds
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.duties.shifts.playbook import READ
from linli.engines.duties.shifts.selectors.cover import area_cover
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.pages import show
from linli.interfaces.console.weeks import WEEK, drawn_week, midnight, week_asked


@requires("shifts.read")
@never_cache
@require_GET
def cover(request: HttpRequest) -> HttpResponseBase:
    """A week of an area where rosters may be seen; none named: the widest one."""
    actor, land, monday = actor_of_request(request), ground(), week_asked(request)
    areas = [one for one in sorted(land, key=lambda one: one.path) if actor.may(READ, area_path=one.path)]
    area = _asked(request, areas)
    known = team_kinds()
    kinds = [kind for kind in request.GET.getlist("kind") if kind in known]
    found = area_cover(actor=actor, area=area, since=midnight(monday), until=midnight(monday + WEEK), kinds=kinds)

    names = {code: kind.names for code, kind in known.items()}
    teams = [(line.team, names.get(line.team.kind, {}), _hours(line.stood), actor.may(READ, area_path=line.team.area_path)) for line in found.teams]

    def address(**changed: object) -> str:
        return "?" + urlencode({"area": area.code, "week": monday.isoformat(), "kind": kinds, **changed}, doseq=True)

    return show(
        request, "console/teams/cover.html", "teams", area=area, monday=monday, before=address(week=monday - WEEK), after=address(week=monday + WEEK),
        areas=[(one.code, "　" * land.depth(one.id), one.names) for one in areas if land.children(one.id) or one == area],
        kinds=[(code, names[code], code in kinds or not kinds) for code in known if code in found.kinds],
        covered=not found.gaps, days=drawn_week(found.gaps, monday), hours=_hours(WEEK), uncovered=_hours(found.uncovered), teams=teams,
        below=[(child, _hours(left), address(area=child.code)) for child, left in found.below if left != found.uncovered],
        alike=sum(left == found.uncovered for _, left in found.below),
    )  # fmt: skip


def _hours(long: timedelta) -> float:
    return round(long / timedelta(hours=1), 1)


def _asked(request: HttpRequest, areas: list[AreaNode]) -> AreaNode:
    """The area of the address among those that may be looked at."""
    code = request.GET.get("area", "")
    found = next((one for one in areas if not code or one.code == code), None)
    if found is None:
        raise Http404
    return found
