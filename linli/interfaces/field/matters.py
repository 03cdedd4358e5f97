"""Matters on the phone: what of them is carried, and the five things that are done with them on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.carried import ACT, Carried, carried, carried_matter
from linli.engines.matters.selectors.queue import id_of_code
from linli.engines.matters.services.act import NoSuchMatter
from linli.engines.matters.services.photos import act_with_files
from linli.engines.matters.services.whistle import blow_whistle
from linli.interfaces.field.parcels import OLDEST, BadParcel, Handed, Lane, Parcel, Taken, with_its_time
from linli.interfaces.wording import SOON
from linli.kernel.access.rules import Actor
from linli.kernel.files.rules import Rendition
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal

VERBS = frozenset({Verb.SOLVE, Verb.ESCALATE, Verb.WHISTLE, Verb.ASK_REPORTER, Verb.NOTE})


class Matters:
    """The lane of matters; every action goes through the same services as the console's, in a transaction of its own."""

    together = 1

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any] | None:
        if not actor.holds(ACT):  # a volunteer without a post has a day, and no grid
            return None
        load = carried(actor=actor, at=at)
        answers = active_playbook().section(MattersSection).answers
        return {
            "items": [_shown(one) for one in load.matters],
            "left_out": load.left_out,
            "soon": int(SOON.total_seconds()),
            "answers": [{"names": answer.names.model_dump(), "text": answer.text.model_dump()} for answer in answers],
            "units": [{"id": str(unit.id), "names": dict(unit.names)} for unit in load.units],
        }

    def take(self, handed: Sequence[Handed], *, actor: Actor, at: datetime) -> list[Taken | Refusal | None]:
        return [_take(one, actor=actor, at=max(min(one.parcel.at, at), at - OLDEST)) for one in handed]

    def present(self, parcels: Sequence[Parcel], *, actor: Actor, at: datetime) -> list[dict[str, Any] | None]:
        return [_present(parcel.subject, actor=actor, at=at) for parcel in parcels]


def _present(code: str, *, actor: Actor, at: datetime) -> dict[str, Any] | None:
    try:
        return _shown(carried_matter(actor=actor, at=at, code=code))
    except NoSuchMatter:  # moved out of reach meanwhile
        return None


def _take(handed: Handed, *, actor: Actor, at: datetime) -> Taken:
    parcel, version = handed.parcel, handed.version
    try:
        verb, units = Verb(parcel.verb), [UUID(unit) for unit in parcel.units]
    except ValueError as unknown:
        raise BadParcel() from unknown
    if verb not in VERBS or parcel.also or parcel.form is not None or parcel.signed:
        raise BadParcel()
    matter_id = id_of_code(actor=actor, code=parcel.subject)
    reason = with_its_time(parcel.reason, parcel, most=1000)
    if verb is Verb.WHISTLE:
        done = blow_whistle(actor=actor, at=at, matter_id=matter_id, units=units, reason=reason, version=version, key=parcel.key)
    else:
        command = Command(matter_id=matter_id, verb=verb, at=at, version=version, key=parcel.key, reason=reason, text=parcel.text)
        done = act_with_files(command, actor=actor, files=handed.photos)
    return Taken(done.version, done.repeated)


def _shown(one: Carried) -> dict[str, Any]:
    matter = one.matter
    return {
        "code": matter.code,
        "version": matter.version,
        "names": dict(one.class_names),
        "area": dict(one.area_names),
        "post": dict(one.post_names),
        "holder": one.holder,
        "mine": one.mine,
        "state": matter.state,
        "urgent": matter.urgent,
        "address": matter.address,
        "lon": matter.lon,
        "lat": matter.lat,
        "words": [{"at": at, "text": text} for at, text in one.words],
        "reported_at": matter.reported_at,
        "due_at": matter.extended_due_at or matter.due_at,
        "level_due_at": matter.level_due_at,
        "verbs": [verb.value for verb in one.verbs if verb in VERBS],
        "steps": [
            {
                "number": step.number,
                "verb": step.verb,
                "at": step.at,
                "who": "clock" if step.by_clock else "reporter" if step.by_reporter and not step.who else step.who,
                "text": "\n".join(part for part in (step.reason, step.text) if part),
                "post": dict(step.post_names),
            }
            for step in one.steps
        ],
        "photos": [
            {"id": str(photo.id), "small": reverse("console:file", args=[photo.id, Rendition.SMALL.value]), "at": photo.at}
            for photo in one.photos
            if Rendition.SMALL in photo.renditions
        ],
        "whistles": [{"unit": str(whistle.unit_id), "names": dict(names), "due_at": whistle.due_at} for whistle, names in one.whistles],
    }


LANE: Lane = Matters()
