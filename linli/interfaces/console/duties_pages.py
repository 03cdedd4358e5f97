"""Duties on the desk: my day, one duty with its check-ins, and the board of what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.domains.care.playbook import WORK as CARE_WORK
from linli.engines.duties.inspections.selectors.ledgers import ledger_behind
from linli.engines.duties.meetings.selectors.desk import meeting_of_duty
from linli.engines.duties.patrols.selectors.walks import walks_of_duty
from linli.engines.duties.patrols.services.stands import PATROL
from linli.engines.duties.playbook import ACT
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.desk import DutyLine, DutyPage, duty_page, missed_board, my_day, pause_reasons
from linli.engines.duties.selectors.figures import how_duties_went
from linli.engines.duties.services.checkin import Command, Left, check_in, excuse, ledger_left
from linli.engines.duties.services.pausing import end_pause, pause
from linli.engines.duties.shifts.selectors.presence import missing_board
from linli.flows.teams_are_messaged import messaged
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.duties_forms import FinishForm, NoteForm, PauseForm, WhyForm, day_sent, told
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, kept_query, taken
from linli.interfaces.duty_words import KINDS, STATES, VERBS, shown_line
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Refusal
from linli.kernel.writing import write

DAYS = (1, 7, 30)
QUICK = ("take", "start", "arrive", "not_home", "refuse")


@requires("duties.read")
@never_cache
@require_GET
def day(request: HttpRequest) -> HttpResponseBase:
    """What this person answers for now, and what comes."""
    actor, at = actor_of_request(request), now()
    found = my_day(actor=actor, at=at)
    if asked_format(request):
        return _table(request, [*found.now, *found.coming, *found.missed], name="my-duties", at=at)
    lists = {name: [shown_line(line) for line in getattr(found, name)] for name in ("now", "coming", "missed")}
    return show(
        request, "console/duties/day.html", "duties",
        day=found, running=lists["now"], coming=lists["coming"], missed=lists["missed"], has_posts=bool(actor.post_ids), may_act=actor.holds(ACT),
    )  # fmt: skip


def _table(request: HttpRequest, lines: Sequence[DutyLine], *, name: str, at: datetime) -> HttpResponseBase:
    """Duties as a table."""
    language = get_language() or ""
    heads = [
        gettext(head)
        for head in (
            N_("Duty"),
            N_("Kind"),
            N_("Whom or what"),
            N_("Area"),
            N_("State"),
            N_("Accountable post"),
            N_("Who"),
            N_("From"),
            N_("Due"),
            N_("Done at"),
        )
    ]
    rows = [
        (
            bilingual(dict(line.names), language), KINDS[line.kind][0], line.label, bilingual(dict(line.area_names), language), STATES[line.state][0],
            bilingual(dict(line.post_names), language), line.person, line.opens_at, line.due_at, line.done_at,
        )
        for line in lines
    ]  # fmt: skip
    return taken(request, name=name, heads=heads, rows=rows, at=at)


@requires("duties.read")
@never_cache
@require_GET
def missed(request: HttpRequest) -> HttpResponseBase:
    """What was missed, on the same day."""
    asked = request.GET.get("days", "7")
    days = int(asked) if asked in map(str, DAYS) else 7
    actor, at = actor_of_request(request), now()
    board = missed_board(actor=actor, at=at, days=days)
    if asked_format(request):
        return _table(request, board.lines, name="missed-duties", at=at)
    return show(
        request, "console/duties/missed.html", "duties",
        board=board, lines=[shown_line(line) for line in board.lines], days=days, spans=DAYS, query=kept_query(request),
        went=how_duties_went(actor=actor, at=at, days=days),
        shifts=missing_board(actor=actor, since=at - timedelta(days=days), until=at + timedelta(seconds=1)),
    )  # fmt: skip


@requires("duties.read")
@never_cache
@require_GET
def duty(request: HttpRequest, duty_id: UUID) -> HttpResponseBase:
    """One duty: what it is, who answers, what was done."""
    return _page(request, duty_page(actor=actor_of_request(request), at=now(), duty_id=duty_id))


@requires("duties.act")
@require_http_methods(["POST"])
def step(request: HttpRequest, duty_id: UUID, verb: str) -> HttpResponseBase:
    """Check in: two taps from the list, or with a note and a form from the page."""
    actor, at = actor_of_request(request), now()
    page = duty_page(actor=actor, at=at, duty_id=duty_id)
    form = _form(request, page, verb)
    if not form.is_valid():
        return _page(request, page, failed={verb: form}, status=400)
    answers = form.answers() if isinstance(form, FinishForm) else None
    given = form.cleaned_data
    command = Command(
        (duty_id,), Verb(verb), at, note=given["note"], form=answers, key=request.POST.get("key", "")[:100],
        photos=given.get("photos") or (), signature=given.get("signature"),
    )  # fmt: skip
    with write():
        (result,) = check_in([command], actor=actor, at=at)
    if isinstance(result, Refusal):
        form.add_error(None, sentence(result))
        return _page(request, page, failed={verb: form}, status=status_of(result))
    messages.success(request, gettext("Written down."))
    return redirect("console:duties" if request.POST.get("back") == "day" else "console:duty", *([] if request.POST.get("back") == "day" else [duty_id]))


@requires("duties.judge")
@require_POST
def accept(request: HttpRequest, duty_id: UUID) -> HttpResponseBase:
    """Accept the reason for a miss; the miss stays."""
    actor, at = actor_of_request(request), now()
    page = duty_page(actor=actor, at=at, duty_id=duty_id)
    form = WhyForm(request.POST)
    if form.is_valid():
        with write():
            (result,) = excuse([duty_id], note=form.cleaned_data["note"], actor=actor, at=at)
        if not isinstance(result, Refusal):
            messages.success(request, gettext("The reason is accepted; the miss stays on record."))
            return redirect("console:duty", duty_id)
        form.add_error(None, sentence(result))
        return _page(request, page, failed={"excuse": form}, status=status_of(result))
    return _page(request, page, failed={"excuse": form}, status=400)


@requires("duties.manage")
@require_POST
def pause_subject(request: HttpRequest, duty_id: UUID) -> HttpResponseBase:
    """Ask nothing for a while of what this duty is about, with a reason."""
    actor, at = actor_of_request(request), now()
    page = duty_page(actor=actor, at=at, duty_id=duty_id)
    form, status = _pause_form(request.POST), 400
    if form.is_valid():
        try:
            with write():
                pause(actor=actor, at=at, kind=page.subject[0], ref=page.subject[1], **form.cleaned_data)
            messages.success(request, gettext("Nothing is asked for on these days; what has happened stays."))
            return redirect("console:duty", duty_id)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
            status = status_of(refusal)
    return _page(request, page, failed={"pause": form}, status=status)


@requires("duties.manage")
@require_POST
def go_on(request: HttpRequest, duty_id: UUID) -> HttpResponseBase:
    """End a pause today."""
    actor, at = actor_of_request(request), now()
    page = duty_page(actor=actor, at=at, duty_id=duty_id)
    with write():
        end_pause(actor=actor, at=at, kind=page.subject[0], ref=page.subject[1], first=day_sent(request.POST.get("first", "")))
    messages.success(request, gettext("The pause is over."))
    return redirect("console:duty", duty_id)


def _pause_form(data: Any = None) -> PauseForm:
    today = timezone.localdate(now())
    return PauseForm(data, reasons=pause_reasons(), language=get_language() or "", auto_id="pause_%s", initial={"first": today})


def _form(request: HttpRequest, page: DutyPage, verb: str) -> FinishForm | NoteForm | WhyForm:
    if verb == Verb.FINISH:
        return FinishForm(request.POST, request.FILES, rule=page.rule, language=get_language() or "")
    return WhyForm(request.POST) if verb == Verb.EXPLAIN else NoteForm(request.POST)


def _ledger_left(page: DutyPage) -> Left | None:
    """What a census has left in the ledger of its place."""
    asked = page.rule is not None and page.rule.census and page.line.done_at is None
    return ledger_left({page.line.id}).get(page.line.id) if asked else None


def _page(request: HttpRequest, page: DutyPage, *, failed: dict[str, Any] | None = None, status: int = 200) -> HttpResponseBase:
    given = failed or {}
    forms = {
        "finish": given.get("finish") or FinishForm(rule=page.rule, language=get_language() or ""),
        "explain": given.get("explain") or WhyForm(auto_id="explain_%s"),
        "pause": given.get("pause") or _pause_form(),
        "excuse": given.get("excuse") or WhyForm(auto_id="excuse_%s"),
    }
    actor, at = actor_of_request(request), now()
    wrong = next((form for verb, form in given.items() if verb not in forms), None)
    schema, language = page.rule.form if page.rule else None, get_language() or ""
    story = [{"step": step, "words": VERBS[step.verb], "answers": told(step.form, schema, language)} for step in page.story]
    return show(
        request, "console/duties/duty.html", "duties", status=status,
        page=page, shown=shown_line(page.line), story=story, meeting=meeting_of_duty(actor=actor, occurrence_id=page.line.id),
        care=page.confided and actor.holds(CARE_WORK),
        ledger=ledger_behind(actor=actor, kind=page.subject[0], ref=page.subject[1]), walks_here=page.mine,
        walks=walks_of_duty(duty_id=page.line.id, at=at) if page.line.kind == PATROL else (),
        messaged=messaged(page.rule.code, page.line.id) if page.rule and page.line.done_at else None,
        left=_ledger_left(page), forms=forms, wrong=wrong, quick=[(verb, VERBS[verb]) for verb in QUICK],
    )  # fmt: skip
