"""Erasing again what a restored backup has brought back: a reporter's name and contacts, redacted words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, TextField, Value
from django.db.models.functions import Cast, Concat

from linli.engines.matters.models import Matter, MatterWords, Report, Step
from linli.engines.matters.rules import words
from linli.kernel.access.rules import ActorKind
from linli.kernel.audit.services import Entry, record

REPORTER_ACTOR = "system:reporter"  # whoever holds a tracking code
# What the register of erasures calls them; subjects are a report's id, and a matter's.
REPORTER_ERASED, WORDS_ERASED, PUBLIC_WORDS_ERASED = "matters.reporter", "matters.words", "matters.public_words"


def wipe_what_reporters_said(matter_ids: Sequence[UUID]) -> None:
    """Mask the words of every reporter of these matters: reports, answers to forms, and what they said afterwards in the story
    (comments of ratings, answers, reasons of reopening).
    """
    Report.objects.filter(matter_id__in=matter_ids).update(text=words.MASK, comment="", details={})
    said = Step.objects.filter(matter_id__in=matter_ids, actor=REPORTER_ACTOR)
    said.exclude(text="").update(text=words.MASK)
    said.exclude(reason="").update(reason=words.MASK)


def forget_reporters(report_ids: Sequence[UUID]) -> None:
    """Delete what names the reporters of these reports: contacts, account, and the account as the sender who handed it in."""
    reports = Report.objects.filter(id__in=report_ids)
    own = reports.filter(sender=Concat(Value(f"{ActorKind.USER}:"), Cast("user_id", TextField())))
    own.update(sender=REPORTER_ACTOR, key=None)
    reports.update(anonymous=True, contact=None, phone_fingerprint=None, email_fingerprint=None, user=None)


def make_anonymous_again(ids: Sequence[UUID], at: datetime) -> int:
    """Delete what names the reporters of these reports; return how many still named somebody."""
    named = Q(anonymous=False) | Q(contact__isnull=False) | Q(phone_fingerprint__isnull=False) | Q(email_fingerprint__isnull=False) | Q(user__isnull=False)
    found = dict(Report.objects.filter(named, id__in=ids).values_list("id", "matter__audit_ref"))
    forget_reporters(list(found))
    _record("matters.make_anonymous", list(found.values()), at)
    return len(found)


def hide_again(ids: Sequence[UUID], at: datetime) -> int:
    """Mask the public words of matters whose redaction the backup does not hold; staff writes new ones where they are needed."""
    found = dict(Matter.objects.filter(id__in=ids).exclude(public_text__in=("", words.MASK)).values_list("id", "audit_ref"))
    redacted = set(Matter.objects.filter(id__in=found, steps__verb="redact").values_list("id", flat=True))
    found = {matter_id: ref for matter_id, ref in found.items() if matter_id not in redacted}
    Matter.objects.filter(id__in=found).update(public_text=words.MASK)
    _record("matters.redact", list(found.values()), at)
    return len(found)


def wipe_again(ids: Sequence[UUID], at: datetime) -> int:
    """Mask every word of the reporters of matters, and forget them in the search index."""
    found = dict(Matter.objects.filter(id__in=ids).exclude(text=words.MASK).values_list("id", "audit_ref"))
    Matter.objects.filter(id__in=found).update(text=words.MASK, public_text=words.MASK)
    wipe_what_reporters_said(list(found))
    MatterWords.objects.filter(matter_id__in=found).delete()
    _record("matters.redact", list(found.values()), at)
    return len(found)


def _record(action: str, refs: Sequence[UUID], at: datetime) -> None:
    record([Entry(at=at, actor="system:restore", action=action, subject_type="matter", subject=ref) for ref in refs])
