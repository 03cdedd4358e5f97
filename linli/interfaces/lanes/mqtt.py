"""Alarms of devices by MQTT: the worker listens where ``LINLI_MQTT_URL`` names a broker; the topic's last part is the device's code.

The message is empty, or JSON like the body of ``POST /api/v1/alarms`` without ``device``. What is not understood is said in the
log in one line without its content, and the next message is heard all the same.
"""

from __future__ import annotations

import asyncio
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
from django.db import connections
from pydantic import ValidationError

from linli.directory.devices.services import raise_alarm
from linli.interfaces.api.alarms import AlarmIn
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

LONGEST = 4096  # bytes of a message
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


async def hear(messages: AsyncIterator[Message], *, taking: Callable[[Heard], None] = take) -> None:
    """Take each message as it comes. A refusal, and what is not understood, end nothing; a failing database does."""
    async for message in messages:
        topic = str(message.topic)
        try:
            heard = read_message(topic, message.payload)
            await asyncio.to_thread(taking, heard)
        except (NotUnderstood, Refusal) as refusal:
            _log.warning("devices: %s: %s", topic[:200], refusal)


def devices_are_heard() -> bool:
    """Whether a broker is named."""
    return bool(settings.MQTT_URL)


def listen_to_devices(stop: threading.Event) -> None:
    """Listen until ``stop``; a lost broker ends it with an error, and the worker begins again."""
    asyncio.run(_listen(stop))


async def _listen(stop: threading.Event) -> None:
    parts = urlsplit(settings.MQTT_URL)
    secure = parts.scheme == "mqtts"
    client = aiomqtt.Client(
        hostname=parts.hostname or "localhost",
        port=parts.port or (8883 if secure else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls_context=ssl.create_default_context() if secure else None,
    )
    async with client:
        await client.subscribe(settings.MQTT_TOPIC, qos=1)
        task = asyncio.create_task(hear(client.messages))
        while not task.done() and not stop.is_set():
            await asyncio.wait([task], timeout=0.2)
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task
