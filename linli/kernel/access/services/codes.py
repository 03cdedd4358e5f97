"""Residents sign in by a short-lived code sent to their phone or e-mail address."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar, Protocol
from uuid import UUID

from django.db.models import F

from linli.kernel.access.models import LoginCode, User
from linli.kernel.access.rules import ANONYMOUS
from linli.kernel.access.services.limits import TooMany, take
from linli.kernel.access.services.users import PHONE, add_user, clean_email, clean_phone
from linli.kernel.clock.services import machine_now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import fingerprint, seal, unseal

CONTACT = "access.login_contact"
CODE = "access.login_code"
DIGITS = 6
ATTEMPTS = 5
LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=1)
CODES_PER_CONTACT = (5, timedelta(hours=1))
CODES_PER_VISITOR = (20, timedelta(hours=1))


class CodeSender(Protocol):
    def __call__(self, *, channel: str, contact: str, code: str, language: str, at: datetime) -> None:
        """Queue the message in the open write: ``channel`` is ``phone`` (E.164) or ``email``."""


class NoCodes(Refusal):
    code: ClassVar[str] = "access.no_codes"
    message: ClassVar[str] = N_("Signing in by code is not set up here.")
    kind: ClassVar[Kind] = Kind.MISSING


class NoContact(Refusal):
    code: ClassVar[str] = "access.no_contact"
    message: ClassVar[str] = N_("Give a phone number or an e-mail address.")
    field: ClassVar[str] = "contact"


class WrongCode(Refusal):
    code: ClassVar[str] = "access.wrong_code"
    message: ClassVar[str] = N_("This code is not right.")
    field: ClassVar[str] = "code"


class CodeSpent(Refusal):
    """Used, too old, tried too often, or never sent: the answer is the same, and so is what to do."""

    code: ClassVar[str] = "access.code_spent"
    message: ClassVar[str] = N_("This code is no longer valid. Ask for a new one.")
    field: ClassVar[str] = "code"


class StaffSignInOtherwise(Refusal):
    code: ClassVar[str] = "access.staff_code"
    message: ClassVar[str] = N_("This belongs to a staff account, which signs in by password, passkey or organisation.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class AccountClosed(Refusal):
    code: ClassVar[str] = "access.closed"
    message: ClassVar[str] = N_("This account is closed.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


_sender: CodeSender | None = None
_available: Callable[[], bool] = bool


def register_code_sender(sender: CodeSender | None, *, available: Callable[[], bool] = lambda: True) -> None:
    """Plug in who sends codes (notices), and whether any way to send one is set up. Without a sender, signing in by code is off."""
    global _sender, _available
    _sender, _available = sender, available


def codes_available() -> bool:
    """Whether anybody can send a code."""
    return _sender is not None and _available()


def request_code(*, at: datetime, contact: str, visitor: bytes, language: str) -> LoginCode:
    """Make a code for a phone number or an e-mail address and have it sent. Tells nothing about who has an account.

    Raises:
        NoCodes: nobody can send one.
        NoContact, BadEmail, BadPhone: bad input.
        TooMany: for this contact or this visitor.
    """
    if _sender is None or not _available():
        raise NoCodes
    contact = contact.strip()
    if not contact:
        raise NoContact
    by_email = "@" in contact
    channel = LoginCode.Channel.EMAIL if by_email else LoginCode.Channel.PHONE
    contact = clean_email(contact) if by_email else clean_phone(contact)
    mark = fingerprint(contact, purpose=CONTACT)
    if not take("access.code_contact", mark, *CODES_PER_CONTACT, at=at) or not take("access.code_visitor", visitor, *CODES_PER_VISITOR, at=at):
        raise TooMany
    text = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    row = LoginCode(
        id=new_id(),
        channel=channel,
        contact_fingerprint=mark,
        contact_sealed=seal(contact, purpose=CONTACT),
        at=at,
        recorded_at=machine_now(),
        expires_at=at + LIFETIME,
        attempts_left=ATTEMPTS,
    )
    row.code_fingerprint = fingerprint(f"{row.id}:{text}", purpose=CODE)
    LoginCode.objects.filter(contact_fingerprint=mark, used_at=None).update(used_at=at)  # only the newest one is good
    row.save(force_insert=True)
    _sender(channel=channel, contact=contact, code=text, language=language, at=at)
    return row


def redeem_code(*, at: datetime, code_id: UUID, code: str) -> User | Refusal:
    """Try a code; return the resident's account (made at the first time), or the refusal.

    A refusal is returned, not raised: the attempt that it used up must be committed. ``WrongCode``, ``CodeSpent``,
    ``StaffSignInOtherwise``, ``AccountClosed``.
    """
    open_codes = LoginCode.objects.filter(pk=code_id, used_at=None, attempts_left__gt=0, expires_at__gt=at)
    if not open_codes.update(attempts_left=F("attempts_left") - 1):  # takes the attempt before it looks: races gain nothing
        return CodeSpent()
    row = LoginCode.objects.get(pk=code_id)
    if not hmac.compare_digest(bytes(row.code_fingerprint), fingerprint(f"{row.id}:{code.strip()}", purpose=CODE)):
        return WrongCode()
    if not LoginCode.objects.filter(pk=code_id, used_at=None).update(used_at=at):
        return CodeSpent()
    contact = unseal(row.contact_sealed, purpose=CONTACT)
    if row.channel == LoginCode.Channel.EMAIL:
        user = User.objects.filter(email=contact).first()
    else:
        user = User.objects.filter(phone_fingerprint=fingerprint(contact, purpose=PHONE)).first()
    if user is None:
        by_email = row.channel == LoginCode.Channel.EMAIL
        return add_user(
            actor=ANONYMOUS,
            at=at,
            username=f"resident-{new_id().hex}",
            password=None,
            display_name="",
            email=contact if by_email else "",
            phone="" if by_email else contact,
            language="",
            kind=User.Kind.RESIDENT,
        )
    if user.kind != User.Kind.RESIDENT:
        return StaffSignInOtherwise()
    if not user.is_active:
        return AccountClosed()
    return user


def sweep_codes(*, at: datetime) -> int:
    """Delete codes a day after their end; return how many."""
    gone, _ = LoginCode.objects.filter(expires_at__lt=at - KEPT).delete()
    return gone
