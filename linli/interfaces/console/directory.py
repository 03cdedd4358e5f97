"""Posts, who holds them now, and absences: recorded only after their consequences were shown."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.organisation.selectors import PostLine, absences, consequences_of_absence, organisation, posts_held
from linli.directory.organisation.services.absences import cancel_absence, record_absence
from linli.directory.people.selectors import names_of
from linli.directory.territory.selectors import ground
from linli.interfaces.access import actor_of_request, requires, signed_in_route
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, kept_query, taken
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.tags import bilingual
from linli.interfaces.wording import ABSENCES
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Refusal
from linli.kernel.writing import write

MOST_POSTS = 400


class AbsenceForm(forms.Form):
    person = forms.UUIDField(widget=forms.HiddenInput)
    starts = forms.DateField(label=_("From day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"])
    ends = forms.DateField(
        label=_("To and including"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"],
        help_text=_("Left empty: until further notice."),
    )  # fmt: skip
    reason = forms.ChoiceField(label=_("Reason of the absence"), choices=list(ABSENCES.items()), help_text=_("Nothing about health is kept."))

    def span(self, at: datetime) -> tuple[datetime, datetime | None]:
        """From the beginning of the first day, or from now when that is today, to the end of the last."""
        given = self.cleaned_data
        start = timezone.make_aware(datetime.combine(given["starts"], time()))
        end = timezone.make_aware(datetime.combine(given["ends"] + timedelta(days=1), time())) if given["ends"] else None
        return (at if start < at < start + timedelta(days=1) else start), end


@requires("directory.read")
@never_cache
@require_GET
def directory(request: HttpRequest) -> HttpResponseBase:
    """The posts of an area with who answers for each now, and who is away."""
    actor, at, land = actor_of_request(request), now(), ground()
    chosen = request.GET.get("area", "") or next((scope.area_path for scope in actor.scopes("directory.read")), "")
    area = land.by_path(chosen) if chosen else land.root
    asked = request.GET.get("q", "").strip()[:60]
    lines = posts_held(actor=actor, at=at, area_path=area.path)
    own = [line for line in lines if line.post.area_path == area.path] if not asked else [line for line in lines if _matches(line, asked)]
    if asked_format(request):
        return _table(request, own if asked else lines, at)
    return show(
        request,
        "console/directory.html",
        "directory",
        area=area,
        above=land.chain(area.id)[:-1],
        below=land.children(area.id),
        groups=_grouped(own[:MOST_POSTS]) + ([] if asked else _empty(area.id)),
        asked=asked,
        counted=len(own),
        acting=[line for line in lines if line.holding is None or line.holding.is_acting][:MOST_POSTS],
        away=absences(actor=actor, at=at),
        may_manage=actor.holds("directory.manage"),
        may_take_in=actor.may("directory.manage"),
        may_here=actor.may("directory.manage", area_path=area.path),
        query=kept_query(request),
        me=actor.person_id,
    )


def _table(request: HttpRequest, lines: list[PostLine], at: datetime) -> HttpResponseBase:
    """The posts of the area and below, or those found, with who answers for each."""
    language, snapshot = get_language() or "", organisation()
    heads = [gettext(head) for head in (N_("Post"), N_("Short code"), N_("Unit"), N_("Rank"), N_("Answers for it now"), N_("Stands in"))]
    rows = [
        (
            bilingual(dict(line.post.names), language), line.post.code, bilingual(dict(snapshot.unit(line.post.unit_id).names), language), line.post.rank,
            line.holder, gettext("yes") if line.holding and line.holding.is_acting else "",
        )
        for line in lines
    ]  # fmt: skip
    return taken(request, name="posts", heads=heads, rows=rows, at=at)


def _matches(line: PostLine, asked: str) -> bool:
    said = [line.holder, line.post.code, *line.post.names.values()]
    return any(asked.lower() in text.lower() for text in said)


def _grouped(lines: list[PostLine]) -> list[tuple[Any, list[PostLine]]]:
    """Posts by their unit, in the order of the lines."""
    snapshot = organisation()
    groups: dict[UUID, list[PostLine]] = {}
    for line in lines:
        groups.setdefault(line.post.unit_id, []).append(line)
    return [(snapshot.unit(unit), posts) for unit, posts in groups.items()]


def _empty(area_id: UUID) -> list[tuple[Any, list[PostLine]]]:
    """The area's units that have no post."""
    snapshot = organisation()
    filled = {post.unit_id for post in snapshot.posts}
    return [(unit, []) for unit in snapshot.units if unit.area_id == area_id and unit.id not in filled]


@signed_in_route
@never_cache
@require_http_methods(["GET", "POST"])
def absence(request: HttpRequest) -> HttpResponseBase:
    """Record an absence: first what it would do, then, sent again with ``sure``, it is written."""
    actor, at = actor_of_request(request), now()
    if request.method == "GET":
        person = request.GET.get("person", "") or (str(actor.person_id) if actor.person_id else "")
        return _absence(request, AbsenceForm(initial={"person": person, "starts": timezone.localdate(at)}), person)
    form = AbsenceForm(request.POST)
    person = request.POST.get("person", "")
    if not form.is_valid():
        return _absence(request, form, person, status=400)
    starts, ends = form.span(at)
    person_id = form.cleaned_data["person"]
    try:
        if not request.POST.get("sure"):
            passings = consequences_of_absence(actor=actor, person_id=person_id, starts_at=starts, ends_at=ends)
            return _absence(request, form, person, passings=_told(passings), looked=True)
        with write():
            record_absence(actor=actor, at=at, person_id=person_id, starts_at=starts, ends_at=ends, reason=form.cleaned_data["reason"])
    except Refusal as refusal:
        field = {"starts_at": "starts", "ends_at": "ends"}.get(refusal.field, refusal.field)
        form.add_error(field if field in form.fields else None, sentence(refusal))
        return _absence(request, form, person, status=status_of(refusal))
    messages.success(request, gettext("Recorded. The posts pass on by themselves for that time."))
    return redirect("console:directory" if actor.holds("directory.read") else "console:queue")


@signed_in_route
@require_POST
def back(request: HttpRequest, absence_id: UUID) -> HttpResponseBase:
    """Somebody is back: the absence ends now, or is taken back before it began."""
    with write():
        cancel_absence(actor=actor_of_request(request), at=now(), absence_id=absence_id)
    messages.success(request, gettext("Recorded: back on duty."))
    return redirect("console:directory")


def _told(passings: Any) -> list[dict[str, Any]]:
    """What passes to whom and when, with names."""
    snapshot, shown = organisation(), get_language() or ""
    names = names_of({passing.holding.person_id for passing in passings})
    return [
        {
            "post": bilingual(dict(snapshot.post(passing.post_id).names), shown),
            "to": names.get(passing.holding.person_id, ""),
            "from_post": bilingual(dict(snapshot.post(passing.holding.acting_post_id).names), shown),
            "starts": passing.starts_at,
            "ends": passing.ends_at,
        }
        for passing in passings
    ]


def _absence(request: HttpRequest, form: AbsenceForm, person: str, *, passings: Any = (), looked: bool = False, status: int = 200) -> HttpResponseBase:
    try:
        key = UUID(person)
    except ValueError:
        key = None
    name = names_of([key]).get(key, "") if key else ""
    return show(request, "console/absence.html", "directory", status=status, form=form, passings=passings, looked=looked, name=name, person=person)
