"""Taking a call: a duty officer reports for somebody; what is open nearby is shown before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.addresses import address_candidates
from linli.engines.matters.playbook import ClassPart, MattersSection
from linli.engines.matters.rules.intake import Contact, ReportRequest
from linli.engines.matters.rules.suggest import Offered, suggest
from linli.engines.matters.selectors.public import nearby
from linli.engines.matters.services.report import ReportReceipt, report_matters
from linli.engines.matters.services.reporters import join_matter
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.pages import show
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


class CallForm(forms.Form):
    """What the caller says. ``join``: the open matter that it is; ``sure``: it was looked at, and it is a new one."""

    text = forms.CharField(label=_("What is wrong"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4, "maxlength": 4000, "autofocus": True}))
    class_code = forms.ChoiceField(label=_("Class"), required=False, help_text=_("Left open, it is suggested from the words."))
    condition = forms.ChoiceField(label=_("Condition"), required=False)
    address = forms.CharField(label=_("Where"), required=False, max_length=400, help_text=_("Estate, building, entrance; or put the pin on the map."))
    lon = forms.FloatField(required=False, widget=forms.HiddenInput(attrs={"id": "lon"}))
    lat = forms.FloatField(required=False, widget=forms.HiddenInput(attrs={"id": "lat"}))
    area = forms.ChoiceField(label=_("Area, where there is no point"), required=False)
    name = forms.CharField(label=_("Caller's name"), required=False, max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    phone = forms.RegexField(
        r"^[+0-9 ()-]{5,32}$", label=_("Telephone"), required=False, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_("Kept sealed; only for telling the outcome. Left empty, the caller stays anonymous."),
    )  # fmt: skip
    language = forms.ChoiceField(label=_("Language of the caller"), choices=[("zh-hans", "中文"), ("en", "English")], initial="zh-hans")
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        section = active_playbook().section(MattersSection)
        self.parts = {part.code: part for part in section.classes}
        groups = [
            (bilingual(kind.names.model_dump(), shown), [(p.code, bilingual(p.names.model_dump(), shown)) for p in section.classes if p.kind == kind.code])
            for kind in section.kinds
        ]
        self.fields["class_code"].choices = [("", gettext("choose, or let it be suggested")), *groups]  # type: ignore[attr-defined]
        chosen = self.parts.get(self.data.get("class_code", "") if self.is_bound else "")
        rows = [(row.code, bilingual(row.names.model_dump() if row.names else None, shown) or row.code) for row in (chosen.conditions if chosen else ())]
        self.fields["condition"].choices = [("", "—"), *rows]  # type: ignore[attr-defined]
        if len(rows) < 2:
            self.fields["condition"].widget = forms.HiddenInput()
        land = ground()
        areas = [(area.code, "　" * land.depth(area.id) + bilingual(dict(area.names), shown)) for area in sorted(land, key=lambda area: area.path)]
        self.fields["area"].choices = [("", "—"), *areas]  # type: ignore[attr-defined]

    def request(self, at: datetime) -> ReportRequest:
        given = self.cleaned_data
        contact = Contact(given["name"], given["phone"])
        return ReportRequest(
            at=at, class_code=given["class_code"], text=given["text"], condition=given["condition"], lon=given["lon"], lat=given["lat"],
            address=given["address"], area_code=given["area"], source="desk", key=given["key"], contact=contact, anonymous=not contact,
            language=given["language"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """What is shown before sending: classes that the words suggest, places that the address may mean, open matters nearby."""

    classes: list[ClassPart]
    places: list[Any]
    near: list[Any]


def suggested_classes(text: str, parts: dict[str, ClassPart]) -> list[ClassPart]:
    """The classes that a text probably means, the likeliest first."""
    offered = [Offered(part.code, part.names.model_dump(), tuple(part.words)) for part in parts.values()]
    return [parts[found.code] for found in suggest(text, offered)]


@requires("matters.report_for_others")
@never_cache
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest) -> HttpResponseBase:
    """The form; then what is nearby, to join or to say that it is another; then the receipt to read out."""
    shown, at, actor = get_language() or "", now(), actor_of_request(request)
    if request.method == "GET":
        return _form(request, CallForm(initial={"key": str(new_id())}, shown=shown))
    form = CallForm(request.POST, shown=shown)
    if not form.is_valid():
        return _form(request, form, status=400)
    given = form.cleaned_data
    looked = _looked(form, at)
    needs_class = not given["class_code"]
    needs_look = not request.POST.get("sure") and (looked.near or (given["lon"] is None and looked.places))
    if request.POST.get("join"):
        return _join(request, form, at=at, actor=actor)
    if needs_class:
        form.add_error("class_code", gettext("Choose the class. The first ones are suggested from the words."))
    if needs_class or needs_look:
        return _form(request, form, looked=looked, status=400 if needs_class else 200)
    try:
        with write():
            (answer,) = report_matters([form.request(at)], actor=actor, at=at)
            if isinstance(answer, Refusal):
                raise answer
    except Refusal as refusal:
        return _refused(request, form, refusal, looked)
    return _receipt(request, answer, form)


def _join(request: HttpRequest, form: CallForm, *, at: datetime, actor: Actor) -> HttpResponseBase:
    try:
        with write():
            receipt = join_matter(form.request(at), actor=actor, at=at, matter_id=UUID(request.POST["join"]))
    except Refusal as refusal:
        return _refused(request, form, refusal, _looked(form, at))
    return _receipt(request, receipt, form, joined=True)


def _looked(form: CallForm, at: datetime) -> Looked:
    given = form.cleaned_data
    classes = [] if given["class_code"] else suggested_classes(given["text"], form.parts)
    near: list[Any] = []
    if given["lon"] is not None and given["lat"] is not None:
        near = nearby(at=at, lon=given["lon"], lat=given["lat"])
    places = address_candidates(text=given["address"], limit=5) if given["address"] and given["lon"] is None else []
    return Looked(classes, [place for place in places if place.lon is not None], near)


def _refused(request: HttpRequest, form: CallForm, refusal: Refusal, looked: Looked) -> HttpResponseBase:
    form.add_error(refusal.field if refusal.field in form.fields and not form.fields[refusal.field].widget.is_hidden else None, sentence(refusal))
    return _form(request, form, looked=looked, status=status_of(refusal))


def _form(request: HttpRequest, form: CallForm, *, looked: Looked | None = None, status: int = 200) -> HttpResponseBase:
    return show(request, "console/report.html", "report", status=status, form=form, looked=looked, bounds=bounds())


def _receipt(request: HttpRequest, receipt: ReportReceipt, form: CallForm, *, joined: bool = False) -> HttpResponseBase:
    named = bool(form.cleaned_data["name"] or form.cleaned_data["phone"])
    return show(request, "console/receipt.html", "report", receipt=receipt, joined=joined, told=bool(form.cleaned_data["phone"]), named=named)


@requires("matters.report_for_others")
@never_cache
@require_GET
def near(request: HttpRequest) -> HttpResponseBase:
    """A fragment: what is open around a point."""
    try:
        lon, lat = float(request.GET["lon"]), float(request.GET["lat"])
    except (KeyError, ValueError):
        return render(request, "console/near.html", {"near": []})
    return render(request, "console/near.html", {"near": nearby(at=now(), lon=lon, lat=lat)})


def bounds() -> str:
    """The window of the whole territory for a map: west,south,east,north."""
    land = ground()
    outlines = [outline for area in land.children(land.root.id) or (land.root,) if (outline := land.polygon(area.id) or land.polygon(land.root.id))]
    if not outlines:
        points = [area.centre for area in land if area.centre] or [(116.3, 39.9)]
        outlines_bounds = [(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01) for lon, lat in points]
    else:
        outlines_bounds = [outline.bounds for outline in outlines]
    west, south, east, north = (pick(box[side] for box in outlines_bounds) for side, pick in ((0, min), (1, min), (2, max), (3, max)))
    return f"{west:.5f},{south:.5f},{east:.5f},{north:.5f}"
