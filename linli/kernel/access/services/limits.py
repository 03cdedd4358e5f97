"""Limits against abuse, in PostgreSQL: one statement a question, no address of anybody kept."""

from __future__ import annotations

import hmac
import ipaddress
import os
import threading
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db import connection

from linli.kernel.access.models import RateLimit, VisitorSalt
from linli.kernel.refusal import N_, Kind, Refusal

_lock = threading.Lock()
_salt: tuple[date, bytes] | None = None

_TAKE = """
INSERT INTO access_ratelimit AS held (bucket, key, full_until) VALUES (%(bucket)s, %(key)s, %(at)s + %(step)s)
ON CONFLICT (bucket, key) DO UPDATE
SET full_until = greatest(CASE WHEN held.full_until > %(at)s + %(per)s THEN %(at)s ELSE held.full_until END, %(at)s) + %(step)s
WHERE greatest(CASE WHEN held.full_until > %(at)s + %(per)s THEN %(at)s ELSE held.full_until END, %(at)s) + %(step)s <= %(at)s + %(per)s
RETURNING 1
"""


class TooMany(Refusal):
    """More tries than a bucket allows."""

    code: ClassVar[str] = "access.too_many"
    message: ClassVar[str] = N_("Too many tries. Please wait a little and try again.")
    kind: ClassVar[Kind] = Kind.LIMIT


def take(bucket: str, key: bytes, limit: int, per: timedelta, *, at: datetime) -> bool:
    """Use one of the ``limit`` that ``key`` has in ``bucket`` for each ``per``; False when it is used up.

    The generic cell rate algorithm: ``limit`` at once, and then one more each ``per / limit``. One upsert; a refused
    question writes nothing. It is undone if the caller's transaction is. A clock that was moved back forgives.

    Args:
        bucket: what is limited, ``room.what``.
        key: a fingerprint (:func:`visitor_key`, ``sealing.fingerprint``), never the thing itself.
    """
    step = per / limit
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"bucket": bucket, "key": key, "at": at, "step": step, "per": per}
        cursor.execute(_TAKE, values)
        return cursor.fetchone() is not None


def give_back(bucket: str, key: bytes) -> None:
    """Make the allowance whole again: the right password after wrong ones."""
    RateLimit.objects.filter(bucket=bucket, key=key).delete()


def visitor_key(address: str, *, at: datetime) -> bytes:
    """A key for a visitor's network address that means nothing tomorrow.

    HMAC under the day's random salt, which is deleted afterwards: nobody can tell then whose key it was. IPv6 addresses count by
    their /64 network, which is what one household holds. Call it before the write begins: the day's first call stores the salt,
    which must not be taken back with a refused request.
    """
    return hmac.digest(_salt_of(at.date()), _network(address).encode(), "sha256")


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a Unix socket or a proxy's word: it still tells visitors apart
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)


def _salt_of(day: date) -> bytes:
    global _salt
    held = _salt
    if held is None or held[0] != day:
        with _lock:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO access_visitorsalt (day, salt) VALUES (%s, %s) ON CONFLICT (day) DO NOTHING", [day, os.urandom(32)])
                cursor.execute("SELECT salt FROM access_visitorsalt WHERE day = %s", [day])
                row = cursor.fetchone()
            assert row is not None
            held = _salt = (day, bytes(row[0]))
    return held[1]


def sweep_limits(*, at: datetime) -> int:
    """Forget limits that are whole again, and the salts of past days; return how many rows went."""
    gone, _ = RateLimit.objects.filter(full_until__lt=at).delete()
    salts, _ = VisitorSalt.objects.filter(day__lt=at.date()).delete()
    return gone + salts
