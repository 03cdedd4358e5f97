"""A roster by a captain's hand: written as it was chosen, unless others have changed it since it was shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from linli.directory.teams.services import is_member
from linli.engines.duties.shifts.models import Shift, ShiftPart
from linli.engines.duties.shifts.rules.changes import since_shown
from linli.engines.duties.shifts.rules.signing import NotOfTheTeam, Part, ShiftOver
from linli.engines.duties.shifts.services.rosters import HELD, NoSuchShift, enter, led, one_after_the_other, put_out, tell, too_near
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import N_, Kind, Refusal


class TooManyThere(Refusal):
    code: ClassVar[str] = "shifts.too_many"
    message: ClassVar[str] = N_("A shift takes at most %(most)s people.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class RosterMoved(Refusal):
    code: ClassVar[str] = "shifts.roster_moved"
    message: ClassVar[str] = N_("Not published: people signed up or left since this roster was shown. Look at it once more, then publish.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class StandsElsewhere(Refusal):
    """Facts: ids of the ``person``, the ``shift`` and the ``other`` one; whoever may see the roster is told their names."""

    code: ClassVar[str] = "shifts.stands_elsewhere"
    message: ClassVar[str] = N_("Not published: a member of this roster is in another shift at the same time.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def publish_roster(
    *, actor: Actor, at: datetime, team_id: UUID, roster: Mapping[UUID, Collection[UUID]], shown: Mapping[UUID, Collection[UUID]],
) -> int:  # fmt: skip
    """Write a roster: people by shift, as proposed or as changed by hand; return how many parts changed.

    ``shown``: who was signed up for each shift when the roster was chosen. Who signed up since stays, who left since is not taken back:
    where the roster would have it otherwise, it is refused and chosen anew.

    It may break rules (they are shown, and a captain answers for it), but nobody stands in two places at once, nobody is in it who is
    no member, and no shift has more people than it takes.

    Raises:
        Forbidden, NoSuchShift, ShiftOver, RosterMoved, TooManyThere, NotOfTheTeam, StandsElsewhere (two places at once).
    """
    team = led(actor, at, team_id)
    one_after_the_other()
    shifts = {shift.id: shift for shift in Shift.objects.select_for_update().filter(id__in=list(roster), team_id=team.id).order_by("starts_at", "id")}
    if len(shifts) < len(roster):
        raise NoSuchShift
    if any(shift.called_off_at is not None or at >= shift.starts_at for shift in shifts.values()):
        raise ShiftOver
    rows: dict[UUID, dict[UUID, ShiftPart]] = {shift_id: {} for shift_id in shifts}
    for row in ShiftPart.objects.filter(shift__in=shifts, state__in=HELD):
        rows[row.shift_id][row.person_id] = row
    signed = {shift_id: frozenset(person for person, row in held.items() if row.state == Part.SIGNED) for shift_id, held in rows.items()}
    wanted = {shift_id: frozenset(roster[shift_id]) for shift_id in shifts}
    if since_shown(wanted, shown=shown, signed=signed):
        raise RosterMoved
    for shift_id, shift in shifts.items():
        if len(wanted[shift_id]) > shift.most:
            raise TooManyThere(most=shift.most)
    leaving = [(shift_id, person) for shift_id in shifts for person in sorted(signed[shift_id] - wanted[shift_id])]
    entering = [(shift_id, person) for shift_id in shifts for person in sorted(wanted[shift_id] - signed[shift_id])]
    for shift_id, person in leaving:
        put_out(rows[shift_id][person], Part.CANCELLED)
        tell(actor, at, shift_id, person, Part.CANCELLED)
    for shift_id, person in entering:  # after everybody has left: a change of places is no clash
        if not is_member(team.id, person):
            raise NotOfTheTeam
        _place(shifts[shift_id], person, rows[shift_id].get(person), at)
        tell(actor, at, shift_id, person, Part.SIGNED)
    return len(leaving) + len(entering)


def _place(shift: Shift, person: UUID, waiting: ShiftPart | None, at: datetime) -> None:
    other = too_near(person, shift, timedelta(0)).values_list("shift_id", flat=True).first()
    if other is not None:
        raise StandsElsewhere(person=person, shift=shift.id, other=other)
    if waiting is not None:
        ShiftPart.objects.filter(id=waiting.id).update(state=Part.SIGNED.value)
    else:
        enter(shift, person, Part.SIGNED, at)
