"""Alerts for an area: by mail, in the browser, as a feed. No account; whoever holds the link holds the alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.directory.territory.selectors import address_candidates, ground_or_none
from linli.engines.matters.selectors.public import PublicFilter, PublicMatter, public_list
from linli.flows.area_alerts import TOPIC, area_of, ask_for_alerts, ways
from linli.interfaces.access import public_route, visitor_of
from linli.interfaces.portal.browsing import area_choices, area_path_of
from linli.interfaces.portal.offers import offers
from linli.interfaces.portal.show import now_words, own_name
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.shell import absolute, shell
from linli.kernel.clock.services import now
from linli.kernel.notices.rules import Channel
from linli.kernel.notices.services import (
    BadPushAddress,
    Subscribed,
    application_server_key,
    confirm_subscription,
    end_subscription,
    subscribed,
    subscribed_by_push,
)
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

FEED = 50
WORKER = Path(settings.STATICFILES_DIRS[0]) / "js" / "alerts-worker.js"


class AlertForm(forms.Form):
    """Which area, and where to."""

    area = forms.CharField(label=lazy("Area"), max_length=80, error_messages={"required": lazy("Choose an area.")})
    email = forms.EmailField(label=lazy("E-mail"), required=False, max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    push = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    often = forms.ChoiceField(choices=[("bundled", lazy("Twice a day, bundled")), ("each", lazy("Each one, at once"))], required=False, initial="bundled")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["email"].required = not self.data.get("push")
        self.fields["email"].error_messages["required"] = _("Write your e-mail address.")


@public_route
@never_cache
def alerts(request: HttpRequest) -> HttpResponseBase:
    """Choose an area and a way; sent, a mail asks the address's reader, or this browser has them at once."""
    if request.method != "POST":
        return _show(request, AlertForm(initial={"area": request.GET.get("area", "")}))
    form = AlertForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=400)
    given, visitor = form.cleaned_data, visitor_of(request)
    channel = Channel.PUSH if given["push"] else Channel.EMAIL
    try:
        with write():
            made = ask_for_alerts(
                at=now(),
                area=given["area"],
                channel=channel,
                address=given["push"] or given["email"],
                language=get_language() or "zh-hans",
                visitor=visitor,
                bundled=channel == Channel.EMAIL and given["often"] != "each",
            )
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
        return _show(request, form, status=status_of(refusal))
    if channel == Channel.PUSH:
        messages.success(request, _("This browser will tell you."))
        return redirect("portal:alert", subscription_id=made.id, token=made.token)
    return render(request, "portal/alert_asked.html", {"area": _area_name(made), "email": given["email"]})


def _show(request: HttpRequest, form: AlertForm, *, status: int = 200) -> HttpResponseBase:
    code, words = str(form["area"].value() or ""), request.GET.get("near", "").strip()[:200]
    node = area_of(TOPIC + code)
    listed = {area for _group, areas in area_choices() for area, _name in areas}
    land = ground_or_none()
    context = {
        "form": form,
        "area": node,
        "areas": area_choices(),
        "extra": node if node is not None and node.code not in listed else None,
        "path": list(land.chain(node.id)[1:]) if node is not None and land is not None else [],
        "near": words,
        "found": _areas_near(words) if words else None,
        "ways": [way.value for way in ways()],
        "push_key": application_server_key() if Channel.PUSH in ways() else "",
    }
    return render(request, "portal/alerts.html", context, status=status)


def _areas_near(words: str) -> list[Any]:
    """The smallest areas that an address may lie in, each once."""
    land = ground_or_none()
    if land is None:
        return []
    found: dict[str, Any] = {}
    for candidate in address_candidates(text=words, limit=8):
        node = land.area(candidate.area_id)
        if node.id != land.root.id:
            found.setdefault(node.code, node)
    return list(found.values())[:5]


@public_route
@never_cache
def alert(request: HttpRequest, subscription_id: UUID, token: str) -> HttpResponseBase:
    """The page behind the link: confirm, see, end. Only a press of its button changes anything: mail programs open links too."""
    at = now()
    if request.method != "POST":
        held = subscribed(at=at, subscription_id=subscription_id, token=token)
        return render(request, "portal/alert.html", {"alert": held, "area": _area_name(held), "code": held.topic.removeprefix(TOPIC)})
    if request.POST.get("do") == "end":
        with write():
            end_subscription(at=at, subscription_id=subscription_id, token=token)
        messages.success(request, _("These alerts have ended, and the address is deleted."))
        return redirect("portal:alerts")
    with write():
        confirm_subscription(at=at, subscription_id=subscription_id, token=token)
    messages.success(request, _("Confirmed. From now on you are told."))
    return redirect("portal:alert", subscription_id=subscription_id, token=token)


@public_route
@never_cache
@require_POST
def mine(request: HttpRequest) -> HttpResponseBase:
    """What this browser is told of; it alone knows its push address."""
    try:
        held = subscribed_by_push(at=now(), address=request.POST.get("push", ""))
    except BadPushAddress:
        held = []
    return render(request, "portal/part_alerts.html", {"alerts": [(one, _area_name(one)) for one in held]})


def _area_name(one: Subscribed) -> str:
    node = area_of(one.topic)
    return own_name(node.names) if node is not None else _("an area that is no more")


@public_route
@require_GET
def worker(_request: HttpRequest) -> HttpResponseBase:
    """The service worker that shows pushed alerts; under an address of its own, which never changes."""
    return HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@public_route
@require_GET
def manifest(request: HttpRequest) -> HttpResponseBase:
    """What makes of the portal an app on the home screen: some telephones show notifications only then."""
    name = str(shell(request)["shell"].name)
    icon = {"src": static("img/mark.svg"), "sizes": "any", "type": "image/svg+xml"}
    kept = {"name": name, "short_name": name, "start_url": "/", "scope": "/", "display": "standalone", "background_color": "#faf7f2", "icons": [icon]}
    return JsonResponse(kept, content_type="application/manifest+json", headers={"Cache-Control": "public, max-age=3600", "Vary": "Accept-Language, Cookie"})


@public_route
@require_GET
def feed(request: HttpRequest) -> HttpResponseBase:
    """Public matters of an area as an Atom feed, the newest first. Its address names its language: feed readers have no cookie."""
    wanted = request.GET.get("language", "")
    with override(wanted if wanted in dict(settings.LANGUAGES) else get_language()):
        code = request.GET.get("area", "").strip()[:80]
        node, at = area_of(TOPIC + code), now()
        path = area_path_of(code)
        found = public_list(at=at, wanted=PublicFilter(state="all", area_path=path, limit=FEED)) if offers().section and ground_or_none() else []
        name = own_name(node.names) if node is not None and path else ""
        title = f"{name} · {shell(request)['shell'].name}" if name else str(shell(request)["shell"].name)
        here = absolute(request, request.get_full_path())
        atom = Atom1Feed(
            title=title,
            link=absolute(request, "/matters"),
            description=_("What is reported here in public, who has it, and what was done."),
            language=get_language(),
            feed_url=here,
            feed_guid=here,
        )
        for matter in found:
            _entry(request, atom, matter)
        answer = HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def _entry(request: HttpRequest, atom: Atom1Feed, matter: PublicMatter) -> None:
    link = absolute(request, f"/matters/{matter.code}")
    text = "\n".join(filter(None, (now_words(matter), matter.words, matter.outcome)))
    atom.add_item(
        title=f"{own_name(matter.class_names)} · {own_name(matter.area_names)}",
        link=link,
        description=text,
        unique_id=link,
        pubdate=matter.reported_at,
        updateddate=matter.closed_at or matter.reported_at,
    )
