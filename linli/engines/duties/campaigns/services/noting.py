"""Noting how it went at targets, and taking back what was noted by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, ClassVar
from uuid import UUID

from linli.engines.duties.campaigns.models import Attempt, Target
from linli.engines.duties.campaigns.playbook import MANAGE, WORK
from linli.engines.duties.campaigns.rules.doors import NothingToTakeBack, Outcome, Try, check_attempt, check_when
from linli.engines.duties.campaigns.services.running import CampaignOver, retry_of
from linli.kernel.access.rules import Actor, Confidentiality, NotSignedIn
from linli.kernel.audit.services import Entry, record
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.clock.services import machine_now
from linli.kernel.refusal import N_, Kind, Refusal


class NoSuchTarget(Refusal):
    code: ClassVar[str] = "campaigns.no_such_target"
    message: ClassVar[str] = N_("There is no such target, or it is not yours.")
    kind: ClassVar[Kind] = Kind.MISSING


class KeyMissing(Refusal):
    code: ClassVar[str] = "campaigns.key_missing"
    message: ClassVar[str] = N_("An attempt carries a key of 1 to 100 characters.")
    field: ClassVar[str] = "key"


@dataclass(frozen=True, slots=True)
class Wish:
    """An attempt as its sender notes it; the same key is noted once. Without an outcome: what the sender noted there last was a mistake."""

    target_id: UUID
    outcome: Outcome | None
    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What was done: how it went (none: taken back), how many attempts stand at its target, and whether this key had been noted before."""

    outcome: Outcome | None
    tries: int
    repeated: bool


def note_attempts(*, actor: Actor, at: datetime, wishes: Sequence[Wish]) -> list[Noted | Refusal]:
    """Note attempts, or take the last one back, each taken or refused by itself: a phone's day in one go. Said twice with one key, it is done once.

    What is counted is when it happened: of a campaign that was ended by hand, what was done at its doors before.

    For the target's own helper, and for ``campaigns.work`` there.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    if actor.is_anonymous:
        raise NotSignedIn
    zone, keys = working_calendar().zone, [wish.key for wish in wishes]
    targets = {
        row.id: row
        for row in Target.objects.select_for_update(of=("self",)).filter(id__in=[w.target_id for w in wishes]).select_related("campaign").order_by("id")
    }
    standing: dict[UUID, list[Attempt]] = {target: [] for target in targets}
    for row in Attempt.objects.filter(target_id__in=targets, taken_back_at=None).order_by("at", "id"):
        standing[row.target_id].append(row)
    said: dict[str, Outcome | None] = {key: Outcome(way) for key, way in Attempt.objects.filter(actor=actor.id, key__in=keys).values_list("key", "outcome")}
    said |= dict.fromkeys(Attempt.objects.filter(taken_back_by=actor.id, taken_back_key__in=keys).values_list("taken_back_key", flat=True))
    results: list[Noted | Refusal] = []
    fresh: list[Attempt] = []
    back: list[Attempt] = []
    for wish in wishes:
        there = standing.get(wish.target_id, [])
        if wish.key in said:
            results.append(Noted(said[wish.key], len(there), repeated=True))
            continue
        try:
            _check(targets.get(wish.target_id), there, wish, actor=actor, zone=zone, now=at)
            if wish.outcome is None:
                back.append(_taken_back(_last_own(there, actor), at=wish.at, actor=actor, key=wish.key))
                there.remove(back[-1])
            else:
                made = Attempt(target_id=wish.target_id, outcome=wish.outcome.value, actor=actor.id, key=wish.key, at=wish.at, recorded_at=machine_now())
                there.append(made)
                fresh.append(made)
        except Refusal as refusal:
            results.append(refusal)
            continue
        said[wish.key] = wish.outcome
        results.append(Noted(wish.outcome, len(there), repeated=False))
    _keep(fresh, back)
    return results


def take_back(*, actor: Actor, at: datetime, attempt_id: UUID) -> None:
    """Take an attempt back that was noted by mistake: one's own, or any where one runs campaigns. Its target is as if it had not been noted.

    Raises:
        NoSuchTarget: there is none, or it is not the actor's to take back. NothingToTakeBack: it was taken back before. CampaignOver.
    """
    target = Target.objects.select_for_update().filter(attempts=attempt_id).first()  # whoever notes or takes back at one target takes turns
    row = Attempt.objects.select_related("target__campaign").filter(id=attempt_id, target=target).first()
    if row is None or not may_take_back(row, actor):
        raise NoSuchTarget
    if row.target.campaign.ended_at is not None:
        raise CampaignOver
    if row.taken_back_at is not None:
        raise NothingToTakeBack
    _keep([], [_taken_back(row, at=at, actor=actor)])


def may_take_back(row: Attempt, actor: Actor) -> bool:
    """Whether the actor may take an attempt back; its target and campaign are loaded with it."""
    if row.actor == actor.id and works_at(row.target, actor):
        return True
    return actor.may(MANAGE, area_path=row.target.area_path, confidentiality=Confidentiality(row.target.campaign.confidentiality))


def _last_own(there: Sequence[Attempt], actor: Actor) -> Attempt:
    """The actor's last attempt of those that stand at a target. Raises: NothingToTakeBack."""
    mine = [row for row in there if row.actor == actor.id]
    if not mine:
        raise NothingToTakeBack
    return mine[-1]


def _taken_back(row: Attempt, *, at: datetime, actor: Actor, key: str = "") -> Attempt:
    row.taken_back_at, row.taken_back_by, row.taken_back_key = at, actor.id, key
    return row


def _keep(fresh: Sequence[Attempt], back: Sequence[Attempt]) -> None:
    """Store what was taken back, then what was noted (it may stand in its place), with their audit entries."""
    Attempt.objects.bulk_update([row for row in back if row not in fresh], ("taken_back_at", "taken_back_by", "taken_back_key"))
    Attempt.objects.bulk_create(fresh)
    about: dict[str, Any] = {"subject_type": "campaign_target"}
    entries = [Entry(at=row.at, actor=row.actor, action="campaigns.attempt", subject=row.target_id, to_state=row.outcome, **about) for row in fresh]
    for row in back:
        assert row.taken_back_at is not None
        entries.append(
            Entry(at=row.taken_back_at, actor=row.taken_back_by, action="campaigns.take_back", subject=row.target_id, from_state=row.outcome, **about)
        )
    record(entries)


def works_at(target: Target, actor: Actor) -> bool:
    """Whether the actor notes attempts there: the target's own helper, and ``campaigns.work``; its campaign is loaded with it."""
    if actor.person_id is not None and target.helper_id == actor.person_id:
        return True
    return actor.may(WORK, area_path=target.area_path, confidentiality=Confidentiality(target.campaign.confidentiality))


def _check(target: Target | None, there: Sequence[Attempt], wish: Wish, *, actor: Actor, zone: tzinfo, now: datetime) -> None:
    if target is None or not works_at(target, actor):
        raise NoSuchTarget
    if not 1 <= len(wish.key) <= 100:
        raise KeyMissing
    campaign, when = target.campaign, wish.at.astimezone(zone)
    if campaign.ended_at is not None and wish.at >= campaign.ended_at:
        raise CampaignOver
    days: dict[str, Any] = {"first": campaign.first_on, "last": campaign.last_on, "now": now.astimezone(zone)}
    if wish.outcome is None:
        check_when(when, **days)
    else:
        tries = [Try(row.at.astimezone(zone), Outcome(row.outcome)) for row in there]
        check_attempt(tries, Try(when, wish.outcome), retry=retry_of(campaign), **days)
