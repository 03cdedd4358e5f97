"""When a delivery is tried again, and how a reader follows the outbox: pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_ATTEMPTS = 8  # about three hours of trying
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)

HOLE_LIFE = timedelta(minutes=1)  # longer than any write takes; a hole that stays was rolled back
MOST_HOLES = 10_000


def next_try(attempts: int, at: datetime) -> datetime | None:
    """When to try again after ``attempts`` failures, the last one at ``at``; None: no more, the pair is dead.

    Pauses grow fourfold from 5 seconds to an hour.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    return at + min(FIRST_PAUSE * int(4 ** (attempts - 1)), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a reader has come. Numbers are drawn before commit, so a lower one can appear after a higher one:
    numbers that were passed over are holes, looked at again for a minute.
    """

    seq: int
    holes: tuple[tuple[int, datetime], ...] = ()

    def after(self, seen: Collection[int], at: datetime) -> Tail:
        """The tail once the events ``seen`` (above ``seq``, or in holes) have been read at ``at``."""
        top = max(self.seq, max(seen, default=0))
        seen = set(seen)
        kept = [(seq, since) for seq, since in self.holes if seq not in seen and at - since < HOLE_LIFE]
        fresh = [(seq, at) for seq in range(max(self.seq + 1, top - MOST_HOLES), top) if seq not in seen]
        return Tail(top, tuple([*kept, *fresh][-MOST_HOLES:]))
