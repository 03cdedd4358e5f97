"""Slots of a beat: a shift's time cut into spans in each of which the route is walked once. Pure.

Slot = floor((now − start) / interval) with a grace (FIELD.md, *Patrol*). A rest at the end that is shorter than the interval belongs
to the last slot.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from linli.kernel.refusal import N_, Kind, Refusal


class BeforeTheShift(Refusal):
    code: ClassVar[str] = "patrols.before_the_shift"
    message: ClassVar[str] = N_("This lies before the shift began.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "at"


class AfterTheShift(Refusal):
    code: ClassVar[str] = "patrols.after_the_shift"
    message: ClassVar[str] = N_("This lies after the shift ended.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "at"


@dataclass(frozen=True, slots=True)
class Span:
    """The time of a beat, its interval, and how long after a slot's end a check-in still counts for it."""

    starts: datetime
    ends: datetime
    interval: timedelta
    grace: timedelta

    @property
    def slots(self) -> int:
        return max(1, (self.ends - self.starts) // self.interval)

    def slot(self, number: int) -> tuple[datetime, datetime]:
        """A slot's beginning and end."""
        begins = self.starts + number * self.interval
        return begins, self.ends if number == self.slots - 1 else begins + self.interval

    def judged_at(self, number: int) -> datetime:
        """When it is said whether a slot was walked."""
        return self.slot(number)[1] + self.grace

    def judged_by(self, at: datetime) -> int:
        """How many slots are over by ``at``, grace included."""
        done = max(0, (at - self.grace - self.starts) // self.interval)
        return self.slots if at >= self.ends + self.grace else min(done, self.slots - 1)

    def check(self, at: datetime) -> None:
        """Raises: BeforeTheShift, AfterTheShift (the grace included)."""
        if at < self.starts:
            raise BeforeTheShift
        if at >= self.ends + self.grace:
            raise AfterTheShift

    def running(self, at: datetime) -> int:
        """The slot that an instant lies in; before the beginning the first one, after the end the last one."""
        return max(0, min((at - self.starts) // self.interval, self.slots - 1))

    def slot_of(self, at: datetime, *, taken: Collection[int] = ()) -> int:
        """The slot that a check-in at ``at`` counts for; ``taken``: the slots in which this checkpoint was met already.

        Shortly after a slot's end it counts for that slot where it lacks the checkpoint, else for the one that runs.

        Raises:
            BeforeTheShift, AfterTheShift.
        """
        self.check(at)
        running = self.running(at)
        before = running - 1
        if before >= 0 and at < self.judged_at(before) and before not in taken:
            return before
        return running
