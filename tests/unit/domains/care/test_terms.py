"""A care case rests on consent or on a named duty, and has an end; whatever else is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from linli.domains.care.rules.access import Circle, Ground, NotYourCase, ReasonTooShort, check_reason, ground_of
from linli.domains.care.rules.content import Content, Goal, NameMissing, TooManyGoals, TooMuchSaid, as_text, check_content, from_text
from linli.domains.care.rules.policy import CarePolicy
from linli.domains.care.rules.terms import (
    Basis,
    ConsentExpired,
    Ending,
    EndsTooEarly,
    EndsTooLate,
    NoBasis,
    NotALevel,
    NotAPurpose,
    ReviewTooLate,
    Terms,
    check_review,
    check_terms,
    ending_due,
    kept_for,
)
from linli.kernel.refusal import Refusal

TODAY = date(2026, 3, 2)
NAMES = {"zh": "某", "en": "some"}
POLICY = CarePolicy(purposes={"alone": NAMES}, duties={"minors_law": NAMES}, levels={"weekly": NAMES, "monthly": NAMES}, review_days=90, longest_days=365)
DAYS = st.integers(min_value=-400, max_value=800).map(lambda number: TODAY + timedelta(days=number))


def consent(**changes) -> Terms:
    given = {"review_on": TODAY + timedelta(days=60), "ends_on": TODAY + timedelta(days=300), "consent_until": TODAY + timedelta(days=300)}
    return Terms(Basis.CONSENT, "alone", "weekly", **{**given, "consent_given_on": TODAY, "consent_how": "paper", **changes})


def duty(**changes) -> Terms:
    given = {"review_on": TODAY + timedelta(days=60), "ends_on": TODAY + timedelta(days=300), "duty": "minors_law"}
    return Terms(Basis.DUTY, "alone", "weekly", **{**given, **changes})


def test_consent_and_a_named_duty_are_both_a_basis() -> None:
    for terms in (consent(), duty()):
        assert check_terms(terms, today=TODAY, policy=POLICY) is None
        with pytest.raises(NoBasis):  # and each needs its own
            check_terms(replace(terms, consent_given_on=None, duty=""), today=TODAY, policy=POLICY)


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (consent(consent_given_on=None), NoBasis),
        (consent(consent_until=None), NoBasis),
        (consent(consent_how=""), NoBasis),
        (consent(consent_how="she nodded"), NoBasis),
        (consent(duty="minors_law"), NoBasis),
        (consent(consent_given_on=TODAY + timedelta(days=1)), NoBasis),
        (consent(consent_until=TODAY - timedelta(days=1)), ConsentExpired),
        (consent(consent_until=TODAY + timedelta(days=299)), ConsentExpired),
        (duty(duty=""), NoBasis),
        (duty(duty="orders_from_above"), NoBasis),
        (duty(consent_given_on=TODAY), NoBasis),
        (duty(ends_on=TODAY + timedelta(days=366)), EndsTooLate),
        (duty(ends_on=TODAY, review_on=TODAY), EndsTooEarly),
        (duty(review_on=TODAY + timedelta(days=301)), EndsTooEarly),
        (duty(review_on=TODAY + timedelta(days=91)), ReviewTooLate),
    ],
)
def test_what_does_not_hold_is_refused_with_its_reason(terms: Terms, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        check_terms(terms, today=TODAY, policy=POLICY)


def test_purpose_and_level_are_the_playbooks() -> None:
    with pytest.raises(NotAPurpose):
        check_terms(Terms(Basis.DUTY, "watching", "weekly", TODAY, TODAY), today=TODAY, policy=POLICY)
    with pytest.raises(NotALevel):
        check_terms(Terms(Basis.DUTY, "alone", "red", TODAY, TODAY), today=TODAY, policy=POLICY)


@given(st.sampled_from(Basis), DAYS, DAYS, st.none() | DAYS, st.none() | DAYS, st.sampled_from(["", "paper"]), st.sampled_from(["", "minors_law", "x"]))
def test_whatever_passes_rests_on_something_and_ends(basis, review_on, ends_on, given_on, until, how, law) -> None:
    terms = Terms(basis, "alone", "weekly", review_on, ends_on, law, given_on, until, how)
    try:
        check_terms(terms, today=TODAY, policy=POLICY)
    except Refusal:
        return
    assert TODAY < terms.review_on <= terms.ends_on <= TODAY + timedelta(days=POLICY.longest_days)
    assert (terms.duty in POLICY.duties) != (terms.consent_given_on is not None)
    assert ending_due(terms, today=TODAY) is None
    assert ending_due(terms, today=terms.ends_on) is None
    assert ending_due(terms, today=terms.ends_on + timedelta(days=1)) in (Ending.TERM_ENDED, Ending.CONSENT_EXPIRED)


@given(DAYS, DAYS)
def test_a_review_lies_ahead_and_within_the_case(day: date, ends_on: date) -> None:
    try:
        check_review(day, today=TODAY, ends_on=ends_on, policy=POLICY)
    except Refusal:
        assert not TODAY < day <= ends_on or day > TODAY + timedelta(days=90)
    else:
        assert TODAY < day <= min(ends_on, TODAY + timedelta(days=90))


@given(st.sampled_from(Ending))
def test_a_withdrawn_consent_is_erased_at_once_and_all_else_on_time(ending: Ending) -> None:
    assert kept_for(ending, policy=POLICY) == (timedelta(0) if ending is Ending.CONSENT_WITHDRAWN else POLICY.retention)


AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
POST, PERSON = uuid4(), uuid4()


@given(st.sets(st.sampled_from([POST, uuid4(), uuid4()])), st.sampled_from([None, PERSON, uuid4()]), st.none() | st.integers(-10, 10))
def test_nobody_reads_without_need_to_know(posts, person, minutes) -> None:
    until = None if minutes is None else AT + timedelta(minutes=minutes)
    try:
        ground = ground_of(Circle(POST, frozenset({PERSON})), person_id=person, post_ids=posts, glass_until=until, at=AT)
    except NotYourCase:
        assert POST not in posts and person != PERSON and (until is None or until <= AT)
    else:
        assert {Ground.WORKER: POST in posts, Ground.HELPER: person == PERSON, Ground.GLASS: until is not None and until > AT}[ground]


def test_a_reason_says_something() -> None:
    assert check_reason("  she does not \n open the door ") == "she does not open the door"
    for text in ("", "   ", "urgent", ". . . . .  "):
        with pytest.raises(ReasonTooShort):
            check_reason(text)


TEXTS = st.text(max_size=60)


@given(TEXTS, TEXTS, st.lists(st.tuples(TEXTS, st.booleans()), max_size=5))
def test_content_comes_back_as_it_was_said(name: str, plan: str, goals) -> None:
    assume(name.strip())
    said = check_content(Content(name, plan=plan, goals=tuple(Goal(*goal) for goal in goals)))
    assert from_text(as_text(said)) == said
    assert check_content(said) == said


def test_content_is_bounded() -> None:
    with pytest.raises(NameMissing):
        check_content(Content(" "))
    with pytest.raises(TooMuchSaid):
        check_content(Content("李", plan="x" * 4001))
    with pytest.raises(TooManyGoals):
        check_content(Content("李", goals=tuple(Goal(f"goal {n}") for n in range(21))))
