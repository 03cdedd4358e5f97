"""Whoever is out alone: a sign at least every so many minutes, and who is told when it does not come.

The captains and the level above are told at once, then one level more each time, until somebody closes it: the volunteer by a sign, or
a captain with a note. A shift's end does not end it; only somebody's word does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from linli.directory.organisation.selectors import organisation
from linli.directory.territory.selectors import ground
from linli.engines.duties.patrols.events import VolunteerHeard, VolunteerSilent
from linli.engines.duties.patrols.models import LoneAlarm, LoneWatch
from linli.engines.duties.patrols.playbook import patrols_section
from linli.engines.duties.patrols.rules.answers import next_telling, noted
from linli.engines.duties.patrols.services.stands import NotOnDuty, is_alone, led, note, own_person, stands_of
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import update_rows

LEAST, MOST = 5, 240


class BadMinutes(Refusal):
    code: ClassVar[str] = "patrols.bad_minutes"
    message: ClassVar[str] = N_("A sign is given every %(least)s to %(most)s minutes.")
    field: ClassVar[str] = "minutes"


class NotWatched(Refusal):
    code: ClassVar[str] = "patrols.not_watched"
    message: ClassVar[str] = N_("Nobody waits for a sign of you.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NoSuchAlarm(Refusal):
    code: ClassVar[str] = "patrols.no_such_alarm"
    message: ClassVar[str] = N_("This was closed already, or never was.")
    kind: ClassVar[Kind] = Kind.MISSING


def watch_me(*, actor: Actor, at: datetime, team_id: UUID, minutes: int) -> UUID:
    """Be waited for while one is in a shift of the team: a sign every so many minutes. Asked again, the interval changes.

    Raises:
        NotSignedIn, NotOfTheDirectory, BadMinutes, NotOnDuty.
    """
    person = own_person(actor)
    if not LEAST <= minutes <= MOST:
        raise BadMinutes(least=LEAST, most=MOST)
    if not any(stand.team_id == team_id for stand in stands_of(person, at)):
        raise NotOnDuty
    return _watch(team_id, person, minutes, at, round_id=None)


def watch_if_alone(team_id: UUID, person: UUID, round_id: UUID, *, of_shift: bool, at: datetime) -> None:
    """Wait for signs of somebody who sets out with nobody else in the team's shifts, where the playbook wants it."""
    minutes = patrols_section().lone_minutes
    running = LoneWatch.objects.filter(person_id=person, ended_at=None).exists()
    if of_shift and minutes >= LEAST and not running and is_alone(team_id, at):
        _watch(team_id, person, minutes, at, round_id=round_id)


def _watch(team_id: UUID, person: UUID, minutes: int, at: datetime, *, round_id: UUID | None) -> UUID:
    well_by = at + timedelta(minutes=minutes)
    running = LoneWatch.objects.select_for_update(of=("self",)).filter(person_id=person, ended_at=None).first()
    if running is not None:
        LoneWatch.objects.filter(id=running.id).update(minutes=minutes, well_by=well_by)
        _close(running, at, by_volunteer=True)
        return running.id
    given = {"team_id": team_id, "person_id": person, "round_id": round_id, "minutes": minutes, "starts_at": at, "well_by": well_by}
    made = LoneWatch.objects.create(**given, recorded_at=machine_now())
    note(at, f"watch:{made.id}", "watch", made.id, minutes=minutes)
    return made.id


def say_well(*, actor: Actor, at: datetime) -> datetime:
    """Give a sign; return until when the next one is expected. An alarm closes by it. Refuses who is not waited for."""
    person = own_person(actor)
    well_by = heard(person, at=at, sign_at=at)
    if well_by is None:
        raise NotWatched
    return well_by


def stop_watch(*, actor: Actor, at: datetime) -> None:
    """Say that one is no longer alone, or at home: nobody waits any more. Refuses who is not waited for."""
    person = own_person(actor)
    if heard(person, at=at, sign_at=at) is None:
        raise NotWatched
    _end(LoneWatch.objects.filter(person_id=person, ended_at=None), at)


def heard(person: UUID, *, at: datetime, sign_at: datetime) -> datetime | None:
    """A sign of somebody, at its own time; return until when the next is expected, None for who is not waited for. Old news ends no alarm."""
    watch = LoneWatch.objects.select_for_update(of=("self",)).filter(person_id=person, ended_at=None).first()
    if watch is None:
        return None
    well_by = max(sign_at + timedelta(minutes=watch.minutes), watch.well_by or sign_at)
    LoneWatch.objects.filter(id=watch.id).update(well_by=well_by)
    if well_by > at:
        _close(watch, at, by_volunteer=True)
    return well_by


def end_with_round(round_id: UUID, person: UUID, *, at: datetime) -> None:
    """The watch that a round began ends with it."""
    _end(LoneWatch.objects.filter(round_id=round_id, person_id=person, ended_at=None), at)


def close_alarm(*, actor: Actor, at: datetime, alarm_id: UUID, words: str, still_out: bool) -> None:
    """Close an alarm with a note: by a captain of the team or ``patrols.manage`` there; not by the silent one, whose sign says more.

    Args:
        still_out: the volunteer was reached and walks on, so that signs are expected further.

    Raises:
        NoSuchAlarm, Forbidden, NoteMissing.
    """
    alarm = LoneAlarm.objects.select_for_update(of=("self",)).select_related("watch").filter(id=alarm_id, closed_at=None).first()
    if alarm is None:
        raise NoSuchAlarm
    led(actor, at, alarm.watch.team_id)
    said = noted(words)
    LoneAlarm.objects.filter(id=alarm.id).update(closed_at=at, tell_at=None, closed_by=actor.person_id, note=said)
    _tell_closed(alarm, alarm.watch, actor.id, at, by_volunteer=False)
    rows = LoneWatch.objects.filter(id=alarm.watch_id, ended_at=None)
    if still_out:
        rows.update(well_by=at + timedelta(minutes=alarm.watch.minutes))
    else:
        _end(rows, at)


def _end(rows: QuerySet[LoneWatch], at: datetime) -> None:
    for watch in rows:
        _close(watch, at, by_volunteer=True)
        LoneWatch.objects.filter(id=watch.id).update(ended_at=max(at, watch.starts_at), well_by=None)
        note(at, f"watch:{watch.id}", "end_watch", watch.id)


def _close(watch: LoneWatch, at: datetime, *, by_volunteer: bool) -> None:
    alarm = LoneAlarm.objects.select_for_update(of=("self",)).filter(watch=watch, closed_at=None).first()
    if alarm is not None:
        LoneAlarm.objects.filter(id=alarm.id).update(closed_at=max(at, alarm.at), tell_at=None, by_volunteer=by_volunteer)
        _tell_closed(alarm, watch, f"watch:{watch.id}", at, by_volunteer=by_volunteer)


def _tell_closed(alarm: LoneAlarm, watch: LoneWatch, actor: str, at: datetime, *, by_volunteer: bool) -> None:
    note(at, actor, "close_alarm", alarm.id, after="by_volunteer" if by_volunteer else "by_captain")
    publish([VolunteerHeard(key=alarm.id, at=at, team=watch.team_id, by_volunteer=by_volunteer)])


# -- the clock ----------------------------------------------------------------------------------------------------------


def due_signs(*, at: datetime, limit: int, without: Collection[UUID]) -> list[UUID]:
    """Watches whose sign is overdue and unsaid, or whose alarm goes a level up by ``at``."""
    said = LoneAlarm.objects.filter(watch=OuterRef("pk"), closed_at=None)
    rows = LoneWatch.objects.filter(~Exists(said) | Exists(said.filter(tell_at__lte=at)), ended_at=None, well_by__lte=at)
    return list(rows.exclude(id__in=without).order_by("well_by", "id").values_list("id", flat=True)[:limit])


def settle_signs(watch_ids: Sequence[UUID], *, at: datetime) -> int:
    """Raise the alarms of these watches, or take them a level up; return how many changed. Four queries a batch, safe to repeat."""
    every = timedelta(minutes=patrols_section().lone_escalate_minutes)
    held = LoneWatch.objects.select_for_update(of=("self",), skip_locked=True).select_related("team")
    watches = list(held.filter(id__in=list(watch_ids), ended_at=None, well_by__lte=at))
    standing = {alarm.watch_id: alarm for alarm in LoneAlarm.objects.filter(watch__in=watches, closed_at=None)}
    raised, risen, told_now = [], [], []
    for watch in watches:
        levels, alarm = chain_of(watch.team.area_path), standing.get(watch.id)
        if alarm is not None and (alarm.tell_at is None or alarm.tell_at > at):
            continue
        told = alarm.told + 1 if alarm else 1
        tell_at = next_telling(told=told, levels=len(levels), at=at, every=every)
        if alarm is None:
            alarm = LoneAlarm(watch=watch, told=told, tell_at=tell_at, at=watch.well_by or at, recorded_at=machine_now())
            raised.append(alarm)
        else:
            risen.append((alarm.id, told, tell_at))
        post = levels[told - 1] if told <= len(levels) else None
        told_now.append(VolunteerSilent(key=alarm.id, at=at, team=watch.team_id, level=told, post=post))
    LoneAlarm.objects.bulk_create(raised)
    update_rows(LoneAlarm, ("id", "told", "tell_at"), risen)
    for event in told_now:
        note(at, "system:patrols", "silent", event.key, level=event.level)
    publish(told_now)
    return len(told_now)


def chain_of(area_path: str) -> list[UUID]:
    """The posts above a team's area, from the lowest level up: who is told one after the other."""
    return [post.id for post in organisation().chain(ground().by_path(area_path).id)]
