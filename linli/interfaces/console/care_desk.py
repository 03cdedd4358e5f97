"""The care desk: one's own cases by their pseudonyms, the look-up of a caller or of an alarm's pseudonym, and readings in need that wait for a review."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.organisation.selectors import organisation
from linli.directory.territory.selectors import ground
from linli.domains.care.playbook import BREAK, REVIEW, WORK, care_policy
from linli.domains.care.selectors import desk as desk_lines
from linli.domains.care.selectors import label_of
from linli.domains.care.services.cases import open_case
from linli.domains.care.services.reading import find_cases, review_glass, waiting_glasses
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.care_forms import FindForm, OpenForm
from linli.interfaces.console.pages import show
from linli.interfaces.refusals import sentence, status_of
from linli.kernel.access.selectors import names_of_actors
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


@requires("care.work", "care.review")
@never_cache
@require_GET
def desk(request: HttpRequest) -> HttpResponseBase:
    """Open cases without their content; the next review first."""
    return _desk(request)


def _desk(request: HttpRequest, *, form: FindForm | None = None, found: object = None) -> HttpResponseBase:
    actor, at = actor_of_request(request), now()
    land, snapshot, policy = ground(), organisation(), care_policy()
    lines = [
        {
            "line": line, "area": land.area(line.area_id).names, "post": snapshot.post(line.post_id).names,
            "purpose": policy.purposes.get(line.purpose), "level": policy.levels.get(line.level),
        }
        for line in desk_lines(actor=actor, at=at)
    ]  # fmt: skip
    with write():
        glasses = waiting_glasses(actor=actor, at=at)
    return show(
        request, "console/care/desk.html", "care",
        lines=lines, glasses=glasses, readers=names_of_actors([glass.reader for glass in glasses]), form=form or FindForm(), found=found,
        may_work=actor.holds(WORK), may_open=actor.holds(WORK) and bool(actor.post_ids) and bool(policy.purposes and policy.levels),
        may_find=actor.holds(WORK), may_break=actor.holds(BREAK), may_review=actor.holds(REVIEW), set_up=bool(policy.purposes and policy.levels),
    )  # fmt: skip


@requires("care.work")
@never_cache
@require_POST
def find(request: HttpRequest) -> HttpResponseBase:
    """The cases of a caller's number or of a pseudonym; the look-up is written down with each that is found."""
    form = FindForm(request.POST)
    found = []
    if form.is_valid():
        with write():
            found = [case.label for case in find_cases(actor=actor_of_request(request), at=now(), asked=form.cleaned_data["asked"])]
    return _desk(request, form=form, found=found)


@requires("care.work")
@never_cache
@require_http_methods(["GET", "POST"])
def open_new(request: HttpRequest) -> HttpResponseBase:
    """Open a case: on consent or on a statutory duty of the playbook."""
    actor, shown = actor_of_request(request), get_language() or ""
    form = OpenForm(request.POST or None, actor=actor, policy=care_policy(), shown=shown)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                with write():
                    case_id = open_case(actor=actor, at=now(), case=form.new_case())
                messages.success(request, gettext("The case is open; its content lies under a key of its own."))
                return redirect("console:care_case", label_of(case_id))
            except Refusal as refusal:
                field = "post" if refusal.field == "worker_post" else refusal.field
                form.add_error(field if field in form.fields else None, sentence(refusal))
                status = status_of(refusal)
    return show(request, "console/care/open.html", "care", status=status, form=form)


@requires("care.review")
@require_POST
def glass(request: HttpRequest, glass_id: UUID) -> HttpResponseBase:
    """Say whether a reading in need was justified."""
    with write():
        review_glass(actor=actor_of_request(request), at=now(), glass_id=glass_id, justified=request.POST.get("justified") == "yes")
    messages.success(request, gettext("Reviewed."))
    return redirect("console:care")
