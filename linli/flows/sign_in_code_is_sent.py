"""A resident signs in by a code: it goes out as a notice like any other, and its text is forgotten when it has left."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from linli.kernel.access.services.codes import DIGITS, LIFETIME, NoCodes
from linli.kernel.ids import new_id
from linli.kernel.notices.rules import Channel, Recipient, Urgency, Words, declare_template
from linli.kernel.notices.services import leaves, notify
from linli.kernel.sealing import fingerprint

PURPOSE = "sign_in_code.recipient"  # of the pseudonym under which the notice stands
CHANNELS = {"phone": Channel.SMS, "email": Channel.EMAIL}

CODE = declare_template(
    "access.sign_in_code",
    places={"code": f"the code, {DIGITS} digits", "minutes": "how long it can be used"},
    zh=Words(
        "登录验证码",
        "您的登录验证码是 {code}，{minutes} 分钟内有效。请勿告诉他人，工作人员不会向您索要。",
        "验证码{code}，{minutes}分钟内有效，请勿告诉他人。",
    ),
    en=Words(
        "Your sign-in code",
        "Your sign-in code is {code}. It can be used for {minutes} minutes. Tell it to nobody; our staff never ask for it.",
        "Code {code}, good for {minutes} minutes. Tell it to nobody.",
    ),
    mandatory=True,
    secret=True,
)


def can_send_codes() -> bool:
    """Whether a code can reach anybody: by SMS, by e-mail, or in the demo by its outbox page."""
    return any(_arrives(channel) for channel in CHANNELS.values())


def _arrives(channel: Channel) -> bool:
    return leaves(channel) or settings.DEMO


def send_sign_in_code(*, channel: str, contact: str, code: str, language: str, at: datetime) -> None:
    """Queue the code in the open write; see ``kernel.access.services.codes.CodeSender``.

    Raises:
        NoCodes: nothing leaves here by that channel.
    """
    way = CHANNELS[channel]
    if not _arrives(way):
        raise NoCodes
    pseudonym = fingerprint(contact, purpose=PURPOSE).hex()
    notify(
        at=at,
        recipient=Recipient(f"contact:{pseudonym}", {way: contact}, language or "zh-hans"),
        template=CODE.key,
        dedupe_key=f"sign_in_code:{new_id()}",
        params={"code": code, "minutes": int(LIFETIME.total_seconds() // 60)},
        channels=(way,),
        urgency=Urgency.URGENT,
    )
