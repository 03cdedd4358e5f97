"""One step for many matters: first what would happen to each, then, sent again with ``sure``, it is done to each that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.foresight import Foreseen, Foresight, foresee
from linli.engines.matters.selectors.handlers import PostChoice
from linli.engines.matters.services.act import act
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.filters import BadFilter
from linli.interfaces.console.forms import named_choice, why_words
from linli.interfaces.console.pages import show
from linli.interfaces.console.queue import TOGETHER
from linli.interfaces.refusals import sentence
from linli.interfaces.wording import clock_state, verb_words
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

REASONED = (Verb.ESCALATE,)


class TogetherForm(forms.Form):
    """To whom and why, for all of them."""

    post = forms.ChoiceField(label=_("To"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 1000}))

    def __init__(self, *args: Any, verb: Verb, choices: Sequence[PostChoice], language: str, people: dict[UUID, str], **more: Any) -> None:
        super().__init__(*args, **more)
        if verb is Verb.DISPATCH:
            named = [(str(choice.post.id), named_choice(choice, people.get(choice.holding.person_id, ""), language)) for choice in choices]
            self.fields["post"].choices = [("", gettext("Each to the post suggested for it")), *named]  # type: ignore[attr-defined]
            self.fields["reason"].label = gettext("Words for the post")
        else:
            del self.fields["post"]
        if verb not in (*REASONED, Verb.DISPATCH):
            del self.fields["reason"]
        elif verb in REASONED:
            self.fields["reason"].required = True


@dataclass(frozen=True, slots=True)
class Ahead:
    """A line of the preview, in words."""

    one: Foreseen
    why: str
    handler: dict[str, str]
    clock: str
    refusal: str


@requires(*dict.fromkeys(permission for _verb, permission in TOGETHER))
@never_cache
@require_POST
def together(request: HttpRequest) -> HttpResponseBase:
    """The preview of a step for the chosen matters; with ``sure`` the step itself, each under the version that was looked at."""
    actor, at, language = actor_of_request(request), now(), get_language() or ""
    verb = _verb(request.POST.get("verb", ""))
    codes = list(dict.fromkeys(request.POST.getlist("code")))
    if not codes:
        messages.warning(request, gettext("Choose at least one matter first."))
        return redirect("console:queue")
    post, reason = _post(request.POST.get("post", "")), request.POST.get("reason", "").strip()
    ahead = foresee(actor=actor, at=at, codes=codes, verb=verb, post_id=post, reason=reason or "…")
    sent = "sure" in request.POST or "again" in request.POST
    given = {"data": request.POST} if sent else {}
    form = TogetherForm(**given, verb=verb, choices=ahead.choices, language=language, people=ahead.people)
    valid = not sent or form.is_valid()
    if request.POST.get("sure") and valid:
        return _do(request, ahead, reason=reason, actor=actor)
    lines = [_line(one, at=at) for one in ahead.matters]
    return show(
        request,
        "console/ahead.html",
        "queue",
        status=200 if valid else 400,
        verb=verb,
        form=form,
        lines=lines,
        possible=len(ahead.possible),
        refused=len(ahead.matters) - len(ahead.possible),
        codes=codes,
        key=str(new_id()),
    )


def _do(request: HttpRequest, ahead: Foresight, *, reason: str, actor: Actor) -> HttpResponseBase:
    """Send every command that the preview showed as possible; what changed meanwhile is refused by itself and said."""
    key = request.POST.get("key", "")[:40]
    wanted = [_command(one, request.POST.get(f"version-{one.row.code}", ""), key=key, reason=reason) for one in ahead.possible]
    commands = [command for command in wanted if command is not None]
    with write():
        results = act(commands, actor=actor)
    codes = {one.row.id: one.row.code for one in ahead.matters}
    done = [result for result in results if not isinstance(result, Refusal)]
    words, *_rest = verb_words(ahead.matters[0].command.verb.value)
    if done:
        told = ngettext("%(verb)s: %(n)s matter.", "%(verb)s: %(n)s matters.", len(done))
        messages.success(request, told % {"verb": words, "n": len(done)})
    for command, result in zip(commands, results, strict=True):
        if isinstance(result, Refusal):
            messages.warning(request, f"{codes[command.matter_id]}: {sentence(result)}")
    left = len(ahead.matters) - len(commands)
    if left:
        messages.info(request, ngettext("%(n)s was left as it was.", "%(n)s were left as they were.", left) % {"n": left})
    return redirect("console:queue")


def _command(one: Foreseen, version: str, *, key: str, reason: str) -> Command | None:
    """The command under the version that the preview showed; None for a matter that it did not show as possible."""
    if not version.isdigit():
        return None
    return replace(one.command, version=int(version), reason=reason, key=f"{key}-{one.row.code}" if key else "")


def _line(one: Foreseen, *, at: datetime) -> Ahead:
    choice, after = one.choice, one.after
    why = why_words(choice) if choice and choice.why else ""
    handler = dict(choice.unit.names if choice.unit.kind == "department" else choice.post.names) if choice else {}
    clock = clock_state(state=after.state, due_at=after.level_due_at, closed_at=after.closed_at, at=at) if after else ""
    return Ahead(one, why, handler, clock, sentence(one.refusal) if one.refusal else "")


def _verb(text: str) -> Verb:
    known = {verb.value: verb for verb, _permission in TOGETHER}
    if text not in known:
        raise BadFilter(given=text[:40])
    return known[text]


def _post(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadFilter(given=text[:40]) from None
