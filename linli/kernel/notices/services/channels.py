"""The ways out, as the rest of the room sees them: what is set up, and how to send one message.

An adapter returns when the other side has taken the message, and raises when it has not. What may or may not have
arrived is unknown, and unknown is never guessed to be "not sent" (DECIDED 8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from linli.kernel.notices.models import GroupChannel
from linli.kernel.notices.rules import Channel, Fate

GROUP_PURPOSE = "notices.group"
OUTWARD = "linli.kernel.notices.services.outward."
PUSH = "linli.kernel.notices.services.push."


@dataclass(frozen=True, slots=True)
class Message:
    """What an adapter sends. ``id`` is the notice's, for the receiver's own dedupe (Message-ID, gateway's id)."""

    id: str
    address: str
    subject: str
    body: str


class Undelivered(Exception):
    """An attempt that did not end well; ``reason`` holds no address and no key."""

    def __init__(self, fate: Fate, reason: str) -> None:
        self.fate, self.reason = fate, reason
        super().__init__(f"{fate}: {reason}")


class Adapter(Protocol):
    """One way out."""

    def configured(self) -> bool:
        """Whether this installation can send by it at all."""

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            Undelivered: with its fate.
        """


class Loaded:
    """An adapter whose code is loaded when it first sends: the libraries behind take most of a second, and only senders need them."""

    def __init__(self, name: str, configured: Callable[[], bool], *, module: str = OUTWARD) -> None:
        self._name, self._configured = module + name, configured

    def configured(self) -> bool:
        return self._configured()

    def send(self, message: Message) -> None:
        import_string(self._name)(message)


ADAPTERS: dict[Channel, Adapter] = {
    Channel.EMAIL: Loaded("send_email", lambda: bool(settings.EMAIL_CONFIGURED)),
    Channel.SMS: Loaded("send_sms", lambda: bool(settings.SMS_GATEWAY["url"])),
    Channel.GROUP: Loaded("send_to_group", GroupChannel.objects.filter(active=True).exists),
    Channel.PUSH: Loaded("send_push", lambda: bool(settings.PUSH_SERVICES), module=PUSH),
}


def register_adapter(channel: Channel, adapter: Adapter) -> None:
    """Put another way out in place of a channel's own (a city's message bus, a recorder in tests)."""
    ADAPTERS[channel] = adapter


def leaves(channel: Channel) -> bool:
    """Whether messages leave this machine by ``channel``: never in the demo, else where it is set up."""
    return channel in ADAPTERS and not settings.DEMO and ADAPTERS[channel].configured()


def robot_service(address: str) -> str | None:
    """What stands behind an Apprise address ("DingTalk"), or None when it cannot be written to."""
    plugin = import_string(OUTWARD + "parsed")(address)
    return None if plugin is None else str(plugin.service_name)
