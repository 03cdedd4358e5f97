"""Check-ins of a patrol by a program on a volunteer's phone: many at once, each counted from when it happened, each once."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AfterValidator, ConfigDict, Field

from linli.engines.duties.patrols.services.proofs import Position, Proof
from linli.engines.duties.patrols.services.rounds import KEY_MOST, check_in
from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.paging import answers
from linli.interfaces.api.reports import Instant, Number, _plain
from linli.interfaces.api.schemas import RefusalOut
from linli.interfaces.refusals import body_of
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

router = Router(tags=["patrols"])
Word = Annotated[str, AfterValidator(_plain)]
MOST = 100


class PositionIn(Schema):
    """Where the phone is. It is compared with the checkpoint and never kept."""

    model_config = ConfigDict(extra="forbid")
    lon: Number
    lat: Number
    accuracy: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = Field(default=0.0, description="metres")


class CheckInIn(Schema):
    """One of ``code`` (a scanned address or eight letters), ``tag`` (its number) and ``checkpoint`` (one that has no code)."""

    model_config = ConfigDict(extra="forbid")
    key: Word = Field(min_length=1, max_length=KEY_MOST, description="names this check-in; sent again it is the same")
    code: Word = Field(default="", max_length=300)
    tag: Word = Field(default="", max_length=80)
    checkpoint: UUID | None = None
    at: Instant | None = Field(default=None, description="when it happened; left out: now")
    position: PositionIn | None = None


class CheckInsIn(Schema):
    model_config = ConfigDict(extra="forbid")
    check_ins: list[CheckInIn] = Field(min_length=1, max_length=MOST)


class CheckInOut(Schema):
    """What became of it: the slot that it counts for (0: the first), or why it does not count."""

    key: str
    slot: int | None = None
    checkpoint: UUID | None = None
    near: bool | None = Field(default=None, description="whether the phone said that it was near the checkpoint")
    refusal: RefusalOut | None = None


class CheckInsOut(Schema):
    check_ins: list[CheckInOut]


@router.post("/patrols/check-ins", auth=ApiAccess.signed_in(), response=answers((200, CheckInsOut)), summary="Checkpoints that one met on a round, in order")
def check_ins(request: HttpRequest, body: CheckInsIn) -> Any:
    actor = actor_of_request(request)
    found: list[dict[str, Any]] = []
    for one in body.check_ins:
        position = Position(one.position.lon, one.position.lat, one.position.accuracy) if one.position else None
        try:
            with write():
                met = check_in(actor=actor, at=now(), proof=Proof(one.code, one.tag, one.checkpoint), key=one.key, position=position, happened_at=one.at)
            found.append({"key": one.key, "slot": met.slot, "checkpoint": met.checkpoint_id, "near": met.near})
        except Refusal as refusal:
            found.append({"key": one.key, "refusal": body_of(refusal)})
    return {"check_ins": found}
