"""One patrol route on the desk: make and change it, its checkpoints, tags and displays, and the sheet of its codes to print."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.teams.selectors import team_fact
from linli.engines.duties.patrols.playbook import patrols_section
from linli.engines.duties.patrols.rules.codes import Shown
from linli.engines.duties.patrols.selectors.team import RoutePage, route_codes, route_page, team_patrol
from linli.engines.duties.patrols.services import routes
from linli.interfaces.access import actor_of_request, signed_in_route
from linli.interfaces.console.pages import show
from linli.interfaces.console.report import bounds
from linli.interfaces.console.teams import team_named
from linli.interfaces.refusals import sentence, status_of, uuid_given
from linli.interfaces.shell import absolute
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

SHOWN = {
    Shown.SHEET: (_("printed code"), "printer"),
    Shown.DISPLAY: (_("code on a display"), "qr-code"),
    Shown.TAG: (_("NFC tag"), "smartphone"),
    Shown.POSITION: (_("the place alone"), "map-pin"),
}


class RouteForm(forms.Form):
    """A route without its checkpoints."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=routes.NAME_MOST)
    name_en = forms.CharField(label=_("Name in English"), max_length=routes.NAME_MOST, required=False)
    template = forms.ChoiceField(label=_("Walked in"), required=False)
    minutes = forms.IntegerField(label=_("Once every so many minutes"), min_value=10, max_value=1440, required=False)
    closed = forms.BooleanField(label=_("It ends where it begins"), required=False)

    def __init__(self, *args: Any, templates: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        shown = get_language() or ""
        named = [(str(one.id), f"{bilingual(one.names, shown)} {one.begins:%H:%M}") for one in templates]
        self.fields["template"].choices = [("", gettext("Every shift of the team")), *named]  # type: ignore[attr-defined]
        self.fields["minutes"].help_text = gettext("Left out: every %(n)s minutes, as the playbook says.") % {"n": patrols_section().interval_minutes}

    def route(self) -> routes.NewRoute:
        given = self.cleaned_data
        template = UUID(given["template"]) if given["template"] else None
        return routes.NewRoute(_named(given), template, given["minutes"], given["closed"])


class CheckpointForm(forms.Form):
    """A new checkpoint; the point comes from the map or is written."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=routes.NAME_MOST)
    name_en = forms.CharField(label=_("Name in English"), max_length=routes.NAME_MOST, required=False)
    lon = forms.FloatField(label=_("Longitude"), widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    lat = forms.FloatField(label=_("Latitude"), widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    shown = forms.ChoiceField(label=_("It shows itself by"), choices=[(shown.value, words) for shown, (words, _icon) in SHOWN.items()])
    radius = forms.IntegerField(label=_("Metres around it that count"), min_value=10, max_value=2000)

    def checkpoint(self) -> routes.NewCheckpoint:
        given = self.cleaned_data
        return routes.NewCheckpoint(_named(given), given["lon"], given["lat"], Shown(given["shown"]), given["radius"])


class ChangeForm(forms.Form):
    """What may be changed of a checkpoint; a place that moves is a new one."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=routes.NAME_MOST)
    name_en = forms.CharField(label=_("Name in English"), max_length=routes.NAME_MOST, required=False)
    shown = forms.ChoiceField(label=_("It shows itself by"), choices=[(shown.value, words) for shown, (words, _icon) in SHOWN.items()])
    radius = forms.IntegerField(label=_("Metres around it that count"), min_value=10, max_value=2000)


def _named(given: dict[str, Any]) -> dict[str, str]:
    return {"zh": given["name_zh"], "en": given["name_en"] or given["name_zh"]}


def _written(names: dict[str, str]) -> dict[str, str]:
    return {"name_zh": names.get("zh", ""), "name_en": names.get("en", "")}


@signed_in_route
@never_cache
@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, code: str) -> HttpResponseBase:
    """Make a route of a team."""
    actor, at, team_id = actor_of_request(request), now(), team_named(code)
    page = team_patrol(actor=actor, at=at, team_id=team_id)
    form = RouteForm(request.POST or None, templates=[one for one in page.templates if one.last_on is None])
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                with write():
                    made = routes.make_route(actor=actor, at=at, team_id=team_id, route=form.route())
                messages.success(request, gettext("The route is there; give it its checkpoints."))
                return redirect("console:patrol_route", made)
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
                status = status_of(refusal)
    return show(request, "console/patrols/make.html", "teams", status=status, form=form, team=team_fact(team_id), code=code, may=page.leads)


@signed_in_route
@never_cache
@require_GET
def route(request: HttpRequest, route_id: UUID) -> HttpResponseBase:
    """One route with its checkpoints."""
    return _page(request, route_page(actor=actor_of_request(request), at=now(), route_id=route_id))


def _page(request: HttpRequest, page: RoutePage, bound: dict[str, forms.Form] | None = None, *, address: str = "", status: int = 200) -> HttpResponseBase:
    given, own = bound or {}, page.route
    first = {**_written(own.names), "template": own.template_id or "", "minutes": own.minutes, "closed": own.closed}
    rows = []
    for one in page.checkpoints:
        initial = {**_written(one.names), "shown": one.shown, "radius": one.radius}
        form = given.get(f"change-{one.id}") or ChangeForm(initial=initial, auto_id=f"change-{one.id}-%s")
        rows.append({"one": one, "words": SHOWN[Shown(one.shown)][0], "icon": SHOWN[Shown(one.shown)][1], "form": form, "open": f"change-{one.id}" in given})
    return show(
        request, "console/patrols/route.html", "teams", status=status,
        page=page, route=own, team=page.team, rows=rows, address=address, bounds=_bounds(page),
        printed=any(one.shown == Shown.SHEET for one in page.checkpoints),
        form=given.get("change") or RouteForm(initial=first, templates=page.templates, auto_id="route_%s"), wrong=given.get("tag"),
        add=given.get("add") or CheckpointForm(initial={"radius": patrols_section().radius_metres}),
    )  # fmt: skip


def _bounds(page: RoutePage) -> str:
    """The map's window: the route's own checkpoints with some ground around them, else the community."""
    if not page.checkpoints:
        return bounds()
    lons, lats = [one.lon for one in page.checkpoints], [one.lat for one in page.checkpoints]
    return ",".join(f"{side:.5f}" for side in (min(lons) - 0.003, min(lats) - 0.003, max(lons) + 0.003, max(lats) + 0.003))


@signed_in_route
@never_cache
@require_POST
def change(request: HttpRequest, route_id: UUID) -> HttpResponseBase:
    """One change of a route, by those who lead its team."""
    actor, at, act = actor_of_request(request), now(), request.POST.get("act", "")
    page = route_page(actor=actor, at=at, route_id=route_id)
    common: dict[str, Any] = {"actor": actor, "at": at}
    of = {**common, "checkpoint_id": uuid_given(request.POST.get("checkpoint", ""))} if request.POST.get("checkpoint") else {}
    forms_of: dict[str, forms.Form] = {
        "change": RouteForm(request.POST, templates=page.templates, auto_id="route_%s"), "add": CheckpointForm(request.POST),
        "alter": ChangeForm(request.POST, auto_id=f"change-{request.POST.get('checkpoint', '')}-%s"),
    }  # fmt: skip
    form = forms_of.get(act)
    if form is None and act not in ("up", "off", "tag", "display", "retire"):
        raise Http404
    if act in ("up", "off", "tag", "display", "alter") and not of:
        raise Http404
    bound = f"change-{request.POST.get('checkpoint', '')}" if act == "alter" else act
    if form is not None and not form.is_valid():
        return _page(request, page, {bound: form}, status=400)
    secret = ""
    try:
        with write():
            if act == "change":
                routes.change_route(**common, route_id=route_id, route=forms_of["change"].route())  # type: ignore[attr-defined]
            elif act == "add":
                routes.add_checkpoint(**common, route_id=route_id, checkpoint=forms_of["add"].checkpoint())  # type: ignore[attr-defined]
            elif act == "alter":
                given = forms_of["alter"].cleaned_data
                routes.change_checkpoint(**of, names=_named(given), radius=given["radius"], shown=Shown(given["shown"]))
            elif act == "tag":
                routes.hang_tag(**of, tag=request.POST.get("tag", "")[:80])
            elif act == "display":
                secret = routes.renew_display(**of)
            elif act == "retire":
                routes.retire_route(**common, route_id=route_id)
            else:
                (routes.move_up if act == "up" else routes.retire_checkpoint)(**of)
    except Refusal as refusal:
        failed = form or forms.Form(request.POST)
        failed.is_valid()
        failed.add_error(refusal.field if refusal.field in failed.fields else None, sentence(refusal))
        return _page(request, page, {bound if form is not None else "tag": failed}, status=status_of(refusal))
    if secret:
        address = absolute(request, reverse("portal:patrol_display", args=[secret]))
        return _page(request, route_page(actor=actor, at=at, route_id=route_id), address=address)
    messages.success(request, gettext("Written down."))
    return redirect("console:patrol", page.team.code) if act == "retire" else redirect("console:patrol_route", route_id)


@signed_in_route
@never_cache
@require_GET
def codes(request: HttpRequest, route_id: UUID) -> HttpResponseBase:
    """The sheet of a route's printed codes: of this period, or (``?of=next``) of the next one."""
    actor, at = actor_of_request(request), now()
    page = route_page(actor=actor, at=at, route_id=route_id)
    ahead = request.GET.get("of") == "next"
    found = route_codes(actor=actor, at=at, route_id=route_id, of=at + timedelta(days=patrols_section().sheet_days) if ahead else at)
    sheet = [(one, code, absolute(request, reverse("portal:patrol_code", args=[code.token]))) for one, code in found]
    return show(request, "console/patrols/codes.html", "teams", page=page, route=page.route, team=page.team, sheet=sheet, ahead=ahead)


@signed_in_route
@never_cache
@require_GET
def points(request: HttpRequest, route_id: UUID) -> HttpResponseBase:
    """A route's checkpoints as GeoJSON, for the map on which the next one is placed."""
    page, shown = route_page(actor=actor_of_request(request), at=now(), route_id=route_id), get_language() or ""
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [one.lon, one.lat]},
         "properties": {"count": 1, "state": "ok", "title": f"{number}. {bilingual(one.names, shown)}"}}
        for number, one in enumerate(page.checkpoints, start=1)
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")
