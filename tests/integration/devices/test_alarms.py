"""From the device to the matter: by HTTP and by MQTT, once each, urgent, with lineage, and nothing of the person in it."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.test import Client

from linli.directory.devices.models import Alarm, AlarmMessage, Device
from linli.directory.devices.rules import UnknownDevice, UnknownKind
from linli.directory.devices.selectors import devices
from linli.directory.devices.services import HomeHasNoPlace, NewDevice, raise_alarm, register_devices, retire_device
from linli.domains.care.models import CareCase
from linli.domains.care.services import cases
from linli.engines.matters.models import Matter, Report
from linli.interfaces.cli.main import main
from linli.interfaces.lanes import mqtt
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind, Forbidden
from linli.kernel.access.services import api_keys
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.listening import direct_connection
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import NAME, Town, caring_town

NAMES = {"zh": "一号", "en": "One"}
GATEWAY = "devices.alarm"


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    made = caring_town(tmp_path)
    with write():
        set_clock(to=MONDAY)
        grid = made.town.grids[0]
        lon, lat = made.town.point()
        register_devices(actor=SYSTEM, at=MONDAY, devices=[
            NewDevice("bell-1", "care_bell", NAMES, grid.code), NewDevice("smoke-1", "smoke", NAMES, grid.code, lon, lat, "2 栋楼道"),
            NewDevice("camera-1", "camera", NAMES, grid.code, lon, lat),
        ])  # fmt: skip
    return made


def drain() -> None:
    while dispatch_once():
        pass


def gateway(town: Town) -> Actor:
    return Actor("apikey:x", ActorKind.API_KEY, grants=(town.grant(GATEWAY),))


def ring(town: Town, device: str = "smoke-1", *, after: int = 0, **more: Any) -> Any:
    at = MONDAY + timedelta(seconds=after)
    with write():
        return raise_alarm(actor=gateway(town), at=at, device=device, happened_at=at, **more)


def test_an_alarm_becomes_one_urgent_matter_and_they_name_each_other(town: Town) -> None:
    first = ring(town, message="烟雾浓度 3%", key="m1")
    assert ring(town, key="m1", after=3000) == type(first)(first.alarm_id, True)
    assert ring(town, after=60).repeated and ring(town, after=600).repeated
    drain()
    drain()
    matter, alarm = Matter.objects.get(), Alarm.objects.get()
    assert (alarm.matter, alarm.matter_code, alarm.rings) == (matter.id, matter.code, 3)
    assert matter.urgent and matter.class_code == "E-0501" and matter.address == "2 栋楼道" and "烟雾浓度 3%" in matter.text
    assert Report.objects.get().key == f"alarm:{alarm.id}" and matter.source == "device"
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    assert not ring(town, after=2000).repeated  # quiet for a while, and again: another alarm
    drain()
    assert Matter.objects.count() == 2
    assert devices(actor=SYSTEM)[0].code == "smoke-1"


def test_a_care_bell_says_the_pseudonym_and_nothing_of_the_person(town: Town) -> None:
    case_id = town.case()
    for wrong in ("smoke-1", "nothing"):
        with pytest.raises(cases.NotABell), write():
            cases.set_bell(actor=town.worker(), at=MONDAY, case_id=case_id, bell=wrong)
    with write():
        cases.set_bell(actor=town.worker(), at=MONDAY, case_id=case_id, bell="bell-1")
    other = town.case()
    with pytest.raises(cases.NotABell), write():
        cases.set_bell(actor=town.worker(), at=MONDAY, case_id=other, bell="bell-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        CareCase.objects.filter(id=other).update(bell=Device.objects.get(code="bell-1"))
    ring(town, "bell-1")
    drain()
    matter = Matter.objects.get()
    assert CareCase.objects.get(id=case_id).label in matter.text and NAME not in matter.text
    assert matter.urgent and matter.confidentiality == 2 and matter.lon is None and matter.address == "" and not matter.public_text
    assert matter.area_path == town.town.grids[0].path


def test_a_home_has_no_place_in_the_register_nor_in_the_database(town: Town) -> None:
    grid = town.town.grids[0]
    with pytest.raises(HomeHasNoPlace), write():
        register_devices(actor=SYSTEM, at=MONDAY, devices=[NewDevice("bell-2", "care_bell", NAMES, grid.code, address="2 栋 301")])
    with pytest.raises(UnknownKind), write():
        register_devices(actor=SYSTEM, at=MONDAY, devices=[NewDevice("face-1", "face_camera", NAMES, grid.code)])
    with pytest.raises(Forbidden), write():
        register_devices(actor=gateway(town), at=MONDAY, devices=[NewDevice("smoke-2", "smoke", NAMES, grid.code)])
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.filter(code="bell-1").update(address="2 栋 301")


def test_what_is_no_alarm_is_refused_and_nothing_is_written(town: Town) -> None:
    for device, change, code in (
        ("nothing", {}, "unknown"),
        ("camera-1", {}, "raises_nothing"),
        ("smoke-1", {"happened_at": MONDAY + timedelta(hours=1)}, "alarm_ahead"),
        ("smoke-1", {"happened_at": MONDAY - timedelta(hours=25)}, "alarm_old"),
        ("smoke-1", {"message": "x" * 201}, "message_too_long"),
    ):
        with pytest.raises(Exception, match=code), write():
            raise_alarm(actor=gateway(town), at=MONDAY, device=device, **{"happened_at": MONDAY, **change})
    with pytest.raises(Forbidden), write():
        raise_alarm(actor=town.worker(), at=MONDAY, device="smoke-1", happened_at=MONDAY)
    with write():
        retire_device(actor=SYSTEM, at=MONDAY, code="smoke-1")
    with pytest.raises(UnknownDevice):
        ring(town)
    assert not Alarm.objects.exists() and not AlarmMessage.objects.exists()


def test_by_http_with_a_key(town: Town) -> None:
    with write():
        _, key = api_keys.create_api_key(actor=SYSTEM, at=MONDAY, name="gateway", role="device_gateway")
    client = Client()

    def post(body: Any, held: str = key) -> Any:
        return client.post("/api/v1/alarms", json.dumps(body), content_type="application/json", headers={"Authorization": f"Bearer {held}"} if held else {})

    taken = post({"device": "smoke-1", "id": "7", "message": "烟"})
    assert taken.status_code == 202 and taken.json()["repeated"] is False
    assert post({"device": "smoke-1", "id": "7"}).json() == {"alarm": taken.json()["alarm"], "repeated": True}
    assert post({"device": "nothing"}).status_code == 404
    assert post({"device": "camera-1"}).status_code == 409
    assert post({"device": "smoke-1", "face": "x"}).status_code == 400
    assert post({"device": "smoke-1\0"}).status_code == 400
    assert post({"device": "smoke-1"}, "").status_code == 401
    assert post({"device": "smoke-1"}, key + "x").status_code == 401
    with write():
        _, other = api_keys.create_api_key(actor=SYSTEM, at=MONDAY, name="reporter", role="reporter")
    assert post({"device": "smoke-1"}, other).status_code == 403
    drain()
    assert Matter.objects.count() == 1


# -- MQTT -------------------------------------------------------------------------------------------------------------


@dataclass
class Said:
    topic: str
    payload: Any
    qos: int = 1
    mid: int = 0


async def broker(*messages: Said) -> AsyncIterator[Said]:
    for message in messages:
        yield message


def test_by_mqtt_what_is_not_understood_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[mqtt.Heard] = []
    arrived: list[Any] = []

    def taking(one: mqtt.Heard) -> None:
        if one.device == "unknown":
            raise UnknownDevice(device=one.device)
        heard.append(one)

    said = (
        Said("linli/alarms/a", b""), Said("linli/alarms/b", b'{"message": "gas", "id": "1"}'), Said("linli/alarms/c", b"[1]"), Said("linli/alarms/d", b"{"),
        Said("linli/alarms/e", b'{"device": "x"}'), Said("linli/alarms/f", b" " * 5000), Said("linli/alarms/unknown", b"{}"),
        Said("linli/alarms/g", b'{"at": "2026-03-02T09:00:00+08:00"}'), Said("linli/alarms/h", b'{"at": "yesterday"}'), Said("linli/alarms/", b""),
    )  # fmt: skip
    with caplog.at_level(logging.WARNING):
        asyncio.run(mqtt.hear(broker(*said), taking=taking, arrived=arrived.append))
    assert [(one.device, one.message, one.key, one.at) for one in heard] == [("a", "", "", None), ("b", "gas", "1", None), ("g", "", "", MONDAY)]
    assert len(caplog.records) == 7 and "gas" not in caplog.text
    assert arrived == list(said)  # what is no alarm is none at the next start either


def test_while_the_database_is_away_an_alarm_is_tried_again_before_the_next_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "FIRST_PAUSE", 0.001)
    steps: list[tuple[str, Any]] = []
    failing = [OperationalError("the connection is lost"), InterfaceError("the connection is closed")]

    def taking(one: mqtt.Heard) -> None:
        steps.append(("try", one.device))
        if failing:
            raise failing.pop()

    said = Said("linli/alarms/a", b""), Said("linli/alarms/b", b"")
    asyncio.run(mqtt.hear(broker(*said), taking=taking, arrived=lambda message: steps.append(("arrived", message))))
    assert steps == [("try", "a"), ("try", "a"), ("try", "a"), ("arrived", said[0]), ("try", "b"), ("arrived", said[1])]


def test_what_a_defect_keeps_from_being_stored_has_not_arrived_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    arrived: list[Any] = []

    def taking(one: mqtt.Heard) -> None:
        if one.device == "a":
            raise ZeroDivisionError("words of the message")

    said = Said("linli/alarms/a", b""), Said("linli/alarms/b", b"")
    asyncio.run(mqtt.hear(broker(*said), taking=taking, arrived=arrived.append))
    assert arrived == [said[1]] and "ZeroDivisionError" in caplog.text and "words of" not in caplog.text


def test_whoever_stops_while_the_database_is_away_leaves_the_message_to_the_broker() -> None:
    arrived: list[Any] = []

    def taking(_one: mqtt.Heard) -> None:
        raise OperationalError("the connection is lost")

    async def stopped() -> None:
        task = asyncio.create_task(mqtt.hear(broker(Said("linli/alarms/a", b"")), taking=taking, arrived=arrived.append))
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())
    assert not arrived


def test_the_library_says_that_a_message_has_arrived_only_when_it_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = []

    async def asked() -> None:
        client = mqtt.Broker(hostname="broker.example", identifier="linli1", clean_session=False)
        monkeypatch.setattr(client._client, "_send_puback", said.append)
        monkeypatch.setattr(client._client, "_in_packet", {"command": 0x32, "packet": b"\0\1a\0\7"})  # QoS 1, topic a, number 7
        client._client._handle_publish()
        assert said == []
        client.arrived(await anext(client.messages))

    asyncio.run(asked())
    assert said == [7]


def test_the_worker_asks_the_named_broker_and_stops_when_it_is_told(town: Town, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    asked: dict[str, Any] = {}
    stop = threading.Event()

    class Broker:
        """What is used of the library's client."""

        def __init__(self, **options: Any) -> None:
            asked.update(options)

        async def __aenter__(self) -> Broker:
            return self

        async def __aexit__(self, *_: object) -> None:
            asked["left"] = True

        async def subscribe(self, topic: str, qos: int) -> None:
            asked.update(topic=topic, qos=qos)

        def arrived(self, message: Said) -> None:
            asked["arrived"] = message.topic

        @property
        async def messages(self) -> AsyncIterator[Said]:
            yield Said("linli/alarms/a", b"[]")
            stop.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(mqtt, "Broker", Broker)
    settings.MQTT_URL = ""
    assert not mqtt.devices_are_heard()
    settings.MQTT_URL = "mqtts://ann:p%40ss@broker.example"
    assert mqtt.devices_are_heard()
    mqtt.listen_to_devices(stop)
    assert (asked["hostname"], asked["port"], asked["username"], asked["password"]) == ("broker.example", 8883, "ann", "p@ss")
    assert (asked["topic"], asked["qos"], asked["left"]) == ("linli/alarms/+", 1, True) and asked["tls_context"] is not None
    assert (asked["identifier"], asked["clean_session"], asked["arrived"]) == (mqtt.client_name(), False, "linli/alarms/a")
    assert len(mqtt.client_name()) <= 23 and mqtt.client_name().isalnum()


def test_one_worker_of_an_installation_listens(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    listening: list[str] = []
    stop = threading.Event()

    async def listen(_stop: threading.Event, name: str) -> None:
        listening.append(name)

    monkeypatch.setattr(mqtt, "_listen", listen)
    monkeypatch.setattr(mqtt, "TURN", 0.01)
    with direct_connection() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [mqtt.ONE_LISTENER])
        waiting = threading.Timer(0.2, stop.set)
        waiting.start()
        mqtt.listen_to_devices(stop)
        assert stop.is_set() and not listening
    mqtt.listen_to_devices(threading.Event())
    assert listening == [mqtt.client_name()]


def test_an_alarm_heard_by_mqtt_is_taken_in_a_write_of_its_own(committed: str, tmp_path: Path) -> None:
    town = caring_town(tmp_path)
    with write():
        register_devices(actor=SYSTEM, at=MONDAY, devices=[NewDevice("smoke-1", "smoke", NAMES, town.town.grids[0].code)])
    message = Said("linli/alarms/smoke-1", b'{"id": "1"}')
    asyncio.run(mqtt.hear(broker(message, message), arrived=lambda _message: None))
    connection.close()
    assert (Alarm.objects.get().rings, AlarmMessage.objects.count()) == (1, 1)


# -- playbook and command ---------------------------------------------------------------------------------------------


def test_devices_come_from_a_list_by_command(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text(f"code,kind,name_zh,name_en,area\nsmoke-9,smoke,九号,Nine,{town.town.grids[1].code}\n")
    assert "1 devices" in CliRunner().invoke(main, ["devices", "import", str(file)]).stdout
    again = CliRunner().invoke(main, ["devices", "import", str(file)])
    assert again.exit_code == 1 and "smoke-9" in again.stderr
    assert "smoke-9" in CliRunner().invoke(main, ["devices", "list"]).stdout
    assert CliRunner().invoke(main, ["devices", "retire", "smoke-9"]).exit_code == 0
    assert "smoke-9" not in CliRunner().invoke(main, ["devices", "list"]).stdout
    file.write_text("code,kind,area,person\n1,smoke,x,y\n")
    assert CliRunner().invoke(main, ["devices", "import", str(file)]).exit_code == 1
