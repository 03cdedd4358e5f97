"""The desk's calendar: duties, meetings and shifts by day, the list behind a day, and who was visited where."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings.playbook import READ as READ_MEETINGS
from linli.engines.duties.meetings.selectors.calendar import MeetingDay, duties_with_meetings, meeting_days, meetings_between
from linli.engines.duties.meetings.selectors.desk import MeetingLine
from linli.engines.duties.playbook import READ
from linli.engines.duties.selectors.calendar import SPAN_MOST, DayCount, duties_between, duty_days, kinds_of_duty, visit_coverage
from linli.engines.duties.shifts.selectors.rosters import CalendarShift, shift_days
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.duties_map import Drawn, drawn
from linli.interfaces.console.meeting_words import STATES as MEETING_STATES
from linli.interfaces.console.pages import show
from linli.interfaces.duty_words import KINDS, SHIFT, STATES, shown_line
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Refusal

LINES = 50
STATES_ASKED = ("open", "done", "missed", "refused")
WEEK = timedelta(days=7)


class BadCalendar(Refusal):
    code = "console.bad_calendar"
    message = N_("This address asks for “%(given)s”, which the calendar does not know. Begin again at the calendar.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; empty ``kinds``: all of them."""

    first: date
    last: date
    view: str
    kinds: frozenset[str]
    area: AreaNode | None
    mine: bool
    state: str
    page: int

    def address(self, route: str, **changed: Any) -> str:
        given: dict[str, Any] = {
            "view": self.view, "day": self.first, "kind": sorted(self.kinds), "area": self.area.code if self.area else "", "mine": "1" if self.mine else "",
            **changed,
        }  # fmt: skip
        return f"{reverse(route)}?{urlencode({name: value for name, value in given.items() if value not in ('', [], None)}, doseq=True)}"


@requires("duties.read")
@never_cache
@require_GET
def calendar(request: HttpRequest) -> HttpResponseBase:
    """A month or a week: how many duties of each kind end on each day, which meetings are held and which shifts begin."""
    actor, today = actor_of_request(request), timezone.localdate(now())
    asked = _asked(request.GET, today=today)
    start = asked.first - timedelta(days=asked.first.weekday())
    end = asked.last + timedelta(days=6 - asked.last.weekday())
    counts: dict[date, list[DayCount]] = {}
    if asked.kinds != {"shift"}:
        held = duties_with_meetings(actor=actor)
        for one in duty_days(actor=actor, first=start, last=end, kinds=asked.kinds - {"shift"}, area=asked.area, mine=asked.mine, without=held):
            counts.setdefault(one.day, []).append(one)
    shifts: dict[date, list[CalendarShift]] = {}
    for shift in _shifts(actor, asked, first=start, last=end):
        shifts.setdefault(timezone.localdate(shift.starts_at), []).append(shift)
    meetings: dict[date, MeetingDay] = {}
    lines: dict[date, list[MeetingLine]] = {}
    if _of_meetings(actor, asked):
        span = _meetings_asked(actor, asked, first=start, last=end)
        meetings = {one.day: one for one in meeting_days(**span)}
        for line in meetings_between(**span, at=now()) if asked.view == "week" else ():
            lines.setdefault(timezone.localdate(line.starts_at), []).append(line)
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    cells = [_cell(asked, day, counts.get(day, []), shifts.get(day, []), meetings.get(day), lines.get(day, []), today=today) for day in days]
    here = today if asked.first <= today <= asked.last else asked.first
    return show(
        request, "console/duties/calendar.html", "duties",
        asked=asked, weeks=[cells[at : at + 7] for at in range(0, len(cells), 7)], week=asked.view == "week", last=asked.last,
        before=asked.address("console:duties_calendar", day=asked.first - timedelta(days=1)),
        after=asked.address("console:duties_calendar", day=asked.last + timedelta(days=1)),
        this=asked.address("console:duties_calendar", day=today),
        views=[(view, asked.address("console:duties_calendar", view=view, day=here)) for view in ("month", "week")],
        kinds=_kinds(asked, actor), areas=_areas(actor), empty=not counts and not shifts and not meetings,
    )  # fmt: skip


@requires("duties.read")
@never_cache
@require_GET
def listed(request: HttpRequest) -> HttpResponseBase:
    """The duties and meetings behind a figure of the calendar or of the coverage map."""
    actor, at = actor_of_request(request), now()
    asked = _asked(request.GET, today=timezone.localdate(at))
    page = None
    if asked.kinds != {"shift"}:
        page = duties_between(
            actor=actor, at=at, first=asked.first, last=asked.last, kinds=asked.kinds - {"shift"}, area=asked.area, mine=asked.mine, state=asked.state,
            start=asked.page * LINES, most=LINES, without=None if asked.state else duties_with_meetings(actor=actor),
        )  # fmt: skip
    more: dict[str, Any] = {"first": asked.first, "last": asked.last, "state": asked.state, "day": ""}
    total = page.total if page else 0
    shifts = _shifts(actor, asked, first=asked.first, last=asked.last) if asked.first == asked.last and not asked.state else []
    meetings = []
    if _of_meetings(actor, asked) and not asked.state and not asked.page:
        meetings = [(line, MEETING_STATES[line.state]) for line in meetings_between(**_meetings_asked(actor, asked, first=asked.first, last=asked.last), at=at)]
    return show(
        request, "console/duties/listed.html", "duties",
        asked=asked, lines=[shown_line(line) for line in page.lines] if page else [], total=total, shifts=shifts, meetings=meetings,
        state=STATES.get(asked.state),
        back=asked.address("console:duties_calendar", day=asked.first),
        previous=asked.address("console:duties_listed", **more, page=asked.page - 1) if asked.page else "",
        next=asked.address("console:duties_listed", **more, page=asked.page + 1) if (asked.page + 1) * LINES < total else "",
    )  # fmt: skip


@requires("duties.read")
@never_cache
@require_GET
def coverage(request: HttpRequest) -> HttpResponseBase:
    """Who was visited in a span, by area: on a map and as a table. Of areas; never of persons."""
    actor, today = actor_of_request(request), timezone.localdate(now())
    asked = _asked(request.GET, today=today)
    kind = next(iter(asked.kinds), "visit")
    rows = visit_coverage(actor=actor, first=asked.first, last=asked.last, kind=kind, area=asked.area)

    def behind(code: str, state: str = "") -> str:
        return asked.address("console:duties_listed", first=asked.first, last=asked.last, day="", area=code, state=state, kind=kind)

    shapes: list[Drawn] = drawn([(row.area_id, row.share) for row in rows])
    address = {row.area_id: (row, behind(row.code)) for row in rows}
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("done", "late", "open", "missed", "refused", "total")}
    counted = sums["total"] - sums["refused"]
    return show(
        request, "console/duties/coverage.html", "duties",
        asked=asked, kind=KINDS[kind], kinds=[(one, KINDS[one][0], one == kind) for one in sorted(kinds_of_duty() & set(KINDS))], sums=sums,
        share=(sums["done"] + sums["late"]) * 100 // counted if counted else None, areas=_areas(actor),
        rows=[{"row": row, "all": behind(row.code), "missed": behind(row.code, "missed"), "open": behind(row.code, "open")} for row in rows],
        shapes=[(shape, *address.get(shape.area_id, (None, ""))) for shape in shapes],
    )  # fmt: skip


def _asked(given: QueryDict, *, today: date) -> Asked:
    """What an address asks for.

    Raises:
        BadCalendar: a value that means nothing.
    """
    view, state, page = given.get("view", "month") or "month", given.get("state", ""), given.get("page", "0")
    if view not in ("month", "week"):
        raise BadCalendar(given=view[:40])
    kinds = frozenset(kind for kind in given.getlist("kind") if kind)
    if unknown := kinds - set(KINDS) - {"shift"}:
        raise BadCalendar(given=min(unknown)[:40])
    if (state and state not in STATES_ASKED) or not page.isdecimal() or len(page) > 6:
        raise BadCalendar(given=(state or page)[:40])
    day = _day(given.get("day", "")) or today
    first, last = _span(day, view)
    first, last = _day(given.get("first", "")) or first, _day(given.get("last", "")) or last
    if last < first:
        raise BadCalendar(given=last.isoformat())
    code = given.get("area", "")
    area = next((one for one in ground() if one.code == code), None) if code else None
    if code and area is None:
        raise BadCalendar(given=code[:40])
    return Asked(first, last, view, kinds, area, given.get("mine") == "1", state, int(page))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadCalendar(given=text[:40]) from None
    if not 2000 <= day.year <= 2100:
        raise BadCalendar(given=text[:40])
    return day


def _span(day: date, view: str) -> tuple[date, date]:
    if view == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + WEEK - timedelta(days=1)
    return day.replace(day=1), day.replace(day=months.monthrange(day.year, day.month)[1])


def _shifts(actor: Actor, asked: Asked, *, first: date, last: date) -> list[CalendarShift]:
    if asked.kinds and "shift" not in asked.kinds:
        return []
    since, until = _midnight(first), _midnight(last + timedelta(days=1))
    return shift_days(actor=actor, since=since, until=until, area_path=asked.area.path if asked.area else "", mine=asked.mine)


def _of_meetings(actor: Actor, asked: Asked) -> bool:
    return (not asked.kinds or "meeting" in asked.kinds) and actor.holds(READ_MEETINGS)


def _meetings_asked(actor: Actor, asked: Asked, *, first: date, last: date) -> dict[str, Any]:
    since, until = _midnight(first), _midnight(min(last, first + SPAN_MOST) + timedelta(days=1))
    return {"actor": actor, "since": since, "until": until, "area_path": asked.area.path if asked.area else "", "mine": asked.mine}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _cell(
    asked: Asked, day: date, counts: list[DayCount], shifts: list[CalendarShift], meetings: MeetingDay | None, lines: list[MeetingLine], *, today: date
) -> dict[str, Any]:  # fmt: skip
    """One day. Meetings that are convened and duties whose meeting is not yet convened are one entry."""
    if meetings:
        planned = next((one for one in counts if one.kind == "meeting"), DayCount(day, "meeting", 0, 0, 0))
        ahead = planned.ahead + meetings.total - meetings.held - meetings.missed
        together = DayCount(day, "meeting", ahead, planned.done + meetings.held, planned.missed + meetings.missed)
        counts = sorted([*(one for one in counts if one.kind != "meeting"), together], key=lambda one: one.kind)
    entries = [
        {"words": KINDS[one.kind][0], "icon": KINDS[one.kind][1], "total": one.total, "missed": one.missed, "ahead": one.ahead, "done": one.done,
         "off": meetings.off if meetings and one.kind == "meeting" else 0,
         "address": asked.address("console:duties_listed", first=day, last=day, day="", kind=one.kind)}
        for one in counts
    ]  # fmt: skip
    if shifts:
        short = sum(1 for shift in shifts if shift.there < shift.least)
        address = asked.address("console:duties_listed", first=day, last=day, day="", kind="shift")
        entries.append({"words": SHIFT[0], "icon": SHIFT[1], "total": len(shifts), "missed": 0, "short": short, "address": address})
    outside = asked.view == "month" and not asked.first <= day <= asked.last
    return {"day": day, "today": day == today, "outside": outside, "entries": entries, "meetings": lines, "shifts": shifts if asked.view == "week" else []}


def _kinds(asked: Asked, actor: Actor) -> list[tuple[str, Any, str, bool]]:
    """Kinds to choose from: code, word, icon, whether chosen."""
    there = kinds_of_duty() | ({"meeting"} if actor.holds(READ_MEETINGS) else frozenset())
    known = [(kind, *KINDS[kind]) for kind in KINDS if kind in there]
    return [(kind, words, icon, kind in asked.kinds) for kind, words, icon in [*known, ("shift", *SHIFT)]]


def _areas(actor: Actor) -> list[tuple[str, Any, int]]:
    """Areas above the lowest that the actor may look into, with their depth; of a single grid there is nothing to choose."""
    land = ground()
    reach = tuple(scope.area_path for scope in actor.scopes(READ))
    upper = land.levels[:-1]
    return [
        (area.code, area.names, land.depth(area.id)) for area in sorted(land, key=lambda area: area.path) if area.path.startswith(reach) and area.level in upper
    ]
