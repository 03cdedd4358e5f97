"""One care case: read by its own people (each reading is written down), changed by them, and read by others in need only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.devices.selectors import code_of
from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import UnknownPerson, names_of, person_of_code
from linli.directory.territory.selectors import ground
from linli.domains.care.playbook import BREAK, care_policy
from linli.domains.care.rules.access import NotYourCase
from linli.domains.care.rules.content import Content
from linli.domains.care.rules.terms import Basis, Ending, TermOver
from linli.domains.care.selectors import answering_posts, of_label, readings
from linli.domains.care.services import cases, days
from linli.domains.care.services.erasing import erase_on_request
from linli.domains.care.services.reading import CaseView, break_glass, export_case, own_case, read_case
from linli.engines.duties.selectors.desk import duties_of, pause_reasons, pauses_ahead
from linli.engines.duties.selectors.news import asked_at
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.care_forms import (
    ENDINGS,
    GROUNDS,
    READS,
    BellForm,
    CloseForm,
    DayForm,
    GlassForm,
    HandOverForm,
    HelperForm,
    LevelForm,
    NoteForm,
    PlanForm,
    RenewForm,
    ReviewForm,
    StayForm,
)
from linli.interfaces.console.duties_forms import PauseForm, day_sent, told
from linli.interfaces.console.pages import show
from linli.interfaces.duty_words import VERBS, shown_line
from linli.interfaces.refusals import sentence, status_of
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import names_of_actors
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

ACTS = (
    "plan", "note", "level", "review", "renew", "helper", "leave", "bell", "close", "withdraw", "erase", "stay", "stay-over", "stay-back", "day",
    "pause", "go-on", "hand-over",
)  # fmt: skip
BARE = ("leave", "withdraw", "erase", "stay-over", "stay-back", "go-on")  # without a form of their own
ENDING = ("renew", "close", "withdraw", "erase")  # nothing that was told is needed for them: they are there when the term is over, too
FORMS = ("plan", "note", "level", "review", "renew", "helper", "bell", "close", "stay", "day", "pause", "hand-over")


@requires("care.work")
@never_cache
@require_GET
def case(request: HttpRequest, label: str) -> HttpResponseBase:
    """Read a case; somebody outside its circle is asked why first."""
    return _case(request, _id(label), label, {})


def _case(request: HttpRequest, case_id: UUID, label: str, bound: dict[str, forms.Form], *, status: int = 200) -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    try:
        with write():
            view = read_case(actor=actor, at=at, case_id=case_id)
    except NotYourCase as refusal:
        if not actor.holds(BREAK):
            raise
        return show(request, "console/care/glass.html", "care", status=status_of(refusal), label=label, sentence=sentence(refusal), form=GlassForm())
    except TermOver as refusal:
        return _over(request, own_case(actor=actor, at=at, case_id=case_id), refusal, bound, status=status)
    return _page(request, actor, view, bound, status=status)


def _over(request: HttpRequest, row: Any, refusal: TermOver, bound: dict[str, forms.Form], *, status: int) -> HttpResponseBase:
    """The consent or the term is over: nothing that was told is shown, and the case's own people renew or end it."""
    return show(
        request, "console/care/over.html", "care", status=status_of(refusal) if status == 200 else status, case=row, sentence=sentence(refusal),
        consent=row.basis == Basis.CONSENT.value, forms={name: bound.get(name) or _form(name, row) for name in ("renew", "close")},
    )  # fmt: skip


def _page(request: HttpRequest, actor: Actor, view: CaseView, bound: dict[str, forms.Form], *, status: int) -> HttpResponseBase:
    row, policy = view.case, care_policy()
    read = readings(actor=actor, at=now(), case_id=row.id)
    return show(
        request, "console/care/case.html", "care", status=status,
        case=row, content=view.content, notes=_notes(view),
        ground=GROUNDS[view.ground.value], may_change=view.ground.value != "glass" and row.closed_at is None,
        own=view.ground.value != "glass", area=ground().area(row.area_id).names, post=organisation().post(row.worker_post_id).names,
        purpose=policy.purposes.get(row.purpose), level=policy.levels.get(row.level), duty=policy.duties.get(row.duty),
        consent=row.basis == Basis.CONSENT.value, ending=ENDINGS.get(row.ending, ""),
        helpers=[(person, name) for person, name in names_of(view.helpers).items()],
        readings=[{"line": line, "what": READS[line.what], "ground": GROUNDS[line.ground]} for line in read[:100]],
        names=names_of_actors({*(line.reader for line in read[:100]), *(note.author for note in view.notes)}),
        forms={name.replace("-", "_"): bound.get(name) or _form(name, row, view.content) for name in FORMS},
        stays=[(code, policy.stays.get(code, {}), first, last) for code, first, last in map(_stay, row.stays)],
        days=[(policy.days.get(code, {}), date.fromisoformat(day)) for code, day in row.days.items()], pauses=pauses_ahead(kind="care", ref=row.id, at=now()),
        may_stay=bool(policy.stays), may_day=bool(policy.days), may_pause=bool(pause_reasons()), today=timezone.localdate(now()),
        visits=[shown_line(line) for line in duties_of(actor=actor, at=now(), kind="care", ref=row.id)],
    )  # fmt: skip


def _notes(view: CaseView) -> list[dict[str, Any]]:
    """Notes as they are read: one of a visit says which, and what was answered."""
    visits, language = asked_at([note.duty for note in view.notes if note.duty]), get_language() or ""
    found = []
    for note in view.notes:
        names, schema = visits.get(note.duty, ({}, {})) if note.duty else ({}, {})
        found.append({"line": note, "visit": names, "verb": VERBS[note.verb] if note.verb else None, "answers": told(note.answers, schema, language)})
    return found


def _stay(given: list[Any]) -> tuple[str, date, date | None]:
    code, first, last = given
    return code, date.fromisoformat(first), date.fromisoformat(last) if last else None


def _form(name: str, row: Any, content: Content | None = None, data: Any = None) -> forms.Form:
    shown = get_language() or ""
    makers: dict[str, Callable[[], forms.Form]] = {
        "plan": lambda: PlanForm(data, initial=PlanForm.of(content) if content else None),
        "note": lambda: NoteForm(data),
        "level": lambda: LevelForm(data, policy=care_policy(), shown=shown, initial={"level": row.level}),
        "review": lambda: ReviewForm(data, initial={"next_on": min(row.ends_on, timezone.localdate(now()) + timedelta(days=care_policy().review_days))}),
        "renew": lambda: RenewForm(data, consent=row.basis == Basis.CONSENT.value, initial={"ends_on": row.ends_on, "review_on": row.review_on}),
        "helper": lambda: HelperForm(data),
        "hand-over": lambda: HandOverForm(data, posts=answering_posts(row), shown=shown),
        "bell": lambda: BellForm(data, initial={"bell": code_of(row.bell_id) if row.bell_id else ""}),
        "stay": lambda: StayForm(data, policy=care_policy(), shown=shown, initial={"first": timezone.localdate(now())}),
        "day": lambda: DayForm(data, policy=care_policy(), shown=shown),
        "pause": lambda: PauseForm(data, reasons=pause_reasons(), language=shown, initial={"first": timezone.localdate(now())}),
        "close": lambda: CloseForm(data, duty=row.basis == Basis.DUTY.value),
    }
    form = makers[name]()
    form.auto_id = f"{name}_%s"  # several forms stand on one page
    return form


@requires("care.work")
@require_POST
def act(request: HttpRequest, label: str, act: str) -> HttpResponseBase:
    """One change of a case by its own people."""
    if act not in ACTS:
        raise Http404
    case_id, actor = _id(label), actor_of_request(request)
    bound: dict[str, forms.Form] = {}
    try:
        with write():
            given: dict[str, Any] = {"actor": actor, "at": now(), "case_id": case_id}
            view = None if act in ENDING else read_case(**given)
            row = view.case if view else own_case(**given)
            helpers = view.helpers if view else ()
            if act in BARE:
                _do(request, act, row, helpers, {})
            else:
                form = bound[act] = _form(act, row, view.content if view else None, request.POST)
                if form.is_valid():
                    _do(request, act, row, helpers, form.cleaned_data, form)
    except Refusal as refusal:
        if act not in bound:
            raise
        form = bound[act]
        form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
        return _case(request, case_id, label, bound, status=status_of(refusal))
    if bound and not bound[act].is_valid():
        return _case(request, case_id, label, bound, status=400)
    if act == "erase":
        messages.success(request, gettext("Everything that the person told is erased."))
        return redirect("console:care")
    messages.success(request, gettext("Written down."))
    return redirect("console:care") if act == "hand-over" else redirect("console:care_case", label)


def _do(request: HttpRequest, act: str, row: Any, helpers: Sequence[UUID], given: dict[str, Any], form: Any = None) -> None:
    """The one call of an act."""
    common: dict[str, Any] = {"actor": actor_of_request(request), "at": now(), "case_id": row.id}
    sent = request.POST.get("version", "")
    version: dict[str, Any] = {"version": int(sent) if sent.isdecimal() else row.version}
    if act == "plan":
        cases.change_content(**common, **version, content=form.content())
    elif act == "note":
        cases.write_note(**common, text=given["text"])
    elif act == "level":
        cases.change_level(**common, **version, level=given["level"])
    elif act == "review":
        cases.review_case(**common, **version, next_on=given["next_on"])
    elif act == "renew":
        cases.renew_case(**common, **version, **given)
    elif act == "helper":
        person = person_of_code(given["number"].strip())
        if person is None:
            raise UnknownPerson
        cases.set_helpers(**common, **version, helpers=[*helpers, person])
    elif act == "hand-over":
        cases.hand_over(**common, **version, worker_post=UUID(given["worker_post"]))
    elif act == "bell":
        cases.set_bell(**common, **version, bell=given["bell"])
    elif act == "leave":
        cases.set_helpers(**common, **version, helpers=[person for person in helpers if str(person) != request.POST.get("person")])
    elif act in ("stay", "stay-over"):
        entered = given or {"stay": request.POST.get("stay", ""), "first": day_sent(request.POST.get("first", "")), "last": timezone.localdate(now())}
        days.enter_stay(**common, **version, **entered)
    elif act == "stay-back":
        days.take_back_stay(**common, **version, stay=request.POST.get("stay", ""), first=day_sent(request.POST.get("first", "")))
    elif act == "day":
        days.set_day(**common, **version, **given)
    elif act == "pause":
        days.pause_case(**common, **given)
    elif act == "go-on":
        days.go_on(**common, first=day_sent(request.POST.get("first", "")))
    elif act == "close":
        cases.close_case(**common, **version, ending=Ending(given["ending"]))
    elif act == "withdraw":
        cases.withdraw_consent(**common, **version)
    elif act == "erase":
        erase_on_request(**common)


@requires("care.break_glass")
@never_cache
@require_http_methods(["POST"])
def glass(request: HttpRequest, label: str) -> HttpResponseBase:
    """Break the glass: with a reason, for a while, reviewed by a colleague."""
    form = GlassForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            with write():
                break_glass(actor=actor_of_request(request), at=now(), case_id=_id(label), reason=form.cleaned_data["reason"])
            return redirect("console:care_case", label)
        except Refusal as refusal:
            form.add_error("reason" if refusal.field == "reason" else None, sentence(refusal))
            status = status_of(refusal)
    return show(request, "console/care/glass.html", "care", status=status, label=label, sentence=sentence(NotYourCase()), form=form)


@requires("care.work")
@require_POST
def export(request: HttpRequest, label: str) -> HttpResponseBase:
    """Everything that is held of the person, with every reading of it, as a file to hand out."""
    with write():
        held = export_case(actor=actor_of_request(request), at=now(), case_id=_id(label))
    readers = [*held["readings"], *held["readings_in_need"]]
    names = names_of_actors({*(read["reader"] for read in readers), *(note["author"] for note in held["notes"])})
    people = names_of([helper["person"] for helper in held["helpers"]])
    for note in held["notes"]:
        note["author"] = names.get(note["author"], note["author"])
    for read in readers:
        read["reader"] = names.get(read["reader"], read["reader"])
    for helper in held["helpers"]:
        helper["person"] = people.get(helper["person"], "")
    headers = {"Content-Disposition": f'attachment; filename="care-{label}.json"', "Cache-Control": "no-store"}
    return JsonResponse(held, json_dumps_params={"ensure_ascii": False, "indent": 2}, headers=headers)


def _id(label: str) -> UUID:
    found = of_label(label)
    if found is None:
        raise Http404
    return found
