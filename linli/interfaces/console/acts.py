"""What can be done with a matter now: the one step that it waits for stands open, the others a press away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.desk import MatterDesk
from linli.engines.matters.selectors.page import MatterPage
from linli.interfaces.console.forms import FORMS, StepForm
from linli.kernel.access.rules import Actor
from linli.kernel.ids import new_id

SAYS: dict[Verb, Any] = {
    Verb.FILE: _("It is ours, and it can be dispatched."),
    Verb.REFUSE: _("The reporter is told why."),
    Verb.SOLVE: _("The reporter reads the outcome and can rate it."),
    Verb.ESCALATE: _("The next level has it from now on, with a clock of its own."),
    Verb.VERIFY: _("You have seen that it is done."),
    Verb.CLOSE: _("The outcome goes to every reporter."),
    Verb.WHISTLE: _("Each department called has its own clock to report in."),
    Verb.GRANT_EXTENSION: _("The new deadline holds, and the promise moves with it."),
}

# The one step that a matter waits for, by its state; the first that this person may take stands open.
NEXT: dict[str, Sequence[Verb]] = {
    "reported": (Verb.FILE, Verb.SOLVE, Verb.CORRECT),
    "filed": (Verb.DISPATCH, Verb.SOLVE),
    "dispatched": (Verb.SOLVE,),
    "handled": (Verb.VERIFY,),
    "verified": (Verb.CLOSE,),
    "suspended": (Verb.RESUME,),
    "closed": (),
    "refused": (),
    "merged": (),
}
OFTEN = (
    Verb.SOLVE, Verb.ESCALATE, Verb.DISPATCH, Verb.FILE, Verb.VERIFY, Verb.CLOSE, Verb.CALL_BACK, Verb.REPORT_IN, Verb.WHISTLE, Verb.ASK_REPORTER,
    Verb.RETURN, Verb.NOTE, Verb.GRANT_EXTENSION, Verb.DECLINE_EXTENSION, Verb.RESUME, Verb.REOPEN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done now: its form, and whether it stands open."""

    verb: Verb
    form: StepForm
    says: Any
    open: bool


@dataclass(frozen=True, slots=True)
class Acts:
    """``next``: what the matter waits for; ``often`` and ``rest``: what else can be done."""

    next: Act | None
    often: Sequence[Act]
    rest: Sequence[Act]


def next_verb(page: MatterPage) -> Verb | None:
    """The step that this matter waits for, of those that this person may take."""
    if Verb.GRANT_EXTENSION in page.verbs:
        return Verb.GRANT_EXTENSION
    wished: Sequence[Verb] = NEXT[page.state]
    tried = page.matter.called_back_at is not None or page.matter.calls >= page.policy.call_back_attempts
    if page.state == "verified" and page.policy.closing_needs_call_back and not tried:
        wished = (Verb.CALL_BACK,)
    return next((verb for verb in wished if verb in page.verbs), None)


def acts_of(desk: MatterDesk, *, actor: Actor, language: str, sent: tuple[Verb, StepForm] | None = None) -> Acts:
    """The forms of everything that can be done; ``sent`` is one that was refused: it stands open as it was typed."""
    first = next_verb(desk.page)
    waiting = [whistle for whistle in desk.page.whistles if whistle.waiting]

    def make(verb: Verb) -> Act:
        if sent is not None and sent[0] is verb:
            return Act(verb, sent[1], SAYS.get(verb, ""), open=True)
        form = blank(verb, desk=desk, actor=actor, language=language)
        return Act(verb, form, SAYS.get(verb, ""), open=sent is None and verb is first)

    hidden = {Verb.REPORT_BACK} if Verb.SOLVE in desk.page.verbs else set()
    if not waiting:
        hidden.add(Verb.REPORT_IN)
    if not desk.owners:
        hidden.add(Verb.TRANSFER)
    shown = [verb for verb in desk.page.verbs if verb in FORMS and verb not in hidden]
    return Acts(
        next=make(first) if first is not None else None,
        often=[make(verb) for verb in OFTEN if verb in shown and verb is not first],
        rest=[make(verb) for verb in shown if verb not in OFTEN and verb is not first],
    )


def blank(verb: Verb, *, desk: MatterDesk, actor: Actor, language: str) -> StepForm:
    """The empty form of a verb, with the version that its reader sees."""
    initial = {"version": desk.page.matter.version, "key": str(new_id())}
    return FORMS[verb](initial=initial, desk=desk, actor=actor, language=language, prefix=None, auto_id=f"{verb.value}-%s")
