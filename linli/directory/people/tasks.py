"""What the directory of people forgets on time."""

from __future__ import annotations

from linli.directory.people.services import erase_people_past_retention
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

BATCH = 500
SECONDS = 3600


def erase_expired() -> bool:
    """Erase up to 500 people past their retention; say whether more may wait."""
    with write():
        return erase_people_past_retention(actor=Actor.system("retention"), at=now(), most=BATCH) == BATCH


def register_sweeps() -> None:
    """Retention is looked at every hour."""
    register_sweep("people.retention", SECONDS, erase_expired)
