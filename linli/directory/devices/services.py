"""Registering devices, taking them down, and taking their alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from linli.directory.devices.events import AlarmRaised
from linli.directory.devices.models import Alarm, AlarmMessage, Device
from linli.directory.devices.playbook import ALARM, MANAGE, device_kinds
from linli.directory.devices.rules import UnknownDevice, UnknownKind, check_alarm, same_alarm
from linli.directory.territory.selectors import ground
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal

KEY_MOST, MESSAGE_MOST = 200, 200
MESSAGES_KEPT = timedelta(days=2)  # longer than an alarm may be late


class DeviceTaken(Refusal):
    code: ClassVar[str] = "devices.taken"
    message: ClassVar[str] = N_("There is a device %(device)s already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class HomeHasNoPlace(Refusal):
    code: ClassVar[str] = "devices.home_has_no_place"
    message: ClassVar[str] = N_("A device in somebody's home (%(device)s) is registered by its area only, without point and address.")
    field: ClassVar[str] = "address"


class MessageTooLong(Refusal):
    code: ClassVar[str] = "devices.message_too_long"
    message: ClassVar[str] = N_("A device says at most %(most)s characters.")
    field: ClassVar[str] = "message"


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to register: its own code, kind, names, the code of its area, and where it hangs unless that is a home."""

    code: str
    kind: str
    names: Mapping[str, str]
    area_code: str
    lon: float | None = None
    lat: float | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class AlarmReceipt:
    """``repeated``: it is the alarm that rang a moment ago, or a message that came before."""

    alarm_id: UUID
    repeated: bool


def register_devices(*, actor: Actor, at: datetime, devices: Sequence[NewDevice]) -> list[UUID]:
    """Register devices; all or none.

    Refuses an actor without ``devices.manage`` there, an unknown kind or area, a code in use, a home with a place.
    """
    kinds, land = device_kinds(), ground()
    taken = set(Device.objects.filter(code__in=[device.code for device in devices]).values_list("code", flat=True))
    rows = []
    for device in devices:
        area, kind = land.by_code(device.area_code), kinds.get(device.kind)
        actor.require(MANAGE, area_path=area.path)
        if kind is None:
            raise UnknownKind(given=device.kind)
        if device.code in taken or not device.code.strip():
            raise DeviceTaken(device=device.code)
        if kind.private and (device.lon is not None or device.lat is not None or device.address):
            raise HomeHasNoPlace(device=device.code)
        taken.add(device.code)
        rows.append(
            Device(
                id=new_id(), code=device.code, kind=kind.code, names=dict(device.names), area_id=area.id, area_path=area.path, lon=device.lon,
                lat=device.lat, address=device.address, private=kind.private, at=at, recorded_at=machine_now(),
            )
        )  # fmt: skip
    Device.objects.bulk_create(rows)
    record([Entry(at=at, actor=actor.id, action="devices.register", subject_type="device", subject=row.id, to_state=row.kind) for row in rows])
    return [row.id for row in rows]


def retire_device(*, actor: Actor, at: datetime, code: str) -> None:
    """Take a device down: it raises no more alarms; what it raised stays. Refuses an unknown one."""
    device = _device(code)
    actor.require(MANAGE, area_path=device.area_path)
    Device.objects.filter(id=device.id).update(retired_at=at)
    record([Entry(at=at, actor=actor.id, action="devices.retire", subject_type="device", subject=device.id, from_state=device.kind, to_state="retired")])


def raise_alarm(*, actor: Actor, at: datetime, device: str, happened_at: datetime, message: str = "", key: str = "") -> AlarmReceipt:
    """Take an alarm: a new one is told (and becomes an urgent matter by flow), one that rings on is counted.

    Args:
        key: the message's own number; a message that comes twice is taken once.

    Raises:
        UnknownDevice, Forbidden, RaisesNothing, AlarmAhead, AlarmOld, MessageTooLong.
    """
    found = _device(device)
    actor.require(ALARM, area_path=found.area_path)
    kind = device_kinds().get(found.kind)
    if kind is None:
        raise UnknownKind(given=found.kind)
    if len(key) > KEY_MOST or len(message) > MESSAGE_MOST:
        raise MessageTooLong(most=MESSAGE_MOST)
    check_alarm(kind, at=happened_at, now=at)
    earlier = AlarmMessage.objects.filter(device=found, key=key).values_list("alarm_id", flat=True).first() if key else None
    if earlier is not None:
        return AlarmReceipt(earlier, repeated=True)
    last = Alarm.objects.filter(device=found).order_by("-last_at").first()
    repeated = last is not None and same_alarm(last.last_at, happened_at, quiet=kind.quiet)
    if last is not None and repeated:
        alarm = last
        Alarm.objects.filter(id=alarm.id).update(rings=alarm.rings + 1, last_at=max(alarm.last_at, happened_at))
    else:
        alarm = Alarm.objects.create(device=found, at=happened_at, last_at=happened_at, recorded_at=machine_now(), message=message.strip())
        record([Entry(at=happened_at, actor=actor.id, action="devices.alarm", subject_type="alarm", subject=alarm.id, to_state=found.kind)])
        publish([AlarmRaised(key=found.id, at=happened_at, alarm=alarm.id)])
    if key:
        AlarmMessage.objects.create(device=found, key=key, alarm=alarm, recorded_at=machine_now())
    Device.objects.filter(id=found.id).update(heard_at=at)
    return AlarmReceipt(alarm.id, repeated)


def note_matter(*, alarm_id: UUID, matter_id: UUID, matter_code: str) -> None:
    """Write down which matter an alarm became; saying the same again is harmless."""
    Alarm.objects.filter(id=alarm_id).update(matter=matter_id, matter_code=matter_code)


def forget_messages(*, before: datetime) -> int:
    """Delete the numbers of messages that can no longer come again; return how many."""
    return AlarmMessage.objects.filter(recorded_at__lt=before).delete()[0]


def _device(code: str) -> Device:
    """The device, held until the write ends, so that two alarms at once are one after the other."""
    found = Device.objects.select_for_update().filter(code=code, retired_at=None).first()
    if found is None:
        raise UnknownDevice(device=code[:60])
    return found
