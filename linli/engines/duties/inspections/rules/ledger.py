"""What a playbook decides about place ledgers, as plain values: four stakes (四桩), their forms, draws and hazards. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from linli.engines.duties.rules.policy import Evidence
from linli.kernel.refusal import N_, Refusal

SUBJECT_KINDS = ("place", "entity")  # records of the territory that may have a ledger
HAZARD, SAMPLE = "hazard", "sample"  # kinds of duty subjects that this room makes
WORDS_MOST = 500
YEAR = timedelta(days=366)


class BadMendBy(Refusal):
    code = "inspections.bad_mend_by"
    message = N_("“%(given)s” is no day to mend it by, at %(place)s: give a day from %(first)s to %(last)s.")
    field = "form"


@dataclass(frozen=True, slots=True)
class LeafForm:
    """One form of a ledger.

    Attributes:
        schema: JSON Schema of its answers. ``yearly``: the census at the start of a year asks for it anew.
        contact_days: it names whom to reach at work: its answers are sealed and forgotten after so many days.
        evidence: what a version of it is not written without: a photo, a signature.
    """

    code: str
    names: Mapping[str, str]
    schema: Mapping[str, Any]
    yearly: bool
    contact_days: int | None
    evidence: frozenset[Evidence] = frozenset()

    def missing(self, *, photos: int, signed: bool) -> frozenset[Evidence]:
        """What it asks for and is not given."""
        return self.evidence - ({Evidence.PHOTO} if photos else set()) - ({Evidence.SIGNATURE} if signed else set())

    def takes(self, *, photos: int, signed: bool) -> bool:
        """Whether nothing is given that it does not ask for."""
        return (not photos or Evidence.PHOTO in self.evidence) and (not signed or Evidence.SIGNATURE in self.evidence)


@dataclass(frozen=True, slots=True)
class Stake:
    """One stake: places of some classes, and the forms of their ledgers."""

    code: str
    names: Mapping[str, str]
    kind: str
    classes: frozenset[str]
    forms: Mapping[str, LeafForm]


@dataclass(frozen=True, slots=True)
class Sampling:
    """An irregular draw: ``count`` places of some classes, every day or every week, in each area of a level (empty: in all)."""

    code: str
    names: Mapping[str, str]
    kind: str
    classes: frozenset[str]
    count: int
    weekly: bool
    within: str


@dataclass(frozen=True, slots=True)
class HazardTerms:
    """How an inspection's form says that something is wrong, which class of matter that is, and the days to mend it."""

    found: str
    until: str
    mended: str
    class_code: str
    days: int


@dataclass(frozen=True, slots=True)
class LedgerPolicy:
    """Everything that decides about place ledgers under one playbook version."""

    stakes: Mapping[str, Stake] = field(default_factory=dict)
    samplings: Mapping[str, Sampling] = field(default_factory=dict)
    hazards: HazardTerms | None = None
    class_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def named(self, class_code: str) -> Mapping[str, str]:
        """What a class of places is called; its code where the playbook does not say."""
        return self.class_names.get(class_code) or {"zh": class_code, "en": class_code}

    def asked(self, stake: str, form: str) -> frozenset[Evidence]:
        """What a version of a leaf was not written without, under this playbook version."""
        known = self.stakes.get(stake)
        return known.forms[form].evidence if known and form in known.forms else frozenset()

    def stake_of(self, kind: str, class_code: str) -> Stake | None:
        """The stake of a place by its class."""
        return next((stake for stake in self.stakes.values() if stake.kind == kind and class_code in stake.classes), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What an inspection's form says is wrong, and until when it is to be mended."""

    words: str
    rectify_by: date


def finding_of(form: Mapping[str, Any], terms: HazardTerms, *, day: date) -> Finding | None:
    """What the form of an inspection on ``day`` found; None where nothing is wrong."""
    words = _found(form, terms)
    if not words:
        return None
    return Finding(words, until_of(form, terms, day=day))


def _found(form: Mapping[str, Any], terms: HazardTerms) -> str:
    return str(form.get(terms.found) or "").strip()[:WORDS_MOST]


def check_mend_by(form: Mapping[str, Any], terms: HazardTerms, *, look: bool, day: date) -> None:
    """Do nothing where the date to mend it by can be taken, or does not count; ``look``: the form is of a look after a hazard.

    Raises:
        BadMendBy: it lies before ``day``, on which the form was filled in, or more than a year after it, or is no day.
    """
    if form.get(terms.mended) is not True if look else _found(form, terms):
        _mend_by(form, terms, day=day)


def until_of(form: Mapping[str, Any], terms: HazardTerms, *, day: date, stands: date | None = None) -> date:
    """Until when it is to be mended: as the form of ``day`` says, else by the date that ``stands`` and is not reached, else by the playbook's days."""
    try:
        given = _mend_by(form, terms, day=day)
    except BadMendBy:  # of a time when it was not refused
        given = None
    if given is None and stands is not None and stands > day:
        return stands
    return given or day + timedelta(days=terms.days)


def _mend_by(form: Mapping[str, Any], terms: HazardTerms, *, day: date) -> date | None:
    given = str(form.get(terms.until) or "")
    if not given:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = date.min
    if not day <= found <= day + YEAR:
        raise BadMendBy(given=given[:40], place=terms.until, first=day.isoformat(), last=(day + YEAR).isoformat())
    return found


def next_look(rectify_by: date, *, today: date) -> date:
    """The last day for the next look after a hazard: the date to mend it by, and never before tomorrow, so that there is time for it."""
    return max(rectify_by, today + timedelta(days=1))


def lacking(stake: Stake, written: Mapping[str, date], *, today: date) -> Iterator[LeafForm]:
    """The forms of a stake that are not there, or that this year's census has not refreshed; ``written``: form → day."""
    return (form for form in stake.forms.values() if is_lacking(form, written.get(form.code), today=today))


def is_lacking(form: LeafForm, day: date | None, *, today: date) -> bool:
    """Whether a leaf is not there (``day``: when it was written), or not of this year where the census asks for it anew."""
    return day is None or (form.yearly and day.year < today.year)


RIGHT, CHANGED = "ledger_right", "changed"  # answers of a visit's form: whether the ledger is still right, and what is not


def finds_ledger_wrong(form: Mapping[str, Any], *, at: datetime, written: datetime | None) -> bool:
    """Whether a visit at ``at`` said that the ledger is no longer right, and nobody has written (or confirmed) a leaf since."""
    return form.get(RIGHT) is False and (written is None or written < at)
