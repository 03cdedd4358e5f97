"""What a reporter can do afterwards: join, rate, answer a question, become anonymous, be forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules import words
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.intake import ReportRequest, TextTooLong, check_said
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services import rows
from linli.engines.matters.services.act import Done, act, only
from linli.engines.matters.services.erasing import PUBLIC_WORDS_ERASED, REPORTER_ERASED, WORDS_ERASED, forget_reporters, wipe_what_reporters_said
from linli.engines.matters.services.frame import held_frame
from linli.engines.matters.services.report import REPORT_COLUMNS, ReportReceipt, receipt_codes, report_row
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.erasures.services import note_erasures
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, update_rows

REPORTER = Actor.system("reporter")  # whoever holds a tracking code


class NoSuchReceipt(Refusal):
    code = "matters.no_such_receipt"
    message = N_("There is no receipt with this code. Please check each letter.")
    kind = Kind.MISSING
    field = "code"


class NotEndedYet(Refusal):
    code = "matters.not_ended_yet"
    message = N_("The matter is not finished yet; you can rate it when it is.")
    kind = Kind.CONFLICT


class CannotJoin(Refusal):
    code = "matters.cannot_join"
    message = N_("This matter cannot be joined: it has ended or is not public. Please report it anew.")
    kind = Kind.CONFLICT


class BadRating(Refusal):
    code = "matters.bad_rating"
    message = N_("A rating is a number of stars from 1 to 5.")
    field = "rating"


@dataclass(frozen=True, slots=True)
class Rating:
    """A reporter's word on the outcome."""

    tracking: str
    rating: int
    solved: bool
    comment: str = ""


def tidy_code(code: str) -> str:
    """Return a tracking code as it is stored, however it was typed: capitals, dashes, and look-alike letters."""
    plain = "".join(c for c in code.upper() if c.isalnum()).translate(str.maketrans("ILOU", "110V"))
    return "-".join((plain[:4], plain[4:8], plain[8:12]))


def join_matter(request: ReportRequest, *, actor: Actor, at: datetime, matter_id: UUID) -> ReportReceipt:
    """Add a reporter to an open public matter (“me too”): told of the outcome like the first one.

    Raises:
        TextTooLong, KeyTooLong: what cannot be kept.
        CannotJoin: there is no such open public matter.
    """
    check_said(request)
    matter = Matter.objects.filter(id=matter_id).first()
    if matter is None or matter.closed_at is not None or matter.confidentiality > Confidentiality.PUBLIC:
        raise CannotJoin()
    done = only(act([Command(matter_id=matter_id, verb=Verb.JOIN, at=at)], actor=Actor.system("join")))
    _, tracking = receipt_codes(at)
    row = report_row(request, actor=actor, matter_id=matter_id, tracking=tracking, text=words.kept(request.text), recorded_at=machine_now())
    insert_rows(Report, REPORT_COLUMNS, [row])
    known = held_frame().policy_of(matter.policy).classes[matter.class_code]
    return ReportReceipt(matter_id, matter.code, tracking, done.post_id, matter.area_path, matter.placing, matter.due_at, known.emergency)


def rate_outcomes(ratings: Sequence[Rating], *, at: datetime) -> list[Done | Refusal]:
    """Take in reporters' ratings; “not solved” with few stars reopens the matter, by the playbook's rule.

    Who holds the tracking code is the reporter. A second rating replaces the first. Constant queries.
    """
    codes = [tidy_code(rating.tracking) for rating in ratings]
    # Matters are locked before their reports, as every verb does: a closing that writes its answers waits, and is not waited for.
    rows.locked_cases(Report.objects.filter(code__in=codes).values_list("matter_id", flat=True))
    found = {report.code: report for report in Report.objects.select_related("matter").filter(code__in=codes)}
    results: list[Done | Refusal] = []
    notes: dict[int, Command] = {}
    for place, (code, rating) in enumerate(zip(codes, ratings, strict=True)):
        try:
            notes[place] = _rating(found.get(code), rating, at=at)
            results.append(NoSuchReceipt())  # until it is done
        except Refusal as refusal:
            results.append(refusal)
    _put(results, list(notes), act(list(notes.values()), actor=REPORTER))
    rated = [(found[codes[place]], ratings[place]) for place in notes if isinstance(results[place], Done)]
    update_rows(
        Report,
        ("id", "rating", "solved", "rated_at", "comment"),
        {report.id: (report.id, rating.rating, rating.solved, at, words.kept(rating.comment)) for report, rating in rated}.values(),
    )
    frame = held_frame()
    again = {
        place: Command(matter_id=note.matter_id, verb=Verb.REOPEN, at=at, reason=note.text or "not solved")
        for place, note in notes.items()
        if isinstance(results[place], Done)
        and not ratings[place].solved
        and ratings[place].rating < frame.policy_of(found[codes[place]].matter.policy).reopen_below_rating
    }
    _put(
        results,
        list(again),
        [done if isinstance(done, Done) else results[place] for place, done in zip(again, act(list(again.values()), actor=REPORTER), strict=True)],
    )
    return results


def _put(results: list[Done | Refusal], places: Sequence[int], new: Sequence[Done | Refusal]) -> None:
    for place, result in zip(places, new, strict=True):
        results[place] = result


def _rating(report: Report | None, rating: Rating, *, at: datetime) -> Command:
    if report is None:
        raise NoSuchReceipt()
    if not 1 <= rating.rating <= 5:
        raise BadRating()
    if len(rating.comment) > words.MAX_TEXT:
        raise TextTooLong(length=len(rating.comment), most=words.MAX_TEXT)
    if report.matter.closed_at is None:
        raise NotEndedYet()
    return Command(matter_id=report.matter_id, verb=Verb.RATE, at=at, text=words.kept(rating.comment))


def answer_question(*, at: datetime, tracking: str, text: str) -> Done:
    """Add the reporter's answer to the matter's story."""
    report = _report(tracking)
    if len(text) > words.MAX_TEXT:
        raise TextTooLong(length=len(text), most=words.MAX_TEXT)
    return only(act([Command(matter_id=report.matter_id, verb=Verb.NOTE, at=at, text=words.kept(text))], actor=REPORTER))


def make_anonymous(*, at: datetime, tracking: str) -> None:
    """Delete what names the reporter on this receipt; the report and its outcome stay (PIPL, GDPR art. 17)."""
    report = _report(tracking)
    forget_reporters([report.id])
    record([Entry(at=at, actor="system:reporter", action="matters.make_anonymous", subject_type="matter", subject=report.matter.audit_ref)])
    note_erasures(kind=REPORTER_ERASED, subjects=[report.id], at=at)


def _report(tracking: str) -> Report:
    report = Report.objects.select_related("matter").filter(code=tidy_code(tracking)).first()
    if report is None:
        raise NoSuchReceipt()
    return report


def redact(*, actor: Actor, at: datetime, matter_id: UUID, public_text: str, reason: str, wipe_words: bool = False, version: int | None = None) -> Done:
    """Replace what everyone may read; with ``wipe_words`` also the reporters' own words, for personal data that nobody needs."""
    done = only(act([Command(matter_id=matter_id, verb=Verb.REDACT, at=at, version=version, reason=reason)], actor=actor))
    text = words.kept(public_text)
    Matter.objects.filter(id=matter_id).update(public_text=text, **({"text": words.MASK} if wipe_words else {}))
    if wipe_words:
        wipe_what_reporters_said([matter_id])
    note_erasures(kind=WORDS_ERASED if wipe_words else PUBLIC_WORDS_ERASED, subjects=[matter_id], at=at)
    return done
