"""Two desks of their own: departments called, and reporters to call back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.engines.matters.selectors.callbacks import Reason, calls_to_make, calls_waiting
from linli.engines.matters.selectors.whistles import whistle_board
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, kept_query, taken
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_

# How a call stands: its word, its icon, the clock's shape that it takes.
STANDS = {
    "overdue": (_("has not come, past its time"), "alarm-clock", "overdue"),
    "waiting": (_("has not come yet"), "hourglass", "soon"),
    "late": (_("came late"), "circle-check", "late"),
    "came": (_("came on time"), "circle-check", "done"),
    "released": (_("no longer needed"), "minus", "late"),
}
SHOWN = ("waiting", "came", "all")
REASONS = {
    Reason.CLOSING: (_("Before closing"), _("Verified: the outcome is told by telephone before the matter is closed.")),
    Reason.DISSATISFIED: (_("Not satisfied"), _("Closed in the last 15 days, and the reporter rated it low or says that it is not solved.")),
    Reason.SILENT: (_("Nothing heard"), _("Closed in the last 15 days; a telephone was left and nobody rated it.")),
}


@requires("matters.read")
@never_cache
@require_GET
def whistles(request: HttpRequest) -> HttpResponseBase:
    """The whistle board: which departments were called, who has reported in and who has not."""
    actor, at, language = actor_of_request(request), now(), get_language() or ""
    board = whistle_board(actor=actor, at=at)
    shown = request.GET.get("show", "waiting")
    shown = shown if shown in SHOWN else "waiting"
    unit = request.GET.get("unit", "")
    calls = [call for call in board.calls if (not unit or call.unit.code == unit) and (shown == "all" or call.waits == (shown == "waiting"))]
    if asked_format(request):
        actor.require_somewhere("matters.export")
        heads = [
            gettext(head)
            for head in (
                N_("Department"),
                N_("Number"),
                N_("Class"),
                N_("Area"),
                N_("What for"),
                N_("Called"),
                N_("Report in by"),
                N_("Came"),
                N_("What it does"),
                N_("State"),
            )
        ]
        rows = [
            (
                bilingual(dict(call.unit.names), language), call.code, bilingual(dict(call.class_names), language), bilingual(dict(call.area_names), language),
                call.reason, call.called_at, call.due_at, call.came_at, call.answer, STANDS[call.state][0],
            )
            for call in calls
        ]  # fmt: skip
        return taken(request, name="whistles", heads=heads, rows=rows, at=at)
    counts = {"waiting": sum(call.waits for call in board.calls), "came": sum(not call.waits for call in board.calls), "all": len(board.calls)}
    return show(
        request, "console/whistles.html", "whistles", lines=[(call, *STANDS[call.state]) for call in calls], departments=board.departments, shown=shown,
        unit=unit, tabs=[(name, counts[name], name == shown) for name in SHOWN], may_export=actor.holds("matters.export"), query=kept_query(request),
        overdue=sum(call.state == "overdue" for call in board.calls),
    )  # fmt: skip


@requires("matters.verify")
@never_cache
@require_GET
def calls(request: HttpRequest) -> HttpResponseBase:
    """The call-back desk: one reporter after the other, with what was done and what they said."""
    actor, at, language = actor_of_request(request), now(), get_language() or ""
    waiting = calls_waiting(actor=actor, at=at)
    asked = request.GET.get("why", "")
    reason = Reason(asked) if asked in list(Reason) else next((one for one in Reason if waiting[one.value]), Reason.CLOSING)
    lines = calls_to_make(actor=actor, at=at, reason=reason)
    if asked_format(request):
        actor.require_somewhere("matters.export")
        heads = [
            gettext(head)
            for head in (
                N_("Number"),
                N_("Class"),
                N_("Area"),
                N_("Address"),
                N_("Outcome"),
                N_("Since"),
                N_("Calls so far"),
                N_("Rating"),
                N_("What they said"),
            )
        ]
        rows = [
            (
                line.code, bilingual(dict(line.class_names), language), bilingual(dict(line.area_names), language), line.address, line.outcome, line.since,
                line.calls, ", ".join(str(one.rating) for one in line.reporters if one.rating), "; ".join(one.comment for one in line.reporters if one.comment),
            )
            for line in lines
        ]  # fmt: skip
        return taken(request, name="calls", heads=heads, rows=rows, at=at)
    return show(
        request, "console/calls.html", "calls", lines=lines, reason=reason, says=REASONS[reason][1],
        tabs=[(one, REASONS[one][0], waiting[one.value], one is reason) for one in Reason], key=str(new_id()),
        may_export=actor.holds("matters.export"), query=kept_query(request),
    )  # fmt: skip
