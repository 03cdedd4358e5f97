"""What a phone hands in and what it is told: one parcel an action, whatever kind of work it belongs to.

The protocol is open: a kind of work (matters, duties) is a :class:`Lane`, registered under its name in ``sync``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from linli.kernel.access.rules import Actor
from linli.kernel.files.services import Examined
from linli.kernel.refusal import N_, Refusal

OLDEST = timedelta(days=30)


class BadParcel(Refusal):
    """What came is no action that this server knows."""

    code = "field.bad_parcel"
    message = N_("This action was not understood. Update the app: close it, and open it where there is signal.")


class Also(BaseModel):
    """A further subject that an action serves, with the version of it that the phone showed."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, Field(max_length=64)]
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class Parcel(BaseModel):
    """One action of a phone.

    Attributes:
        key: made by the phone when it was pressed; the same key is carried out once.
        at: when it happened, by the server's clock as the phone knows it; never later than now.
        version: the version of the subject that the phone showed. ``after``: the key of an earlier action in the same batch on
            the same subject; the version is then the one that this action leads to.
        happened: for an action decided anew after a conflict: when it was first done.
        also: further subjects of the same kind that it serves, all of them or none. ``form``: what was filled in.
        lon, lat: where the phone was when it was pressed, if its person allows it.
        photos: how many files ``photo:<key>:<number>`` come with it; ``signed``: whether a file ``signature:<key>`` does.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(max_length=20)]
    key: Annotated[str, Field(min_length=8, max_length=64)]
    at: AwareDatetime
    happened: AwareDatetime | None = None
    subject: Annotated[str, Field(max_length=100)]
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    after: Annotated[str, Field(max_length=64)] = ""
    verb: Annotated[str, Field(max_length=30)]
    text: Annotated[str, Field(max_length=4000)] = ""
    reason: Annotated[str, Field(max_length=1000)] = ""
    units: Annotated[list[str], Field(max_length=20)] = []
    also: Annotated[list[Also], Field(max_length=20)] = []
    form: Annotated[dict[str, bool | int | float | str], Field(max_length=100)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    photos: Annotated[int, Field(ge=0, le=6)] = 0
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """An action as a lane takes it: its pictures, decoded; ``version``: what it builds on, of its first subject."""

    parcel: Parcel
    version: int
    photos: Sequence[Examined] = ()
    signature: Examined | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """An action was carried out, now or before; ``version`` is the subject's after it, ``also`` those of the further ones."""

    version: int
    repeated: bool
    also: Mapping[str, int] = field(default_factory=dict)


class Lane(Protocol):
    """One kind of work on the phone. ``together``: how many actions it carries out in one transaction."""

    together: int

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any] | None:
        """Everything of this kind that the phone keeps; None where this kind of work is not the actor's."""

    def take(self, handed: Sequence[Handed], *, actor: Actor, at: datetime) -> list[Taken | Refusal | None]:
        """Carry actions out, inside an open write, at most :attr:`together`; ``at`` is when they are handed in.

        Each is done, or refused, by itself; None for one that builds on another of them that was not done.

        Raises:
            any refusal of the engine, where it is the only one: nothing of it is kept.
        """

    def present(self, parcels: Sequence[Parcel], *, actor: Actor, at: datetime) -> list[dict[str, Any] | None]:
        """The subjects of these actions as they are now, for a phone that saw other versions; None for what the actor may not see."""


def with_its_time(words: str, parcel: Parcel, *, most: int) -> str:
    """The words, and for what was decided anew, when it was first done."""
    if parcel.happened is None:
        return words
    when = date_format(timezone.localtime(parcel.happened), "SHORT_DATETIME_FORMAT")
    return f"{words} {gettext('Done on the spot at %(when)s, without signal.') % {'when': when}}".strip()[:most]
