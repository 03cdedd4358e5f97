"""Reading a case, and what follows from it: each reading is one row of the log, written before anything is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q

from linli.directory.devices.selectors import code_of
from linli.domains.care.events import GlassBroken
from linli.domains.care.models import CareCase, CareHelper, CareNote, CareRead, GlassBreak
from linli.domains.care.playbook import BREAK, REVIEW, SUBJECT, WORK, care_policy
from linli.domains.care.rules.access import Ground, NotYourCase, OwnGlass, as_label, check_reason
from linli.domains.care.rules.content import Content, from_text
from linli.domains.care.services.cases import CONTENT, NOTE
from linli.domains.care.services.frame import check_open, found_case, ground_for, note_down, own_ground, require_work
from linli.domains.care.services.keys import CaseKey, phone_key
from linli.domains.care.services.visits import CARE, VISIT
from linli.engines.duties.selectors.desk import DutyLine, duties_of, pauses_ahead
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal

GLASS_REASON = "glass"
MOST_VISITS = 4000  # of a case that are handed out: half of them still to come, half that have ended


class AlreadyReviewed(Refusal):
    code: ClassVar[str] = "care.already_reviewed"
    message: ClassVar[str] = N_("This reading was reviewed already.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What was written down; at a visit with its duty, what happened there, and the answers to its form."""

    at: datetime
    author: str
    text: str
    duty: UUID | None = None
    verb: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its circle sees it: the row, what was told, notes (newest first), helpers, and on what ground it is shown."""

    case: CareCase
    content: Content
    notes: tuple[NoteLine, ...]
    helpers: tuple[UUID, ...]
    ground: Ground


def read_case(*, actor: Actor, at: datetime, case_id: UUID) -> CaseView:
    """Open a case to read. The reading is written down.

    Raises:
        NoSuchCase, Forbidden, NotYourCase: it is not there, or not for this actor.
        ConsentOver, TermOver: nobody reads it before it is renewed.
    """
    case = found_case(case_id)
    ground = ground_for(actor, case, at)
    check_open(case, at)
    _log(actor, at, case, "content", ground)
    return _view(case, ground)


def own_case(*, actor: Actor, at: datetime, case_id: UUID) -> CareCase:
    """What a case rests on and its days, for its own people, also when its term is over. Nothing that was told is opened.

    Raises:
        NoSuchCase, Forbidden, NotYourCase.
    """
    case = found_case(case_id)
    own_ground(actor, case, at)
    return case


def _view(case: CareCase, ground: Ground) -> CaseView:
    key = CaseKey.of(case)
    notes = CareNote.objects.filter(case=case).order_by("-at", "-id")
    helpers = CareHelper.objects.filter(case=case, until=None).order_by("since").values_list("person_id", flat=True)
    lines = tuple(_note_line(note, key) for note in notes)
    assert case.sealed is not None
    return CaseView(case, from_text(key.open(case.sealed, field=CONTENT)), lines, tuple(helpers), ground)


def _note_line(note: CareNote, key: CaseKey) -> NoteLine:
    if note.duty is None:
        return NoteLine(note.at, note.author, key.open(note.sealed, field=NOTE))
    said = json.loads(key.open(note.sealed, field=VISIT))
    return NoteLine(note.at, note.author, said["note"], note.duty, note.verb, said["answers"])


def _log(actor: Actor, at: datetime, case: CareCase, what: str, ground: Ground) -> None:
    CareRead.objects.create(case=case, reader=actor.id, what=what, ground=ground.value, at=at, recorded_at=machine_now())
    note_down(actor.id, at, case, "read", details={"what": what, "ground": ground.value})


def find_cases(*, actor: Actor, at: datetime, asked: str) -> list[CareCase]:
    """The open cases of a caller's number, or of a pseudonym (an alarm of a care bell says no more), among those that the actor works on,
    or could break the glass of; each find is written down.

    Only the pseudonyms are shown: what a case holds is read by :func:`read_case`.
    """
    label = as_label(asked)
    key = None if label else phone_key(asked)
    if not label and key is None:
        return []
    meant = Q(label=label) if label else Q(phone_fingerprint=key)
    found = []
    for case in CareCase.objects.filter(in_scope(actor.scopes(WORK), confidentiality=""), meant, closed_at=None).order_by("opened_at"):
        try:
            ground = ground_for(actor, case, at)
        except NotYourCase:
            if not actor.may(BREAK, area_path=case.area_path, confidentiality=Confidentiality.PRIVATE):
                continue
            ground = Ground.SEARCH
        _log(actor, at, case, "lookup", ground)
        found.append(case)
    return found


def break_glass(*, actor: Actor, at: datetime, case_id: UUID, reason: str) -> UUID:
    """Read a case of others in need: for the playbook's hours, with a reason that somebody else reviews.

    Raises:
        NoSuchCase, Forbidden, ReasonTooShort; ConsentOver, TermOver: there is nothing that could be read.
    """
    case = found_case(case_id)
    require_work(actor, case.area_path)
    actor.require(BREAK, area_path=case.area_path, confidentiality=Confidentiality.PRIVATE)
    check_open(case, at)
    said = check_reason(reason)
    sealed = CaseKey.of(case).seal(said, field=GLASS_REASON)
    glass = GlassBreak.objects.create(case=case, reader=actor.id, reason=sealed, at=at, recorded_at=machine_now(), until=at + care_policy().glass)
    note_down(actor.id, at, case, "break_glass")
    publish([GlassBroken(key=case.id, at=at, label=case.label, post=case.worker_post_id, glass=glass.id)])
    return glass.id


@dataclass(frozen=True, slots=True)
class GlassLine:
    """A broken glass that waits for its review. ``reason``: None where it was erased with the case."""

    id: UUID
    label: str
    reader: str
    reason: str | None
    at: datetime
    own: bool


def waiting_glasses(*, actor: Actor, at: datetime) -> list[GlassLine]:
    """Readings in need that wait for a review, where the actor has ``care.review``; the reason is the reader's own words.

    They may tell of the person, so that each reason shown is a reading and is written down.
    """
    scopes = actor.scopes(REVIEW)
    rows = GlassBreak.objects.filter(in_scope(scopes, path="case__area_path", confidentiality=""), reviewed_at=None)
    lines = []
    for row in rows.select_related("case").order_by("at"):
        if row.reason is not None:
            _log(actor, at, row.case, "glass", Ground.REVIEW)
        lines.append(GlassLine(row.id, row.case.label, row.reader, _reason_of(row), row.at, row.reader == actor.id))
    return lines


def _reason_of(glass: GlassBreak) -> str | None:
    return None if glass.reason is None else CaseKey.of(glass.case).open(glass.reason, field=GLASS_REASON)


def review_glass(*, actor: Actor, at: datetime, glass_id: UUID, justified: bool) -> None:
    """Say whether a reading in need was justified; it closes at once where it was not. That the case was erased meanwhile changes nothing.

    Raises:
        Forbidden, OwnGlass, AlreadyReviewed.
    """
    glass = GlassBreak.objects.select_for_update(of=("self",)).select_related("case").filter(id=glass_id).first()
    if glass is None:
        raise AlreadyReviewed
    case = glass.case
    actor.require(REVIEW, area_path=case.area_path, confidentiality=Confidentiality.PRIVATE)
    if glass.reader == actor.id:
        raise OwnGlass
    if glass.reviewed_at is not None:
        raise AlreadyReviewed
    glass.reviewed_at, glass.reviewer, glass.justified = at, actor.id, justified
    if not justified and glass.until > at > glass.at:
        glass.until = at
    glass.save(update_fields=["reviewed_at", "reviewer", "justified", "until"])
    note_down(actor.id, at, case, "review_glass", after="justified" if justified else "not_justified", subject=glass.id)


def _visit(line: DutyLine) -> dict[str, Any]:
    return {
        "what": dict(line.names), "from": line.opens_at, "until": line.due_at, "state": line.state, "answers": dict(line.post_names), "attempts": line.attempts,
        "done_at": line.done_at, "missed_at": line.missed_at, "excused_at": line.excused_at,
    }  # fmt: skip


def export_case(*, actor: Actor, at: datetime, case_id: UUID) -> dict[str, Any]:
    """Everything that is held of a person in care, with every reading of it, as plain values: what the person may ask for.

    Raises:
        NoSuchCase, Forbidden, NotYourCase: only the case's own people hand it out.
    """
    case = found_case(case_id)
    ground = own_ground(actor, case, at)
    _log(actor, at, case, "export", ground)
    view = _view(case, ground)
    reads = CareRead.objects.filter(case=case).order_by("at", "id")
    glasses = GlassBreak.objects.filter(case=case).select_related("case").order_by("at")
    policy = care_policy()
    return {
        "label": case.label,
        "rests_on": {
            "basis": case.basis, "duty": case.duty, "consent_given_on": case.consent_given_on, "consent_until": case.consent_until,
            "consent_how": case.consent_how,
        },
        "purpose": case.purpose, "level": case.level, "opened_at": case.opened_at, "review_on": case.review_on, "ends_on": case.ends_on,
        "closed_at": case.closed_at, "ending": case.ending, "erased_on": case.erase_at,
        "told": {
            "name": view.content.name, "phone": view.content.phone, "address": view.content.address, "wishes": view.content.wishes,
            "plan": view.content.plan, "goals": [{"text": goal.text, "reached": goal.reached} for goal in view.content.goals],
        },
        "notes": [{"at": note.at, "author": note.author, "text": note.text, "visit": note.verb, "answers": note.answers} for note in view.notes],
        "bell": code_of(case.bell_id) if case.bell_id else "",
        "stays": [{"what": dict(policy.stays.get(code, {"zh": code})), "first": first, "last": last} for code, first, last in case.stays],
        "days": [{"what": dict(policy.days.get(code, {"zh": code})), "day": day} for code, day in case.days.items()],
        "pauses": [{"why": dict(one.names), "first": one.first, "last": one.last} for one in pauses_ahead(kind=SUBJECT, ref=case.id, at=case.opened_at)],
        "visits": [_visit(line) for line in duties_of(actor=CARE, at=at, kind=SUBJECT, ref=case.id, most=MOST_VISITS)],
        "helpers": [{"person": row.person_id, "since": row.since, "until": row.until} for row in CareHelper.objects.filter(case=case).order_by("since")],
        "readings": [{"at": read.at, "reader": read.reader, "what": read.what, "ground": read.ground} for read in reads],
        "readings_in_need": [
            {"at": glass.at, "reader": glass.reader, "reason": _reason_of(glass), "justified": glass.justified} for glass in glasses
        ],
    }  # fmt: skip
