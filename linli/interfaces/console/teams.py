"""Teams on the desk: lists, the matrix of team × venue, one team with members, captains, courses and activities."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
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

from linli.directory.teams import services
from linli.directory.teams.playbook import MANAGE, team_kinds, teams_section
from linli.directory.teams.rules import Cell
from linli.directory.teams.selectors import TeamPage, team_of_code, team_page, venue_matrix
from linli.directory.teams.selectors import organisations as organisation_lines
from linli.directory.teams.selectors import teams as team_lines
from linli.directory.territory.selectors import ground
from linli.engines.duties.shifts.selectors.presence import running_shifts
from linli.interfaces.access import actor_of_request, requires, signed_in_route
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, taken
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Refusal
from linli.kernel.writing import write

DAY: dict[str, Any] = {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), "input_formats": ["%Y-%m-%d"]}
YEAR = timedelta(days=365)
BODIES = [("enterprise", _("enterprise")), ("school", _("school")), ("other", _("other body"))]


def _areas(actor: Actor, shown: str) -> list[tuple[str, str]]:
    """The areas where somebody manages teams, as choices, each below the one that holds it."""
    land = ground()
    areas = [area for area in sorted(land, key=lambda area: area.path) if actor.may(MANAGE, area_path=area.path)][:2000]
    return [(area.code, "　" * land.depth(area.id) + bilingual(dict(area.names), shown)) for area in areas]


class TeamForm(forms.Form):
    code = forms.SlugField(label=_("Short code"), max_length=40)
    kind = forms.ChoiceField(label=_("Kind of team"))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=80, required=False)
    area = forms.ChoiceField(label=_("Area"))
    organisation = forms.ChoiceField(label=_("Member organisation"), required=False)

    def __init__(self, *args: Any, actor: Actor, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self._choose("kind", [(kind.code, bilingual(kind.names, shown)) for kind in team_kinds().values()])
        self._choose("area", _areas(actor, shown))
        self._choose("organisation", [("", "—"), *((code, bilingual(names, shown)) for code, names, _kind in organisation_lines(actor=actor))])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def team(self) -> services.NewTeam:
        given = self.cleaned_data
        names = {"zh": given["name_zh"], "en": given["name_en"] or given["name_zh"]}
        return services.NewTeam(given["code"], given["kind"], names, given["area"], given["organisation"])


class OrganisationForm(forms.Form):
    """A firm, a school or another body that joins in."""

    code = forms.SlugField(label=_("Short code"), max_length=40)
    kind = forms.ChoiceField(label=_("What it is"), choices=BODIES)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=80, required=False)
    area = forms.ChoiceField(label=_("Area"))

    def __init__(self, *args: Any, actor: Actor, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["area"].choices = _areas(actor, shown)  # type: ignore[attr-defined]


class CaptainForm(forms.Form):
    """A member as captain until a day; with ``from_person``, in the place of a captain who hands over."""

    person = forms.ChoiceField(label=_("Member"))
    ends_on = forms.DateField(label=_("Term ends on"), **DAY)
    from_person = forms.ChoiceField(label=_("Takes over from"), required=False)
    note = forms.CharField(label=_("What the next captain has to know"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class CourseForm(forms.Form):
    person = forms.ChoiceField(label=_("Member"))
    course = forms.ChoiceField(label=_("Course"))
    on = forms.DateField(label=_("Passed on"), **DAY)


class ActivityForm(forms.Form):
    venue = forms.ChoiceField(label=_("Venue"))
    topic = forms.CharField(label=_("What about"), max_length=200)
    on = forms.DateField(label=_("Held on"), **DAY)
    attendances = forms.IntegerField(label=_("How many came"), min_value=0, max_value=100_000, initial=0)
    leaflets = forms.IntegerField(label=_("Leaflets handed out"), min_value=0, max_value=100_000, initial=0)
    self_led = forms.BooleanField(label=_("Led by the team itself, no staff present"), required=False)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)


@requires("teams.read")
@never_cache
@require_GET
def teams(request: HttpRequest) -> HttpResponseBase:
    """Teams of one's area, and a year's activities by kind and venue."""
    actor, at, land = actor_of_request(request), now(), ground()
    section, bodies = teams_section(), dict(BODIES)
    cells = venue_matrix(actor=actor, since=at - YEAR, until=at + timedelta(seconds=1))
    rows = [
        (kind.names.model_dump(), [cells.get((kind.code, venue.code), Cell()) for venue in section.venues], cells.get((kind.code, ""), Cell()))
        for kind in section.kinds
    ]
    if asked_format(request):
        language, kinds = get_language() or "", {kind.code: kind.names.model_dump() for kind in section.kinds}
        heads = [
            gettext(head)
            for head in (
                N_("Team"),
                N_("Short code"),
                N_("Kind of team"),
                N_("Area"),
                N_("Member organisation"),
                N_("Members"),
                N_("Core members"),
                N_("Applicants"),
            )
        ]
        table = [
            (
                bilingual(line.names, language), line.code, bilingual(kinds.get(line.kind, {}), language) or line.kind,
                bilingual(dict(land.area(line.area_id).names), language), bilingual(line.organisation, language), line.members, line.core, line.waiting,
            )
            for line in team_lines(actor=actor)
        ]  # fmt: skip
        return taken(request, name="teams", heads=heads, rows=table, at=at)
    return show(
        request, "console/teams/list.html", "teams",
        lines=[(line, land.area(line.area_id).names) for line in team_lines(actor=actor)], kinds={kind.code: kind.names.model_dump() for kind in section.kinds},
        venues=[venue.names.model_dump() for venue in section.venues], rows=rows, sums=[cells.get(("", venue.code), Cell()) for venue in section.venues],
        total=cells.get(("", ""), Cell()),
        organisations=[(code, names, bodies.get(kind, "")) for code, names, kind in organisation_lines(actor=actor)],
        may_manage=actor.holds(MANAGE) and bool(section.kinds), may_see_patrols=actor.holds("patrols.read"),
        may_see_rosters=actor.holds("shifts.read"), set_up=bool(section.kinds),
    )  # fmt: skip


@requires("teams.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def found(request: HttpRequest) -> HttpResponseBase:
    """Found a team."""
    actor = actor_of_request(request)
    form = TeamForm(request.POST or None, actor=actor, shown=get_language() or "")
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                with write():
                    services.found_team(actor=actor, at=now(), team=form.team())
                messages.success(request, gettext("The team is founded; people can join."))
                return redirect("console:team", form.cleaned_data["code"])
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
                status = status_of(refusal)
    return show(request, "console/teams/found.html", "teams", status=status, form=form)


@requires("teams.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def organisation(request: HttpRequest) -> HttpResponseBase:
    """Enter a member organisation, or say that one joins in no more."""
    actor, at = actor_of_request(request), now()
    if request.POST.get("end"):
        with write():
            services.end_organisation(actor=actor, at=at, code=request.POST["end"])
        messages.success(request, gettext("Written down."))
        return redirect("console:teams")
    form = OrganisationForm(request.POST or None, actor=actor, shown=get_language() or "")
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            names = {"zh": given["name_zh"], "en": given["name_en"] or given["name_zh"]}
            try:
                with write():
                    services.enter_organisation(actor=actor, at=at, code=given["code"], names=names, kind=given["kind"], area_code=given["area"])
                messages.success(request, gettext("It joins in; found its team next."))
                return redirect("console:teams")
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
                status = status_of(refusal)
    return show(request, "console/teams/organisation.html", "teams", status=status, form=form)


@signed_in_route
@never_cache
@require_GET
def team(request: HttpRequest, code: str) -> HttpResponseBase:
    """One team, for those who may see teams there and for its captains."""
    return _team(request, code, {})


def _team(request: HttpRequest, code: str, bound: dict[str, forms.Form], *, status: int = 200) -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    page = team_page(actor=actor, at=at, today=timezone.localdate(at), team_id=team_named(code))
    section = teams_section()
    courses = {course.code: course.names.model_dump() for course in section.courses}
    return show(
        request, "console/teams/team.html", "teams", status=status,
        page=page, line=page.line, area=ground().area(page.line.area_id).names, courses=courses,
        venues={venue.code: venue.names.model_dump() for venue in section.venues}, running=running_shifts(actor=actor, at=at, team_id=page.line.id),
        forms={name: bound.get(name) or _form(name, page) for name in ("captain", "course", "activity")},
    )  # fmt: skip


def _form(name: str, page: TeamPage, data: Any = None) -> forms.Form:
    shown, today, section = get_language() or "", timezone.localdate(now()), teams_section()
    people = [(str(member.person_id), member.name) for member in page.members]
    captains = [("", "—"), *((str(member.person_id), member.name) for member in page.members if member.captain_until)]
    makers: dict[str, Callable[[], forms.Form]] = {
        "captain": lambda: CaptainForm(data, initial={"ends_on": today + timedelta(days=page.kind.term_days if page.kind else 365)}),
        "course": lambda: CourseForm(data, initial={"on": today}),
        "activity": lambda: ActivityForm(data, initial={"on": today, "key": str(new_id())}),
    }
    form = makers[name]()
    form.auto_id = f"{name}_%s"  # several forms stand on one page
    choices = {
        "person": people, "from_person": captains,
        "course": [(part.code, bilingual(part.names.model_dump(), shown)) for part in section.courses],
        "venue": [(part.code, bilingual(part.names.model_dump(), shown)) for part in section.venues],
    }  # fmt: skip
    for field, given in choices.items():
        if field in form.fields:
            form.fields[field].choices = given  # type: ignore[attr-defined]
    return form


@signed_in_route
@require_POST
def act(request: HttpRequest, code: str, act: str) -> HttpResponseBase:
    """One change of a team by its captains or those who manage teams there."""
    doing = ACTS.get(act)
    if doing is None:
        raise Http404
    actor, at, team_id = actor_of_request(request), now(), team_named(code)
    if act not in ("captain", "course", "activity"):
        with write():
            doing(request, {"actor": actor, "at": at}, team_id, {})
        messages.success(request, gettext("Written down."))
        return redirect("console:teams") if act == "disband" else redirect("console:team", code)
    page = team_page(actor=actor, at=at, today=timezone.localdate(at), team_id=team_id)
    form, status = _form(act, page, request.POST), 400
    if form.is_valid():
        try:
            with write():
                doing(request, {"actor": actor, "at": at}, team_id, form.cleaned_data)
            messages.success(request, gettext("Written down."))
            return redirect("console:team", code)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
            status = status_of(refusal)
    return _team(request, code, {act: form}, status=status)


def _membership(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("membership", ""))
    except ValueError:
        raise Http404 from None


def _end(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def _captain(_request: HttpRequest, common: dict[str, Any], team_id: UUID, given: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {**common, "team_id": team_id, "ends_at": _end(given["ends_on"])}
    if given["from_person"]:
        services.hand_over_captaincy(**wanted, from_person=UUID(given["from_person"]), to_person=UUID(given["person"]), note=given["note"])
    else:
        services.appoint_captain(**wanted, person_id=UUID(given["person"]))


def _activity(_request: HttpRequest, common: dict[str, Any], team_id: UUID, given: dict[str, Any]) -> None:
    held = timezone.make_aware(datetime.combine(given["on"], time(12)))
    told = {name: given[name] for name in ("venue", "topic", "self_led", "attendances", "leaflets", "key")}
    ahead = given["on"] > timezone.localdate(common["at"])
    services.record_activity(**common, team_id=team_id, held_at=held if ahead else min(held, common["at"]), **told)


Doing = Callable[[HttpRequest, dict[str, Any], UUID, dict[str, Any]], object]
ACTS: dict[str, Doing] = {
    "captain": _captain,
    "course": lambda _request, common, team_id, given: services.pass_course(
        **common, team_id=team_id, person_id=UUID(given["person"]), course=given["course"], on=given["on"]
    ),
    "activity": _activity,
    "accept": lambda request, common, _team_id, _given: services.answer_applicant(**common, membership_id=_membership(request), accept=True),
    "decline": lambda request, common, _team_id, _given: services.answer_applicant(**common, membership_id=_membership(request), accept=False),
    "core": lambda request, common, _team_id, _given: services.mark_core(**common, membership_id=_membership(request), core=request.POST.get("core") == "yes"),
    "leave": lambda request, common, _team_id, _given: services.leave_team(**common, membership_id=_membership(request)),
    "disband": lambda _request, common, team_id, _given: services.disband_team(**common, team_id=team_id),
    "recruit": lambda request, common, team_id, _given: services.set_recruiting(**common, team_id=team_id, recruiting=request.POST.get("recruiting") == "yes"),
}


def team_named(code: str) -> UUID:
    """The team of a page's address, or a page that is not there."""
    found = team_of_code(code)
    if found is None:
        raise Http404
    return found
