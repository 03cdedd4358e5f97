"""Stored content: written whole or not at all, removed only when no row needs it.

Content goes down before its row commits, so a crash can leave content without a row and never a row without content.
Writer and remover of one key take turns through an advisory lock that lasts until their transaction ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import connection

from linli.kernel.files.models import BlobRemoval, FileRendition
from linli.kernel.files.rules import blob_key
from linli.kernel.writing import write

LOCK_SPACE = 7_241_010  # first half of the two-number advisory locks on keys
PART = ".part-"
YOUNG = timedelta(hours=1)  # content younger than this is left alone by the orphan cleaner


class LocalBlobs(FileSystemStorage):
    """A local folder. A file appears under its name only when all of it is on the disk: temporary file, fsync, rename, fsync."""

    def _save(self, name: str, content: File[Any]) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=PART, dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                for chunk in content.chunks():
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            Path(part).replace(target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # equal content, equal key: writing it again changes nothing


def storage() -> Storage:
    """Where content is kept: ``STORAGES["files"]``."""
    return storages["files"]


def lock_number(key: str) -> int:
    """Second half of the advisory lock on a key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], signed=True)


def _lock(key: str, function: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [LOCK_SPACE, lock_number(key)])
        return cursor.fetchone()[0] is not False


def keep(content: IO[bytes]) -> tuple[str, int]:
    """Store content inside the open write; return its key and its size in bytes. Equal content is stored once."""
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while chunk := content.read(1 << 16):
        digest.update(chunk)
        size += len(chunk)
    key = blob_key(digest.hexdigest())
    _lock(key, "pg_advisory_xact_lock_shared")
    place = storage()
    if not place.exists(key):
        content.seek(0)
        place.save(key, File(content))
    return key, size


def remove_later(keys: list[str], at: datetime) -> None:
    """Note, in the write that removes their rows, that these keys may be free."""
    BlobRemoval.objects.bulk_create([BlobRemoval(key=key, recorded_at=at) for key in sorted(set(keys))], ignore_conflicts=True)


def remove_if_free(key: str) -> bool:
    """Remove one key's content unless a row refers to it or a writer is at it; return whether it is gone. Runs in a write."""
    if not _lock(key, "pg_try_advisory_xact_lock"):
        return False
    if not FileRendition.objects.filter(key=key).exists():
        storage().delete(key)
    BlobRemoval.objects.filter(key=key).delete()
    return True


def stored_keys() -> Iterator[tuple[str, datetime]]:
    """Every key in the storage with the time it was last written, unfinished files included."""
    place = storage()

    def walk(folder: str) -> Iterator[str]:
        try:
            folders, files = place.listdir(folder)
        except FileNotFoundError:
            return
        prefix = f"{folder}/" if folder else ""
        yield from (prefix + name for name in files)
        for name in folders:
            yield from walk(prefix + name)

    for key in walk(""):
        with contextlib.suppress(FileNotFoundError):
            yield key, place.get_modified_time(key)


def remove_orphans(machine_time: datetime) -> int:
    """Remove content that no row knows and that is older than an hour; return how many. An entry point: opens its writes."""
    removed = 0
    batch: list[str] = []

    def sweep() -> int:
        known = set(FileRendition.objects.filter(key__in=batch).values_list("key", flat=True))
        gone = 0
        for key in batch:
            if Path(key).name.startswith(PART):
                storage().delete(key)
                gone += 1
            elif key not in known:
                with write():
                    gone += remove_if_free(key)
        return gone

    for key, written in stored_keys():
        if machine_time - written < YOUNG:
            continue
        batch.append(key)
        if len(batch) == 500:
            removed += sweep()
            batch.clear()
    return removed + sweep()
