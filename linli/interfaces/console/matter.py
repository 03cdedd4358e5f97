"""One matter: its page, every step that can be taken on it, merging, and the blur tool of its photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

import orjson
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.directory.organisation.rules import Holding
from linli.directory.organisation.selectors import organisation
from linli.engines.duties.inspections.selectors.hazards import origin_of
from linli.engines.duties.meetings.selectors.desk import spoken_about
from linli.engines.matters.rules.decide import ChangedMeanwhile, Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.desk import MatterDesk, matter_desk
from linli.engines.matters.selectors.page import MatterPage
from linli.engines.matters.selectors.queue import id_of_code
from linli.engines.matters.services.act import Done, act, only
from linli.engines.matters.services.likes import dismiss_suggestion
from linli.engines.matters.services.photos import act_with_files
from linli.engines.matters.services.reporters import redact
from linli.engines.matters.services.whistle import blow_whistle, report_in
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console import forms
from linli.interfaces.console.acts import acts_of
from linli.interfaces.console.pages import show
from linli.interfaces.console.story import story_of
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.wording import clock_state, verb_words
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.clock.services import now
from linli.kernel.files.rules import Region, Rendition
from linli.kernel.files.selectors import open_file
from linli.kernel.files.services import CLEAR, BadRegion, Examined, clear_photo, examine, withdraw_photo
from linli.kernel.ids import new_id
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


@requires("matters.read")
@never_cache
@require_GET
def matter(request: HttpRequest, code: str) -> HttpResponseBase:
    """The page of a matter by its public number."""
    at = now()
    desk = matter_desk(actor=actor_of_request(request), at=at, code=code)
    return _page(request, desk, at)


@requires("matters.read")
@require_POST
def step(request: HttpRequest, code: str, verb: str) -> HttpResponseBase:
    """Take one step. Refused, the page comes back with what was typed; changed meanwhile, with the steps that are new."""
    at, actor, language = now(), actor_of_request(request), get_language() or ""
    wish = Verb(verb)
    desk = matter_desk(actor=actor, at=at, code=code)
    form = forms.FORMS[wish](request.POST, request.FILES, desk=desk, actor=actor, language=language, auto_id=f"{wish.value}-%s")
    if not form.is_valid():
        return _page(request, desk, at, sent=(wish, form), status=400)
    try:
        files = _examined(request) if "photos" in form.fields else ()
        with write():
            done = _do(wish, form, files=files, actor=actor, at=at)
    except Refusal as refusal:
        return _refused(request, refusal, sent=(wish, form), code=code, at=at)
    words, *_ = verb_words(wish.value)
    if not done.repeated:
        messages.success(request, gettext("%(code)s: %(done)s") % {"code": code, "done": words})
    if not actor.may("matters.read", area_path=desk.page.matter.area_path, confidentiality=Confidentiality(desk.page.matter.confidentiality)):
        return redirect("console:queue")
    following = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(following, allowed_hosts=None):  # from a desk that goes on to the next one
        return redirect(following)
    return redirect("console:matter", code=code)


def _do(verb: Verb, form: forms.StepForm, *, files: Sequence[Examined], actor: Actor, at: datetime) -> Done:
    """The one call that a verb is."""
    given, matter_id = form.cleaned_data, form.page.matter.id
    if isinstance(form, forms.Whistle):
        return blow_whistle(actor=actor, at=at, matter_id=matter_id, units=form.chosen(), reason=given["reason"], version=given["version"])
    if isinstance(form, forms.ReportIn):
        return report_in(actor=actor, at=at, matter_id=matter_id, unit=UUID(given["unit"]), answer=given["text"], version=given["version"])
    if isinstance(form, forms.Redact):
        words = {"public_text": given["public_text"], "reason": given["reason"], "wipe_words": given["wipe"]}
        return redact(actor=actor, at=at, matter_id=matter_id, version=given["version"], **words)
    command = form.command(verb, at)
    if isinstance(form, forms.Merge):
        return only(act([replace(command, into_id=id_of_code(actor=actor, code=given["into"].strip().upper()))], actor=actor))
    return act_with_files(command, actor=actor, files=files)


def _examined(request: HttpRequest) -> list[Examined]:
    """The photos that came with the form, decoded before the write opens."""
    given = request.FILES.getlist("photos")
    return [examine(content=cast(BinaryIO, one), claimed_name=one.name or "", claimed_type=one.content_type or "") for one in given]


def _refused(request: HttpRequest, refusal: Refusal, *, sent: tuple[Verb, forms.StepForm], code: str, at: datetime) -> HttpResponseBase:
    """The page again, as it stands now, with the form as it was typed; its version is now the present one."""
    verb, form = sent
    seen = form.cleaned_data["version"]
    desk = matter_desk(actor=actor_of_request(request), at=at, code=code)
    typed = request.POST.copy()
    typed["version"], typed["key"] = str(desk.page.matter.version), str(new_id())
    again = forms.FORMS[verb](typed, desk=desk, actor=actor_of_request(request), language=get_language() or "", auto_id=f"{verb.value}-%s")
    again.is_valid()
    changed = isinstance(refusal, ChangedMeanwhile)
    if refusal.field in again.fields and not changed:
        again.add_error(refusal.field, sentence(refusal))
    elif not changed:
        again.add_error(None, sentence(refusal))
    still = verb in desk.page.verbs
    return _page(request, desk, at, sent=(verb, again), seen=seen if changed else None, lost=None if still else again, status=status_of(refusal))


def _page(
    request: HttpRequest,
    desk: MatterDesk,
    at: datetime,
    *,
    sent: tuple[Verb, forms.StepForm] | None = None,
    seen: int | None = None,
    lost: forms.StepForm | None = None,
    status: int = 200,
) -> HttpResponseBase:
    """``lost``: a form whose step is no longer possible; its words are shown, so that they can be kept."""
    actor, language = actor_of_request(request), get_language() or ""
    page = desk.page
    found = page.matter
    promise = found.extended_due_at or found.due_at
    story = story_of(desk, language=language, seen=seen)
    depth = Confidentiality(found.confidentiality)
    return show(
        request,
        "console/matter.html",
        "queue",
        status=status,
        desk=desk,
        page=page,
        matter=found,
        story=story,
        fresh=[line for line in story if line.fresh],
        acts=acts_of(desk, actor=actor, language=language, sent=sent),
        sent=sent,
        lost=[(field.label, field.value()) for field in lost if not field.is_hidden and isinstance(field.value(), str) and field.value()] if lost else None,
        level_clock=clock_state(state=found.state, due_at=found.level_due_at, closed_at=found.closed_at, at=at),
        promise=promise,
        promise_clock=clock_state(state="", due_at=promise, closed_at=found.closed_at, at=at),
        chain=[(link, desk.name(link.holding), _position(number, page), _skipped(link.holding)) for number, link in enumerate(page.chain)],
        moves_up=found.closed_at is None and found.state != "suspended" and found.level < page.policy.top,
        notes=[line for line in story if line.step.verb == Verb.NOTE],
        holder=desk.name(page.holding),
        likes=[(like, other, _twin(other, page)) for like in page.likes if (other := desk.likes.get(like.id)) is not None],
        may_merge=Verb.MERGE in page.verbs,
        may_clear=actor.may(CLEAR, area_path=found.area_path, confidentiality=max(depth, Confidentiality.INTERNAL)),
        may_identify=actor.may("matters.read_identity", area_path=found.area_path, confidentiality=depth),
        condition=_condition(page),
        spoken=spoken_about(actor=actor, matter_id=found.id),
        origin=origin_of(actor=actor, matter_id=found.id),
        new_key=str(new_id()),
    )


def _skipped(holding: Holding) -> list[tuple[Mapping[str, str], str]]:
    """The posts that were passed over before somebody was found, with why."""
    snapshot = organisation()
    return [(snapshot.post(post_id).names, why.value) for post_id, why in holding.succession]


def _twin(other: Any, page: MatterPage) -> dict[str, Any]:
    """The other matter's codes in words, for looking at both side by side."""
    known = page.policy.classes.get(other.class_code)
    return {"class_names": known.names if known else {"zh": other.class_code}, "owner_names": organisation().post(other.accountable_post_id).names}


def _position(number: int, page: object) -> str:
    links = page.chain  # type: ignore[attr-defined]
    here = next((place for place, link in enumerate(links) if link.is_here), 0)
    return "now" if number == here else "past" if number < here else "next"


def _condition(page: object) -> object:
    part, code = page.form, page.matter.condition  # type: ignore[attr-defined]
    return next((row for row in part.conditions if row.code == code), None) if part else None


# -- merging ----------------------------------------------------------------------------------------------------------


@requires("matters.dispatch")
@require_POST
def merge(request: HttpRequest, code: str) -> HttpResponseBase:
    """Merge this matter into a suggested one, or say that they are two (``not=1``)."""
    at, actor = now(), actor_of_request(request)
    mine = id_of_code(actor=actor, code=code)
    other = id_of_code(actor=actor, code=request.POST.get("other", ""))
    if request.POST.get("not"):
        with write():
            dismiss_suggestion(actor=actor, at=at, matter_id=mine, other_id=other)
        messages.success(request, gettext("Kept as two matters; it will not be asked again."))
        return redirect("console:matter", code=code)
    wish = Command(mine, Verb.MERGE, at, version=int(request.POST.get("version") or 0), key=request.POST.get("key", ""), into_id=other)
    with write():
        only(act([replace(wish, reason=gettext("the same matter"))], actor=actor))
    messages.success(request, gettext("Merged. Every reporter will be told the one outcome."))
    return redirect("console:matter", code=request.POST.get("other", ""))


# -- photos -----------------------------------------------------------------------------------------------------------


@requires("files.read", "files.clear")
@require_GET
def file(request: HttpRequest, file_id: UUID, rendition: str) -> HttpResponseBase:
    """A photo or document of a matter, for those who handle it."""
    opened = open_file(actor_of_request(request), file_id, Rendition(rendition))
    response = FileResponse(opened.stream, content_type=opened.content_type, as_attachment=opened.attachment, filename=opened.name)
    for name, value in opened.headers.items():
        response[name] = value
    response["Cache-Control"] = "private, max-age=3600"
    return response


@requires("files.clear")
@require_POST
def clear(request: HttpRequest, code: str, file_id: UUID) -> HttpResponseBase:
    """The blur tool's answer: rectangles in thousandths as JSON ``[[left, top, right, bottom], …]``; or take the photo back."""
    at, actor = now(), actor_of_request(request)
    if request.POST.get("withdraw"):
        with write():
            withdraw_photo(actor=actor, at=at, file_id=file_id)
        messages.success(request, gettext("The photo is no longer shown to the public."))
    else:
        regions = _regions(request.POST.get("regions", "[]"))
        with write():
            clear_photo(actor=actor, at=at, file_id=file_id, regions=regions)
        messages.success(request, gettext("The blurred photo may now be seen by the public where the matter is public."))
    return redirect("console:matter", code=code)


def _regions(text: str) -> list[Region]:
    try:
        return [Region(*(int(side) for side in row)) for row in orjson.loads(text or "[]")]
    except (ValueError, TypeError):
        raise BadRegion(most=64) from None
