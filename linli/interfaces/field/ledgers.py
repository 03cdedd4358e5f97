"""Ledgers on the phone: of the places that an own duty is about, leaf by leaf what is written, said to be still right or written anew where one stands.

People are counted in a ledger, not listed; the one leaf that says whom to reach is written at the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.engines.duties.inspections.playbook import READ, keeps_ledgers
from linli.engines.duties.inspections.rules.ledger import SUBJECT_KINDS
from linli.engines.duties.inspections.selectors.carried import CarriedLeaf, CarriedLedger, carried_leaves, carried_ledgers
from linli.engines.duties.inspections.services.leaves import NewLeaf, Written, confirm_leaf, write_leaf
from linli.interfaces.field.parcels import BadParcel, Handed, Lane, Parcel, Taken
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import Refusal


class Ledgers:
    """The lane of ledgers. The subject of an action is one leaf: ``place:<id>:<form>`` or ``entity:<id>:<form>``; its version is the leaf's."""

    together = 1

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any] | None:
        if not actor.holds(READ) or not keeps_ledgers():
            return None
        found = carried_ledgers(actor=actor, at=at)
        forms = {_form_key(one, leaf): leaf.form.schema for one in found for leaf in one.leaves if leaf.form.contact_days is None}
        return {"places": [_shown(one) for one in found], "forms": forms}

    def take(self, handed: Sequence[Handed], *, actor: Actor, at: datetime) -> list[Taken | Refusal | None]:
        return [_take(one, actor=actor, at=at) for one in handed]

    def present(self, parcels: Sequence[Parcel], *, actor: Actor, at: datetime) -> list[dict[str, Any] | None]:
        wanted = [_leaf_of(parcel) for parcel in parcels]
        known = carried_leaves(set(wanted), actor=actor, at=at)
        return [{**_leaf(leaf), "by": leaf.by, "schema": leaf.form.schema} if (leaf := known.get(one)) else None for one in wanted]


def _take(handed: Handed, *, actor: Actor, at: datetime) -> Taken:
    parcel = handed.parcel
    kind, place, form = _leaf_of(parcel)
    if parcel.text or parcel.reason or parcel.units or parcel.also or parcel.lon is not None or parcel.lat is not None:
        raise BadParcel()
    done: Written
    if parcel.verb == "write" and parcel.form is not None:
        leaf = NewLeaf(kind, place, form, parcel.form, handed.version, parcel.key, photos=handed.photos, signature=handed.signature)
        done = write_leaf(leaf, actor=actor, at=at, happened_at=parcel.at)
    elif parcel.verb == "confirm" and parcel.form is None and not (parcel.photos or parcel.signed):
        done = confirm_leaf(
            actor=actor, at=at, kind=kind, place=place, form=form, version=handed.version, key=parcel.key, happened_at=parcel.at
        )  # fmt: skip
    else:
        raise BadParcel()
    return Taken(done.version, done.repeated)


def _leaf_of(parcel: Parcel) -> tuple[str, UUID, str]:
    kind, place, form = [*parcel.subject.split(":", 2), "", ""][:3]
    try:
        if kind in SUBJECT_KINDS and form:
            return kind, UUID(place), form
    except ValueError as unknown:
        raise BadParcel() from unknown
    raise BadParcel()


def _form_key(one: CarriedLedger, leaf: CarriedLeaf) -> str:
    return f"{one.stake.code}:{leaf.form.code}"


def _shown(one: CarriedLedger) -> dict[str, Any]:
    return {
        "id": f"{one.kind}:{one.place}", "label": one.label, "duties": [str(duty) for duty in one.duties], "writes": one.may_write,
        "leaves": [{**_leaf(leaf), "schema": "" if leaf.form.contact_days else _form_key(one, leaf)} for leaf in one.leaves],
    }  # fmt: skip


def _leaf(leaf: CarriedLeaf) -> dict[str, Any]:
    return {
        "form": leaf.form.code, "names": dict(leaf.form.names), "yearly": leaf.form.yearly, "version": leaf.version, "at": leaf.at,
        "answers": leaf.answers, "due": leaf.lacking, "fits": leaf.fits,
        "needs": sorted(leaf.form.evidence),
    }  # fmt: skip


LANE: Lane = Ledgers()
