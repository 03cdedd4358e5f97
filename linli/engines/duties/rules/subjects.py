"""Whom or what a duty is about, as its owner hands it over.

A subject is a kind, the owner's own id, an area, a pseudonymous label, and plain facts that a playbook's conditions may ask.
It carries no name, no address of a person and no judgement of one: who that is stays with the owner (a care case, say).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from uuid import UUID

from linli.kernel.boundaries import refused_attribute
from linli.kernel.refusal import N_, Refusal

Fact = str | int | bool
LABEL_MOST = 120


class SpanKind(StrEnum):
    """What holds from one day to another: being cared for at all, a stay (in hospital, say), a pause with its reason."""

    ACTIVE = "active"
    STAY = "stay"
    PAUSE = "pause"


class SpanBackwards(Refusal):
    code = "duties.span_backwards"
    message = N_("A span of days ends before it starts.")
    field = "spans"


class SpansOverlap(Refusal):
    code = "duties.spans_overlap"
    message = N_("Two spans of one kind share days. Give each day once.")
    field = "spans"


class PauseWithoutReason(Refusal):
    code = "duties.pause_without_reason"
    message = N_("A pause says why.")
    field = "spans"


class RefusedFact(Refusal):
    """Boundary 3: no such attribute of a person exists in any model, form, import or playbook."""

    code = "duties.refused_fact"
    message = N_("Linli keeps no %(attribute)s of anyone.")
    field = "facts"


class BadLabel(Refusal):
    code = "duties.bad_label"
    message = N_("A subject needs a label of 1 to %(most)s characters.")
    field = "label"


class BadFact(Refusal):
    code = "duties.bad_fact"
    message = N_("A fact is a text of at most %(most)s characters, a whole number, or yes or no.")
    field = "facts"


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` to ``last``, both included; ``last=None``: until further notice.

    Attributes:
        code: which stay (``hospital``); empty for the others.
        reason: why it pauses, as a code or a few words without anything personal.
    """

    kind: SpanKind
    first: date
    last: date | None = None
    code: str = ""
    reason: str = ""

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody or something that duties are about.

    Attributes:
        kind: what it is, as playbooks name it: ``area``, ``place``, ``facility``, ``care``, ``matter``…
        ref: its owner's id of it; ``(kind, ref)`` is the subject's identity.
        area_id: whose ground it is on: decides who answers.
        label: pseudonym or public name shown with the duty; never a person's name.
        facts: what playbook conditions may ask: ``{"level": "weekly", "alone": True}``.
        spans: days on which it is active (none given: always), its stays and its pauses.
        days: days of its own that cadences count from: ``{"release": date(2026, 12, 1)}``.
    """

    kind: str
    ref: UUID
    area_id: UUID
    label: str
    facts: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))
    spans: tuple[Span, ...] = ()
    days: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, kind: SpanKind, code: str = "") -> tuple[Span, ...]:
        """Its spans of a kind (and code), in order of days."""
        return tuple(sorted((span for span in self.spans if span.kind is kind and (not code or span.code == code)), key=lambda span: span.first))

    def meets(self, conditions: Mapping[str, Fact | Sequence[Fact]]) -> bool:
        """Whether each fact asked for is so; a list asks for one of its values. A fact that is not given is never so."""
        for name, wanted in conditions.items():
            if name not in self.facts:
                return False
            accepted = wanted if isinstance(wanted, list | tuple) else (wanted,)
            if self.facts[name] not in accepted:
                return False
        return True


def checked(subject: Subject) -> Subject:
    """Return the subject as it is.

    Raises:
        BadLabel, RefusedFact, BadFact, SpanBackwards, SpansOverlap, PauseWithoutReason: it cannot be taken.
    """
    if not 1 <= len(subject.label.strip()) <= LABEL_MOST:
        raise BadLabel(most=LABEL_MOST)
    for name in (*subject.facts, *subject.days, *(value for value in subject.facts.values() if isinstance(value, str))):
        attribute = refused_attribute(name)
        if attribute:
            raise RefusedFact(attribute=attribute)
    for value in subject.facts.values():
        if not isinstance(value, str | int) or (isinstance(value, str) and len(value) > LABEL_MOST):
            raise BadFact(most=LABEL_MOST)
    groups: dict[tuple[SpanKind, str], list[Span]] = {}
    for span in sorted(subject.spans, key=lambda span: span.first):
        if span.last is not None and span.last < span.first:
            raise SpanBackwards()
        if span.kind is SpanKind.PAUSE and not span.reason.strip():
            raise PauseWithoutReason()
        groups.setdefault((span.kind, span.code), []).append(span)
    for spans in groups.values():
        if any(earlier.last is None or later.first <= earlier.last for earlier, later in pairwise(spans)):
            raise SpansOverlap()
    return subject
