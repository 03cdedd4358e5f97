"""Doors of campaigns on the phone: whom to try now and whom later, and how it went at each, by one tap.

A door is an address. Nobody behind it is named, here or anywhere; only who goes there carries it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.engines.duties.campaigns.rules.doors import WAYS, Retry
from linli.engines.duties.campaigns.selectors import DoorLine, TriedDoor, own_doors, tried_doors
from linli.engines.duties.campaigns.services.noting import Wish, note_attempts
from linli.interfaces.campaign_words import way_of
from linli.interfaces.field.parcels import BadParcel, Handed, Lane, Parcel, Taken
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import Refusal

TOGETHER = 100
MOST = 1000  # doors on a phone


class Doors:
    """The lane of doors: a batch is one call of the service. Attempts stand beside each other, so none builds on another."""

    together = TOGETHER

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any]:
        lists, room = [], MOST
        found = own_doors(actor=actor, at=at)
        for one in found:
            doors = one.doors[:room]
            room -= len(doors)
            if doors:
                lists.append(
                    {
                        "id": str(one.id), "names": dict(one.names), "area": dict(one.area_names), "title": one.title, "last_on": one.last_on,
                        "ways": [way.value for way in WAYS[one.household]], **_pace(one.retry), "doors": [_shown(door) for door in doors],
                    }
                )  # fmt: skip
        return {"lists": lists, "left_out": sum(len(one.doors) for one in found) - (MOST - room)}

    def take(self, handed: Sequence[Handed], *, actor: Actor, at: datetime) -> list[Taken | Refusal | None]:
        wishes = [_wish(one.parcel) for one in handed]
        noted = iter(note_attempts(actor=actor, at=at, wishes=[wish for wish in wishes if wish is not None]))
        outcomes = [BadParcel() if wish is None else next(noted) for wish in wishes]
        return [one if isinstance(one, Refusal) else Taken(one.tries, one.repeated) for one in outcomes]

    def present(self, parcels: Sequence[Parcel], *, actor: Actor, at: datetime) -> list[dict[str, Any] | None]:
        known = tried_doors({UUID(parcel.subject) for parcel in parcels}, actor=actor, at=at)
        return [_present(door) if (door := known.get(UUID(parcel.subject))) else None for parcel in parcels]


def _wish(parcel: Parcel) -> Wish | None:
    """What a parcel notes or takes back; None for what is neither: nothing is written down about a door, and nowhere where the phone was."""
    try:
        target, outcome = UUID(parcel.subject), way_of(parcel.verb)
    except ValueError:
        return None
    if parcel.text or parcel.reason or parcel.units or parcel.also or parcel.form is not None or parcel.photos or parcel.signed or parcel.lon is not None:
        return None
    return Wish(target, outcome, parcel.at, parcel.key)


def _pace(retry: Retry) -> dict[str, int]:
    return {"retries": retry.tries, "retry_hours": retry.least_hours}


def _shown(door: DoorLine) -> dict[str, Any]:
    advice = door.suggestion
    return {
        "id": str(door.id), "room": door.room, "label": door.label, "tries": door.tries, "last_try": door.last_try, "result": door.result,
        "advice": advice.advice, "part": advice.part, "not_before": advice.not_before, "mine": door.mine,
    }  # fmt: skip


def _present(door: TriedDoor) -> dict[str, Any]:
    """The door as it is now with what was noted there; who else was there is not named."""
    tries = [{"at": one.at, "outcome": one.outcome, "mine": mine} for one, mine in door.tries]
    return {"door": _shown(door.line), "names": dict(door.names), "over": door.over, "tries": tries, **_pace(door.retry)}


LANE: Lane = Doors()
