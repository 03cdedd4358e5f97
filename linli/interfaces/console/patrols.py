"""Patrols on the desk: a team's routes, rounds and missed slots; the missed board and what was covered, of an area."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.directory.territory.selectors import ground
from linli.engines.duties.patrols.playbook import MANAGE, READ, patrols_section
from linli.engines.duties.patrols.rules.answers import Answer
from linli.engines.duties.patrols.selectors.covered import Coverage, covered
from linli.engines.duties.patrols.selectors.team import MissLine, miss_board, team_patrol
from linli.engines.duties.patrols.services.lone import close_alarm
from linli.engines.duties.patrols.services.misses import answer_miss
from linli.interfaces.access import actor_of_request, requires, signed_in_route
from linli.interfaces.console.pages import show
from linli.interfaces.console.patrol_map import drawn
from linli.interfaces.console.tables import MOST, asked_format, kept_query, taken
from linli.interfaces.console.teams import team_named
from linli.interfaces.refusals import sentence, status_of, uuid_given
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Refusal
from linli.kernel.writing import write

SPANS = (1, 7, 30)
ANSWERS: dict[Answer, tuple[Any, Any, str]] = {  # what it is, what to press, badge
    Answer.OPEN: (_("not answered"), _("Open"), "overdue"),
    Answer.ACKNOWLEDGED: (_("acknowledged"), _("Acknowledge"), "soon"),
    Answer.RESOLVED: (_("resolved"), _("Resolve"), "ok"),
    Answer.FORGIVEN: (_("forgiven"), _("Forgive"), "warm"),
}


def _shown(line: MissLine) -> dict[str, Any]:
    """A missed slot with its words."""
    word, _press, badge = ANSWERS[line.state]
    return {"line": line, "word": word, "badge": badge, "answers": [(answer.value, ANSWERS[answer][1]) for answer in line.answers]}


@signed_in_route
@never_cache
@require_GET
def patrol(request: HttpRequest, code: str) -> HttpResponseBase:
    """A team's patrol, for its captains and those who may see patrols there."""
    return _team(request, code)


def _team(request: HttpRequest, code: str, *, refusal: Refusal | None = None) -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    page = team_patrol(actor=actor, at=at, team_id=team_named(code))
    silent = [line for line in page.alone if line.alarm_id]
    return show(
        request, "console/patrols/team.html", "teams", status=status_of(refusal) if refusal else 200,
        page=page, team=page.team, code=code, misses=[_shown(line) for line in page.misses], silent=silent, refusal=sentence(refusal) if refusal else "",
        alone=[line for line in page.alone if not line.alarm_id], interval=patrols_section().interval_minutes,
        standing=sum(line.state is Answer.OPEN and not line.cleared for line in page.misses), sees_all=actor.holds(READ),
    )  # fmt: skip


@signed_in_route
@require_POST
def answer(request: HttpRequest, code: str) -> HttpResponseBase:
    """Answer a missed slot, or close the alarm of a lone volunteer."""
    actor, at, given = actor_of_request(request), now(), request.POST
    team_named(code)
    try:
        with write():
            if given.get("alarm"):
                close_alarm(actor=actor, at=at, alarm_id=uuid_given(given["alarm"]), words=given.get("note", ""), still_out=given.get("still_out") == "yes")
            else:
                answer_miss(actor=actor, at=at, miss_id=uuid_given(given.get("miss", "")), wanted=_answer(given.get("answer", "")), words=given.get("note", ""))
    except Refusal as refusal:
        if given.get("back") == "board":
            return _board(request, refusal=refusal)
        return _team(request, code, refusal=refusal)
    messages.success(request, gettext("Written down."))
    return redirect("console:patrols_missed") if given.get("back") == "board" else redirect("console:patrol", code)


@requires("patrols.read")
@never_cache
@require_GET
def missed(request: HttpRequest) -> HttpResponseBase:
    """Missed slots of one's area, the newest first."""
    return _board(request)


def _board(request: HttpRequest, *, refusal: Refusal | None = None) -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    days = _days(request)
    table = asked_format(request)
    board = miss_board(actor=actor, since=_midnight(at, days - 1), until=at + timedelta(seconds=1), limit=MOST if table else 200)
    if table:
        return _missed_table(request, board.lines, at)
    return show(
        request, "console/patrols/missed.html", "teams", status=status_of(refusal) if refusal else 200,
        board=board, lines=[_shown(line) for line in board.lines],
        days=days, spans=SPANS, query=kept_query(request), may_answer=actor.holds(MANAGE), refusal=sentence(refusal) if refusal else "",
    )  # fmt: skip


@requires("patrols.read")
@never_cache
@require_GET
def coverage(request: HttpRequest) -> HttpResponseBase:
    """What was walked of the streets (where there are none, of the routes), and which households lie within reach of it, by area."""
    actor, at, land = actor_of_request(request), now(), ground()
    days, asked = _days(request), request.GET.get("area", "")
    area = land.by_code(asked) if asked else None
    found = covered(actor=actor, since=_midnight(at, days - 1), until=at + timedelta(seconds=1), area_path=area.path if area else "")
    if asked_format(request):
        return _unwalked_table(request, found, at) if request.GET.get("of") == "streets" else _coverage_table(request, found, at)
    areas = [(one.code, "　" * land.depth(one.id), one.names) for one in sorted(land, key=lambda one: one.path) if land.children(one.id)]
    return show(
        request, "console/patrols/coverage.html", "teams", found=found, days=days, spans=SPANS, area=area, areas=areas, query=kept_query(request, "of"),
        rows=found.areas[:200], more=max(0, len(found.areas) - 200), drawing=drawn(found, land), none=_empty(found),
        length=_share(found.walked, found.metres), homes=_share(found.reached, found.households),
        never=found.never[:200], never_more=max(0, len(found.never) - 200), left=sum(one.metres for one in found.never),
    )  # fmt: skip


def _missed_table(request: HttpRequest, lines: tuple[MissLine, ...], at: datetime) -> HttpResponseBase:
    language = get_language() or ""
    named = (N_("Team"), N_("Route"), N_("Begins"), N_("Ends"), N_("Checkpoints met"), N_("Checkpoints"), N_("In the shift"), N_("State"), N_("Reason"))
    rows = [
        (
            bilingual(line.team, language), bilingual(line.route, language), line.starts_at, line.ends_at, line.reached, line.of, line.staffed,
            gettext("walked in time, known late") if line.cleared else ANSWERS[line.state][0], line.note,
        )
        for line in lines
    ]  # fmt: skip
    return taken(request, name="missed-slots", heads=[gettext(head) for head in named], rows=rows, at=at)


def _coverage_table(request: HttpRequest, found: Coverage, at: datetime) -> HttpResponseBase:
    named = (N_("Area"), N_("Measured by"), N_("Length, m"), N_("Walked, m"), N_("Left, m"), N_("Households"), N_("Within reach"), N_("Estimated"))
    rows = [
        (
            bilingual(dict(area.names), get_language() or ""), gettext("streets") if one.by_street else gettext("routes"),
            round(one.metres), round(one.walked), round(one.left), one.households, one.reached, "" if one.by_building else "≈",
        )
        for area, one in found.areas
    ]  # fmt: skip
    return taken(request, name="coverage", heads=[gettext(head) for head in named], rows=rows, at=at)


def _unwalked_table(request: HttpRequest, found: Coverage, at: datetime) -> HttpResponseBase:
    rows = [(bilingual(dict(one.names), get_language() or ""), round(one.metres)) for one in found.never]
    return taken(request, name="streets-never-walked", heads=[gettext("Street (road)"), gettext("Length, m")], rows=rows, at=at)


def _share(part: float, whole: float) -> int:
    return int(part * 100 / whole) if whole else 0


def _empty(found: Coverage) -> bool:
    return not found.legs and not found.spots


def _days(request: HttpRequest) -> int:
    asked = request.GET.get("days", "7")
    return int(asked) if asked in map(str, SPANS) else 7


def _midnight(at: datetime, days: int) -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate(at) - timedelta(days=days), time()))


def _answer(text: str) -> Answer:
    try:
        return Answer(text)
    except ValueError:
        raise Http404 from None
