"""Shifts on the phone: one's own of today and tomorrow, "I am here" and "Finished", counted from when they were tapped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from linli.engines.duties.shifts.selectors.presence import OwnPresence, own_presence, own_presence_in
from linli.engines.duties.shifts.services.presence import arrive, leave
from linli.interfaces.field.parcels import BadParcel, Handed, Lane, Parcel, Taken
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import Refusal

VERBS = {"arrive": arrive, "leave": leave}


class Shifts:
    """The lane of shifts: each tap goes through the same service as the portal's, in a transaction of its own."""

    together = 1

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any]:
        midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
        own = own_presence(actor=actor, at=at, since=midnight, until=midnight + timedelta(days=2))
        return {"items": [_shown(one) for one in own]}

    def take(self, handed: Sequence[Handed], *, actor: Actor, at: datetime) -> list[Taken | Refusal | None]:
        return [_take(one, actor=actor, at=at) for one in handed]

    def present(self, parcels: Sequence[Parcel], *, actor: Actor, at: datetime) -> list[dict[str, Any] | None]:
        known = own_presence_in({UUID(parcel.subject) for parcel in parcels}, actor=actor, at=at)
        return [_shown(one) if (one := known.get(UUID(parcel.subject))) else None for parcel in parcels]


def _take(handed: Handed, *, actor: Actor, at: datetime) -> Taken:
    parcel = handed.parcel
    try:
        shift, verb = UUID(parcel.subject), VERBS[parcel.verb]
    except (ValueError, KeyError) as unknown:
        raise BadParcel() from unknown
    if parcel.text or parcel.reason or parcel.units or parcel.also or parcel.form is not None or parcel.photos or parcel.signed or parcel.lon is not None:
        raise BadParcel()  # where somebody was is asked nowhere
    news = verb(actor=actor, at=at, shift_id=shift, happened_at=parcel.at)
    return Taken(handed.version + news, repeated=not news)


def _shown(one: OwnPresence) -> dict[str, Any]:
    span, standing = one.span, one.standing
    return {
        "id": str(one.id), "names": one.names, "team": one.team, "starts_at": span.starts, "ends_at": span.ends,
        "margin": span.margin.total_seconds() / 60, "missing_from": span.missing_from, "presence": standing.presence.value,
        "arrived_at": standing.arrived_at, "left_at": standing.left_at, "colleagues": one.colleagues, "there": one.there, "night": one.night,
    }  # fmt: skip


LANE: Lane = Shifts()
