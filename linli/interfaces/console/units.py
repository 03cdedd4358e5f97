"""Units administered: made, renamed, removed; what that would do is shown first."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linli.directory.organisation.selectors import organisation, posts_held
from linli.directory.organisation.services.units import create_unit, remove_unit, rename_unit
from linli.directory.territory.selectors import ground
from linli.engines.matters.selectors.posts import open_matters_of
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console import staffing_forms as given_forms
from linli.interfaces.console.pages import show
from linli.interfaces.console.staffing import Change, look_or_make
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now


@requires("directory.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def new_unit(request: HttpRequest) -> HttpResponseBase:
    """Make a unit in an area; posts are made in it afterwards."""
    actor, at = actor_of_request(request), now()
    area = ground().by_path(request.GET.get("area", "") or request.POST.get("area", "") or ground().root.path)
    actor.require("directory.manage", area_path=area.path)
    form = given_forms.NewUnitForm(request.POST if request.method == "POST" else None)
    looked = None
    if request.method == "POST" and form.is_valid():
        given, names = form.cleaned_data, form.names()

        def make() -> None:
            create_unit(actor=actor, at=at, code=given["code"], names=names, kind=given["kind"], area_id=area.id)

        looked = look_or_make(request, form, Change(make, at, gettext("The unit is made. It has no posts yet: make one.")))
        if looked is None:
            made = next(unit.id for unit in organisation().units if unit.code == given["code"])
            return redirect("console:unit", unit_id=made)
    context = {"form": form, "title": gettext("New unit"), "area": area, "looked": looked if not form.errors else None}
    return show(request, "console/change.html", "directory", status=400 if form.errors else 200, **context)


@requires("directory.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def unit(request: HttpRequest, unit_id: UUID) -> HttpResponseBase:
    """A unit: its posts with who answers, its names, and its removal where nothing rests on it."""
    actor, at, language = actor_of_request(request), now(), get_language() or ""
    found = organisation().unit(unit_id)
    area = ground().area(found.area_id)
    actor.require("directory.manage", area_path=area.path)
    lines = [line for line in posts_held(actor=actor, at=at, area_path=area.path) if line.post.unit_id == unit_id]
    removes = request.POST.get("act") == "remove"
    initial = {"zh": found.names.get("zh", ""), "en": found.names.get("en", "")}
    form = given_forms.NamesForm(request.POST if request.method == "POST" and not removes else None, initial=initial)
    removal = given_forms.RetireForm(request.POST if removes else None)
    sent = removal if removes else form
    looked = None
    if request.method == "POST" and sent.is_valid():
        if removes:
            change = Change(lambda: remove_unit(actor=actor, at=at, unit_id=unit_id), at, gettext("The unit is removed."))
        else:
            names = form.names()
            change = Change(lambda: rename_unit(actor=actor, at=at, unit_id=unit_id, names=names), at, gettext("The unit is renamed."))
        looked = look_or_make(request, sent, change)
        if looked is None:
            return redirect("console:directory") if removes else redirect("console:unit", unit_id=unit_id)
    return show(
        request, "console/unit.html", "directory", status=400 if sent.errors else 200, unit=found, area=area, lines=lines, form=form, removal=removal,
        removes=removes, looked=looked if not sent.errors else None, title=bilingual(dict(found.names), language),
        kind=given_forms.UNIT_KINDS.get(found.kind, found.kind), matters=sum(open_matters_of([line.post.id for line in lines]).values()),
    )  # fmt: skip
