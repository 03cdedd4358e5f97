"""Posts, appointments and areas administered: what a change would do is shown first, and saved when it is sent again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linli.directory.organisation.rules import Holding
from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.selectors.terms import PostPage, post_page
from linli.directory.organisation.services.appointments import appoint, end_appointment
from linli.directory.organisation.services.posts import NewPost, change_posts, create_post, retire_post
from linli.directory.organisation.services.trial import Shift, try_out
from linli.directory.people.selectors import names_of
from linli.directory.territory.selectors import ground
from linli.directory.territory.services.areas import change_area
from linli.engines.matters.selectors.posts import open_matters_of
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console import staffing_forms as given_forms
from linli.interfaces.console.pages import show
from linli.interfaces.refusals import sentence
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

FIELDS = {"starts_at": "starts", "ends_at": "ends"}
ACTS = {"appoint": _("Appoint somebody"), "end": _("End the appointment"), "change": _("Change name or rank"), "retire": _("Retire the post")}


@dataclass(frozen=True, slots=True)
class Told:
    """One consequence: a post, who answers for it now and who would, and how many open matters go along."""

    post: dict[str, str]
    before: str
    after: str
    acting: dict[str, str]
    matters: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a valid form asks for: the call, the instant at which to look, what is said when it is done."""

    make: Callable[[], object]
    when: datetime
    done: str


def told(shifts: Sequence[Shift]) -> list[Told]:
    """Consequences in words; two queries."""
    snapshot = organisation()
    people = names_of({holding.person_id for shift in shifts for holding in (shift.before, shift.after) if holding})
    counts = open_matters_of([shift.post.id for shift in shifts])

    def name(holding: Holding | None) -> str:
        return people.get(holding.person_id, "") if holding else ""

    return [
        Told(
            post=dict(shift.post.names),
            before=name(shift.before),
            after=name(shift.after),
            acting=dict(snapshot.post(shift.after.acting_post_id).names) if shift.after and shift.after.is_acting else {},
            matters=counts.get(shift.post.id, 0),
        )
        for shift in shifts
    ]


@requires("directory.read")
@never_cache
@require_http_methods(["GET", "POST"])
def post(request: HttpRequest, post_id: UUID) -> HttpResponseBase:
    """A post: who holds it, who comes after, its terms; and its administration, each change shown before it is saved."""
    actor, at = actor_of_request(request), now()
    page = post_page(actor=actor, at=at, post_id=post_id)
    if request.method == "GET":
        return _post(request, page, _forms(page, at))
    wish = request.POST.get("act", "")
    if wish not in ACTS:
        return redirect("console:post", post_id=post_id)
    kinds = {"appoint": given_forms.AppointForm, "end": given_forms.EndForm, "change": given_forms.ChangeForm, "retire": given_forms.RetireForm}
    form = kinds[wish](request.POST, auto_id=f"{wish}-%s")
    found = _forms(page, at) | {wish: form}
    if not form.is_valid():
        return _post(request, page, found, wish=wish, status=400)
    change = _change(wish, form, page, actor=actor, at=at)
    looked = look_or_make(request, form, change)
    if looked is None:
        return redirect("console:directory") if wish == "retire" else redirect("console:post", post_id=post_id)
    return _post(request, page, found, wish=wish, looked=looked, status=400 if form.errors else 200)


def look_or_make(request: HttpRequest, form: forms.Form, change: Change) -> list[Told] | None:
    """Carry the change out when it is sure (None), else tell what it would do; a refusal stands in the form."""
    try:
        if request.POST.get("sure"):
            with write():
                change.make()
            messages.success(request, change.done)
            return None
        with write():
            shifts = try_out(change.make, at=change.when)
        return told(shifts)
    except Refusal as refusal:
        field = FIELDS.get(refusal.field, refusal.field)
        form.add_error(field if field in form.fields else None, sentence(refusal))
        return []


def _change(wish: str, form: forms.Form, page: PostPage, *, actor: Actor, at: datetime) -> Change:
    given, post_id = form.cleaned_data, page.post.id
    if wish == "appoint":
        starts = given_forms.beginning(given["starts"], at)
        ends = given_forms.end_of(given["ends"]) if given["ends"] else None
        present = [term for term in page.terms if term.starts_at < starts and (term.ends_at is None or term.ends_at > starts)] if given["replaces"] else []

        def replace() -> None:
            for term in present:
                end_appointment(actor=actor, at=at, appointment_id=term.id, ends_at=starts)
            appoint(actor=actor, at=at, post_id=post_id, person_id=given["person"], starts_at=starts, ends_at=ends)

        return Change(replace, starts, gettext("Appointed."))
    if wish == "end":
        last = at if given["last"] == timezone.localdate(at) else given_forms.end_of(given["last"])
        ended = given["appointment"]
        return Change(lambda: end_appointment(actor=actor, at=at, appointment_id=ended, ends_at=last), last, gettext("The appointment ends."))
    if wish == "change" and isinstance(form, given_forms.ChangeForm):
        values = {post_id: (form.names(), page.post.role, given["rank"])}
        return Change(lambda: change_posts(actor=actor, at=at, posts=values), at, gettext("The post is changed."))
    return Change(lambda: retire_post(actor=actor, at=at, post_id=post_id), at, gettext("The post is retired; its history stays."))


def _forms(page: PostPage, at: datetime) -> dict[str, forms.Form]:
    today = timezone.localdate(at)
    names = page.post.names
    return {
        "appoint": given_forms.AppointForm(initial={"starts": today, "replaces": True}, auto_id="appoint-%s"),
        "change": given_forms.ChangeForm(initial={"zh": names.get("zh", ""), "en": names.get("en", ""), "rank": page.post.rank}, auto_id="change-%s"),
        "retire": given_forms.RetireForm(auto_id="retire-%s"),
        "end": given_forms.EndForm(initial={"last": today}, auto_id="end-%s"),
    }


def _post(
    request: HttpRequest, page: PostPage, found: dict[str, forms.Form], *, wish: str = "", looked: list[Told] | None = None, status: int = 200
) -> HttpResponseBase:
    actor = actor_of_request(request)
    land = ground()
    ending = next((term for term in page.terms if term.state != "past"), None)
    shown = {name: form for name, form in found.items() if name != "end" or ending}
    if ending and "appointment" not in found["end"].data:
        found["end"].initial["appointment"] = ending.id
    return show(
        request,
        "console/post.html",
        "directory",
        status=status,
        page=page,
        acts=[(name, ACTS[name], form, name == wish) for name, form in shown.items()],
        ending=ending,
        looked=looked if wish and not found[wish].errors else None,
        open_matters=open_matters_of([page.post.id]).get(page.post.id, 0),
        above=land.chain(page.post.area_id),
        may_manage=actor.may("directory.manage", area_path=page.post.area_path),
    )


@requires("directory.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def new_post(request: HttpRequest) -> HttpResponseBase:
    """Make a post in an area: what it would change is shown first."""
    actor, at, language = actor_of_request(request), now(), get_language() or ""
    area = ground().by_path(request.GET.get("area", "") or request.POST.get("area", "") or ground().root.path)
    actor.require("directory.manage", area_path=area.path)
    units = [unit for unit in organisation().units if unit.area_id == area.id]
    data = {"data": request.POST} if request.method == "POST" else {}
    form = given_forms.NewPostForm(**data, units=units, language=language, initial={"rank": 2})
    looked = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        role = form.roles[given["role"]]
        wanted = NewPost(given["code"], form.names(), role.code, UUID(given["unit"]), area.id, role.level, given["rank"])
        looked = look_or_make(
            request, form, Change(lambda: create_post(actor=actor, at=at, post=wanted), at, gettext("The post is made. It is vacant: appoint somebody."))
        )
        if looked is None:
            made = next(post.id for post in organisation().posts if post.code == wanted.code)
            return redirect("console:post", post_id=made)
    context = {"form": form, "title": gettext("New post"), "area": area, "looked": looked if not form.errors else None, "units": units}
    return show(request, "console/change.html", "directory", status=400 if form.errors else 200, **context)


@requires("directory.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def area(request: HttpRequest, area_id: UUID) -> HttpResponseBase:
    """An area's names and households; how much carries the name is shown first."""
    actor, at, language = actor_of_request(request), now(), get_language() or ""
    land = ground()
    found = land.area(area_id)
    actor.require("directory.manage", area_path=found.path)
    initial = {"zh": found.names.get("zh", ""), "en": found.names.get("en", ""), "households": found.households}
    form = given_forms.AreaForm(request.POST, initial=initial) if request.method == "POST" else given_forms.AreaForm(initial=initial)
    looked = None
    if request.method == "POST" and form.is_valid():
        names, households = form.names(), form.cleaned_data["households"]
        change = Change(lambda: change_area(actor=actor, at=at, area_id=area_id, names=names, households=households), at, gettext("The area is changed."))
        looked = look_or_make(request, form, change)
        if looked is None:
            return redirect("console:directory")
    carries = _carries(found.path)
    title = gettext("Area: %(name)s") % {"name": bilingual(dict(found.names), language)}
    context = {"form": form, "title": title, "area": found, "looked": looked if not form.errors else None, "carries": carries}
    return show(request, "console/change.html", "directory", status=400 if form.errors else 200, **context)


def _carries(path: str) -> dict[str, int]:
    """What stands under an area's name: areas below, posts, open matters of those posts."""
    posts = [post.id for post in organisation().posts if post.area_path.startswith(path)]
    below = sum(1 for one in ground() if one.path.startswith(path)) - 1
    return {"below": below, "posts": len(posts), "matters": sum(open_matters_of(posts).values())}
