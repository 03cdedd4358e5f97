"""Entering, changing and erasing people. Contacts are sealed as they come in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import Q, TextField, Value
from django.db.models.functions import Cast, Concat

from linli.directory.people.events import PersonErased, PersonKnown
from linli.directory.people.models import RETENTION, Person
from linli.directory.people.selectors import UnknownPerson
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.epoch.services import bump
from linli.kernel.erasures.services import note_erasures
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, update_rows
from linli.kernel.sealing import fingerprint, seal, unseal

MANAGE = "directory.manage"
READ = "directory.read"
CONTACT = "people.contact"  # purpose of the seal
ERASED = "people.person"  # what the register of erasures calls it


class PersonCodeTaken(Refusal):
    code: ClassVar[str] = "people.code_taken"
    message: ClassVar[str] = N_("The number %(code)s already belongs to %(name)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class NameMissing(Refusal):
    code: ClassVar[str] = "people.name_missing"
    message: ClassVar[str] = N_("A person needs a name and a number.")
    field: ClassVar[str] = "display_name"


class UserTaken(Refusal):
    code: ClassVar[str] = "people.user_taken"
    message: ClassVar[str] = N_("This account already belongs to %(name)s.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "user"


class StillAppointed(Refusal):
    code: ClassVar[str] = "people.still_appointed"
    message: ClassVar[str] = N_("%(name)s still holds a post. End the appointment first.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to enter: number, name, how to reach them, languages (tags, best first)."""

    code: str
    display_name: str
    contact: str = ""
    languages: tuple[str, ...] = ("zh-hans",)


def one_form(contact: str) -> str:
    """A phone number without blanks and dashes, an address in lower case: equal contacts give equal fingerprints."""
    text = contact.strip().lower()
    return text if "@" in text else re.sub(r"[\s\-()]", "", text)


def sealed_contact(contact: str) -> tuple[bytes | None, bytes | None]:
    """The seal and the fingerprint of a contact; both None for an empty one."""
    text = contact.strip()
    return (seal(text, purpose=CONTACT), fingerprint(one_form(text), purpose=CONTACT)) if text else (None, None)


def enter_people(*, actor: Actor, at: datetime, people: Sequence[NewPerson]) -> list[UUID]:
    """Enter people in one batch; return their ids in order.

    Refuses an actor without ``directory.manage``, a person without name or number, a number in use.
    """
    actor.require(MANAGE)
    if any(not person.code or not person.display_name for person in people):
        raise NameMissing
    bump()
    seen: dict[str, str] = dict(Person.objects.filter(code__in=[person.code for person in people]).values_list("code", "display_name"))
    for person in people:
        if person.code in seen:
            raise PersonCodeTaken(code=person.code, name=seen[person.code])
        seen[person.code] = person.display_name
    recorded_at = machine_now()
    ids = [new_id() for _ in people]
    insert_rows(
        Person,
        ("id", "code", "display_name", "contact_sealed", "contact_fingerprint", "languages", "at", "recorded_at"),
        [
            (person_id, person.code, person.display_name, *sealed_contact(person.contact), list(person.languages), at, recorded_at)
            for person_id, person in zip(ids, people, strict=True)
        ],
    )
    record([Entry(at=at, actor=actor.id, action="people.enter", subject_type="person", subject=person_id, to_state="known") for person_id in ids])
    publish([PersonKnown(key=person_id, at=at) for person_id in ids])
    return ids


def enter_person(*, actor: Actor, at: datetime, person: NewPerson) -> UUID:
    """Enter one person; see :func:`enter_people`."""
    return enter_people(actor=actor, at=at, people=[person])[0]


def change_people(*, actor: Actor, at: datetime, people: Iterable[NewPerson]) -> int:
    """Set name, contact and languages of people found by number; an empty contact leaves the old one. Return how many.

    Refuses an actor without ``directory.manage``, a number that is not known.
    """
    actor.require(MANAGE)
    wanted = {person.code: person for person in people}
    bump()
    found = list(Person.objects.select_for_update().filter(code__in=wanted, erased_at=None))
    if len(found) < len(wanted):
        raise UnknownPerson
    for person in found:
        new = wanted[person.code]
        person.display_name, person.languages = new.display_name, list(new.languages)
        if new.contact.strip():
            person.contact_sealed, person.contact_fingerprint = sealed_contact(new.contact)
    columns = ("id", "display_name", "contact_sealed", "contact_fingerprint", "languages")
    update_rows(Person, columns, [(person.id, person.display_name, person.contact_sealed, person.contact_fingerprint, person.languages) for person in found])
    record([Entry(at=at, actor=actor.id, action="people.change", subject_type="person", subject=person.id) for person in found])
    return len(found)


def link_user(*, actor: Actor, at: datetime, person_id: UUID, user_id: UUID | None) -> None:
    """Say which account is the person's (None: no account); what they may do follows from their posts.

    Refuses an actor without ``directory.manage`` everywhere, an unknown person, an account that is another person's.
    """
    actor.require(MANAGE)
    bump()
    if user_id is not None:
        other = Person.objects.filter(user_id=user_id).exclude(id=person_id).values_list("display_name", flat=True).first()
        if other is not None:
            raise UserTaken(name=other)
    if not Person.objects.filter(id=person_id, erased_at=None).update(user_id=user_id):
        raise UnknownPerson(person=person_id)
    record([Entry(at=at, actor=actor.id, action="people.link_user", subject_type="person", subject=person_id, to_state="linked" if user_id else "unlinked")])


def reveal_contact(*, actor: Actor, at: datetime, person_id: UUID) -> str:
    """How to reach a person; empty when nothing is known. The reading of another's contact is recorded.

    Refuses an actor without ``directory.read``, other than the person.
    """
    if actor.person_id != person_id:
        actor.require(READ)
        record([Entry(at=at, actor=actor.id, action="people.reveal_contact", subject_type="person", subject=person_id)])
    sealed = Person.objects.filter(id=person_id).values_list("contact_sealed", flat=True)
    if not sealed:
        raise UnknownPerson(person=person_id)
    return unseal(sealed[0], purpose=CONTACT) if sealed[0] is not None else ""


def erase_person(*, actor: Actor, at: datetime, person_id: UUID) -> None:
    """Empty every personal value; the id stays, so that records still say that it was one and the same person.

    Refuses an actor without ``directory.manage``, other than the person; somebody who still holds a post.
    """
    if actor.person_id != person_id:
        actor.require(MANAGE)
    bump()
    person = Person.objects.select_for_update().filter(id=person_id, erased_at=None).first()
    if person is None:
        raise UnknownPerson(person=person_id)
    if person.appointments.filter(Q(ends_at=None) | Q(ends_at__gt=at)).exists():
        raise StillAppointed(name=person.display_name)
    _erase(actor, at, [person_id])


PartTaking = Callable[[Collection[UUID]], Collection[UUID]]
_part_taking: list[PartTaking] = []


def register_part_taking(taking_part: PartTaking) -> None:
    """Plug in who still needs a person's values: ``taking_part(person_ids)`` returns those who take part in something.

    A room whose records name people without a post (volunteers, members) registers here, so that retention spares them.
    """
    if taking_part not in _part_taking:
        _part_taking.append(taking_part)


def erase_people_past_retention(*, actor: Actor, at: datetime, most: int = 500) -> int:
    """Erase people whose last post ended, or who were entered without ever holding one, longer ago than ``RETENTION``;
    return how many. Those who take part in something are spared.
    """
    actor.require(MANAGE)
    since = at - RETENTION
    due = (
        Person.objects.filter(erased_at=None, at__lt=since)
        .exclude(appointments__ends_at=None, appointments__id__isnull=False)
        .exclude(appointments__ends_at__gte=since)
        .order_by("at")
        .values_list("id", flat=True)
    )
    ids = list(due[:most])
    spared = {person_id for taking_part in _part_taking for person_id in taking_part(ids)}
    ids = [person_id for person_id in ids if person_id not in spared]
    if ids:
        bump()
        _erase(actor, at, ids)
    return len(ids)


def erase_again(ids: Sequence[UUID], at: datetime) -> int:
    """Erase people whom a restored backup has brought back, whatever posts they held then; return how many."""
    found = list(Person.objects.filter(id__in=ids, erased_at=None).values_list("id", flat=True))
    if found:
        bump()
        _erase(Actor.system("restore"), at, found)
    return len(found)


def _erase(actor: Actor, at: datetime, ids: Sequence[UUID]) -> None:
    number = Concat(Value("erased-"), Cast("id", TextField()))
    Person.objects.filter(id__in=ids).update(code=number, display_name="", contact_sealed=None, contact_fingerprint=None, user=None, languages=[], erased_at=at)
    record([Entry(at=at, actor=actor.id, action="people.erase", subject_type="person", subject=key, from_state="known", to_state="erased") for key in ids])
    publish([PersonErased(key=key, at=at) for key in ids])
    note_erasures(kind=ERASED, subjects=ids, at=at)
