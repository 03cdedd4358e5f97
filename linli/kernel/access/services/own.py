"""What residents do with their own account: see what is kept of it, and delete it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from linli.kernel.access.models import LoginCode, User
from linli.kernel.access.rules import Actor, NotSignedIn
from linli.kernel.access.services.codes import CONTACT
from linli.kernel.access.services.users import PHONE
from linli.kernel.audit.services import Entry, record
from linli.kernel.erasures.services import note_erasures
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import fingerprint, unseal

ERASED = "access.resident"  # what the register of erasures calls it


class StaffAccountStays(Refusal):
    code: ClassVar[str] = "access.staff_account_stays"
    message: ClassVar[str] = N_("This is a staff account: those who manage access close it.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Everything that is kept of an account, for its owner."""

    id: UUID
    phone: str
    email: str
    language: str
    since: datetime
    resident: bool


def own_account(*, actor: Actor) -> OwnAccount:
    """What is kept of the signed-in person's account. One query.

    Raises:
        NotSignedIn.
    """
    user = User.objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    if user is None:
        raise NotSignedIn
    phone = unseal(user.phone_sealed, purpose=PHONE) if user.phone_sealed else ""
    return OwnAccount(user.id, phone, user.email, user.language, user.created_at, user.kind == User.Kind.RESIDENT)


def delete_own_account(*, actor: Actor, at: datetime) -> None:
    """Delete the signed-in resident's account with its contact; records say no more than a pseudonym afterwards.

    Raises:
        NotSignedIn, StaffAccountStays.
    """
    held = own_account(actor=actor)
    if not held.resident:
        raise StaffAccountStays
    for contact in filter(None, (held.phone, held.email)):
        LoginCode.objects.filter(contact_fingerprint=fingerprint(contact, purpose=CONTACT)).delete()
    _delete([held.id])
    record([Entry(at=at, actor=actor.id, action="user.delete", subject_type="user", subject=held.id, from_state="active", to_state="deleted")])
    note_erasures(kind=ERASED, subjects=[held.id], at=at)


def delete_again(ids: Sequence[UUID], at: datetime) -> int:
    """Delete accounts that a restored backup has brought back; return how many."""
    found = _delete(ids)
    record([Entry(at=at, actor="system:restore", action="user.delete", subject_type="user", subject=user, to_state="deleted") for user in found])
    return len(found)


def _delete(ids: Sequence[UUID]) -> list[UUID]:
    users = User.objects.filter(pk__in=ids, kind=User.Kind.RESIDENT)
    found = list(users.values_list("pk", flat=True))
    users.delete()
    return found
