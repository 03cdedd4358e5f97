"""Codes of checkpoints: signed, for a period only, and different for a printed sheet and for a display. Pure.

QR codes get photographed and scanned from home (FIELD.md, *Patrol*). So a code holds a checkpoint and a period under a signature
of the installation; it counts within its period and a grace after it, and then no more. The signature is the caller's to make:
keys are no business of rules.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from linli.kernel.refusal import N_, Kind, Refusal

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: nothing that is read for something else
SHORT_LENGTH = 8
MAC_BYTES = 12
_LAYOUT = 16 + 4 + MAC_BYTES
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_SHORT = re.compile(rf"[{LETTERS}]{{{SHORT_LENGTH}}}")
_TAG = re.compile(r"(?P<id>[0-9A-F]{8,32})(?:X(?P<reading>[0-9A-F]{6}))?")


class Shown(StrEnum):
    """How a checkpoint shows itself: a printed code, a code on a display, a tag, or the place alone."""

    SHEET = "sheet"
    DISPLAY = "display"
    TAG = "nfc"
    POSITION = "position"


ROTATING = (Shown.SHEET, Shown.DISPLAY)


class NotACode(Refusal):
    code: ClassVar[str] = "patrols.not_a_code"
    message: ClassVar[str] = N_("This is no code of a checkpoint here: it was made elsewhere, or copied wrongly.")
    field: ClassVar[str] = "code"


class CodeExpired(Refusal):
    code: ClassVar[str] = "patrols.code_expired"
    message: ClassVar[str] = N_("This code is over: codes change, and a photograph of an old one does not count. Scan the one that hangs there now.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class CodeAhead(Refusal):
    code: ClassVar[str] = "patrols.code_ahead"
    message: ClassVar[str] = N_("This code does not count yet: it is a sheet for a later time.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class BadTag(Refusal):
    code: ClassVar[str] = "patrols.bad_tag"
    message: ClassVar[str] = N_("A tag's number has 8 to 32 hexadecimal digits.")
    field: ClassVar[str] = "tag"


@dataclass(frozen=True, slots=True)
class Rotation:
    """Periods of one length, counted from ``anchor``; a period's code counts ``grace`` longer than the period."""

    period: timedelta
    grace: timedelta
    anchor: datetime

    def number(self, at: datetime) -> int:
        """The period of an instant; the first one is 0."""
        return (at - self.anchor) // self.period

    def span(self, number: int) -> tuple[datetime, datetime]:
        """A period's beginning and end."""
        begins = self.anchor + number * self.period
        return begins, begins + self.period

    def check(self, number: int, at: datetime) -> None:
        """Let a code of period ``number`` pass at ``at``.

        Raises:
            CodeExpired, CodeAhead.
        """
        begins, ends = self.span(number)
        if at < begins:
            raise CodeAhead
        if at >= ends + self.grace:
            raise CodeExpired


@dataclass(frozen=True, slots=True)
class Token:
    """What a code says: which checkpoint, which period, under which signature."""

    checkpoint: UUID
    period: int
    mac: bytes


def message(checkpoint: UUID, shown: Shown, period: int) -> str:
    """What is signed. How it is shown is in it: a sheet's code is none of a display."""
    return f"{checkpoint}:{shown.value}:{period}"


def token(checkpoint: UUID, period: int, mac: bytes) -> str:
    """The code as text: 43 characters that stand in an address as they are."""
    body = checkpoint.bytes + period.to_bytes(4) + mac[:MAC_BYTES]
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def read_token(text: str) -> Token:
    """The code of a text; whether its signature is right is :func:`signed`'s question.

    Raises:
        NotACode.
    """
    if not _TOKEN.fullmatch(text):
        raise NotACode
    try:
        body = base64.urlsafe_b64decode(text + "=")
    except (binascii.Error, ValueError):
        raise NotACode from None
    found = Token(UUID(bytes=body[:16]), int.from_bytes(body[16:20]), body[20:])
    if len(body) != _LAYOUT or token(found.checkpoint, found.period, found.mac) != text:  # one code has one spelling
        raise NotACode
    return found


def signed(found: Token, mac: bytes) -> bool:
    """Whether the code's signature is ``mac`` (of which a code holds the first bytes)."""
    return hmac.compare_digest(found.mac, mac[:MAC_BYTES])


def short(mac: bytes) -> str:
    """The eight letters that stand below a code, for a phone that cannot scan."""
    number = int.from_bytes(mac[-5:])
    return "".join(LETTERS[number >> 5 * place & 31] for place in reversed(range(SHORT_LENGTH)))


def read_short(text: str) -> str | None:
    """The eight letters as typed, in one form (O is 0, I and L are 1); None for anything else."""
    plain = re.sub(r"[\s-]", "", text).upper().translate(str.maketrans("OIL", "011"))
    return plain if _SHORT.fullmatch(plain) else None


@dataclass(frozen=True, slots=True)
class TagReading:
    """A tag's own number, and the reading that it counts where its chip does (an NTAG's mirror: number, x, counter)."""

    number: str
    reading: int | None


def read_tag(text: str) -> TagReading:
    """A tag's number in one form: ``04:a2:…`` or ``04A2…``, with ``x00001F`` behind it where the chip counts its readings.

    Raises:
        BadTag.
    """
    found = _TAG.fullmatch(re.sub(r"[\s:-]", "", text).upper())
    if found is None:
        raise BadTag
    return TagReading(found["id"], int(found["reading"], 16) if found["reading"] else None)
