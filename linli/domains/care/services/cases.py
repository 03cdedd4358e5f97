"""Opening, changing, renewing and closing care cases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from linli.directory.devices.playbook import device_kinds
from linli.directory.devices.selectors import device_of_code, kind_of
from linli.directory.territory.selectors import ground
from linli.domains.care.events import CareChanged, CareEnded, CareOpened
from linli.domains.care.models import CareCase, CareHelper, CareNote
from linli.domains.care.playbook import care_policy
from linli.domains.care.rules.content import LONGEST, Content, TooMuchSaid, as_text, check_content
from linli.domains.care.rules.terms import BY_HAND, Basis, Ending, NotALevel, Terms, check_review, check_terms, ending_due, kept_for
from linli.domains.care.services.frame import answering_post, fresh_label, held_case, note_down, require_work, tell, terms_of, today_of
from linli.domains.care.services.keys import CaseKey, phone_key
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal

CONTENT, NOTE = "content", "note"  # what the case's key seals
CARING = Actor.system("care")


class AnswersAlready(Refusal):
    code: ClassVar[str] = "care.answers_already"
    message: ClassVar[str] = N_("This post answers for the case already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "worker_post"


class PhoneUnclear(Refusal):
    code: ClassVar[str] = "care.phone_unclear"
    message: ClassVar[str] = N_("This is not a phone number.")
    field: ClassVar[str] = "phone"


class NothingSaid(Refusal):
    code: ClassVar[str] = "care.nothing_said"
    message: ClassVar[str] = N_("Write the note first.")
    field: ClassVar[str] = "text"


class NotByHand(Refusal):
    code: ClassVar[str] = "care.not_by_hand"
    message: ClassVar[str] = N_("A case is not closed by hand for this reason.")
    field: ClassVar[str] = "ending"


class NotABell(Refusal):
    code: ClassVar[str] = "care.not_a_bell"
    message: ClassVar[str] = N_("There is no care bell %(given)s, or it belongs to another case.")
    field: ClassVar[str] = "bell"


class NoConsentHere(Refusal):
    code: ClassVar[str] = "care.no_consent_here"
    message: ClassVar[str] = N_("This case rests on a statutory duty, not on a consent that could be withdrawn.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to open: where, who answers for it, on what terms, and what the person told."""

    area_id: UUID
    worker_post: UUID
    terms: Terms
    content: Content
    helpers: tuple[UUID, ...] = ()


def open_case(*, actor: Actor, at: datetime, case: NewCase) -> UUID:
    """Open a care case under a key of its own; return its id.

    Refuses an actor without ``care.work`` in the area, terms without basis, days that do not fit, a post that answers elsewhere or not for care.
    """
    area = ground().area(case.area_id)
    require_work(actor, area.path)
    post_id = answering_post(case.worker_post, area.path)
    check_terms(case.terms, today=today_of(at), policy=care_policy())
    content = check_content(case.content)
    case_id, terms = new_id(), case.terms
    key = CaseKey.fresh(case_id)
    row = CareCase.objects.create(
        id=case_id, label=fresh_label(), audit_ref=new_id(), area_id=area.id, area_path=area.path, worker_post_id=post_id,
        basis=terms.basis.value, duty=terms.duty, purpose=terms.purpose, level=terms.level, consent_given_on=terms.consent_given_on,
        consent_until=terms.consent_until, consent_how=terms.consent_how, review_on=terms.review_on, ends_on=terms.ends_on,
        key_wrapped=key.wrapped(), sealed=key.seal(as_text(content), field=CONTENT), phone_fingerprint=_phone(content.phone),
        opened_at=at, recorded_at=machine_now(),
    )  # fmt: skip
    CareHelper.objects.bulk_create([CareHelper(case=row, person_id=person, since=at, recorded_at=machine_now()) for person in dict.fromkeys(case.helpers)])
    note_down(actor.id, at, row, "open", after="open", details={"basis": terms.basis.value, "duty": terms.duty, "purpose": terms.purpose, "level": terms.level})
    tell(CareOpened, row, at)
    return case_id


def _phone(phone: str) -> bytes | None:
    found = phone_key(phone)
    if phone.strip() and found is None:
        raise PhoneUnclear
    return found


def change_content(*, actor: Actor, at: datetime, case_id: UUID, content: Content, version: int | None = None) -> None:
    """Write plan, goals and ways to reach the person anew. Refuses anybody outside the circle, an ended case, a stale version."""
    case = held_case(actor, at, case_id, version)
    said = check_content(content)
    case.sealed, case.phone_fingerprint = CaseKey.of(case).seal(as_text(said), field=CONTENT), _phone(said.phone)
    reached = sum(goal.reached for goal in said.goals)
    _keep(case, "sealed", "phone_fingerprint")
    note_down(actor.id, at, case, "change_plan", details={"goals": len(said.goals), "reached": reached})


def write_note(*, actor: Actor, at: datetime, case_id: UUID, text: str) -> UUID:
    """Add a note to the case. Refuses anybody outside the circle, an ended case, an empty or endless text."""
    case = held_case(actor, at, case_id, None)
    said = text.strip()
    if not said:
        raise NothingSaid
    if len(said) > LONGEST:
        raise TooMuchSaid(most=LONGEST)
    note = CareNote.objects.create(case=case, author=actor.id, sealed=CaseKey.of(case).seal(said, field=NOTE), at=at, recorded_at=machine_now())
    note_down(actor.id, at, case, "note")
    return note.id


def change_level(*, actor: Actor, at: datetime, case_id: UUID, level: str, version: int | None = None) -> None:
    """Set how often somebody comes by; the visits follow (flow ``care_visits``). Refuses a level that the playbook does not know."""
    case = held_case(actor, at, case_id, version)
    if level not in care_policy().levels:
        raise NotALevel(given=level)
    before, case.level = case.level, level
    _keep(case, "level")
    note_down(actor.id, at, case, "change_level", before=before, after=level)
    tell(CareChanged, case, at)


def review_case(*, actor: Actor, at: datetime, case_id: UUID, next_on: date, version: int | None = None) -> None:
    """Say that the case was looked at with the person, and when the next time is. Refuses a day that does not fit."""
    case = held_case(actor, at, case_id, version)
    check_review(next_on, today=today_of(at), ends_on=case.ends_on, policy=care_policy())
    case.review_on = next_on
    _keep(case, "review_on")
    note_down(actor.id, at, case, "review", details={"next": next_on.isoformat()})


def renew_case(
    *, actor: Actor, at: datetime, case_id: UUID, review_on: date, ends_on: date, consent_until: date | None = None, consent_how: str = "",
    version: int | None = None,
) -> None:  # fmt: skip
    """Give a case a new end; one that rests on consent needs the consent given again today.

    Refuses what :func:`open_case` refuses of terms.
    """
    case = held_case(actor, at, case_id, version, over=True)
    today = today_of(at)
    terms = replace(terms_of(case), review_on=review_on, ends_on=ends_on)
    if terms.basis is Basis.CONSENT:
        terms = replace(terms, consent_given_on=today, consent_until=consent_until, consent_how=consent_how)
    check_terms(terms, today=today, policy=care_policy())
    case.review_on, case.ends_on = terms.review_on, terms.ends_on
    case.consent_given_on, case.consent_until, case.consent_how = terms.consent_given_on, terms.consent_until, terms.consent_how
    _keep(case, "review_on", "ends_on", "consent_given_on", "consent_until", "consent_how")
    note_down(actor.id, at, case, "renew", details={"ends": ends_on.isoformat()})
    tell(CareChanged, case, at)


def close_case(*, actor: Actor, at: datetime, case_id: UUID, ending: Ending, version: int | None = None) -> None:
    """Close a case; its content is erased after the retention. Refuses endings that only the clock or the person bring."""
    case = held_case(actor, at, case_id, version, over=True)
    if ending not in (*BY_HAND, Ending.DUTY_ENDED) or (ending is Ending.DUTY_ENDED and case.basis != Basis.DUTY):
        raise NotByHand
    end_case(case, actor=actor, at=at, ending=ending)


def withdraw_consent(*, actor: Actor, at: datetime, case_id: UUID, version: int | None = None) -> None:
    """The person takes the consent back: the case ends now, and its content is due for erasure at once."""
    case = held_case(actor, at, case_id, version, over=True)
    if case.basis != Basis.CONSENT:
        raise NoConsentHere
    end_case(case, actor=actor, at=at, ending=Ending.CONSENT_WITHDRAWN)


def end_case(case: CareCase, *, actor: Actor, at: datetime, ending: Ending) -> None:
    """End a locked case: helpers leave, visits stop, the erasure is set."""
    case.closed_at, case.ending, case.erase_at = at, ending.value, at + kept_for(ending, policy=care_policy())
    _keep(case, "closed_at", "ending", "erase_at")
    CareHelper.objects.filter(case=case, until=None).update(until=at)
    note_down(actor.id, at, case, "close", before="open", after=ending.value)
    tell(CareEnded, case, at)


def end_due_cases(*, at: datetime, most: int = 200) -> int:
    """End the cases whose consent or term is over; return how many."""
    today = today_of(at)
    due = CareCase.objects.select_for_update(skip_locked=True).filter(closed_at=None, ends_on__lt=today).order_by("ends_on")[:most]
    ended = 0
    for case in due:
        ending = ending_due(terms_of(case), today=today)
        if ending is not None:
            end_case(case, actor=CARING, at=at, ending=ending)
            ended += 1
    return ended


def set_helpers(*, actor: Actor, at: datetime, case_id: UUID, helpers: Sequence[UUID], version: int | None = None) -> None:
    """Say who helps in the case, and so may read it, from now on. Refuses anybody outside the circle."""
    case = held_case(actor, at, case_id, version)
    wanted = set(helpers)
    now_helping = set(CareHelper.objects.filter(case=case, until=None).values_list("person_id", flat=True))
    CareHelper.objects.filter(case=case, until=None, person_id__in=now_helping - wanted).update(until=at)
    CareHelper.objects.bulk_create([CareHelper(case=case, person_id=person, since=at, recorded_at=machine_now()) for person in sorted(wanted - now_helping)])
    _keep(case)
    note_down(actor.id, at, case, "set_helpers", details={"came": len(wanted - now_helping), "left": len(now_helping - wanted)})


def hand_over(*, actor: Actor, at: datetime, case_id: UUID, worker_post: UUID, version: int | None = None) -> None:
    """Give the case to another post of the area. Refuses a post that answers elsewhere or not for care, or that has it already."""
    case = held_case(actor, at, case_id, version)
    if worker_post == case.worker_post_id:
        raise AnswersAlready
    case.worker_post_id = answering_post(worker_post, case.area_path)
    _keep(case, "worker_post")
    note_down(actor.id, at, case, "hand_over")
    tell(CareChanged, case, at)


def set_bell(*, actor: Actor, at: datetime, case_id: UUID, bell: str, version: int | None = None) -> None:
    """Say which care bell hangs in the home, by the device's code; "" for none. Refuses another kind of device, another case's bell."""
    case = held_case(actor, at, case_id, version)
    device = device_of_code(bell) if bell.strip() else None
    if bell.strip():
        kind = device_kinds().get(kind_of(device)) if device else None
        taken = CareCase.objects.filter(bell_id=device, closed_at=None).exclude(id=case.id).exists()
        if device is None or kind is None or not kind.private or taken:
            raise NotABell(given=bell[:60])
    case.bell_id = device
    _keep(case, "bell")
    note_down(actor.id, at, case, "set_bell", after="bell" if device else "none")


def _keep(case: CareCase, *fields: str) -> None:
    case.version += 1
    case.save(update_fields=[*fields, "version"])


def caring_people(person_ids: Collection[UUID]) -> set[UUID]:
    """Which of these people help in a case now: retention of the directory spares them."""
    return set(CareHelper.objects.filter(person_id__in=person_ids, until=None).values_list("person_id", flat=True))
