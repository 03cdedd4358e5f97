"""A care case is a subject of duties: its level and purpose, by a pseudonym. The duties engine derives the visits from the level.

What is due changes in the same write as the case: a change of level re-derives what has not begun, an ended case is due nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from linli.domains.care.models import CareCase, CareNote
from linli.domains.care.playbook import SUBJECT
from linli.domains.care.services.keys import CaseKey
from linli.engines.duties.rules.subjects import Span, SpanKind, Subject
from linli.engines.duties.services.confiding import Confided
from linli.engines.duties.services.pausing import end_pause, pause
from linli.engines.duties.services.subjects import end_subjects, set_subjects
from linli.kernel.access.rules import Actor
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.refusal import Refusal
from linli.kernel.rows import json_text

CARE = Actor.system("care")
VISIT = "visit"  # what the case's key seals of one


def derive_visits(case: CareCase, *, at: datetime) -> None:
    """Hand the case over as it is now; an ended one ends.

    Raises:
        Refusal: the engine cannot take it; then the case is not changed either.
    """
    if case.closed_at is not None:
        end_subjects([(SUBJECT, case.id)], actor=CARE, at=at)
        return
    first = case.opened_at.astimezone(working_calendar().zone).date()
    subject = Subject(
        kind=SUBJECT, ref=case.id, area_id=case.area_id, label=case.label, facts={"level": case.level, "purpose": case.purpose},
        spans=(Span(SpanKind.ACTIVE, first, case.ends_on), *stays_of(case)), days={code: date.fromisoformat(day) for code, day in case.days.items()},
    )  # fmt: skip
    (taken,) = set_subjects([subject], actor=CARE, at=at)
    if isinstance(taken, Refusal):
        raise taken


def stays_of(case: CareCase) -> tuple[Span, ...]:
    """The stays of a case, as its subject has them."""
    return tuple(Span(SpanKind.STAY, date.fromisoformat(first), date.fromisoformat(last) if last else None, code) for code, first, last in case.stays)


def pause_visits(case: CareCase, *, at: datetime, first: date, last: date | None, reason: str) -> None:
    """Ask for no visits for some days. Raises: a reason that the playbook does not know, days that are over or overlap."""
    pause(actor=CARE, at=at, kind=SUBJECT, ref=case.id, first=first, last=last, reason=reason)


def go_on_with_visits(case: CareCase, *, at: datetime, first: date) -> None:
    """End the pause that began, or would begin, on ``first``."""
    end_pause(actor=CARE, at=at, kind=SUBJECT, ref=case.id, first=first)


def keep_words(words: Sequence[Confided], at: datetime) -> None:
    """Seal what was written at visits under the keys of their cases. Whoever made a visit writes; only the case's people read.

    What reaches an erased case is dropped: the person wanted nothing kept.
    """
    held = CareCase.objects.select_for_update().filter(id__in={one.ref for one in words}, erased_at=None).order_by("id")
    cases = {case.id: case for case in held}
    CareNote.objects.bulk_create(
        CareNote(
            case=cases[one.ref], author=one.by, duty=one.duty, verb=one.verb.value, at=one.at, recorded_at=at,
            sealed=CaseKey.of(cases[one.ref]).seal(json_text({"note": one.note, "answers": dict(one.answers)}), field=VISIT),
        )
        for one in words
        if one.ref in cases
    )  # fmt: skip


def forget_visits(case_ids: Sequence[UUID], *, at: datetime) -> None:
    """What duties knew of erased cases is emptied."""
    end_subjects([(SUBJECT, case_id) for case_id in case_ids], actor=CARE, at=at, erase=True)
