"""Alarms of devices by MQTT: the worker listens where ``LINLI_MQTT_URL`` names a broker; the topic's last part is the device's code.

The message is empty, or JSON like the body of ``POST /api/v1/alarms`` without ``device``. What is not understood is said in the
log in one line without its content, and the next message is heard all the same.

No alarm is lost while the worker or the database is away: the broker knows the listener by a name that stays, keeps for it what
comes meanwhile, and is told that a message has arrived only when its alarm lies in the database. So a message may come again;
one with an ``id`` is taken once, one without is counted as the alarm that rings on.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiomqtt
import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from pydantic import ValidationError

from linli.directory.devices.services import raise_alarm
from linli.interfaces.api.alarms import AlarmIn
from linli.kernel.access.rules import Actor
from linli.kernel.audit.selectors import origin
from linli.kernel.clock.services import now
from linli.kernel.listening import direct_connection
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

LONGEST = 4096  # bytes of a message
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds between two tries to store an alarm
ONE_LISTENER = 7_241_041  # advisory lock number: the broker cuts off one of two clients of the same name
TURN = 2.0  # seconds between two looks whether the other worker still listens
BROKER = Actor.system("mqtt")  # the operator chose the broker; who may publish there is the broker's to say
_log = logging.getLogger("linli.devices")


class NotUnderstood(ValueError):
    """A message that is no alarm."""


class Message(Protocol):
    """What is used of a broker's message."""

    @property
    def topic(self) -> Any: ...

    @property
    def payload(self) -> Any: ...

    @property
    def qos(self) -> int: ...

    @property
    def mid(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """An alarm as it was heard."""

    device: str
    at: datetime | None
    message: str
    key: str


def read_message(topic: str, payload: Any) -> Heard:
    """The alarm that a message says.

    Raises:
        NotUnderstood: too long, no JSON object, or not the fields of an alarm.
    """
    raw = payload if isinstance(payload, bytes) else str(payload or "").encode()
    if len(raw) > LONGEST:
        raise NotUnderstood("too long")
    try:
        given = orjson.loads(raw) if raw.strip() else {}
        if not isinstance(given, dict) or "device" in given:
            raise NotUnderstood("no object of an alarm's fields")
        body = AlarmIn(device=topic.rpartition("/")[2], **given)
    except (ValidationError, orjson.JSONDecodeError, TypeError):
        raise NotUnderstood("not the fields of an alarm") from None
    return Heard(body.device, body.at, body.message, body.id)


def take(heard: Heard) -> None:
    """Take one alarm in a write of its own."""
    at = now()
    try:
        with write():
            raise_alarm(actor=BROKER, at=at, device=heard.device, happened_at=heard.at or at, message=heard.message, key=heard.key)
    finally:
        connections.close_all()


async def hear(messages: AsyncIterator[Message], *, taking: Callable[[Heard], None] = take, arrived: Callable[[Message], None]) -> None:
    """Take each message as it comes, and then say that it has arrived.

    A refusal, and what is not understood, end nothing. While the database is away the message in hand is tried again. What
    fails otherwise has not arrived: the broker brings it again at the next start.
    """
    async for message in messages:
        topic = str(message.topic)
        try:
            await _store(read_message(topic, message.payload), taking)
        except (NotUnderstood, Refusal) as refusal:
            _log.warning("devices: %s: %s", topic[:200], refusal)
        except Exception as error:  # a defect; its words may hold the message's, so only its kind is said
            _log.error("devices: %s could not be stored: %s; the broker keeps it", topic[:200], type(error).__name__)
            continue
        arrived(message)


async def _store(heard: Heard, taking: Callable[[Heard], None]) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            return await asyncio.to_thread(taking, heard)
        except (OperationalError, InterfaceError) as error:
            _log.error("devices: the database does not take an alarm: %s; again in %.1f s", type(error).__name__, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def devices_are_heard() -> bool:
    """Whether a broker is named."""
    return bool(settings.MQTT_URL)


class Broker(aiomqtt.Client):
    """The library's client, except that a message has arrived when it is said so: the library below it can do that, it has no option for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._client.manual_ack_set(True)

    def arrived(self, message: Message) -> None:
        """Tell the broker that it may forget a message. Where the connection was lost meanwhile, the message comes again."""
        self._client.ack(message.mid, message.qos)


def client_name() -> str:
    """The name by which the broker knows this installation: of the first entry it ever wrote, so the same for all its workers.

    At most 23 letters and digits, which every broker of MQTT 3.1.1 takes (section 3.1.3.1).

    Raises:
        LookupError: nothing was ever written here.
    """
    first = origin()
    if first is None:
        raise LookupError("an installation without any entry has no name yet")
    return f"linli{hashlib.sha256(b'mqtt' + first).hexdigest()[:18]}"


def listen_to_devices(stop: threading.Event) -> None:
    """Listen until ``stop``, one worker of an installation at a time; a lost broker ends it with an error, and the worker begins again."""
    with direct_connection() as held:
        while held.execute("SELECT pg_try_advisory_lock(%s)", [ONE_LISTENER]).fetchone() != (True,):
            if stop.wait(TURN):
                return
        asyncio.run(_listen(stop, client_name()))


async def _listen(stop: threading.Event, name: str) -> None:
    parts = urlsplit(settings.MQTT_URL)
    secure = parts.scheme == "mqtts"
    client = Broker(
        hostname=parts.hostname or "localhost",
        port=parts.port or (8883 if secure else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls_context=ssl.create_default_context() if secure else None,
        identifier=name,
        clean_session=False,
    )
    async with client:
        await client.subscribe(settings.MQTT_TOPIC, qos=1)
        task = asyncio.create_task(hear(client.messages, arrived=client.arrived))
        while not task.done() and not stop.is_set():
            await asyncio.wait([task], timeout=0.2)
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task
