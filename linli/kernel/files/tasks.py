"""Retention and tidying of files, by the background worker."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now, now
from linli.kernel.files.models import BlobRemoval
from linli.kernel.files.services import blobs, discard_due_files
from linli.kernel.writing import write

BATCH = 500
logger = logging.getLogger(__name__)


def discard_files() -> int:
    """Carry out the retention of files, in writes of up to 500, then remove content that no row needs; return how many files."""
    total = 0
    while True:
        with write():
            done = discard_due_files(actor=Actor.system("retention"), at=now(), most=BATCH)
        total += done
        if done < BATCH:
            break
    remove_blobs()
    return total


def remove_blobs() -> int:
    """Remove content whose rows are gone; return how many keys were dealt with. A key in use by a writer waits for the next run."""
    done = 0
    for key in BlobRemoval.objects.order_by("recorded_at").values_list("key", flat=True)[:10_000]:
        try:
            with write():
                done += blobs.remove_if_free(key)
        except Exception as error:  # a folder's and a bucket's errors share no base; one stuck file holds up no other, its row stays for the next run
            logger.error("files: %s cannot be removed: %s", key, error)
    return done


@app.periodic(cron="*/15 * * * *")
@app.task(name="files.discard", queueing_lock="files.discard")
def discard_files_periodically(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
    discard_files()


@app.periodic(cron="40 3 * * *")
@app.task(name="files.orphans", queueing_lock="files.orphans")
def remove_orphans_periodically(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
    """Content that a crash left without a row."""
    blobs.remove_orphans(machine_now())
