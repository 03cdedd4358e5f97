"""Matters on the phone: what of them is carried, and the five things that are done with them on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.carried import Carried, carried, carried_matter
from linli.engines.matters.selectors.queue import id_of_code
from linli.engines.matters.services.photos import act_with_files
from linli.engines.matters.services.whistle import blow_whistle
from linli.interfaces.field.parcels import BadParcel, Lane, Parcel, Taken
from linli.interfaces.wording import SOON
from linli.kernel.access.rules import Actor
from linli.kernel.files.rules import Rendition
from linli.kernel.files.services import Examined
from linli.kernel.playbooks.selectors import active_playbook

VERBS = frozenset({Verb.SOLVE, Verb.ESCALATE, Verb.WHISTLE, Verb.ASK_REPORTER, Verb.NOTE})


class Matters:
    """The lane of matters; every action goes through the same services as the console's."""

    def carried(self, *, actor: Actor, at: datetime) -> dict[str, Any]:
        load = carried(actor=actor, at=at)
        answers = active_playbook().section(MattersSection).answers
        return {
            "items": [_shown(one) for one in load.matters],
            "left_out": load.left_out,
            "soon": int(SOON.total_seconds()),
            "answers": [{"names": answer.names.model_dump(), "text": answer.text.model_dump()} for answer in answers],
            "units": [{"id": str(unit.id), "names": dict(unit.names)} for unit in load.units],
        }

    def take(self, parcel: Parcel, *, version: int, actor: Actor, at: datetime, photos: Sequence[Examined]) -> Taken:
        try:
            verb, units = Verb(parcel.verb), [UUID(unit) for unit in parcel.units]
        except ValueError as unknown:
            raise BadParcel() from unknown
        if verb not in VERBS:
            raise BadParcel()
        matter_id = id_of_code(actor=actor, code=parcel.subject)
        reason = _reason(parcel)
        if verb is Verb.WHISTLE:
            done = blow_whistle(actor=actor, at=at, matter_id=matter_id, units=units, reason=reason, version=version, key=parcel.key)
        else:
            command = Command(matter_id=matter_id, verb=verb, at=at, version=version, key=parcel.key, reason=reason, text=parcel.text)
            done = act_with_files(command, actor=actor, files=photos)
        return Taken(done.version, done.repeated)

    def present(self, subject: str, *, actor: Actor, at: datetime) -> dict[str, Any]:
        return _shown(carried_matter(actor=actor, at=at, code=subject))


def _reason(parcel: Parcel) -> str:
    """The reason, and for what was decided anew, when it was first done."""
    if parcel.happened is None:
        return parcel.reason
    when = date_format(timezone.localtime(parcel.happened), "SHORT_DATETIME_FORMAT")
    late = gettext("Done on the spot at %(when)s, without signal.") % {"when": when}
    return f"{parcel.reason} {late}".strip()[:1000]


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
