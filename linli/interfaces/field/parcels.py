"""What a phone hands in and what it is told: one parcel an action, whatever kind of work it belongs to.

The protocol is open: a kind of work (matters; duties later) is a :class:`Lane`, registered under its name in ``sync``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from linli.kernel.access.rules import Actor
from linli.kernel.files.services import Examined
from linli.kernel.refusal import N_, Refusal

OLDEST = timedelta(days=30)


class BadParcel(Refusal):
    """What came is no action that this server knows."""

    code = "field.bad_parcel"
    message = N_("This action was not understood. Update the app: close it, and open it where there is signal.")


class Parcel(BaseModel):
    """One action of a phone.

    Attributes:
        key: made by the phone when it was pressed; the same key is carried out once.
        at: when it happened, by the server's clock as the phone knows it; never later than now.
        version: the version of the subject that the phone showed. ``after``: the key of an earlier action in the same batch on
            the same subject; the version is then the one that this action leads to.
        happened: for an action decided anew after a conflict: when it was first done.
        photos: how many files ``photo:<key>:<number>`` come with it.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(max_length=20)]
    key: Annotated[str, Field(min_length=8, max_length=64)]
    at: AwareDatetime
    happened: AwareDatetime | None = None
    subject: Annotated[str, Field(max_length=64)]
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    after: Annotated[str, Field(max_length=64)] = ""
    verb: Annotated[str, Field(max_length=30)]
    text: Annotated[str, Field(max_length=4000)] = ""
    reason: Annotated[str, Field(max_length=1000)] = ""
    units: Annotated[list[str], Field(max_length=20)] = []
    photos: Annotated[int, Field(ge=0, le=6)] = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """An action was carried out, now or before; ``version`` is the subject's after it."""

    version: int
    repeated: bool


class Lane(Protocol):
    """One kind of work on the phone."""

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any]:
        """Everything of this kind that the phone keeps."""

    def take(self, parcel: Parcel, *, version: int, actor: Actor, at: datetime, photos: Sequence[Examined]) -> Taken:
        """Carry one action out, inside an open write.

        Raises:
            any refusal of the engine.
        """

    def present(self, subject: str, *, actor: Actor, at: datetime) -> dict[str, Any]:
        """One subject as it is now, for a phone that saw another version.

        Raises:
            the engine's refusal of a subject that the actor may not see.
        """
