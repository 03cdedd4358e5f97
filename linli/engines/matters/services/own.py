"""What reporters do with their own data: correct how they are told, take back what they wrote, leave altogether."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import QuerySet

from linli.engines.matters.models import Matter, MatterWords, Report, Step
from linli.engines.matters.rules import words
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.services.erasing import REPORTER_ACTOR, REPORTER_ERASED, WORDS_ERASED, forget_reporters, wipe_what_reporters_said
from linli.engines.matters.services.report import CONTACT, FILE_OWNER, contact_marks
from linli.engines.matters.services.reporters import NoSuchReceipt, tidy_code
from linli.engines.matters.services.visitors import PHOTO
from linli.kernel.access.rules import SYSTEM, Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.erasures.services import note_erasures
from linli.kernel.files.selectors import files_of
from linli.kernel.files.services import delete_files
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import seal

REPORT_WORDS_ERASED = "matters.report_words"  # what the register of erasures calls it; subjects are a report's id


class StillNeeded(Refusal):
    code = "matters.still_needed"
    message = N_("Those who handle it still need your words. Delete them when it is closed; your name and contact can be deleted now.")
    kind = Kind.CONFLICT


class NoContactGiven(Refusal):
    code = "matters.no_contact_given"
    message = N_("Give a phone number or an e-mail address, or delete both.")
    field = "phone"


def correct_contact(*, at: datetime, tracking: str, contact: Contact, language: str = "") -> None:
    """Replace how the holder of a tracking code is told; whoever reported without a name can give one afterwards.

    Raises:
        NoSuchReceipt, NoContactGiven.
    """
    report = _report(tracking)
    if not (contact.phone or contact.email):
        raise NoContactGiven()
    sealed = seal(orjson.dumps({"name": contact.name, "phone": contact.phone, "email": contact.email}).decode(), purpose=CONTACT)
    phone, email = contact_marks(contact)
    values = {"anonymous": False, "contact": sealed, "phone_fingerprint": phone, "email_fingerprint": email, "language": language or report.language}
    Report.objects.filter(id=report.id).update(**values)
    _record("matters.correct_contact", [report.matter.audit_ref], at)


def withdraw_words(*, at: datetime, tracking: str) -> None:
    """Delete everything that came from this reporter: name, contact, words, answers, rating's comment; where nobody else
    reported the matter, its words and the photos of it as well. What was done, by which post and until when, stays.

    Raises:
        NoSuchReceipt. StillNeeded: the matter is open.
    """
    report = _report(tracking)
    matter = Matter.objects.select_for_update().get(id=report.matter_id)
    if matter.closed_at is None:
        raise StillNeeded()
    alone = not Report.objects.filter(matter_id=matter.id).exclude(id=report.id).exists()
    forget_reporters([report.id])
    _mask([report])
    note_erasures(kind=REPORTER_ERASED, subjects=[report.id], at=at)
    note_erasures(kind=REPORT_WORDS_ERASED, subjects=[report.id], at=at)
    if alone:
        Matter.objects.filter(id=matter.id).update(text=words.MASK, public_text=words.MASK)
        MatterWords.objects.filter(matter_id=matter.id).delete()
        wipe_what_reporters_said([matter.id])
        taken = [file.id for file in files_of(SYSTEM, FILE_OWNER, [matter.id]).get(matter.id, ()) if file.purpose == PHOTO]
        delete_files(actor=Actor.system("reporter"), at=at, file_ids=taken)
        note_erasures(kind=WORDS_ERASED, subjects=[matter.id], at=at)
    _record("matters.withdraw_words", [matter.audit_ref], at)


def make_all_anonymous(*, actor: Actor, at: datetime, report_ids: Sequence[UUID]) -> int:
    """Delete what names the reporter of these own reports (``selectors.own.own_reports``); return how many."""
    found = dict(Report.objects.filter(id__in=list(report_ids), anonymous=False).values_list("id", "matter__audit_ref"))
    forget_reporters(list(found))
    note_erasures(kind=REPORTER_ERASED, subjects=list(found), at=at)
    record([Entry(at=at, actor=actor.id, action="matters.make_anonymous", subject_type="matter", subject=ref) for ref in found.values()])
    return len(found)


def mask_again(ids: Sequence[UUID], at: datetime) -> int:
    """Mask the words of reports that a restored backup has brought back; return how many."""
    found = list(Report.objects.select_related("matter").filter(id__in=ids).exclude(text=words.MASK))
    _mask(found)
    _record("matters.withdraw_words", [report.matter.audit_ref for report in found], at, actor="system:restore")
    return len(found)


def _mask(reports: Sequence[Report]) -> None:
    """Mask reports, and what their reporters said in the story: a step says the same words as the report's comment."""
    Report.objects.filter(id__in=[report.id for report in reports]).update(text=words.MASK, comment="", details={})
    for report in reports:
        if report.comment:
            said: QuerySet[Step] = Step.objects.filter(matter_id=report.matter_id, actor=REPORTER_ACTOR)
            said.filter(text=report.comment).update(text=words.MASK)
            said.filter(reason=report.comment).update(reason=words.MASK)


def _record(action: str, refs: Sequence[UUID], at: datetime, *, actor: str = REPORTER_ACTOR) -> None:
    record([Entry(at=at, actor=actor, action=action, subject_type="matter", subject=ref) for ref in refs])


def _report(tracking: str) -> Report:
    report = Report.objects.select_related("matter").filter(code=tidy_code(tracking)).first()
    if report is None:
        raise NoSuchReceipt()
    return report
