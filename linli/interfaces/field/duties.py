"""Duties on the phone: my day with what each needs, and the check-ins that are made where they are due.

A phone holds of a private duty the pseudonym, the area and the times; never what was written down about anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.engines.duties.rules.task import CHECK_INS, Verb
from linli.engines.duties.selectors.carried import Carried, carried, carried_duties
from linli.engines.duties.services.checkin import NOTE_MOST, BuildsOnNothing, Command, Receipt, check_in
from linli.interfaces.field.parcels import BadParcel, Handed, Lane, Parcel, Taken, with_its_time
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import Refusal

TOGETHER = 100


class Duties:
    """The lane of duties: a whole batch is one call of the service, a few statements whatever its size."""

    together = TOGETHER

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any]:
        load = carried(actor=actor, at=at)
        return {
            "items": [_shown(one) for one in load.duties],
            "forms": load.forms,
            "left_out": load.left_out,
            "done_today": load.done_today,
        }

    def take(self, handed: Sequence[Handed], *, actor: Actor, at: datetime) -> list[Taken | Refusal | None]:
        wishes = [_command(one) for one in handed]
        done = iter(check_in([wish for wish in wishes if wish is not None], actor=actor, at=at))
        return [BadParcel() if wish is None else _outcome(next(done), wish) for wish in wishes]

    def present(self, parcels: Sequence[Parcel], *, actor: Actor, at: datetime) -> list[dict[str, Any] | None]:
        asked = [[UUID(subject) for subject in (parcel.subject, *(one.subject for one in parcel.also))] for parcel in parcels]
        known = carried_duties({one for ids in asked for one in ids}, actor=actor, at=at)
        return [_present([known[one] for one in ids if one in known]) for ids in asked]


def _command(handed: Handed) -> Command | None:
    """The check-in that a parcel asks for; None for what is none."""
    parcel = handed.parcel
    try:
        verb = Verb(parcel.verb)
        ids = [UUID(parcel.subject), *(UUID(one.subject) for one in parcel.also)]
    except ValueError:
        return None
    if verb not in CHECK_INS or parcel.units or parcel.reason or len(set(ids)) < len(ids) or (parcel.lon is None) != (parcel.lat is None):
        return None
    return Command(
        occurrence_ids=tuple(ids), verb=verb, at=parcel.at, key=parcel.key, note=with_its_time(parcel.text, parcel, most=NOTE_MOST), form=parcel.form,
        lon=parcel.lon, lat=parcel.lat, seen=(handed.version, *(one.version for one in parcel.also)), after=parcel.after,
        photos=handed.photos, signature=handed.signature,
    )  # fmt: skip


def _outcome(result: Receipt | Refusal, wish: Command) -> Taken | Refusal | None:
    if isinstance(result, BuildsOnNothing):
        return None
    if isinstance(result, Refusal):
        return result
    first, *also = wish.occurrence_ids
    return Taken(result.versions[first], result.repeated, {str(one): result.versions[one] for one in also})


def _present(found: Sequence[Carried]) -> dict[str, Any] | None:
    """The first of them, with all of them beside it, each with its story."""
    if not found:
        return None
    return {"duties": [{**_shown(one), "steps": [_step(step) for step in one.steps]} for one in found]}


def _step(step: Any) -> dict[str, Any]:
    return {"number": step.number, "verb": step.verb, "at": step.at, "who": step.who, "text": step.words}


def _shown(one: Carried) -> dict[str, Any]:
    line = one.line
    return {
        "id": str(line.id),
        "version": line.version,
        "names": dict(line.names),
        "kind": line.kind,
        "label": line.label,
        "subject": str(one.subject),
        "area": dict(line.area_names),
        "post": dict(line.post_names),
        "level": line.level,
        "mine": one.mine,
        "acts": one.may_act,
        "state": line.state,
        "opens_at": line.opens_at,
        "due_at": line.due_at,
        "started_at": line.started_at,
        "arrived_at": one.arrived_at,
        "attempts": line.attempts,
        "retries": one.retries,
        "retry_hours": one.retry_hours,
        "next_try_at": line.next_try_at,
        "missed_at": line.missed_at,
        "explained_at": line.explained_at,
        "needs": list(one.needs),
        "form": one.form,
        "confided": one.confided,
        "leaves": [dict(names) for names in one.leaves],
        "lon": one.lon,
        "lat": one.lat,
        "exact": one.exact,
    }


LANE: Lane = Duties()
