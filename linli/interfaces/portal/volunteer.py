"""Volunteers: which teams take people in, joining one by one's own choice, what one is part of, and leaving."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.teams.playbook import team_kinds, teams_section
from linli.directory.teams.selectors import TeamLine, open_teams, own_parts
from linli.directory.teams.services import NoSuchTeam, apply_to_team, leave_team
from linli.directory.territory.selectors import ground
from linli.interfaces.access import actor_of_request, public_route, signed_in_route
from linli.interfaces.refusals import sentence, status_of
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import NoPlaybook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


class JoinForm(forms.Form):
    """Who is new gives a name; everybody says that they agree."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=80, help_text=gettext_lazy("The team sees it; nobody else does."))
    contact = forms.CharField(
        label=gettext_lazy("Telephone"), max_length=32, required=False, widget=forms.TextInput(attrs={"type": "tel"}),
        help_text=gettext_lazy("Kept sealed; your captain can reach you."),
    )  # fmt: skip
    agreed = forms.BooleanField(label=gettext_lazy("I take part of my own will. My name stands in the team; I can leave at any time."), required=False)


@public_route
@never_cache
@require_GET
def volunteer(request: HttpRequest) -> HttpResponseBase:
    """Teams that take people in, and one's own."""
    actor, at = actor_of_request(request), now()
    try:
        kinds, courses = team_kinds(), {course.code: course.names.model_dump() for course in teams_section().courses}
    except NoPlaybook:
        kinds, courses = {}, {}
    own = own_parts(actor=actor, at=at, today=timezone.localdate(at)) if kinds else []
    mine = {part.team_id for part in own}
    land = ground() if kinds else None
    teams = [(line, kinds.get(line.kind), land.area(line.area_id).names) for line in open_teams() if line.id not in mine] if land else []
    return render(
        request, "portal/volunteer.html", {"teams": teams, "own": [(part, kinds.get(part.kind)) for part in own], "courses": courses, "known": actor.user_id}
    )


@signed_in_route
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, team_id: UUID) -> HttpResponseBase:
    """Ask to take part in one team."""
    actor = actor_of_request(request)
    line = _open_team(team_id)
    form = JoinForm(request.POST or None)
    if actor.person_id is not None:
        del form.fields["name"], form.fields["contact"]
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                with write():
                    apply_to_team(
                        actor=actor, at=now(), team_id=team_id, agreed=given["agreed"], name=given.get("name", ""), contact=given.get("contact", ""),
                        language=get_language() or "",
                    )  # fmt: skip
                messages.success(request, _("Thank you. A captain answers you."))
                return redirect("portal:volunteer")
            except Refusal as refusal:
                field = {"consent": "agreed", "display_name": "name"}.get(refusal.field, refusal.field)
                form.add_error(field if field in form.fields else None, sentence(refusal))
                status = status_of(refusal)
    kind = team_kinds().get(line.kind)
    return render(request, "portal/volunteer_join.html", {"team": line, "kind": kind, "form": form}, status=status)


@signed_in_route
@require_POST
def leave(request: HttpRequest, membership_id: UUID) -> HttpResponseBase:
    """Leave a team; it asks no reason."""
    with write():
        leave_team(actor=actor_of_request(request), at=now(), membership_id=membership_id)
    messages.success(request, _("You have left. Thank you for your time."))
    return redirect("portal:volunteer")


def _open_team(team_id: UUID) -> TeamLine:
    found = next((line for line in open_teams(limit=2000) if line.id == team_id), None)
    if found is None:
        raise NoSuchTeam
    return found
