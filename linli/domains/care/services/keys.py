"""One key a case, wrapped under the newest master key (DECIDED 16). Whoever deletes the key has erased the case."""

from __future__ import annotations

import base64
import os
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from linli.domains.care.models import CareCase
from linli.kernel.access.rules import MANAGE, Actor, normal_phone
from linli.kernel.audit.services import Entry, record
from linli.kernel.ids import new_id
from linli.kernel.rows import update_rows
from linli.kernel.sealing import NONCE_BYTES, Unreadable, fingerprint, newest_key, seal, sealed_under, unseal

WRAPPED = "care.key"  # purposes of the seal and of the fingerprint
PHONE = "care.phone"


class CaseKey:
    """The open key of one case. What it seals is bound to the case and to the field."""

    __slots__ = ("_case_id", "_cipher", "_key")

    def __init__(self, case_id: UUID, key: bytes) -> None:
        self._case_id, self._key, self._cipher = case_id, key, AESGCM(key)

    @classmethod
    def fresh(cls, case_id: UUID) -> CaseKey:
        return cls(case_id, AESGCM.generate_key(bit_length=256))

    @classmethod
    def of(cls, case: CareCase) -> CaseKey:
        """The key of a case.

        Raises:
            Unreadable: the case was erased, or its master key is not among the secrets.
        """
        if case.key_wrapped is None:
            raise Unreadable
        return cls(case.id, base64.b64decode(unseal(case.key_wrapped, purpose=WRAPPED)))

    def wrapped(self) -> bytes:
        """The key under the newest master key."""
        return seal(base64.b64encode(self._key).decode(), purpose=WRAPPED)

    def seal(self, text: str, *, field: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), self._bound(field))

    def open(self, blob: bytes | memoryview, *, field: str) -> str:
        """What :meth:`seal` made for the same case and field.

        Raises:
            Unreadable: changed, or of another case or field.
        """
        data = bytes(blob)
        try:
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], self._bound(field)).decode()
        except (InvalidTag, ValueError):
            raise Unreadable from None

    def _bound(self, field: str) -> bytes:
        return self._case_id.bytes + field.encode()


def phone_key(phone: str) -> bytes | None:
    """The fingerprint by which a phone number is found; None where it cannot be one."""
    number = normal_phone(phone, country=settings.PHONE_COUNTRY) if phone.strip() else None
    return None if number is None else fingerprint(number, purpose=PHONE)


def rewrap_keys(*, actor: Actor, at: datetime, after: UUID | None, most: int = 200) -> tuple[UUID | None, int]:
    """Wrap the keys of up to ``most`` cases under the newest master key; return where to go on (None: done) and how many changed.

    Safe to break off and to repeat: each call is a write of its own, and what is under the newest key already is passed over.
    Refuses an actor without ``access.manage``.
    """
    actor.require(MANAGE)
    newest = newest_key()
    cases = CareCase.objects.filter(key_wrapped__isnull=False).order_by("id")
    if after is not None:
        cases = cases.filter(id__gt=after)
    page = list(cases.values_list("id", "key_wrapped")[:most])
    old = [case_id for case_id, wrapped in page if wrapped is not None and sealed_under(wrapped) != newest]
    held = list(CareCase.objects.select_for_update().filter(id__in=old, key_wrapped__isnull=False).order_by("id"))
    update_rows(CareCase, ("id", "key_wrapped"), [(case.id, CaseKey.of(case).wrapped()) for case in held])
    if held:
        record([Entry(at=at, actor=actor.id, action="care.rewrap_keys", subject_type="keys", subject=new_id(), details={"count": len(held), "key": newest})])
    return (page[-1][0] if len(page) == most else None), len(held)


def keys_left() -> int:
    """How many case keys lie under an older master key."""
    newest = newest_key()
    held = CareCase.objects.filter(key_wrapped__isnull=False).values_list("key_wrapped", flat=True)
    return sum(wrapped is not None and sealed_under(wrapped) != newest for wrapped in held.iterator())
