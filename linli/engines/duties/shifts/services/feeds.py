"""The private address of somebody's calendar."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from linli.engines.duties.shifts.models import CalendarFeed
from linli.engines.duties.shifts.services.rosters import note, own_person
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now


def renew_feed(*, actor: Actor, at: datetime) -> str:
    """Make a private address of one's calendar and return its secret part, which cannot be had again; an earlier one ends."""
    person = own_person(actor)
    secret = secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).digest()
    CalendarFeed.objects.update_or_create(person_id=person, defaults={"digest": digest, "at": at, "recorded_at": machine_now()})
    note(actor, at, "renew_feed", person)
    return secret


def end_feed(*, actor: Actor, at: datetime) -> None:
    """The private address opens nothing any more."""
    person = own_person(actor)
    CalendarFeed.objects.filter(person_id=person).delete()
    note(actor, at, "end_feed", person)
