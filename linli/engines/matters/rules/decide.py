"""One command on one matter: the facts and the wish in, the new facts or a refusal out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from linli.engines.matters.rules.case import Case, World, revised
from linli.engines.matters.rules.clocks import move_up, resumed
from linli.engines.matters.rules.command import BeforeItsTime, Command, Place, in_order
from linli.engines.matters.rules.correct import NothingToCorrect, clock_of, correct, owner_at
from linli.engines.matters.rules.policy import Policy
from linli.engines.matters.rules.states import State, Verb, landing, next_state
from linli.kernel.refusal import N_, Kind, Refusal, Title

__all__ = ["BeforeItsTime", "Command", "NothingToCorrect", "Place", "decide", "in_order"]


class NotPossible(Refusal):
    code = "matters.not_possible"
    message = N_("“%(verb)s” is not possible while the matter is “%(state)s”.")
    kind = Kind.CONFLICT


class ChangedMeanwhile(Refusal):
    code = "matters.changed_meanwhile"
    message = N_("Somebody changed this matter meanwhile (version %(now)s, you saw %(seen)s). Look at what changed and decide again.")
    kind = Kind.CONFLICT


class ReasonMissing(Refusal):
    code = "matters.reason_missing"
    message = N_("“%(verb)s” needs a reason.")
    field = "reason"


class OutcomeMissing(Refusal):
    code = "matters.outcome_missing"
    message = N_("Say what was done: the reporter will read it.")
    field = "text"


class TopCannotPass(Refusal):
    code = "matters.top_cannot_pass"
    message = N_("The top level cannot pass a matter on.")
    kind = Kind.CONFLICT


class NobodyThere(Refusal):
    code = "matters.nobody_there"
    message = N_("Choose the post that shall take it.")
    field = "post_id"


class DateNeeded(Refusal):
    code = "matters.date_needed"
    message = N_("Give a date after now and not later than %(latest)s.")
    field = "until"


class NoMoreExtensions(Refusal):
    code = "matters.no_more_extensions"
    message = N_("This matter was extended %(times)s times already.")
    kind = Kind.LIMIT


class NothingAsked(Refusal):
    code = "matters.nothing_asked"
    message = N_("No extension has been asked for.")
    kind = Kind.CONFLICT


class CallBackFirst(Refusal):
    code = "matters.call_back_first"
    message = N_("Call the reporter back before closing, or record %(attempts)s attempts.")
    kind = Kind.CONFLICT


class TooLateToReopen(Refusal):
    code = "matters.too_late_to_reopen"
    message = N_("It can be reopened until %(until)s. Please report it anew.")
    kind = Kind.CONFLICT


class MergeIntoItself(Refusal):
    code = "matters.merge_into_itself"
    message = N_("A matter cannot be merged into itself.")
    field = "into_id"


def _outcome(case: Case, command: Command, *, policy: Policy) -> Case:
    if not command.text.strip():
        raise OutcomeMissing()
    level = policy.levels[case.level]
    state = landing(State.HANDLED, level.drops)
    # Solved before it was filed by hand: it was filed and dispatched by solving it.
    case = revised(case, filed_at=case.filed_at or command.at, dispatched_at=case.dispatched_at or command.at)
    case = revised(case, handled_at=command.at, outcome=command.outcome or "solved", outcome_text=command.text.strip())
    if state in (State.VERIFIED, State.CLOSED):
        case = revised(case, verified_at=command.at)
    return _ended(case, state, command.at) if state is State.CLOSED else revised(case, state=state)


def _ended(case: Case, state: State, at: datetime) -> Case:
    return revised(case, state=state, closed_at=at, closed_level=case.level, extension_until=None, remaining=None)


def _file(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world
    state = landing(State.FILED, policy.intake_drops - {"filing"})
    return revised(case, state=state, filed_at=command.at, dispatched_at=command.at if state is State.DISPATCHED else None)


def _refuse(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy
    return _ended(revised(case, outcome="refused", outcome_text=command.text.strip() or command.reason.strip()), State.REFUSED, command.at)


def _merge(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy
    if command.into_id is None or command.into_id == case.id:
        raise MergeIntoItself()
    return _ended(revised(case, merged_into_id=command.into_id, outcome="merged"), State.MERGED, command.at)


def _dispatch(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy
    if command.post_id is None:
        raise NobodyThere()
    return revised(case, state=State.DISPATCHED, handler_post_id=command.post_id, dispatched_at=command.at)


def _transfer(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy
    if command.post_id is None:
        raise NobodyThere()
    return revised(case, accountable_post_id=command.post_id, handler_post_id=None)


def _return(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy, command
    if case.state is State.DISPATCHED:
        return revised(case, state=State.FILED, handler_post_id=None, returns=case.returns + 1)
    return revised(case, state=State.DISPATCHED, handled_at=None, verified_at=None, outcome="", outcome_text="", returns=case.returns + 1)


def _report_back(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world
    return _outcome(case, command, policy=policy)


def _verify(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world
    state = landing(State.VERIFIED, policy.levels[case.level].drops & {"closing"})
    case = revised(case, verified_at=command.at)
    return _close_when_called(case, command, policy) if state is State.CLOSED else revised(case, state=state)


def _close_when_called(case: Case, command: Command, policy: Policy) -> Case:
    if policy.closing_needs_call_back and case.called_back_at is None and case.calls < policy.call_back_attempts:
        raise CallBackFirst(attempts=policy.call_back_attempts)
    return _ended(case, State.CLOSED, command.at)


def _close(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world
    return _close_when_called(case, command, policy)


def _call_back(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy
    reached = command.at if command.reached else None
    return revised(case, calls=case.calls + 1, called_back_at=case.called_back_at or reached)


def _reopen(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    assert case.closed_at is not None
    until = world.due(case.closed_at, policy.reopen_within)
    if command.at > until:
        raise TooLateToReopen(until=until.isoformat(timespec="minutes"))
    level, post = case.level, case.accountable_post_id
    if not world.serves(post):  # retired since it was closed
        level, post = owner_at(case.area_id, level=level, world=world, policy=policy)
    state = State.REPORTED if case.state is State.REFUSED else State.FILED
    return revised(
        case,
        state=state,
        level=level,
        accountable_post_id=post,
        handler_post_id=None,
        handled_at=None,
        verified_at=None,
        closed_at=None,
        closed_level=None,
        outcome="",
        outcome_text="",
        called_back_at=None,
        calls=0,
        reopenings=case.reopenings + 1,
        level_since=command.at,
        level_due_at=clock_of(case, level=level, since=command.at, world=world, policy=policy),
    )


def _escalate(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    moved = move_up(case, world=world, policy=policy, at=command.at)
    if moved is None:
        raise TopCannotPass()
    return moved


def _suspend(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world
    latest = command.at + timedelta(days=policy.max_suspension_days)
    if command.until is None or not command.at < command.until <= latest:
        raise DateNeeded(latest=latest.date().isoformat())
    return revised(
        case,
        state=State.SUSPENDED,
        state_before=case.state.value,
        remaining=max(case.level_due_at - command.at, timedelta(0)),
        level_due_at=command.until,
        extension_until=None,  # asked for on a clock that stands still now
    )


def _resume(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy
    return resumed(case, at=command.at)


def _ask_extension(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world
    if case.extensions >= policy.max_extensions:
        raise NoMoreExtensions(times=case.extensions)
    if command.until is None or command.until <= max(command.at, case.level_due_at):
        raise DateNeeded(latest="—")
    return revised(case, extension_until=command.until)


def _grant_extension(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy, command
    if case.extension_until is None:
        raise NothingAsked()
    until = max(case.extension_until, case.level_due_at)  # a correction may have given more meanwhile
    promise = max(until, case.extended_due_at or case.due_at)
    return revised(case, level_due_at=until, extended_due_at=promise, extension_until=None, extensions=case.extensions + 1)


def _decline_extension(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del world, policy, command
    if case.extension_until is None:
        raise NothingAsked()
    return revised(case, extension_until=None)


def _unchanged(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    del command, world, policy
    return case


_DO: dict[Verb, Callable[..., Case]] = {
    Verb.FILE: _file,
    Verb.REFUSE: _refuse,
    Verb.MERGE: _merge,
    Verb.DISPATCH: _dispatch,
    Verb.TRANSFER: _transfer,
    Verb.RETURN: _return,
    Verb.REPORT_BACK: _report_back,
    Verb.SOLVE: _report_back,
    Verb.VERIFY: _verify,
    Verb.CALL_BACK: _call_back,
    Verb.CLOSE: _close,
    Verb.REOPEN: _reopen,
    Verb.ESCALATE: _escalate,
    Verb.SUSPEND: _suspend,
    Verb.RESUME: _resume,
    Verb.ASK_EXTENSION: _ask_extension,
    Verb.GRANT_EXTENSION: _grant_extension,
    Verb.DECLINE_EXTENSION: _decline_extension,
    Verb.CORRECT: correct,
    Verb.WHISTLE: _unchanged,
    Verb.REPORT_IN: _unchanged,
    Verb.REDACT: _unchanged,
    Verb.NOTE: _unchanged,
    Verb.ASK_REPORTER: _unchanged,
    Verb.JOIN: _unchanged,
    Verb.RATE: _unchanged,
}


def decide(case: Case, command: Command, *, world: World, policy: Policy) -> Case:
    """Return the case after ``command``, with its version raised by one.

    The case must be settled as of ``command.at``.

    Raises:
        Refusal: the table, the playbook or the facts refuse it.
    """
    verb = command.verb
    if command.version is not None and command.version != case.version:
        raise ChangedMeanwhile(now=case.version, seen=command.version)
    allowed = next_state(case.state, verb) is not None or (verb is Verb.RESUME and case.state is State.SUSPENDED)
    if not allowed or verb not in _DO or (case.state.value, verb.value) in policy.forbidden:
        raise NotPossible(verb=_named(verb), state=_named(case.state))
    command = in_order(case, command)
    if verb in policy.reasons_required and not command.reason.strip():
        raise ReasonMissing(verb=_named(verb))
    return revised(_DO[verb](case, command, world=world, policy=policy), version=case.version + 1)


def _named(word: State | Verb) -> Title:
    return Title(zh=word.in_chinese(), en=word.value.replace("_", " "))
