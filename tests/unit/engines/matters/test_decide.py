"""Each verb: what it needs, what it changes, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.translation import gettext, override
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.rules.case import Case, revised
from linli.engines.matters.rules.classes import UnknownClass
from linli.engines.matters.rules.clocks import settle
from linli.engines.matters.rules.command import UNDER_WAY
from linli.engines.matters.rules.decide import (
    BeforeItsTime,
    CallBackFirst,
    ChangedMeanwhile,
    Command,
    DateNeeded,
    MergeIntoItself,
    NobodyThere,
    NoMoreExtensions,
    NothingAsked,
    NothingToCorrect,
    NotPossible,
    OutcomeMissing,
    ReasonMissing,
    TooLateToReopen,
    TopCannotPass,
    decide,
)
from linli.engines.matters.rules.states import ENDED, TABLE, State, Verb, landing
from linli.kernel.access.rules import Confidentiality
from linli.kernel.refusal import Refusal
from tests.unit.engines.matters.made import AREAS, AT, DAY, HOUR, FakeWorld, begun, named, place, policy

WORLD, POLICY = FakeWorld(), policy()
FULL = {
    "reason": "because",
    "text": "done",
    "post_id": named("grid 2"),
    "until": AT + 20 * DAY,
    "into_id": named("other"),
    "class_code": "D-1",
    "reached": True,
}


def do(case: Case, verb: Verb, at=AT + HOUR, *, world=WORLD, rules=POLICY, **wanted) -> Case:
    return decide(case, Command(case.id, verb, at, **wanted), world=world, policy=rules)


def at_state(state: State, *, level: int = 1, **more) -> Case:
    """A case of a level whose solution is verified, in any state."""
    ended = AT if state in ENDED else None
    handled = AT if state in (State.HANDLED, State.VERIFIED, State.CLOSED) else None
    suspended = {"state_before": "filed", "remaining": 3 * HOUR} if state is State.SUSPENDED else {}
    merged = {"merged_into_id": named("other")} if state is State.MERGED else {}
    given = {"closed_at": ended, "closed_level": level if ended else None, "handled_at": handled, **suspended, **merged, **more}
    return revised(begun(), state=state, level=level, accountable_post_id=named("street"), level_due_at=AT + 48 * HOUR, **given)


def all_chinese(refused: Refusal) -> bool:
    with override("zh-hans"):
        return not any(letter.isascii() and letter.isalpha() for letter in refused.sentence(gettext))


@pytest.mark.parametrize("verb", sorted(set(Verb)))
@pytest.mark.parametrize("state", sorted(State))
def test_every_verb_does_what_the_table_says_or_is_refused(state: State, verb: Verb) -> None:
    case = at_state(state, extension_until=AT + 60 * HOUR if verb in (Verb.GRANT_EXTENSION, Verb.DECLINE_EXTENSION) else None)
    by_hand = verb not in (Verb.REPORT, Verb.TIME_OUT)
    possible = by_hand and ((state, verb) in TABLE or (state, verb) == (State.SUSPENDED, Verb.RESUME))
    if not possible:
        with pytest.raises(NotPossible) as refused:
            do(case, verb, **FULL)
        assert all_chinese(refused.value)
        return
    after = do(case, verb, **FULL)
    expected = State(case.state_before) if verb is Verb.RESUME else TABLE[state, verb]
    if verb in (Verb.FILE, Verb.SOLVE, Verb.REPORT_BACK, Verb.VERIFY):
        expected = landing(expected, POLICY.intake_drops - {"filing"} if verb is Verb.FILE else POLICY.levels[1].drops)
    assert (after.state, after.version) == (expected, case.version + 1)
    assert (after.closed_at is not None) == (after.state in ENDED)
    assert after.reported_at == case.reported_at and after.policy_id == case.policy_id
    assert after.due_at == case.due_at or verb is Verb.CORRECT  # the promise is never reset but with the class


@pytest.mark.parametrize("verb", sorted(POLICY.reasons_required))
@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_verb_that_needs_a_reason_is_refused_without(verb: Verb, reason: str) -> None:
    state = next(state for state in sorted(State) if (state, verb) in TABLE)
    with pytest.raises(ReasonMissing) as refused:
        do(at_state(state), verb, **{**FULL, "reason": reason})
    assert all_chinese(refused.value)


def test_a_version_that_is_no_longer_the_matters_is_a_conflict() -> None:
    case = begun()
    assert do(case, Verb.NOTE, version=1).version == 2
    for seen in (0, 2):
        with pytest.raises(ChangedMeanwhile):
            do(case, Verb.NOTE, version=seen)


def test_what_the_playbook_forbids_is_not_possible() -> None:
    rules = policy(forbidden=frozenset({("dispatched", "solve")}))
    with pytest.raises(NotPossible):
        do(begun(), Verb.SOLVE, text="x", rules=rules)


# -- time -------------------------------------------------------------------------------------------------------------


def test_nothing_is_done_before_what_already_happened() -> None:
    up = settle(begun(), world=WORLD, policy=POLICY, at=AT + 8 * HOUR)[0]
    with pytest.raises(BeforeItsTime):
        do(up, Verb.SUSPEND, AT + 4 * HOUR, reason="x", until=AT + 5 * HOUR)  # its review would lie before its clock's start
    closed = do(begun(), Verb.SOLVE, AT + 3 * HOUR, text="x")
    with pytest.raises(BeforeItsTime):
        do(closed, Verb.REOPEN, AT + 2 * HOUR, reason="x")
    with pytest.raises(BeforeItsTime):
        do(begun(), Verb.NOTE, AT - DAY)


def test_two_that_waited_for_each_other_are_both_done() -> None:
    first = do(begun(), Verb.DISPATCH, AT + HOUR, post_id=named("grid 1"))
    second = do(first, Verb.SOLVE, AT + HOUR - timedelta(milliseconds=20), text="x")
    assert second.handled_at == second.closed_at == AT + HOUR
    with pytest.raises(BeforeItsTime):
        do(first, Verb.SOLVE, AT + HOUR - UNDER_WAY - timedelta(seconds=1), text="x")


# -- solving, verifying, closing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  "])
def test_an_outcome_says_what_was_done(text: str) -> None:
    for verb in (Verb.SOLVE, Verb.REPORT_BACK):
        with pytest.raises(OutcomeMissing):
            do(begun(), verb, text=text)


def test_solved_on_the_spot_is_closed_at_its_level_with_every_time() -> None:
    case = do(
        begun(area="root", placing="unplaced", rules=policy(levels=POLICY.levels[:1] * 3)), Verb.SOLVE, text="x", rules=policy(levels=POLICY.levels[:1] * 3)
    )
    assert (case.state, case.closed_level) == (State.CLOSED, case.level)
    assert case.filed_at == case.dispatched_at == case.handled_at == case.verified_at == case.closed_at == AT + HOUR


def test_above_a_solution_is_verified_and_then_closed() -> None:
    handled = do(at_state(State.DISPATCHED), Verb.SOLVE, text="x")
    assert (handled.state, handled.closed_at) == (State.HANDLED, None)
    verified = do(handled, Verb.VERIFY, AT + 2 * HOUR)
    assert do(verified, Verb.CLOSE, AT + 3 * HOUR).closed_at == AT + 3 * HOUR


def test_closing_may_follow_verification_by_itself() -> None:
    levels = tuple(replace(level, drops=frozenset({"closing"})) for level in POLICY.levels)
    assert do(at_state(State.HANDLED), Verb.VERIFY, rules=policy(levels=levels)).state is State.CLOSED


def test_the_reporter_is_called_before_closing_where_the_playbook_says_so() -> None:
    rules = policy(closing_needs_call_back=True)
    case = at_state(State.VERIFIED)
    with pytest.raises(CallBackFirst):
        do(case, Verb.CLOSE, rules=rules)
    once = do(case, Verb.CALL_BACK, reached=False, rules=rules)
    with pytest.raises(CallBackFirst):
        do(once, Verb.CLOSE, rules=rules)
    assert do(do(once, Verb.CALL_BACK, reached=False, rules=rules), Verb.CLOSE, rules=rules).state is State.CLOSED
    assert do(do(case, Verb.CALL_BACK, reached=True, rules=rules), Verb.CLOSE, rules=rules).state is State.CLOSED


def test_what_is_returned_is_to_be_done_again() -> None:
    case = do(do(at_state(State.DISPATCHED), Verb.SOLVE, text="x"), Verb.RETURN, AT + 2 * HOUR, reason="not gone")
    assert (case.state, case.handled_at, case.outcome, case.outcome_text, case.returns) == (State.DISPATCHED, None, "", "", 1)


# -- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [Verb.DISPATCH, Verb.TRANSFER])
def test_dispatch_and_transfer_name_a_post(verb: Verb) -> None:
    with pytest.raises(NobodyThere):
        do(at_state(State.DISPATCHED), verb, reason="x")


def test_dispatch_names_a_handler_and_the_desk_stays_accountable() -> None:
    case = do(at_state(State.FILED), Verb.DISPATCH, post_id=named("grid 1"))
    assert (case.handler_post_id, case.accountable_post_id, case.state) == (named("grid 1"), named("street"), State.DISPATCHED)


def test_transfer_changes_who_answers_and_no_clock() -> None:
    case = begun()
    after = do(case, Verb.TRANSFER, reason="x", post_id=named("grid 2"))
    assert (after.accountable_post_id, after.level_due_at, after.due_at) == (named("grid 2"), case.level_due_at, case.due_at)


def test_sending_up_begins_the_next_clock_and_the_top_cannot() -> None:
    up = do(begun(), Verb.ESCALATE, reason="x")
    assert (up.level, up.state, up.level_since, up.level_due_at) == (1, State.FILED, AT + HOUR, AT + 49 * HOUR)
    with pytest.raises(TopCannotPass):
        do(do(up, Verb.ESCALATE, AT + 2 * HOUR, reason="x"), Verb.ESCALATE, AT + 3 * HOUR, reason="x")


def test_nothing_is_merged_into_itself_or_into_nothing() -> None:
    for into in (None, begun().id):
        with pytest.raises(MergeIntoItself):
            do(begun(), Verb.MERGE, reason="x", into_id=into)


# -- extension --------------------------------------------------------------------------------------------------------


def test_an_extension_is_asked_for_then_granted_and_the_promise_stands() -> None:
    case = begun()
    pending = do(case, Verb.ASK_EXTENSION, until=AT + 100 * HOUR, reason="parts")
    assert (pending.level_due_at, pending.extended_due_at) == (case.level_due_at, None)
    granted = do(pending, Verb.GRANT_EXTENSION, AT + 2 * HOUR)
    assert (granted.level_due_at, granted.extended_due_at, granted.due_at, granted.extensions) == (AT + 100 * HOUR, AT + 100 * HOUR, case.due_at, 1)
    with pytest.raises(NoMoreExtensions):
        do(granted, Verb.ASK_EXTENSION, AT + 3 * HOUR, until=AT + 200 * HOUR, reason="more")
    with pytest.raises(NothingAsked):
        do(granted, Verb.GRANT_EXTENSION, AT + 3 * HOUR)


def test_a_declined_extension_changes_nothing_and_may_be_asked_for_again() -> None:
    case = begun()
    declined = do(do(case, Verb.ASK_EXTENSION, until=AT + 100 * HOUR, reason="x"), Verb.DECLINE_EXTENSION, reason="no")
    assert (declined.level_due_at, declined.extension_until, declined.extensions) == (case.level_due_at, None, 0)
    assert do(declined, Verb.ASK_EXTENSION, until=AT + 90 * HOUR, reason="x").extension_until == AT + 90 * HOUR


@pytest.mark.parametrize("until", [None, AT, AT + 8 * HOUR])
def test_an_extension_ends_after_the_present_clock(until) -> None:
    with pytest.raises(DateNeeded):
        do(begun(), Verb.ASK_EXTENSION, until=until, reason="x")


def test_a_promise_that_ends_later_is_not_shortened_by_an_extension_of_the_level() -> None:
    granted = do(do(begun(), Verb.ASK_EXTENSION, until=AT + 20 * HOUR, reason="x"), Verb.GRANT_EXTENSION)
    assert (granted.level_due_at, granted.extended_due_at) == (AT + 20 * HOUR, granted.due_at)


def test_an_extension_asked_for_ends_with_a_suspension() -> None:
    """Granted after the resumption, it would have set the clock to before its start."""
    asked = do(begun(), Verb.ASK_EXTENSION, until=AT + 9 * HOUR, reason="x")
    back = do(do(asked, Verb.SUSPEND, until=AT + 50 * DAY, reason="x"), Verb.RESUME, AT + 40 * DAY, reason="x")
    assert back.extension_until is None
    with pytest.raises(NothingAsked):
        do(back, Verb.GRANT_EXTENSION, AT + 40 * DAY)


# -- suspension -------------------------------------------------------------------------------------------------------


def test_suspension_stops_the_level_clock_and_resumption_goes_on_with_what_was_left() -> None:
    case = do(begun(), Verb.SUSPEND, AT + 3 * HOUR, until=AT + 20 * DAY, reason="x")
    assert (case.state, case.level_due_at, case.remaining) == (State.SUSPENDED, AT + 20 * DAY, 5 * HOUR)
    back = do(case, Verb.RESUME, AT + 10 * DAY, reason="x")
    assert (back.state, back.level_since, back.level_due_at, back.remaining) == (State.DISPATCHED, AT + 10 * DAY, AT + 10 * DAY + 5 * HOUR, None)


@pytest.mark.parametrize("until", [None, AT + HOUR, AT, AT + HOUR + 61 * DAY])
def test_a_review_date_lies_ahead_and_not_too_far(until) -> None:
    with pytest.raises(DateNeeded):
        do(begun(), Verb.SUSPEND, until=until, reason="x")


# -- correction -------------------------------------------------------------------------------------------------------


def test_a_corrected_class_brings_its_own_promise_and_clock_from_the_report_on() -> None:
    case = do(begun(), Verb.CORRECT, class_code="E-2", reason="x")
    assert (case.class_code, case.due_at, case.level_due_at) == ("E-2", AT + 2 * HOUR, AT + HOUR)


def test_a_condition_alone_can_be_corrected() -> None:
    case = do(begun(), Verb.CORRECT, condition="bad", reason="x")
    assert (case.class_code, case.condition, case.due_at) == ("E-1", "bad", AT + 24 * HOUR)


def test_correcting_to_what_it_is_already_leaves_the_promise() -> None:
    """A gateway's own deadline, or a calendar that changed since, must not come in by the back door."""
    case = begun(promised=AT + 5 * HOUR)
    assert do(case, Verb.CORRECT, class_code="E-1", reason="x").due_at == AT + 5 * HOUR


def test_a_correction_never_makes_a_private_matter_public() -> None:
    case = begun(class_code="D-1")
    assert do(case, Verb.CORRECT, class_code="E-1", reason="x").confidentiality is Confidentiality.PRIVATE
    assert do(begun(), Verb.CORRECT, class_code="D-1", reason="x").confidentiality is Confidentiality.PRIVATE


def test_a_correction_keeps_what_an_extension_gave() -> None:
    extended = revised(begun(), extended_due_at=AT + 100 * HOUR)
    assert do(extended, Verb.CORRECT, class_code="E-2", reason="x").extended_due_at == AT + 100 * HOUR
    assert do(extended, Verb.CORRECT, class_code="D-1", reason="x").extended_due_at == AT + 240 * HOUR  # no shorter than the new promise


@pytest.mark.parametrize(("wanted", "refusal"), [({}, NothingToCorrect), ({"class_code": "X"}, UnknownClass), ({"condition": "worse"}, UnknownClass)])
def test_a_correction_says_what_and_knows_it(wanted, refusal) -> None:
    with pytest.raises(refusal):
        do(begun(), Verb.CORRECT, reason="x", **wanted)


def test_the_owner_follows_the_place_at_the_same_level_and_clock() -> None:
    case = begun()
    after = do(case, Verb.CORRECT, place=place("g2", "border"), reason="x")
    assert (after.accountable_post_id, after.area_path, after.placing) == (named("grid 2"), "g2/", "border")
    assert (after.level, after.level_due_at, after.due_at) == (0, case.level_due_at, case.due_at)


def test_where_the_new_place_has_no_post_of_the_level_the_next_above_has_it() -> None:
    """Not the post of the area that it was moved away from."""
    after = do(begun(), Verb.CORRECT, place=place("street-only"), reason="x")
    assert (after.level, after.accountable_post_id, after.level_since, after.level_due_at) == (1, named("street"), AT + HOUR, AT + 49 * HOUR)
    suspended = do(begun(), Verb.SUSPEND, reason="x", until=AT + 9 * DAY)
    after = do(suspended, Verb.CORRECT, AT + DAY, place=place("root"), reason="x")
    assert (after.level, after.accountable_post_id, after.level_due_at) == (2, named("district"), AT + 9 * DAY)


# -- reopening --------------------------------------------------------------------------------------------------------


def test_reopened_within_the_window_with_a_clock_of_its_own_and_the_old_promise() -> None:
    closed = do(begun(), Verb.SOLVE, text="x")
    case = do(closed, Verb.REOPEN, AT + 5 * DAY, reason="again")
    assert (case.state, case.level_since, case.level_due_at, case.due_at) == (State.FILED, AT + 5 * DAY, AT + 5 * DAY + 8 * HOUR, closed.due_at)
    assert (case.closed_at, case.outcome, case.reopenings, case.handled_at) == (None, "", 1, None)
    assert do(closed, Verb.REOPEN, AT + HOUR + 10 * DAY, reason="x").is_open  # the last moment
    with pytest.raises(TooLateToReopen):
        do(closed, Verb.REOPEN, AT + HOUR + 10 * DAY + timedelta(seconds=1), reason="x")


def test_a_refused_one_reopens_where_it_was_refused() -> None:
    refused = do(at_state(State.REPORTED), Verb.REFUSE, reason="x")
    assert do(refused, Verb.REOPEN, AT + DAY, reason="x").state is State.REPORTED


def test_a_post_retired_meanwhile_is_not_made_accountable_again() -> None:
    world = FakeWorld(retired={named("grid 1")})
    case = do(do(begun(), Verb.SOLVE, text="x"), Verb.REOPEN, AT + DAY, reason="x", world=world)
    assert (case.level, case.accountable_post_id) == (1, named("street"))


# -- anything at all --------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(State)), st.sampled_from(sorted(Verb)), st.integers(0, 3), st.data())
def test_whatever_is_asked_is_done_or_refused_and_leaves_a_sound_case(state: State, verb: Verb, level: int, data: st.DataObject) -> None:
    level = min(level, POLICY.top)
    case = at_state(state, level=level)
    times = st.one_of(st.none(), st.integers(-100, 2000).map(lambda n: AT + n * HOUR))
    wanted = {
        "reason": data.draw(st.sampled_from(["", "x"])),
        "text": data.draw(st.sampled_from(["", "x"])),
        "post_id": data.draw(st.sampled_from([None, named("grid 2")])),
        "until": data.draw(times),
        "into_id": data.draw(st.sampled_from([None, case.id, named("other")])),
        "class_code": data.draw(st.sampled_from(["", "E-1", "E-2", "D-1", "X"])),
        "condition": data.draw(st.sampled_from(["", "bad"])),
        "place": data.draw(st.sampled_from([None, *map(place, AREAS)])),
        "reached": data.draw(st.sampled_from([None, True, False])),
    }
    at = data.draw(times.filter(bool))
    if case.is_open:
        case, _ = settle(case, world=WORLD, policy=POLICY, at=at)
    try:
        after = do(case, verb, at, **wanted)
    except Refusal:
        return
    assert after.version == case.version + 1
    assert after.level_due_at >= after.level_since
    assert (after.closed_at is None) == after.is_open
    assert (after.remaining is not None) == (after.state is State.SUSPENDED)
    assert (after.merged_into_id is not None) == (after.state is State.MERGED)
    assert after.level >= case.level
