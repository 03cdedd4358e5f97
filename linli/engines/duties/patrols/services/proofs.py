"""What proves that somebody stands at a checkpoint: a rotating code, a tag, a position. Each is refused with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from linli.engines.duties.patrols.models import CheckIn, Checkpoint
from linli.engines.duties.patrols.playbook import patrols_section
from linli.engines.duties.patrols.rules.codes import (
    ROTATING,
    CodeExpired,
    NotACode,
    Shown,
    TagReading,
    message,
    read_short,
    read_tag,
    read_token,
    short,
    signed,
    token,
)
from linli.engines.duties.patrols.services.routes import NoSuchCheckpoint, tag_fingerprint
from linli.kernel.geo.rules import metres_between, valid_point
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import fingerprint

OLDER = 8  # periods back for which a typed code is still told to be over


class NotThere(Refusal):
    code: ClassVar[str] = "patrols.not_there"
    message: ClassVar[str] = N_("Your phone is not near this checkpoint. A code counts where it hangs; your position is not kept.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class PositionNeeded(Refusal):
    code: ClassVar[str] = "patrols.position_needed"
    message: ClassVar[str] = N_("This checkpoint has no code: let the phone say that it is near. Its position is compared and not kept.")
    field: ClassVar[str] = "position"


class ReadBefore(Refusal):
    code: ClassVar[str] = "patrols.read_before"
    message: ClassVar[str] = N_("This reading of the tag was used before: hold the phone to the tag again.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a phone says it is, in degrees, and how exactly, in metres. It is compared and never kept."""

    lon: float
    lat: float
    accuracy: float = 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """One of: the text of a code or its eight letters, a tag's number, a checkpoint that shows itself by its place alone."""

    code: str = ""
    tag: str = ""
    checkpoint: UUID | None = None


def mac_of(checkpoint: UUID, shown: Shown, period: int) -> bytes:
    """The installation's signature of a checkpoint's code: 32 bytes under a key of its own purpose (``kernel.sealing``)."""
    return fingerprint(message(checkpoint, shown, period), purpose="patrol code")


@dataclass(frozen=True, slots=True)
class Code:
    """A checkpoint's code of a period: the text of its address, the letters below it, and from when until when it is the newest."""

    token: str
    short: str
    begins: datetime
    ends: datetime


def code_of(checkpoint: Checkpoint, at: datetime) -> Code:
    """The code that a rotating checkpoint shows at an instant."""
    shown = Shown(checkpoint.shown)
    rotation = patrols_section().rotation(shown)
    number = rotation.number(at)
    mac = mac_of(checkpoint.id, shown, number)
    return Code(token(checkpoint.id, number, mac), short(mac), *rotation.span(number))


def proved(proof: Proof, *, at: datetime, own_routes: Iterable[UUID]) -> tuple[Checkpoint, int | None]:
    """The checkpoint that a proof names, valid at ``at``, and the tag's count of readings. Where the phone was is :func:`near`'s question.

    Args:
        own_routes: among whose checkpoints eight typed letters are looked for.

    Raises:
        NotACode, CodeExpired, CodeAhead, BadTag, ReadBefore, NoSuchCheckpoint.
    """
    if proof.tag:
        return _tagged(read_tag(proof.tag))
    if proof.checkpoint is not None:
        found = Checkpoint.objects.filter(id=proof.checkpoint, shown=Shown.POSITION.value, retired_at=None).first()
        if found is None:
            raise NoSuchCheckpoint
        return found, None
    text = proof.code.strip().rstrip("/").rsplit("/", 1)[-1]
    letters = read_short(text)
    return (_spelled(letters, at, own_routes) if letters else _coded(text, at)), None


def _coded(text: str, at: datetime) -> Checkpoint:
    given = read_token(text)
    found = Checkpoint.objects.filter(id=given.checkpoint, shown__in=[shown.value for shown in ROTATING]).first()
    if found is None or not signed(given, mac_of(found.id, Shown(found.shown), given.period)):
        raise NotACode
    patrols_section().rotation(Shown(found.shown)).check(given.period, at)
    if found.retired_at is not None and found.retired_at <= at:
        raise CodeExpired
    return found


def _spelled(letters: str, at: datetime, own_routes: Iterable[UUID]) -> Checkpoint:
    over = False
    for found in Checkpoint.objects.filter(route_id__in=list(own_routes), shown__in=[shown.value for shown in ROTATING], retired_at=None):
        rotation = patrols_section().rotation(Shown(found.shown))
        now = rotation.number(at)
        for period in range(now, max(now - OLDER, -1), -1):
            if short(mac_of(found.id, Shown(found.shown), period)) == letters:
                if at < rotation.span(period)[1] + rotation.grace:
                    return found
                over = True
    raise CodeExpired if over else NotACode


def _tagged(reading: TagReading) -> tuple[Checkpoint, int | None]:
    found = Checkpoint.objects.filter(tag=tag_fingerprint(reading.number), retired_at=None).first()
    if found is None:
        raise NotACode
    earlier = CheckIn.objects.filter(checkpoint=found, reading__isnull=False)
    if reading.reading is None:
        if earlier.exists():  # this tag counts its readings: an address without the count was made by hand
            raise ReadBefore
    elif earlier.filter(reading=reading.reading).exists():
        raise ReadBefore
    return found, reading.reading


def near(checkpoint: Checkpoint, position: Position | None) -> bool | None:
    """Whether the phone is near: True, or None where it does not say, or too vaguely to tell.

    Raises:
        BadPoint. NotThere: it is elsewhere. PositionNeeded: the checkpoint has nothing else to show.
    """
    told = None
    if position is not None:
        lon, lat = valid_point(position.lon, position.lat)
        if 0 <= position.accuracy <= checkpoint.radius:
            if metres_between(lon, lat, checkpoint.lon, checkpoint.lat) > checkpoint.radius + position.accuracy:
                raise NotThere
            told = True
    if told is None and checkpoint.shown == Shown.POSITION:
        raise PositionNeeded
    return told
