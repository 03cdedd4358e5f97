"""Making, changing and closing accounts."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError

from linli.kernel.access.models import User
from linli.kernel.access.rules import MANAGE, Actor, Forbidden, normal_phone
from linli.kernel.audit.services import Entry, record
from linli.kernel.epoch import services as epoch
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import fingerprint, seal
from linli.kernel.writing import attempt

PHONE = "user.phone"  # purpose of the seal and the fingerprint
USERNAME_LENGTH = 150


class BadUsername(Refusal):
    code: ClassVar[str] = "access.bad_username"
    message: ClassVar[str] = N_("A user name has 1 to %(limit)s characters, without spaces and without “@”.")
    field: ClassVar[str] = "username"


class UsernameTaken(Refusal):
    code: ClassVar[str] = "access.username_taken"
    message: ClassVar[str] = N_("There is an account named “%(username)s” already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "username"


class BadEmail(Refusal):
    code: ClassVar[str] = "access.bad_email"
    message: ClassVar[str] = N_("This is not an e-mail address.")
    field: ClassVar[str] = "email"


class BadPhone(Refusal):
    code: ClassVar[str] = "access.bad_phone"
    message: ClassVar[str] = N_("This is not a phone number. Example: 138 0000 0000, or with the country code, +86 138 0000 0000.")
    field: ClassVar[str] = "phone"


class ContactTaken(Refusal):
    code: ClassVar[str] = "access.contact_taken"
    message: ClassVar[str] = N_("This e-mail address or phone number belongs to another account.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "email"


class UnknownLanguage(Refusal):
    code: ClassVar[str] = "access.unknown_language"
    message: ClassVar[str] = N_("There is no language “%(language)s”. Known: %(known)s.")
    field: ClassVar[str] = "language"


class WeakPassword(Refusal):
    code: ClassVar[str] = "access.weak_password"
    message: ClassVar[str] = N_("This password will not do. %(reason)s")
    field: ClassVar[str] = "password"


class UnknownUser(Refusal):
    code: ClassVar[str] = "access.unknown_user"
    message: ClassVar[str] = N_("There is no such account.")
    kind: ClassVar[Kind] = Kind.MISSING


def clean_email(email: str) -> str:
    """The address in the form that is stored; empty stays empty.

    Raises:
        BadEmail: it is not one.
    """
    email = email.strip().lower()
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise BadEmail from None
    return email


def clean_phone(phone: str) -> str:
    """The number in the form that is stored (E.164); empty stays empty.

    Raises:
        BadPhone: it is not one.
    """
    if not phone.strip():
        return ""
    number = normal_phone(phone, country=settings.PHONE_COUNTRY)
    if number is None:
        raise BadPhone
    return number


def check_password(password: str, user: User) -> None:
    """Refuse a password that is too short, too common, all digits or like the account's own name.

    Raises:
        WeakPassword: with the reasons, in the active language.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(reason=" ".join(error.messages)) from None


def create_user(
    *,
    actor: Actor,
    at: datetime,
    username: str,
    password: str | None,
    display_name: str = "",
    email: str = "",
    phone: str = "",
    language: str = "",
    kind: str = User.Kind.STAFF,
) -> User:
    """Make an account; without a password it can only come in by a passkey, an organisation, or (residents) a code.

    Raises:
        Forbidden: the actor does not manage access.
        BadUsername, UsernameTaken, BadEmail, BadPhone, ContactTaken, UnknownLanguage, WeakPassword: bad input.
    """
    actor.require(MANAGE)
    return add_user(actor=actor, at=at, username=username, password=password, display_name=display_name, email=email, phone=phone, language=language, kind=kind)


def add_user(*, actor: Actor, at: datetime, username: str, password: str | None, display_name: str, email: str, phone: str, language: str, kind: str) -> User:
    """:func:`create_user` without its question: for callers that have established the right otherwise (a resident's own code)."""
    username = username.strip().lower()
    if not username or len(username) > USERNAME_LENGTH or "@" in username or not username.isprintable() or any(c.isspace() for c in username):
        raise BadUsername(limit=USERNAME_LENGTH)
    known = [code for code, _ in settings.LANGUAGES]
    if language and language not in known:
        raise UnknownLanguage(language=language, known=", ".join(known))
    email, phone = clean_email(email), clean_phone(phone)
    user = User(
        id=new_id(),
        kind=kind,
        username=username,
        email=email,
        phone_sealed=seal(phone, purpose=PHONE) if phone else None,
        phone_fingerprint=fingerprint(phone, purpose=PHONE) if phone else None,
        display_name=display_name.strip(),
        language=language,
        created_at=at,
    )
    if password is not None:
        check_password(password, user)
    user.password = make_password(password)
    if User.objects.filter(username=username).exists():
        raise UsernameTaken(username=username)
    try:
        with attempt():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise (UsernameTaken(username=username) if "username" in str(error) else ContactTaken()) from None
    record([Entry(at=at, actor=actor.id, action="user.create", subject_type="user", subject=user.id, to_state="active", details={"kind": kind})])
    return user


def change_password(*, actor: Actor, at: datetime, user_id: UUID, password: str) -> None:
    """Give an account a new password; its sessions elsewhere end with that.

    Raises:
        Forbidden: neither the account's own holder nor one who manages access.
        UnknownUser, WeakPassword: bad input.
    """
    if actor.user_id != user_id:
        actor.require(MANAGE)
    user = _locked(user_id)
    check_password(password, user)
    user.password = make_password(password)
    user.save(update_fields=["password"])
    record([Entry(at=at, actor=actor.id, action="user.password", subject_type="user", subject=user_id)])


def disable_user(*, actor: Actor, at: datetime, user_id: UUID) -> None:
    """Close an account for signing in: its sessions and keys stop at once, its records stay.

    Raises:
        Forbidden: the actor does not manage access, or would lock themselves out.
        UnknownUser, AlreadySo: nothing to do.
    """
    _set_active(actor=actor, at=at, user_id=user_id, active=False)


def enable_user(*, actor: Actor, at: datetime, user_id: UUID) -> None:
    """Open a disabled account again. Raises like :func:`disable_user`."""
    _set_active(actor=actor, at=at, user_id=user_id, active=True)


class AlreadySo(Refusal):
    code: ClassVar[str] = "access.already_so"
    message: ClassVar[str] = N_("It is so already.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def _set_active(*, actor: Actor, at: datetime, user_id: UUID, active: bool) -> None:
    actor.require(MANAGE)
    if actor.user_id == user_id:
        raise Forbidden(permission=MANAGE)
    user = _locked(user_id)
    if user.is_active == active:
        raise AlreadySo
    user.is_active = active
    user.save(update_fields=["is_active"])
    names = ("disabled", "active") if active else ("active", "disabled")
    record([Entry(at=at, actor=actor.id, action="user.enable" if active else "user.disable", subject_type="user", subject=user_id,
                  from_state=names[0], to_state=names[1])])  # fmt: skip
    epoch.bump()


def choose_language(*, actor: Actor, language: str) -> None:
    """Keep the language that the signed-in person chose; nothing to audit.

    Raises:
        UnknownUser, UnknownLanguage: bad input.
    """
    known = [code for code, _ in settings.LANGUAGES]
    if language not in known:
        raise UnknownLanguage(language=language, known=", ".join(known))
    if actor.user_id is None or not User.objects.filter(pk=actor.user_id).update(language=language):
        raise UnknownUser


def _locked(user_id: UUID) -> User:
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise UnknownUser
    return user
