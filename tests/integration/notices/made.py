"""Recipients, readers and a recorder made for tests of notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from linli.kernel.access.rules import Actor, ActorKind, Confidentiality, Grant
from linli.kernel.notices import services, tasks
from linli.kernel.notices.rules import Channel, Recipient, Words, declare_template
from linli.kernel.notices.services import channels
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

_ZH = Words("{code} 的消息", "您的 {code} 有进展。", "{code} 有进展")
MOVED = declare_template("test.notice", places={"code": "tracking code"}, zh=_ZH, en=Words("News of {code}", "{code} moved.")).key
CODE = declare_template("test.code", places={"code": "a key"}, zh=Words("验证码", "{code}"), en=Words("Your code", "{code}"), mandatory=True, secret=True).key


class Recorder:
    """An adapter that notes what it was given, or fails as told."""

    def __init__(self) -> None:
        self.sent: list[channels.Message] = []
        self.fails: Exception | None = None

    def configured(self) -> bool:
        return True

    def send(self, message: channels.Message) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(message)


def person(**addresses: str) -> Recipient:
    return Recipient(f"person:{uuid4()}", {Channel(name): address for name, address in addresses.items()})


def tell(recipient: Recipient, key: str = "k", at: datetime = AT, template: str = MOVED, **options: Any) -> services.Told:
    with write():
        return services.notify(at=at, recipient=recipient, template=template, dedupe_key=key, params={"code": "QX-1"}, **options)


def send_all(at: datetime = AT, channel: Channel = Channel.EMAIL) -> int:
    return tasks.send_due_notices(at, channel=channel)


def clerk(*permissions: str) -> Actor:
    user = uuid4()
    return Actor(id=f"user:{user}", kind=ActorKind.USER, user_id=user, grants=(Grant("clerk", frozenset(permissions), "", Confidentiality.INTERNAL),))


def reader(recipient: Recipient) -> Actor:
    user = uuid4()
    return Actor(id=f"user:{user}", kind=ActorKind.USER, user_id=user, person_id=UUID(recipient.ref.partition(":")[2]))
