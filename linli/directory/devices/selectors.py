"""Reads of devices and alarms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Subquery

from linli.directory.devices.models import Alarm, Device
from linli.directory.devices.playbook import READ
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope


@dataclass(frozen=True, slots=True)
class AlarmFact:
    """What a flow needs of an alarm: which device (``source_id``), where, which kind, when, and what the device said."""

    alarm_id: UUID
    source: UUID
    device: str
    kind: str
    area_id: UUID
    lon: float | None
    lat: float | None
    address: str
    at: datetime
    message: str
    matter: UUID | None


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A device on the list, with its last alarm."""

    code: str
    kind: str
    names: dict[str, str]
    area_id: UUID
    address: str
    heard_at: datetime | None
    alarm_at: datetime | None
    matter_code: str


def alarm_facts(alarm_ids: Iterable[UUID]) -> list[AlarmFact]:
    """Alarms by id, oldest first; one query. For flows."""
    rows = Alarm.objects.filter(id__in=set(alarm_ids)).select_related("device").order_by("at", "id")
    return [
        AlarmFact(
            row.id, row.device_id, row.device.code, row.device.kind, row.device.area_id, row.device.lon, row.device.lat, row.device.address,
            row.at, row.message, row.matter,
        )
        for row in rows
    ]  # fmt: skip


def devices(*, actor: Actor, limit: int = 500) -> list[DeviceLine]:
    """Devices where the actor has ``devices.read``, the latest alarm first, then by code; one query.

    Raises:
        Forbidden: nowhere.
    """
    actor.require_somewhere(READ)
    last = Alarm.objects.filter(device=OuterRef("pk")).order_by("-last_at")
    rows = Device.objects.filter(in_scope(actor.scopes(READ), confidentiality=""), retired_at=None).annotate(
        alarm_at=Subquery(last.values("last_at")[:1]), matter_code=Subquery(last.values("matter_code")[:1])
    )
    return [
        DeviceLine(row.code, row.kind, row.names, row.area_id, row.address, row.heard_at, row.alarm_at, row.matter_code or "")
        for row in rows.order_by(F("alarm_at").desc(nulls_last=True), "code")[:limit]
    ]


def device_of_code(code: str) -> UUID | None:
    """The id of a device that hangs; None for any other code."""
    return Device.objects.filter(code=code.strip(), retired_at=None).values_list("id", flat=True).first()


def kind_of(device_id: UUID) -> str:
    """The kind of a device; "" for an unknown one."""
    return Device.objects.filter(id=device_id).values_list("kind", flat=True).first() or ""


def code_of(device_id: UUID) -> str:
    """The code of a device; "" for an unknown one."""
    return Device.objects.filter(id=device_id).values_list("code", flat=True).first() or ""
