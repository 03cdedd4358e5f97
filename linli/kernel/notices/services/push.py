"""Web push (RFC 8030, 8291, 8292): the key pair of this installation, which services are written to, and sending one message.

Visitors bring the address that is written to. So only the services named in the settings are, never whatever a visitor gives.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils.module_loading import import_string

from linli.kernel.notices.rules import Fate
from linli.kernel.notices.services.channels import OUTWARD, Message, Undelivered
from linli.kernel.refusal import N_, Refusal

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
KEPT = 24 * 3600  # seconds for which a service keeps a message for a browser that is off
MOST = 2_000  # characters of what a browser gives
GONE = (404, 410)
_LINK = re.compile(r"\s*(https?://\S+|/\S*)$")


class BadPushAddress(Refusal):
    code: ClassVar[str] = "notices.bad_push_address"
    message: ClassVar[str] = N_("This browser's push service is not one that is written to here. Choose e-mail instead.")
    field: ClassVar[str] = "push"


@lru_cache(maxsize=2)
def _key_of(secret: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(HKDF(algorithm=SHA256(), length=48, salt=None, info=b"linli push").derive(secret.encode()), "big")
    return ec.derive_private_key(number % (ORDER - 1) + 1, ec.SECP256R1())


def push_key() -> ec.EllipticCurvePrivateKey:
    """The key by which push services know this installation, from its secrets."""
    return _key_of(settings.PUSH_SECRET)


def application_server_key() -> str:
    """Its public half, as a browser wants it when it subscribes."""
    point = push_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def clean_push_address(text: str) -> str:
    """What a browser gave (JSON of ``endpoint`` and ``keys``) in the form that is stored.

    Raises:
        BadPushAddress: unreadable, or of a service that is not named in the settings.
    """
    try:
        given = orjson.loads(text if len(text) <= MOST else "")
        endpoint, keys = str(given["endpoint"]), {name: str(given["keys"][name]) for name in ("p256dh", "auth")}
        point, secret = (base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)) for value in keys.values())
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise BadPushAddress from None
    if len(secret) != 16 or not _is_known(endpoint):
        raise BadPushAddress
    return orjson.dumps({"endpoint": endpoint, "keys": keys}, option=orjson.OPT_SORT_KEYS).decode()


def _is_known(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    if parts.username or parts.password or not endpoint.isprintable() or " " in endpoint:
        return False
    if origin in settings.PUSH_SERVICES:
        return True
    return parts.scheme == "https" and port in (None, 443) and any(host == known or host.endswith("." + known) for known in settings.PUSH_SERVICES)


def send_push(message: Message) -> None:
    """Encrypt one message for its browser and hand it to the browser's service."""
    try:
        address = orjson.loads(clean_push_address(message.address))
    except BadPushAddress as refusal:  # the settings no longer name its service
        raise Undelivered(Fate.REFUSED, refusal.code) from refusal
    text, link = message.body, _LINK.search(message.body)
    payload: dict[str, Any] = {"title": message.subject, "id": message.id, "body": text[: link.start()] if link else text, "url": link[1] if link else "/"}
    pusher = import_string("pywebpush.WebPusher")(address)
    body = pusher.encode(orjson.dumps(payload), "aes128gcm")["body"]
    parts = urlsplit(address["endpoint"])
    signed = import_string("py_vapid.Vapid02")(push_key()).sign({"aud": f"{parts.scheme}://{parts.netloc}", "sub": _contact()})
    headers = {**signed, "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": str(KEPT), "Urgency": "normal"}
    import_string(OUTWARD + "call")("POST", address["endpoint"], content=body, headers=headers)


def _contact() -> str:
    if settings.PUSH_CONTACT:
        return str(settings.PUSH_CONTACT)
    return settings.PUBLIC_URL if settings.PUBLIC_URL.startswith("https://") else f"mailto:{settings.DEFAULT_FROM_EMAIL}"
