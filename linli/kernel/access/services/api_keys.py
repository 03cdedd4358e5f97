"""Keys of programs."""

from __future__ import annotations

import hashlib
import secrets
import string
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q

from linli.kernel.access.models import ApiKey, User
from linli.kernel.access.rules import EVERYWHERE, MANAGE, Actor
from linli.kernel.access.selectors import KEY_PREFIX, OPEN_PART
from linli.kernel.access.services.roles import check_role
from linli.kernel.access.services.users import UnknownUser
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.epoch import services as epoch
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import attempt

SECRET_CHARACTERS = 43  # of 62: 256 bits, far beyond guessing, so a plain digest is enough to keep
ALPHABET = string.ascii_letters + string.digits


class KeyNameTaken(Refusal):
    code: ClassVar[str] = "access.key_name_taken"
    message: ClassVar[str] = N_("There is a key named “%(name)s” already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "name"


class KeyName(Refusal):
    code: ClassVar[str] = "access.key_name"
    message: ClassVar[str] = N_("A key needs a name, by which it can be revoked.")
    field: ClassVar[str] = "name"


class UserOrRole(Refusal):
    code: ClassVar[str] = "access.user_or_role"
    message: ClassVar[str] = N_("A key acts either for an account or in a role of its own: give one of them.")
    field: ClassVar[str] = "role"


class UnknownKey(Refusal):
    code: ClassVar[str] = "access.unknown_key"
    message: ClassVar[str] = N_("There is no valid key of this name.")
    kind: ClassVar[Kind] = Kind.MISSING
    field: ClassVar[str] = "name"


class EndsBeforeItBegins(Refusal):
    code: ClassVar[str] = "access.key_ends_early"
    message: ClassVar[str] = N_("The key's end lies in the past.")
    field: ClassVar[str] = "expires_at"


def _draw(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def create_api_key(
    *,
    actor: Actor,
    at: datetime,
    name: str,
    user_id: UUID | None = None,
    role: str = "",
    area_path: str = EVERYWHERE,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key that acts for an account or in a role; return it with its text, which cannot be had again.

    Raises:
        Forbidden: the actor does not manage access there.
        KeyName, KeyNameTaken, UserOrRole, UnknownUser, UnknownRole, EndsBeforeItBegins: bad input.
    """
    actor.require(MANAGE, area_path=area_path)
    name = name.strip()
    if not name:
        raise KeyName
    if (user_id is None) == (not role):
        raise UserOrRole
    if role:
        check_role(role)
    if user_id is not None and not User.objects.filter(pk=user_id, is_active=True).exists():
        raise UnknownUser
    if expires_at is not None and expires_at <= at:
        raise EndsBeforeItBegins
    text = KEY_PREFIX + _draw(OPEN_PART - len(KEY_PREFIX)) + _draw(SECRET_CHARACTERS)
    key = ApiKey(
        id=new_id(),
        name=name,
        prefix=text[:OPEN_PART],
        digest=hashlib.sha256(text.encode()).digest(),
        user_id=user_id,
        role=role,
        area_path=area_path,
        created_at=at,
        recorded_at=machine_now(),
        expires_at=expires_at,
    )
    try:
        with attempt():
            key.save(force_insert=True)
    except IntegrityError:
        raise KeyNameTaken(name=name) from None
    record(
        [
            Entry(
                at=at,
                actor=actor.id,
                action="apikey.create",
                subject_type="apikey",
                subject=key.id,
                to_state="valid",
                details={"role": role, "area": area_path},
            )
        ]
    )
    epoch.bump()
    return key, text


def revoke_api_key(*, actor: Actor, at: datetime, name: str) -> None:
    """Make a key worthless from now on, everywhere.

    Args:
        name: the key's name or its open part.

    Raises:
        Forbidden: the actor does not manage access.
        UnknownKey: no valid key is called so.
    """
    actor.require(MANAGE)
    key = ApiKey.objects.select_for_update().filter(Q(name=name.strip()) | Q(prefix=name.strip()), revoked_at=None).first()
    if key is None:
        raise UnknownKey
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    record([Entry(at=at, actor=actor.id, action="apikey.revoke", subject_type="apikey", subject=key.id, from_state="valid", to_state="revoked")])
    epoch.bump()


def note_api_key_use(*, actor: Actor, on: date) -> None:
    """Remember the day a key was last used: that much tells which keys may be revoked, and no more is kept."""
    key_id = UUID(actor.id.partition(":")[2])
    ApiKey.objects.filter(Q(last_used_on=None) | Q(last_used_on__lt=on), pk=key_id).update(last_used_on=on)
