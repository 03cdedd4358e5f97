"""Stays, days and pauses of a case: what its visits count from, and when nobody comes by."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from linli.domains.care.events import CareChanged
from linli.domains.care.models import CareCase
from linli.domains.care.playbook import care_policy
from linli.domains.care.services.frame import held_case, note_down, tell
from linli.domains.care.services.visits import go_on_with_visits, pause_visits
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import N_, Refusal


class NotAStay(Refusal):
    code: ClassVar[str] = "care.not_a_stay"
    message: ClassVar[str] = N_("The playbook knows no such stay: %(given)s.")
    field: ClassVar[str] = "stay"


class NotADay(Refusal):
    code: ClassVar[str] = "care.not_a_day"
    message: ClassVar[str] = N_("The playbook knows no such day: %(given)s.")
    field: ClassVar[str] = "day"


def enter_stay(*, actor: Actor, at: datetime, case_id: UUID, stay: str, first: date, last: date | None = None, version: int | None = None) -> None:
    """Enter a stay from ``first`` to ``last`` (None: nobody knows yet); one that begins on the same day is corrected. Visits follow.

    Raises:
        NotAStay; SpanBackwards, SpansOverlap: days that contradict each other. What :func:`held_case` refuses.
    """
    case = held_case(actor, at, case_id, version)
    if stay not in care_policy().stays:
        raise NotAStay(given=stay[:40])
    begun = first.isoformat()
    rest = [given for given in case.stays if given[:2] != [stay, begun]]
    case.stays = sorted([*rest, [stay, begun, last.isoformat() if last else None]], key=lambda given: (given[1], given[0]))
    _follow(case, actor, at, "enter_stay", "stays")


def take_back_stay(*, actor: Actor, at: datetime, case_id: UUID, stay: str, first: date, version: int | None = None) -> None:
    """A stay was entered by mistake: nothing counts from it any more. Refuses one that is not there."""
    case = held_case(actor, at, case_id, version)
    kept = [given for given in case.stays if given[:2] != [stay, first.isoformat()]]
    if len(kept) == len(case.stays):
        raise NotAStay(given=stay[:40])
    case.stays = kept
    _follow(case, actor, at, "take_back_stay", "stays")


def set_day(*, actor: Actor, at: datetime, case_id: UUID, day: str, on: date | None, version: int | None = None) -> None:
    """Set a day that visits count from, a release say; None takes it back. Refuses one that the playbook does not know."""
    case = held_case(actor, at, case_id, version)
    if day not in care_policy().days:
        raise NotADay(given=day[:40])
    rest = {name: given for name, given in case.days.items() if name != day}
    case.days = rest if on is None else {**rest, day: on.isoformat()}
    _follow(case, actor, at, "set_day", "days")


def pause_case(*, actor: Actor, at: datetime, case_id: UUID, first: date, last: date | None, reason: str) -> None:
    """Ask for no visits from ``first`` to ``last`` (None: until further notice), for a reason of the playbook; what has happened stays."""
    case = held_case(actor, at, case_id, None)
    pause_visits(case, at=at, first=first, last=last, reason=reason)
    note_down(actor.id, at, case, "pause")


def go_on(*, actor: Actor, at: datetime, case_id: UUID, first: date) -> None:
    """End a pause today."""
    case = held_case(actor, at, case_id, None)
    go_on_with_visits(case, at=at, first=first)
    note_down(actor.id, at, case, "go_on")


def _follow(case: CareCase, actor: Actor, at: datetime, action: str, column: str) -> None:
    case.version += 1
    case.save(update_fields=[column, "version"])
    note_down(actor.id, at, case, action)
    tell(CareChanged, case, at)
