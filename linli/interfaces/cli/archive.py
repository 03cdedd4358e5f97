"""A backup as one tar file: what is in it, how it is written whole, how it is looked through before anything is believed.

Members: ``database.dump`` (pg_dump's custom format), ``files/…`` (stored content by its SHA-256), ``playbook/…`` (the
community's own), ``erasures.log``, ``keys.sealed`` (only with a passphrase), and last ``manifest.json`` with the sum of
each, and ``manifest.sha256``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT, SCHEMA = "linli-backup", 1
DATABASE, FILES, KEYS, ERASURES, PLAYBOOK = "database.dump", "files/", "keys.sealed", "erasures.log", "playbook/"
MANIFEST, MANIFEST_SUM = "manifest.json", "manifest.sha256"
_FILE = re.compile(r"files/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}")
_PLAYBOOK = re.compile(r"playbook/[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")
_CHUNK = 1 << 20
_SCRYPT = {"length": 32, "n": 2**16, "r": 8, "p": 1}  # about 64 MB and a fifth of a second for each try
_HEAD = b"linli keys 1\n"


class BadArchive(Exception):
    """The archive cannot be used; the text says why in one line. Nothing was changed."""


class Writer:
    """Adds members one after the other; the file appears under its name only when it is whole and on the disk."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.sums: dict[str, dict[str, Any]] = {}

    def add(self, name: str, content: IO[bytes], size: int) -> None:
        """Add a member of ``size`` bytes; its sum goes into the manifest."""
        reader = _Summing(content)
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, reader)
        self.sums[name] = {"sha256": reader.digest.hexdigest(), "size": size}

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add(name, io.BytesIO(content), len(content))


class _Summing:
    """A stream whose SHA-256 is known when it has been read."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self.digest = content, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self.digest.update(chunk)
        return chunk


@contextmanager
def new_archive(path: Path, manifest: dict[str, Any]) -> Iterator[Writer]:
    """Write an archive; ``manifest`` is stored last, with the sums, once the block has ended without an error."""
    part = path.with_name(f".{path.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            with tarfile.open(fileobj=handle, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = Writer(tar)
                yield writer
                text = json.dumps({"format": FORMAT, "schema": SCHEMA, **manifest, "sums": writer.sums}, ensure_ascii=False, indent=1).encode()
                writer.add_bytes(MANIFEST, text)
                writer.add_bytes(MANIFEST_SUM, hashlib.sha256(text).hexdigest().encode())
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class Archive:
    """An archive whose every sum was checked."""

    def __init__(self, tar: tarfile.TarFile, manifest: dict[str, Any]) -> None:
        self._tar, self.manifest = tar, manifest

    @property
    def names(self) -> list[str]:
        return list(self.manifest["sums"])

    def open(self, name: str) -> BinaryIO:
        content = self._tar.extractfile(name)
        assert content is not None, "only plain members pass the check"
        return content  # type: ignore[return-value]

    def read(self, name: str) -> bytes:
        with self.open(name) as content:
            return content.read()


@contextmanager
def checked_archive(path: Path) -> Iterator[Archive]:
    """Open an archive after reading all of it once.

    Raises:
        BadArchive: not an archive of this program, cut off, changed, or with members that do not belong in it.
    """
    with ExitStack() as stack:
        try:
            archive = _checked(stack.enter_context(tarfile.open(path, mode="r:")))
        except (tarfile.TarError, EOFError) as error:
            raise BadArchive(f"{path} is not a whole backup: {error}") from None
        except OSError as error:
            raise BadArchive(f"{path} cannot be read: {error.strerror or error}") from None
        yield archive


def _checked(tar: tarfile.TarFile) -> Archive:
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if not member.isfile() or member.name in members or not _belongs(member.name):
            raise BadArchive(f"“{member.name[:80]}” does not belong into a backup.")
        members[member.name] = member
    if MANIFEST not in members or MANIFEST_SUM not in members:
        raise BadArchive("The backup has no manifest at its end: it was cut off, or is no backup of Linli.")
    text = _bytes(tar, MANIFEST)
    if hashlib.sha256(text).hexdigest().encode() != _bytes(tar, MANIFEST_SUM):
        raise BadArchive("The backup is damaged: its manifest was changed.")
    manifest = json.loads(text)
    if manifest.get("format") != FORMAT or manifest.get("schema") != SCHEMA:
        raise BadArchive(f"The backup's format is {manifest.get('format')} {manifest.get('schema')}; this version reads {FORMAT} {SCHEMA}.")
    sums = manifest["sums"]
    missing = [name for name in sums if name not in members] + [name for name in members if name not in sums and name not in (MANIFEST, MANIFEST_SUM)]
    if missing or DATABASE not in sums:
        raise BadArchive(f"The backup is damaged: “{(missing or [DATABASE])[0]}” is missing or does not belong into it.")
    for name, expected in sums.items():
        digest = hashlib.sha256()
        content = tar.extractfile(members[name])
        assert content is not None
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
        if digest.hexdigest() != expected["sha256"]:
            raise BadArchive(f"The backup is damaged: “{name}” is not what was put in.")
    return Archive(tar, manifest)


def _belongs(name: str) -> bool:
    return name in (DATABASE, KEYS, ERASURES, MANIFEST, MANIFEST_SUM) or bool(_FILE.fullmatch(name) or _PLAYBOOK.fullmatch(name))


def _bytes(tar: tarfile.TarFile, name: str) -> bytes:
    content = tar.extractfile(name)
    assert content is not None
    return content.read()


# -- keys ---------------------------------------------------------------------------------------------------------------


def seal_keys(keys: dict[str, str], passphrase: str) -> bytes:
    """Seal secrets under a passphrase: scrypt makes the key, AES-GCM seals."""
    salt, nonce = os.urandom(16), os.urandom(12)
    key = Scrypt(salt=salt, **_SCRYPT).derive(passphrase.encode())
    return _HEAD + salt + nonce + AESGCM(key).encrypt(nonce, json.dumps(keys).encode(), _HEAD)


def open_keys(sealed: bytes, passphrase: str) -> dict[str, str]:
    """Open what :func:`seal_keys` made.

    Raises:
        BadArchive: another passphrase, or the seal was changed.
    """
    if not sealed.startswith(_HEAD):
        raise BadArchive("The keys in this backup were sealed by another version.")
    body = sealed[len(_HEAD) :]
    salt, nonce, body = body[:16], body[16:28], body[28:]
    try:
        opened = AESGCM(Scrypt(salt=salt, **_SCRYPT).derive(passphrase.encode())).decrypt(nonce, body, _HEAD)
    except (InvalidTag, ValueError):
        raise BadArchive("This passphrase does not open the keys of the backup. Nothing was changed.") from None
    found: dict[str, str] = json.loads(opened)
    return found
