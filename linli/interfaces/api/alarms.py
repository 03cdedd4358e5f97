"""Alarms of devices: smoke, gas, water, a blocked fire lane, a falling object, a care bell. No picture and no person in them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import AfterValidator, ConfigDict, Field

from linli.directory.devices.playbook import ALARM
from linli.directory.devices.services import KEY_MOST, MESSAGE_MOST, raise_alarm
from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.paging import answers
from linli.interfaces.api.reports import Instant, _plain
from linli.kernel.clock.services import now
from linli.kernel.writing import write

router = Router(tags=["devices"])
Word = Annotated[str, AfterValidator(_plain)]


class AlarmIn(Schema):
    """One message of a device. ``id``: the message's own number; sent twice it is taken once."""

    model_config = ConfigDict(extra="forbid")
    device: Word = Field(min_length=1, max_length=120, description="the code under which the device is registered")
    at: Instant | None = Field(default=None, description="when it happened; left out: now")
    message: Word = Field(default="", max_length=MESSAGE_MOST, description="what the device says; never about a person")
    id: Word = Field(default="", max_length=KEY_MOST)


class AlarmOut(Schema):
    alarm: UUID
    repeated: bool = Field(description="it is the alarm that rang a moment ago, or a message that came before")


@router.post("/alarms", auth=ApiAccess.requires(ALARM), response=answers((202, AlarmOut)), summary="An alarm of a device; it becomes an urgent matter")
def alarm(request: HttpRequest, body: AlarmIn) -> Any:
    at = now()
    with write():
        receipt = raise_alarm(actor=actor_of_request(request), at=at, device=body.device, happened_at=body.at or at, message=body.message, key=body.id)
    return Status(202, {"alarm": receipt.alarm_id, "repeated": receipt.repeated})
