"""The work queue: filters come by the address, so that a view of the queue can be sent as a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.states import OPEN, State
from linli.engines.matters.selectors.queue import QueueFilter, QueueRow, queue, queue_counts
from linli.interfaces.access import signed_in_route
from linli.interfaces.console.pages import first_place, show
from linli.interfaces.wording import clock_state
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_, Refusal

CLOCKS = ("overdue", "soon")
WHOLE = ("open", "ended", "all")


class BadFilter(Refusal):
    code = "console.bad_filter"
    message = N_("This address asks for “%(given)s”, which is no filter of the queue. Begin again at the queue.")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the queue with both clocks named."""

    row: QueueRow
    level_clock: str
    promise_clock: str


def wanted_of(given: QueryDict, actor: Actor) -> QueueFilter:
    """The filter that an address asks for; without ``view``, those who hold posts begin with their own matters.

    Raises:
        BadFilter: a value that means nothing.
    """
    view = given.get("view", "mine" if actor.post_ids and not given else "area")
    state, clock = given.get("state", "open"), given.get("clock", "")
    levels = [part.level for part in active_playbook().section(MattersSection).route]
    if state not in (*WHOLE, *State):
        raise BadFilter(given=state[:40])
    if clock not in ("", *CLOCKS):
        raise BadFilter(given=clock[:40])
    level = given.get("level", "")
    if level and level not in levels:
        raise BadFilter(given=level[:40])
    return QueueFilter(
        mine=view == "mine",
        state=state,
        level=levels.index(level) if level else None,
        kind=given.get("kind", ""),
        class_code=given.get("class", ""),
        area_path=given.get("area", ""),
        clock=clock,
        urgent=given.get("urgent") == "1",
        unplaced=given.get("unplaced") == "1",
        whistled=given.get("whistled") == "1",
        words=given.get("q", "").strip()[:80],
        post_id=_uuid(given.get("post", "")),
        since=_instant(given.get("since", "")),
        until=_instant(given.get("until", "")),
        after=_cursor(given.get("after", "")),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadFilter(given=text[:40]) from None


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise BadFilter(given=text[:40]) from None
    return timezone.make_aware(found) if found is not None and found.tzinfo is None else found


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    when, _, last = text.partition("~")
    instant, key = _instant(when), _uuid(last)
    if instant is None or key is None:
        raise BadFilter(given=text[:40])
    return instant, key


def lines_of(rows: Sequence[QueueRow], at: datetime) -> list[Line]:
    return [
        Line(
            row,
            clock_state(state=row.state, due_at=row.level_due_at, closed_at=row.closed_at, at=at),
            clock_state(state="", due_at=row.due_at, closed_at=row.closed_at, at=at),
        )
        for row in rows
    ]


def link(given: QueryDict, **changes: str | None) -> str:
    """The queue's address with some of its filters changed (None: taken away); a page of it is always the first."""
    values = {key: given[key] for key in given if key not in ("after", "format")}
    for key, value in changes.items():
        if value:
            values[key] = value
        else:
            values.pop(key, None)
    return "?" + urlencode(values) if values else "?view=area"


@signed_in_route
@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    """The queue, or for those who may not see matters the first page that they may."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.holds("matters.read"):
        if not actor.grants:
            actor.require_somewhere("matters.read")
        return redirect(first_place(actor))
    at = now()
    wanted = wanted_of(request.GET, actor)
    page = queue(actor=actor, at=at, wanted=wanted)
    counts = queue_counts(actor=actor, at=at)
    given = request.GET.copy()
    given.setdefault("view", "mine" if wanted.mine else "area")
    after = f"{page.after[0].isoformat()}~{page.after[1]}" if page.after else ""
    return show(
        request,
        "console/queue.html",
        "queue",
        lines=lines_of(page.rows, at),
        wanted=wanted,
        counts=counts,
        tiles=_tiles(counts, wanted),
        views=[("mine", link(given, view="mine"), wanted.mine), ("area", link(given, view="area"), not wanted.mine)] if actor.post_ids else [],
        states=[(state, link(given, state=state), wanted.state == state) for state in (*WHOLE, *(s.value for s in State if s in OPEN))],
        form=_form(actor, wanted),
        next=f"{link(given)}&{urlencode({'after': after})}" if after else "",
        first=link(given) if wanted.after else "",
        may_export=actor.holds("matters.export"),
        export=link(given).removeprefix("?"),
        filtered=bool(wanted.level is not None or wanted.kind or wanted.class_code or wanted.area_path or wanted.words or wanted.clock or wanted.urgent
                      or wanted.unplaced or wanted.whistled or wanted.post_id or wanted.since or wanted.until or wanted.state != "open"),
        cleared=link(QueryDict(mutable=True), view="mine" if wanted.mine else "area"),
    )  # fmt: skip


def _tiles(counts: dict[str, int], wanted: QueueFilter) -> list[dict[str, Any]]:
    """The counts above the queue; each leads to what it counted, in the whole of what this person sees."""
    plain = QueryDict(mutable=True)
    return [
        {"name": "open", "count": counts["open"], "link": link(plain, view="area"), "chosen": False},
        {"name": "overdue", "count": counts["overdue"], "link": link(plain, view="area", clock="overdue"), "chosen": wanted.clock == "overdue"},
        {"name": "soon", "count": counts["soon"], "link": link(plain, view="area", clock="soon"), "chosen": wanted.clock == "soon"},
        {"name": "urgent", "count": counts["urgent"], "link": link(plain, view="area", urgent="1"), "chosen": wanted.urgent},
        {"name": "unplaced", "count": counts["unplaced"], "link": link(plain, view="area", unplaced="1"), "chosen": wanted.unplaced},
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
