"""The work queue: filters come by the address, so that a view of the queue can be sent as a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.states import OPEN, State, Verb, next_state
from linli.engines.matters.selectors.queue import QueueFilter, QueueRow, queue, queue_counts
from linli.interfaces.access import actor_of_request, signed_in_route
from linli.interfaces.console.filters import NAME, PART, WHOLE, link, wanted_of
from linli.interfaces.console.pages import first_place, show
from linli.interfaces.console.saved import kept_filters
from linli.interfaces.wording import clock_state
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import active_playbook

# The steps that many matters take together, each with what it asks of the actor.
TOGETHER: tuple[tuple[Verb, str], ...] = (
    (Verb.DISPATCH, "matters.dispatch"),
    (Verb.ESCALATE, "matters.act"),
    (Verb.FILE, "matters.dispatch"),
    (Verb.VERIFY, "matters.verify"),
    (Verb.CLOSE, "matters.verify"),
)
TILES: tuple[tuple[str, str, Any, dict[str, str]], ...] = (
    ("open", "layout-list", _("Open"), {}),
    ("overdue", "alarm-clock", _("Overdue"), {"clock": "overdue"}),
    ("soon", "hourglass", _("Due soon"), {"clock": "soon"}),
    ("urgent", "zap", _("Urgent"), {"urgent": "1"}),
    ("unplaced", "map-pin", _("No place yet"), {"unplaced": "1"}),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the queue with both clocks named."""

    row: QueueRow
    level_clock: str
    promise_clock: str

    @property
    def runs(self) -> bool:
        """Whether this level's clock says how much is left."""
        return self.level_clock not in ("done", "late", "suspended")

    @property
    def verbs(self) -> str:
        """What many matters can do together and this one's state allows, parted by spaces."""
        return " ".join(verb.value for verb, _ in TOGETHER if next_state(State(self.row.state), verb) is not None)

    @property
    def same(self) -> bool:
        """Whether both clocks end together: then it is said once."""
        return self.row.level_due_at == self.row.due_at and self.runs


def lines_of(rows: Sequence[QueueRow], at: datetime) -> list[Line]:
    return [
        Line(
            row,
            clock_state(state=row.state, due_at=row.level_due_at, closed_at=row.closed_at, at=at),
            clock_state(state="", due_at=row.due_at, closed_at=row.closed_at, at=at),
        )
        for row in rows
    ]


@signed_in_route
@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    """The queue, or for those who may not see matters the first page that they may; ``part=rows`` gives a page's rows alone."""
    actor = actor_of_request(request)
    if not actor.holds("matters.read"):
        if not actor.grants:
            actor.require_somewhere("matters.read")
        return redirect(first_place(actor))
    at = now()
    wanted = wanted_of(request.GET, actor)
    given = request.GET.copy()
    given.setdefault("view", "mine" if wanted.mine else "area")
    here = link(given)
    page = queue(actor=actor, at=at, wanted=wanted)
    following = f"{here}&{urlencode({'after': f'{page.after[0].isoformat()}~{page.after[1]}'})}" if page.after else ""
    rows: dict[str, Any] = {
        "lines": lines_of(page.rows, at),
        "next": following,
        "may_choose": [verb for verb, asked in TOGETHER if actor.holds(asked)],
        "now": at,
    }
    if request.GET.get(PART) == "rows":
        return render(request, "console/rows.html", rows)
    counts = queue_counts(actor=actor, at=at)
    return show(
        request,
        "console/queue.html",
        "queue",
        **rows,
        wanted=wanted,
        counts=counts,
        here=here,
        named=request.GET.get(NAME, "")[:40],
        kept=kept_filters(actor=actor, query=here.removeprefix("?")),
        tiles=_tiles(counts, wanted),
        views=[("mine", link(given, view="mine"), wanted.mine), ("area", link(given, view="area"), not wanted.mine)] if actor.post_ids else [],
        states=[(state, link(given, state=state), wanted.state == state) for state in (*WHOLE, *(s.value for s in State if s in OPEN))],
        form=_form(actor, wanted),
        first=here if wanted.after else "",
        may_export=actor.holds("matters.export"),
        filtered=_is_filtered(wanted),
        cleared=link(QueryDict(mutable=True), view="mine" if wanted.mine else "area"),
    )


def _is_filtered(wanted: QueueFilter) -> bool:
    """Whether more is asked for than open matters."""
    return wanted != QueueFilter(mine=wanted.mine, after=wanted.after)


def _tiles(counts: dict[str, int], wanted: QueueFilter) -> list[dict[str, Any]]:
    """The counts above the queue; each leads to what it counted, in the whole of what this person sees."""
    plain = QueryDict(mutable=True)
    chosen = {"overdue": wanted.clock == "overdue", "soon": wanted.clock == "soon", "urgent": wanted.urgent, "unplaced": wanted.unplaced}
    return [
        {"name": name, "icon": icon, "words": words, "count": counts[name], "link": link(plain, view="area", **asked), "chosen": chosen.get(name, False)}
        for name, icon, words, asked in TILES
    ]


def _form(actor: Actor, wanted: QueueFilter) -> dict[str, Any]:
    """What can be chosen: levels, kinds with their classes, and the areas above the lowest that this person sees."""
    section = active_playbook().section(MattersSection)
    kinds = [(kind.code, kind.names, [part for part in section.classes if part.kind == kind.code]) for kind in section.kinds]
    return {"levels": [part.level for part in section.route], "kinds": kinds, "areas": areas_in_reach(actor, wanted.area_path)}


def areas_in_reach(actor: Actor, chosen: str) -> list[tuple[str, Any, int]]:
    """Areas to choose from: the two or three upper levels within reach, and the areas below the chosen one. (path, names, depth)."""
    land = ground()
    scopes = [scope.area_path for scope in actor.scopes("matters.read")]
    upper = land.levels[:-1]
    found = []
    for area in sorted(land, key=lambda area: area.path):
        reached = any(area.path.startswith(scope) or scope.startswith(area.path) for scope in scopes)
        if reached and (area.level in upper or area.path == chosen or (chosen and area.path.startswith(chosen))):
            found.append((area.path, area.names, land.depth(area.id)))
    return found
