"""Meetings on the desk: what comes, what waits for its minutes, what is open; one meeting's page that minutes are taken on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.territory.selectors import ground
from linli.engines.duties.meetings.playbook import KEEP, meeting_kinds
from linli.engines.duties.meetings.rules import WHY_MOST, BadDay, Becomes, Came
from linli.engines.duties.meetings.selectors.desk import ActionLine, MeetingPage, all_actions, meeting_page
from linli.engines.duties.meetings.selectors.desk import meetings as meeting_lists
from linli.engines.duties.meetings.services import agenda, minutes
from linli.engines.duties.meetings.services.agenda import BadTime
from linli.engines.duties.meetings.services.minutes import Draft, NewAction, NoSuchOwner, possible_owners
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.meeting_words import ACTION_STATES, BECOMES, CAME, OUTCOMES, STATES, WHYS
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, taken
from linli.interfaces.refusals import sentence, status_of, uuid_given
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Refusal
from linli.kernel.writing import write

AUTOSAVE = "X-Autosave"


class ConveneForm(forms.Form):
    """A meeting beside its calendar."""

    kind = forms.ChoiceField(label=_("Meeting"))
    area = forms.ChoiceField(label=_("Area"))
    starts_at = forms.DateTimeField(label=_("Begins at"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))

    def __init__(self, *args: Any, actor: Actor, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        land = ground()
        areas = [area for area in sorted(land, key=lambda area: area.path) if actor.may(KEEP, area_path=area.path)][:2000]
        choices = {
            "kind": [(part.code, bilingual(part.names.model_dump(), shown)) for part in meeting_kinds().values()],
            "area": [(str(area.id), "　" * land.depth(area.id) + bilingual(dict(area.names), shown)) for area in areas],
        }
        for name, given in choices.items():
            self.fields[name].choices = given  # type: ignore[attr-defined]


class CallOffForm(forms.Form):
    why = forms.CharField(label=_("Why"), max_length=WHY_MOST, help_text=_("Told to everybody who was invited."), widget=forms.Textarea(attrs={"rows": 2}))


class AddendumForm(forms.Form):
    text = forms.CharField(label=_("Addendum"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    public_text = forms.CharField(label=_("Everyone reads of it"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, public: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        if not public:
            del self.fields["public_text"]


@requires("meetings.read")
@never_cache
@require_http_methods(["GET", "POST"])
def meetings(request: HttpRequest) -> HttpResponseBase:
    """The meetings where one may look; convening one by hand; ``?format=`` the actions of all as a table."""
    actor, at, shown = actor_of_request(request), now(), get_language() or ""
    if asked_format(request):
        rows = (_row(line, shown) for line in all_actions(actor=actor, at=at))
        heads = [gettext(head) for head in (N_("Meeting"), N_("Held"), N_("What is to be done"), N_("Who does it"), N_("Due"), N_("Became"), N_("State"))]
        return taken(request, name="meeting-actions", heads=heads, rows=rows, at=at)
    form, status = None, 200
    if actor.holds(KEEP) and meeting_kinds():
        form = ConveneForm(request.POST or None, actor=actor, shown=shown)
    if request.method == "POST":
        status = 400 if form else 403
        if form and form.is_valid():
            given = form.cleaned_data
            try:
                with write():
                    made = agenda.convene(actor=actor, at=at, kind=given["kind"], area_id=UUID(given["area"]), starts_at=given["starts_at"])
                messages.success(request, gettext("Convened; its agenda holds what is open now."))
                return redirect("console:meeting", made)
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
                status = status_of(refusal)
    found = meeting_lists(actor=actor, at=at)
    return show(
        request, "console/meetings/list.html", "meetings", status=status,
        found=found, form=form, open_actions=[_acted(line) for line in found.open_actions],
        overdue=sum(1 for line in found.open_actions if line.state == "overdue"),
    )  # fmt: skip


@requires("meetings.read")
@never_cache
@require_GET
def meeting(request: HttpRequest, meeting_id: UUID) -> HttpResponseBase:
    """One meeting: for its keeper the page that minutes are taken on, for others and afterwards what stands in them."""
    return _page(request, meeting_page(actor=actor_of_request(request), at=now(), meeting_id=meeting_id))


@requires("meetings.read")
@never_cache
@require_GET
def paper(request: HttpRequest, meeting_id: UUID) -> HttpResponseBase:
    """The meeting as a sheet of paper: the agenda before it, the minutes after it."""
    page = meeting_page(actor=actor_of_request(request), at=now(), meeting_id=meeting_id)
    items = [{"item": item, "actions": [_acted(one) for one in item.actions], "why": WHYS.get(item.why)} for item in page.items]
    return show(
        request, "console/meetings/paper.html", "meetings", page=page, line=page.line, items=items, seats=[(seat, CAME.get(seat.came)) for seat in page.seats]
    )


@requires("meetings.keep")
@require_POST
def keep(request: HttpRequest, meeting_id: UUID) -> HttpResponseBase:
    """Every button of the minutes: what is typed is saved first, then done what the button says; both or neither."""
    actor, at = actor_of_request(request), now()
    page = meeting_page(actor=actor, at=at, meeting_id=meeting_id)
    verb, _colon, which = request.POST.get("do", "save").partition(":")
    quiet = bool(request.headers.get(AUTOSAVE))
    try:
        with write():
            version = minutes.save_minutes(actor=actor, at=at, meeting_id=meeting_id, draft=_draft(request.POST, page))
            said, anchor = _do(verb, which, request.POST, page, actor=actor, at=at)
    except Refusal as refusal:
        if quiet:
            return JsonResponse({"said": sentence(refusal)}, status=status_of(refusal))
        return _page(request, meeting_page(actor=actor, at=at, meeting_id=meeting_id), typed=request.POST, refusal=refusal)
    if quiet:
        return JsonResponse({"version": version, "said": gettext("Saved %(when)s") % {"when": f"{timezone.localtime(at):%H:%M}"}})
    messages.success(request, said)
    return redirect(reverse("console:meeting", args=[meeting_id]) + anchor)


@requires("meetings.keep")
@require_POST
def call_off(request: HttpRequest, meeting_id: UUID) -> HttpResponseBase:
    """Call the meeting off, with the reason that everybody who was invited is told."""
    actor, at = actor_of_request(request), now()
    page = meeting_page(actor=actor, at=at, meeting_id=meeting_id)
    form = CallOffForm(request.POST)
    if form.is_valid():
        try:
            with write():
                agenda.call_off(actor=actor, at=at, meeting_id=meeting_id, why=form.cleaned_data["why"])
            messages.success(request, gettext("Called off; everybody who was invited is told."))
            return redirect("console:meeting", meeting_id)
        except Refusal as refusal:
            return _page(request, meeting_page(actor=actor, at=at, meeting_id=meeting_id), refusal=refusal, calling_off=form)
    return _page(request, page, calling_off=form)


@requires("meetings.keep")
@require_POST
def addendum(request: HttpRequest, meeting_id: UUID) -> HttpResponseBase:
    """Add to published minutes."""
    actor, at = actor_of_request(request), now()
    page = meeting_page(actor=actor, at=at, meeting_id=meeting_id)
    form = AddendumForm(request.POST, public=page.line.public)
    if form.is_valid():
        try:
            with write():
                minutes.add_addendum(actor=actor, at=at, meeting_id=meeting_id, **form.cleaned_data)
            messages.success(request, gettext("The addendum stands beside the minutes."))
            return redirect("console:meeting", meeting_id)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
    return _page(request, page, addendum=form)


def _do(verb: str, which: str, given: QueryDict, page: MeetingPage, *, actor: Actor, at: datetime) -> tuple[str, str]:
    """What a button does beside saving; what is said of it, and where the page goes on."""
    common: dict[str, Any] = {"actor": actor, "at": at, "meeting_id": page.line.id}
    if verb == "save":
        return gettext("Saved."), ""
    if verb == "publish":
        count = minutes.publish_minutes(**common)
        return gettext("The minutes are published; %(n)s actions go to their owners.") % {"n": count}, ""
    if verb == "gather":
        left = agenda.gather_again(**common)
        return (gettext("The agenda is up to date; %(n)s more matters had no room.") % {"n": left} if left else gettext("The agenda is up to date.")), "#agenda"
    if verb == "item":
        item = agenda.add_item(**common, title=given.get("title", ""), public_title=given.get("public_title", ""))
        return gettext("It stands on the agenda."), f"#item-{item}"
    if verb == "drop_item":
        agenda.drop_item(**common, item_id=uuid_given(which))
        return gettext("Taken off the agenda."), "#agenda"
    if verb == "action":
        wish = _action(given)
        minutes.add_action(**common, action=wish)
        return gettext("The action stands; it holds once the minutes are published."), f"#item-{wish.item_id}"
    if verb == "drop_action":
        minutes.drop_action(**common, action_id=uuid_given(which))
        return gettext("The action is taken back."), "#agenda"
    raise Http404


def _action(given: QueryDict) -> NewAction:
    try:
        owner = UUID(given.get("owner", ""))
    except ValueError:
        raise NoSuchOwner from None
    try:
        due_on = parse_date(given.get("due_on", ""))
    except ValueError:  # the thirtieth of February
        due_on = None
    if due_on is None:
        raise BadDay
    becomes = Becomes.DUTY if given.get("becomes") == Becomes.DUTY else Becomes.MATTER
    return NewAction(uuid_given(given.get("item", "")), given.get("what", ""), owner, due_on, becomes, given.get("key", "") or str(new_id()))


def _draft(given: QueryDict, page: MeetingPage) -> Draft:
    """What was typed into the page's own fields; unknown ones are not looked at."""
    came = {"present": Came.PRESENT, "deputy": Came.DEPUTY, "absent": Came.ABSENT}
    decisions = {
        item.id: (given.get(f"decision-{item.id}", item.decision), given.get(f"told-{item.id}", item.public_decision)) for item in page.items if not item.hidden
    }
    return Draft(
        version=int(given.get("version", "0")) if given.get("version", "0").isdigit() else 0,
        held_at=_moment(given.get("held_at", "")),
        minutes=given.get("minutes", page.minutes),
        public_text=given.get("public_text", page.public_text),
        seats={seat.id: came.get(given.get(f"seat-{seat.id}", seat.came)) for seat in page.seats},
        decisions=decisions,
    )


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text) if text else None
    except ValueError:
        raise BadTime from None
    if text and found is None:
        raise BadTime
    return timezone.make_aware(found) if found is not None and timezone.is_naive(found) else found


def _page(
    request: HttpRequest, page: MeetingPage, *, typed: QueryDict | None = None, refusal: Refusal | None = None, addendum: AddendumForm | None = None,
    calling_off: CallOffForm | None = None,
) -> HttpResponseBase:  # fmt: skip
    """The page; ``typed``: what was sent and refused is still there."""
    at, shown = now(), get_language() or ""
    keeping = page.keeps and page.line.state in ("planned", "passed")
    given = typed if typed is not None else QueryDict()
    items = [
        {
            "item": item, "why": WHYS.get(item.why), "decision": given.get(f"decision-{item.id}", item.decision),
            "told": given.get(f"told-{item.id}", item.public_decision), "actions": [_acted(one) for one in item.actions],
            "earlier": _acted(item.earlier) if item.earlier else None,
        }
        for item in page.items
    ]  # fmt: skip
    seats = [{"seat": seat, "came": given.get(f"seat-{seat.id}", seat.came), "word": CAME.get(seat.came)} for seat in page.seats]
    held = page.line.held_at or (page.line.starts_at if page.line.starts_at <= at else None)
    status = status_of(refusal) if refusal else 400 if addendum or calling_off else 200
    return show(
        request, "console/meetings/meeting.html" if keeping else "console/meetings/read.html", "meetings", status=status,
        page=page, line=page.line, items=items, seats=seats, came=list(CAME.items()), state=STATES[page.line.state],
        minutes=given.get("minutes", page.minutes), public_text=given.get("public_text", page.public_text),
        held=given.get("held_at", f"{timezone.localtime(held):%Y-%m-%dT%H:%M}" if held else ""), wrong=sentence(refusal) if refusal else "",
        given=given, key=str(new_id()), becomes=list(BECOMES.items()), owners=_owners(page, shown) if keeping else (),
        due_on=given.get("due_on", f"{timezone.localdate(at) + timedelta(days=7):%Y-%m-%d}"),
        addendum=addendum or AddendumForm(public=page.line.public), keeping=keeping, calling_off=calling_off or CallOffForm(),
        matters=bool(page.part and page.part.action_class),
    )  # fmt: skip


def _owners(page: MeetingPage, shown: str) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """Posts by area, the meeting's own first."""
    land = ground()
    groups: dict[str, list[tuple[str, str]]] = {}
    for post in possible_owners(page.area_path):
        area = bilingual(dict(land.area(post.area_id).names), shown)
        groups.setdefault(area, []).append((str(post.id), bilingual(dict(post.names), shown)))
    return groups.items()


def _acted(line: ActionLine) -> dict[str, Any]:
    """An action with its words."""
    return {"line": line, "state": ACTION_STATES[line.state], "becomes": BECOMES[line.becomes], "outcome": OUTCOMES.get(line.outcome, line.outcome)}


def _row(line: ActionLine, shown: str) -> list[object]:
    state = OUTCOMES.get(line.outcome) or ACTION_STATES[line.state][0]
    return [
        bilingual(dict(line.meeting_names), shown), line.decided_at, line.what, bilingual(dict(line.owner_names), shown), line.due_on,
        line.matter_code or str(BECOMES[line.becomes]), str(state),
    ]  # fmt: skip
