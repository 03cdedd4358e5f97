"""Sealing personal values: AES-GCM for what must be read again, HMAC for what must only be found again.

Keys come from the installation's secrets (settings ``SEALING_KEYS`` and ``FINGERPRINT_KEY``), never from the database,
so that a copy of the database alone tells nothing (DECIDED 16). Each purpose has its own derived key, and the purpose
is bound into the seal: a value sealed for one purpose does not open for another.

A seal is ``version(1) | length of key id(1) | key id | nonce(12) | ciphertext and tag``. The key id lets a new master
key be put first in the list while old seals still open.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from linli.kernel.durable import settle
from linli.kernel.refusal import N_, Kind, Refusal

VERSION = b"\x01"
NONCE_BYTES = 12
FINGERPRINT_BYTES = 32


class Unreadable(Refusal):
    """The seal was changed, was made for another purpose, or its key is not among the secrets of this installation."""

    code: ClassVar[str] = "sealing.unreadable"
    message: ClassVar[str] = N_("This protected value cannot be read: its key is not in the secrets of this installation.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def _derive(master: str, label: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label.encode()).derive(master.encode())


@lru_cache(maxsize=256)
def _cipher(master: str, purpose: str) -> AESGCM:
    return AESGCM(_derive(master, f"linli seal {purpose}"))


@lru_cache(maxsize=256)
def _fingerprint_key(master: str, purpose: str) -> bytes:
    return _derive(master, f"linli fingerprint {purpose}")


def seal(text: str, *, purpose: str) -> bytes:
    """Encrypt ``text`` under the newest key; equal texts give different seals."""
    key_id, master = _keys()[0]
    identifier = key_id.encode()
    head = VERSION + bytes([len(identifier)]) + identifier
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + _cipher(master, purpose).encrypt(nonce, text.encode(), head + purpose.encode())


def unseal(blob: bytes | memoryview, *, purpose: str) -> str:
    """Decrypt what :func:`seal` made for the same purpose.

    Raises:
        Unreadable: changed, cut, for another purpose, or under an unknown key.
    """
    data = bytes(blob)
    if len(data) < 2 or data[:1] != VERSION:
        raise Unreadable
    end = 2 + data[1]
    key_id = data[2:end].decode(errors="replace")
    master = dict(_keys()).get(key_id) or dict(_read_again()).get(key_id)
    if master is None:
        raise Unreadable
    nonce, body = data[end : end + NONCE_BYTES], data[end + NONCE_BYTES :]
    try:
        return _cipher(master, purpose).decrypt(nonce, body, data[:end] + purpose.encode()).decode()
    except (InvalidTag, ValueError):
        raise Unreadable from None


def sealed_under(blob: bytes | memoryview) -> str:
    """The id of the key that a seal was made with: what a rotation looks for."""
    data = bytes(blob)
    return data[2 : 2 + data[1]].decode() if len(data) > 2 else ""


def newest_key() -> str:
    """The id of the master key that new seals are made with."""
    return _keys()[0][0]


def add_master_key() -> str:
    """Make a new master key, put it first in the list of this installation's secrets, and return its id. Old keys stay.

    The list is written whole, and lies on the disk under its name, before anything can be sealed under the new key. Whoever
    makes a key at the same time waits, and makes the next one: no two keys share a name.
    """
    path = _keys_file()
    with path.with_suffix(".lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        held = _read_again()
        numbers = [int(key_id[1:]) for key_id, _ in held if key_id[1:].isdigit()]
        fresh = f"k{max(numbers, default=0) + 1}"
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-", delete=False) as handle:  # made with mode 0600
            handle.write("".join(f"{key_id} {secret}\n" for key_id, secret in [(fresh, secrets.token_urlsafe(48)), *held]))
            handle.flush()
            os.fsync(handle.fileno())
        Path(handle.name).replace(path)
        settle(path.parent)
        _read_again()
    return fresh


Keys = list[tuple[str, str]]
_later: dict[tuple[Path, tuple[tuple[str, str], ...]], Keys] = {}  # lists read since the start, by their file and the list that they replace


def _keys_file() -> Path:
    return Path(settings.DATA) / "secrets" / "sealing.keys"


def _place() -> tuple[Path, tuple[tuple[str, str], ...]]:
    return _keys_file(), tuple((key_id, secret) for key_id, secret in settings.SEALING_KEYS)


def _keys() -> Keys:
    """The list that this process knows: as it was read at the start, or since."""
    place = _place()
    return _later.get(place) or list(place[1])


def _read_again() -> Keys:
    """The list as it lies in the secrets now; as it was read at the start where there is no file."""
    place = _place()
    if place[0].exists():
        lines = [line.split() for line in place[0].read_text().splitlines() if line.strip()]
        _later[place] = [(key_id, secret) for key_id, secret in lines]
    return _keys()


def fingerprint(text: str, *, purpose: str) -> bytes:
    """Return 32 bytes by which an equal text of the same purpose is found; the text cannot be had from them.

    The caller brings the text into one form first (a phone number to E.164, an address to lower case).
    """
    return hmac.digest(_fingerprint_key(settings.FINGERPRINT_KEY, purpose), text.encode(), "sha256")
