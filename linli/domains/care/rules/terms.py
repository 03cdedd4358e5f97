"""What a care case rests on, and until when: consent with an end, or a statutory duty that the playbook names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar

from linli.domains.care.rules.policy import CarePolicy
from linli.kernel.refusal import N_, Kind, Refusal


class Basis(StrEnum):
    CONSENT = "consent"
    DUTY = "duty"


class Ending(StrEnum):
    """Why a case ended. None of them says anything of the person's conduct."""

    GOALS_REACHED = "goals_reached"
    NO_LONGER_NEEDED = "no_longer_needed"
    MOVED_AWAY = "moved_away"
    HANDED_OVER = "handed_over"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    TERM_ENDED = "term_ended"
    DUTY_ENDED = "duty_ended"


class Given(StrEnum):
    """How a consent was given; a code, so that no witness is named in clear."""

    PAPER = "paper"
    WITNESS = "witness"
    ONLINE = "online"


BY_HAND = (Ending.GOALS_REACHED, Ending.NO_LONGER_NEEDED, Ending.MOVED_AWAY, Ending.HANDED_OVER)


class NoBasis(Refusal):
    code: ClassVar[str] = "care.no_basis"
    message: ClassVar[str] = N_("A care case rests on the person's consent or on a statutory duty that the playbook names. This one has neither.")
    field: ClassVar[str] = "basis"


class NotAPurpose(Refusal):
    code: ClassVar[str] = "care.not_a_purpose"
    message: ClassVar[str] = N_("The playbook knows no such purpose of care: %(given)s.")
    field: ClassVar[str] = "purpose"


class NotALevel(Refusal):
    code: ClassVar[str] = "care.not_a_level"
    message: ClassVar[str] = N_("The playbook knows no such level of care: %(given)s.")
    field: ClassVar[str] = "level"


class ConsentExpired(Refusal):
    code: ClassVar[str] = "care.consent_expired"
    message: ClassVar[str] = N_("The consent ended on %(day)s. Ask the person again.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "consent_until"


class TermOver(Refusal):
    code: ClassVar[str] = "care.term_over"
    message: ClassVar[str] = N_("The term of this case ended on %(day)s. Renew it together with the person, or end it.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class ConsentOver(TermOver):
    code: ClassVar[str] = "care.consent_over"
    message: ClassVar[str] = N_("The consent to this case ended on %(day)s. Renew it together with the person, or end the case.")


class EndsTooLate(Refusal):
    code: ClassVar[str] = "care.ends_too_late"
    message: ClassVar[str] = N_("A case ends on %(latest)s at the latest; it can be renewed then.")
    field: ClassVar[str] = "ends_on"


class EndsTooEarly(Refusal):
    code: ClassVar[str] = "care.ends_too_early"
    message: ClassVar[str] = N_("The end and the review lie after today, and the review not after the end.")
    field: ClassVar[str] = "ends_on"


class ReviewTooLate(Refusal):
    code: ClassVar[str] = "care.review_too_late"
    message: ClassVar[str] = N_("A case is reviewed every %(days)s days at least.")
    field: ClassVar[str] = "review_on"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a case. Days are days of the community's own zone; an end is the last day on which it holds."""

    basis: Basis
    purpose: str
    level: str
    review_on: date
    ends_on: date
    duty: str = ""
    consent_given_on: date | None = None
    consent_until: date | None = None
    consent_how: str = ""


def check_terms(terms: Terms, *, today: date, policy: CarePolicy) -> None:
    """Let terms pass on which a case can be opened or renewed today.

    Raises:
        NotAPurpose, NotALevel: not in the playbook.
        NoBasis: neither a consent (when, until when, how it was given) nor a duty of the playbook, or both at once.
        ConsentExpired: the consent has ended, or would end before the case.
        EndsTooEarly, EndsTooLate, ReviewTooLate: days that do not fit.
    """
    if terms.purpose not in policy.purposes:
        raise NotAPurpose(given=terms.purpose)
    if terms.level not in policy.levels:
        raise NotALevel(given=terms.level)
    _check_basis(terms, today, policy)
    if not today < terms.review_on <= terms.ends_on:
        raise EndsTooEarly
    latest = today + timedelta(days=policy.longest_days)
    if terms.ends_on > latest:
        raise EndsTooLate(latest=latest.isoformat())
    if terms.review_on > today + timedelta(days=policy.review_days):
        raise ReviewTooLate(days=policy.review_days)


def _check_basis(terms: Terms, today: date, policy: CarePolicy) -> None:
    consent = (terms.consent_given_on, terms.consent_until, terms.consent_how or None)
    if terms.basis is Basis.DUTY:
        if terms.duty not in policy.duties or any(consent):
            raise NoBasis
        return
    given, until, how = consent
    if given is None or until is None or how not in list(Given) or terms.duty or given > today:
        raise NoBasis
    if until < today or until < terms.ends_on:
        raise ConsentExpired(day=until.isoformat())


def check_review(day: date, *, today: date, ends_on: date, policy: CarePolicy) -> None:
    """Let the day of the next review pass.

    Raises:
        EndsTooEarly, ReviewTooLate: it does not lie between today and the case's end, or too far off.
    """
    if not today < day <= ends_on:
        raise EndsTooEarly
    if day > today + timedelta(days=policy.review_days):
        raise ReviewTooLate(days=policy.review_days)


def ending_due(terms: Terms, *, today: date) -> Ending | None:
    """Why a case must end by itself today; None while its terms hold."""
    if terms.consent_until is not None and terms.consent_until < today:
        return Ending.CONSENT_EXPIRED
    return Ending.TERM_ENDED if terms.ends_on < today else None


def check_running(terms: Terms, *, today: date) -> None:
    """Let an open case pass while its terms hold: they hold by the calendar, whenever the clock gets round to ending the case.

    Raises:
        ConsentOver, TermOver: they are over.
    """
    match ending_due(terms, today=today):
        case Ending.CONSENT_EXPIRED:
            raise ConsentOver(day=f"{terms.consent_until}")
        case Ending.TERM_ENDED:
            raise TermOver(day=f"{terms.ends_on}")


def kept_for(ending: Ending, *, policy: CarePolicy) -> timedelta:
    """How long a closed case is kept: after a withdrawn consent not at all, else as long as the playbook that holds now says."""
    return timedelta() if ending is Ending.CONSENT_WITHDRAWN else policy.retention
