"""A wish to do something with a matter, and its place in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from linli.engines.matters.rules.case import Case
from linli.engines.matters.rules.states import Verb
from linli.kernel.refusal import N_, Refusal

UNDER_WAY = timedelta(minutes=1)  # how long a command may have waited for another one


@dataclass(frozen=True, slots=True)
class Command:
    """A wish to do ``verb`` with a matter at ``at``; the other fields are what the verb needs.

    Attributes:
        version: the version that the asker saw; a different one now is a conflict. None: whatever it is now.
        key: the caller's idempotency key; the same key gives the first answer again.
        text: for the outcome, the note, the question, the public text.
        post_id: who shall handle it (dispatch) or answer for it (transfer).
        until: review date (suspend) or new deadline (extension).
    """

    matter_id: UUID
    verb: Verb
    at: datetime
    version: int | None = None
    key: str = ""
    reason: str = ""
    text: str = ""
    outcome: str = ""
    post_id: UUID | None = None
    until: datetime | None = None
    into_id: UUID | None = None
    class_code: str = ""
    condition: str = ""
    place: Place | None = None
    reached: bool | None = None
    units: tuple[UUID, ...] = ()
    file_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a matter is: its owner area, how that was found, and the point or address given."""

    area_id: UUID
    area_path: str
    placing: str
    lon: float | None = None
    lat: float | None = None
    address: str = ""


class BeforeItsTime(Refusal):
    code = "matters.before_its_time"
    message = N_("The time given lies before what already happened to this matter.")
    field = "at"


def in_order(case: Case, command: Command) -> Command:
    """Return the command at its time, or at that of the last change where it was under way when that was made.

    Two commands that wait for each other carry the times at which they were sent; the one that comes second is not refused
    for a moment's difference.

    Raises:
        BeforeItsTime: it lies more than a minute before what already happened.
    """
    last = case.moved_at
    if command.at >= last:
        return command
    if last - command.at > UNDER_WAY:
        raise BeforeItsTime()
    return replace(command, at=last)
