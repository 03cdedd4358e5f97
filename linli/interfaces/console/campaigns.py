"""Campaigns on the desk: which run and how far they are, doors laid out, staircases shared out, whom to try when, results."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.territory.selectors import ground
from linli.engines.duties.campaigns import selectors
from linli.engines.duties.campaigns.playbook import MANAGE, templates
from linli.engines.duties.campaigns.rules.doors import WAYS, Advice, Outcome
from linli.engines.duties.campaigns.rules.targets import Read, doors_of, read_table
from linli.engines.duties.campaigns.services import noting, sharing
from linli.engines.duties.campaigns.services import running as services
from linli.engines.duties.campaigns.services.noting import Wish, note_attempts
from linli.engines.duties.campaigns.services.running import NewCampaign
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.campaign_words import ADVICE, KINDS, OUTCOMES, PARTS, STATES
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, taken
from linli.interfaces.refusals import sentence, status_of, uuid_given
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Refusal
from linli.kernel.writing import write

DAY: dict[str, Any] = {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), "input_formats": ["%Y-%m-%d"]}
TABLE_MOST = 2_000_000  # characters
HELPING = ("team", "helper", "drop", "share", "assign")


class StartForm(forms.Form):
    template = forms.ChoiceField(label=_("Campaign"))
    code = forms.SlugField(label=_("Short code"), max_length=40)
    area = forms.ChoiceField(label=_("Area"))
    first_on = forms.DateField(label=_("From"), **DAY)
    last_on = forms.DateField(label=_("Until"), **DAY)

    def __init__(self, *args: Any, actor: Actor, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["template"].choices = [(code, bilingual(part.names.model_dump(), shown)) for code, part in templates().items()]  # type: ignore[attr-defined]
        self.fields["area"].choices = areas_for(actor, shown)  # type: ignore[attr-defined]


class HouseForm(forms.Form):
    """Doors of one building, counted."""

    area = forms.ChoiceField(label=_("Area"))
    compound = forms.CharField(label=_("Compound"), max_length=60, required=False)
    building = forms.CharField(label=_("Building"), max_length=60)
    units = forms.IntegerField(label=_("Units"), min_value=1, max_value=30, initial=1)
    floors = forms.IntegerField(label=_("Floors"), min_value=1, max_value=100, initial=6)
    rooms = forms.IntegerField(label=_("Rooms on a floor"), min_value=1, max_value=40, initial=2)


class TableForm(forms.Form):
    """A table of doors, looked at before it is taken in."""

    area = forms.ChoiceField(label=_("Area"))
    file = forms.FileField(label=_("Table (CSV: building, room; compound, unit, floor)"), required=False)
    text = forms.CharField(required=False, widget=forms.HiddenInput, max_length=TABLE_MOST)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > TABLE_MOST:
            raise forms.ValidationError(gettext("The file is larger than %(limit)s MB.") % {"limit": TABLE_MOST // 1_000_000})
        return file


def areas_for(actor: Actor, shown: str, within: str = "") -> list[tuple[str, str]]:
    """The areas in which this person may run campaigns."""
    land = ground()
    mine = (area for area in sorted(land, key=lambda area: area.path) if area.path.startswith(within) and actor.may(MANAGE, area_path=area.path))
    return [(str(area.id), "　" * land.depth(area.id) + bilingual(dict(area.names), shown)) for area in mine][:2000]


@requires("campaigns.read")
@never_cache
@require_http_methods(["GET", "POST"])
def campaigns(request: HttpRequest) -> HttpResponseBase:
    """The campaigns where one may look; starting one."""
    actor, at, shown = actor_of_request(request), now(), get_language() or ""
    today = timezone.localdate(at)
    form, status = None, 200
    if actor.holds(MANAGE) and templates():
        form = StartForm(request.POST or None, actor=actor, shown=shown, initial={"first_on": today, "last_on": today + timedelta(days=30)})
    if request.method == "POST":
        status = 400 if form else 403
        if form and form.is_valid():
            given = form.cleaned_data
            wish = NewCampaign(given["template"], given["code"], UUID(given["area"]), given["first_on"], given["last_on"])
            try:
                with write():
                    services.start_campaign(actor=actor, at=at, campaign=wish)
                messages.success(request, gettext("The campaign is started."))
                return redirect("console:campaign", given["code"])
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
                status = status_of(refusal)
    lines = [{"line": line, "state": STATES[line.state], "kind": KINDS[line.target_kind]} for line in selectors.campaigns(actor=actor, at=at)]
    return show(request, "console/campaigns/list.html", "campaigns", status=status, lines=lines, form=form)


@requires("campaigns.read")
@never_cache
@require_GET
def campaign(request: HttpRequest, code: str) -> HttpResponseBase:
    """One campaign; ``?format=`` all its targets as a table."""
    actor, at = actor_of_request(request), now()
    if asked_format(request):
        heads = [gettext(head) for head in (N_("Target"), N_("Area"), N_("Attempts"), N_("Last attempt"), N_("Result"), N_("Helper"))]
        rows = ((label, area, tries, last, str(OUTCOMES[end][0]) if end else "", helper)
                for label, area, tries, last, end, helper in selectors.targets_table(actor=actor, code=code))  # fmt: skip
        return taken(request, name=f"campaign-{code}", heads=heads, rows=rows, at=at)
    return _page(request, code)


@requires("campaigns.manage")
@require_POST
def act(request: HttpRequest, code: str, act: str) -> HttpResponseBase:
    """One change of a campaign by those who run campaigns there."""
    actor, at = actor_of_request(request), now()
    page = selectors.campaign_page(actor=actor, at=at, code=code)
    common: dict[str, Any] = {"actor": actor, "at": at, "campaign_id": page.line.id}
    shown = get_language() or ""
    form: forms.Form | None = None
    try:
        if act in ("house", "table"):
            form = _filled(act, page, actor, shown, request)
            if not form.is_valid():
                return _page(request, code, bound={act: form}, status=400)
        if act == "house" and form is not None:
            given = form.cleaned_data
            area = UUID(given.pop("area"))
            with write():
                count = services.lay_doors(**common, area_id=area, doors=doors_of(**given))
            messages.success(request, gettext("%(n)s doors are laid out.") % {"n": count})
        elif act == "table" and form is not None:
            given = form.cleaned_data
            text = given["text"] or _text(given["file"])
            read = read_table(text)
            if not request.POST.get("sure"):
                again = _filled("table", page, actor, shown)
                again.initial = {"area": given["area"], "text": text}
                return _page(request, code, bound={"table": again}, preview=read)
            with write():
                count = services.lay_doors(**common, area_id=UUID(given["area"]), doors=read.doors)
            messages.success(request, gettext("%(n)s doors are laid out.") % {"n": count})
        elif act == "records":
            with write():
                laid = services.lay_buildings(**common, area_id=uuid_given(request.POST.get("area", "")))
            messages.success(request, _laid(laid))
        elif act in HELPING:
            messages.success(request, _helping(act, common, request))
        elif act == "end":
            with write():
                services.end_campaign(**common)
            messages.success(request, gettext("The campaign has ended; its result stands."))
        else:
            raise Http404
    except Refusal as refusal:
        if form is None:
            messages.error(request, sentence(refusal))
            return _page(request, code, status=status_of(refusal))
        form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
        return _page(request, code, bound={act: form}, status=status_of(refusal))
    return redirect("console:campaign", code)


@requires("campaigns.work")
@require_POST
def attempt(request: HttpRequest, code: str, target_id: UUID) -> HttpResponseBase:
    """Note how it went at a target, for those who carry campaigns out there; sent twice, it is noted once."""
    actor, at = actor_of_request(request), now()
    try:
        outcome = Outcome(request.POST.get("outcome", ""))
    except ValueError:
        raise Http404 from None
    with write():
        (result,) = note_attempts(actor=actor, at=at, wishes=[Wish(target_id, outcome, at, request.POST.get("key", ""))])
    if isinstance(result, Refusal):
        messages.error(request, sentence(result))
        return _page(request, code, status=status_of(result))
    messages.success(request, gettext("Written down."))
    return redirect("console:campaign", code)


@requires("campaigns.read")
@require_POST
def take_back(request: HttpRequest, code: str, attempt_id: UUID) -> HttpResponseBase:
    """Take an attempt back that was noted by mistake."""
    try:
        with write():
            noting.take_back(actor=actor_of_request(request), at=now(), attempt_id=attempt_id)
    except Refusal as refusal:
        messages.error(request, sentence(refusal))
        return _page(request, code, status=status_of(refusal))
    messages.success(request, gettext("Taken back; it stays on record, and the target is open again."))
    return redirect("console:campaign", code)


def _laid(laid: services.Laid) -> str:
    said = gettext("%(n)s doors of %(buildings)s buildings are laid out.") % {"n": laid.doors, "buildings": laid.buildings}
    lacking = gettext("%(n)s buildings were left out: their floors or households are not on record.") % {"n": laid.lacking}
    return f"{said} {lacking}" if laid.lacking else said


def _helping(act: str, common: dict[str, Any], request: HttpRequest) -> str:
    """A change of who goes to the doors; what was done, in words."""
    given = request.POST
    with write():
        if act == "team":
            return gettext("%(n)s members of the team help now.") % {"n": sharing.add_team(**common, team_id=uuid_given(given.get("team", "")))}
        if act == "helper":
            sharing.add_helper(**common, person_id=uuid_given(given.get("person", "")))
        elif act == "drop":
            sharing.drop_helper(**common, person_id=uuid_given(given.get("person", "")))
        elif act == "share":
            return gettext("%(n)s staircases are shared out.") % {"n": sharing.share_staircases(**common)}
        else:
            stair: dict[str, Any] = {name: given.get(name, "") for name in ("compound", "building", "unit")}
            sharing.assign_staircase(**common, **stair, helper_id=uuid_given(given["helper"]) if given.get("helper") else None)
    return gettext("Written down.")


def _text(file: Any) -> str:
    """The words of a table, in UTF-8 or the coding that spreadsheets write in China."""
    raw = file.read(TABLE_MOST) if file else b""
    try:
        return str(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return str(raw.decode("gb18030", errors="replace"))


def _filled(act: str, page: selectors.CampaignPage, actor: Actor, shown: str, request: HttpRequest | None = None) -> forms.Form:
    kind = HouseForm if act == "house" else TableForm
    form: forms.Form = kind(request.POST, request.FILES, auto_id=f"{act}_%s") if request else kind(auto_id=f"{act}_%s")
    form.fields["area"].choices = areas_for(actor, shown, page.area_path)  # type: ignore[attr-defined]
    return form


def _page(
    request: HttpRequest, code: str, *, bound: dict[str, forms.Form] | None = None, preview: Read | None = None, status: int = 200,
) -> HttpResponseBase:  # fmt: skip
    actor, at, shown = actor_of_request(request), now(), get_language() or ""
    page = selectors.campaign_page(actor=actor, at=at, code=code)
    given = bound or {}
    forms_ = {name: given.get(name) or _filled(name, page, actor, shown) for name in ("house", "table")} if page.manages else {}
    doors = page.line.target_kind == "household"
    words = request.GET.get("who")
    found = selectors.found_helpers(actor=actor, at=at, code=code, words=words[:60]) if words is not None and page.manages else None
    left = [
        {"door": door, "advice": ADVICE[door.suggestion.advice], "part": PARTS.get(door.suggestion.part or ""), "ways": _ways(door, doors)}
        for door in page.left
    ]
    lately = [(one, OUTCOMES[one.outcome]) for one in page.lately]
    return show(
        request, "console/campaigns/campaign.html", "campaigns", status=status, lately=lately,
        page=page, line=page.line, progress=page.line.progress, state=STATES[page.line.state], about=KINDS[page.line.target_kind], forms=forms_,
        left=left, preview=preview, refused=[(number, gettext(why)) for number, why in preview.refused[:50]] if preview else (), key=str(new_id()),
        doors=doors, words=words or "", found=found, notes=page.works and page.line.state == "running",
    )  # fmt: skip


def _ways(door: selectors.DoorLine, doors: bool) -> list[tuple[str, Any]]:
    """What can be noted of a target now: the leaflet only where it is the last way left."""
    ways = [*WAYS[doors], *([Outcome.LEAFLET] if doors and door.suggestion.advice is Advice.LEAFLET else [])]
    return [(way.value, OUTCOMES[way]) for way in ways]
