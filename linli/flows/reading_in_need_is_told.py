"""Somebody outside its circle reads a care case in need: whoever answers for the case is told at once, and whoever reviews it until it is reviewed.

A reviewer who is slow, or a reading that was not justified, never bars the next one: somebody may be in need. The notice says how many there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from linli.directory.organisation.rules import NobodyPresent
from linli.directory.organisation.selectors import holders_who_may, organisation
from linli.directory.people.selectors import reach_of
from linli.domains.care.events import GlassBroken
from linli.domains.care.playbook import REVIEW
from linli.domains.care.selectors import GlassBrief, glasses_to_tell
from linli.domains.care.services.frame import today_of
from linli.kernel.access.rules import SYSTEM, ActorKind, Confidentiality
from linli.kernel.access.selectors import actor_of, users
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Channel, Recipient, Urgency, Words, declare_template
from linli.kernel.notices.services import own_ref
from linli.kernel.notices.services.queue import NoticeRequest, notify_many

READ_IN_NEED = declare_template(
    "care.read_in_need",
    places={"label": "the case's pseudonym"},
    zh=Words("有人应急查阅了关爱个案 {label}", "您负责的关爱个案 {label} 被应急查阅。理由在关爱工作台，待同事复核。"),
    en=Words(
        "Care case {label} was read in need",
        "Care case {label} was read in need by somebody outside its circle. The reason waits for a review on the care desk.",
    ),
    mandatory=True,
)
TO_REVIEW = declare_template(
    "care.to_review",
    places={
        "label": "the case's pseudonym",
        "day": "the day of the reading",
        "number": "which of the same reader's readings of that case without a review it is, from 1",
        "unjustified": "how many earlier ones of theirs of that case were found not justified",
    },
    zh=Words(
        "请复核应急查阅：{label}",
        "关爱个案 {label} 于 {day} 被应急查阅，请到关爱工作台复核。这是同一人对该个案第 {number} 次未复核的查阅；此前经复核认为无正当理由的 {unjustified} 次。",
    ),
    en=Words(
        "Review a reading in need: {label}",
        "Care case {label} was read in need on {day}; review it on the care desk. It is reading number {number} of that case by the same reader that waits "
        "for a review; earlier ones found not justified: {unjustified}.",
    ),
    mandatory=True,
)


@subscribe("reading_in_need_is_told.glass", GlassBroken)
def tell_who_answers(deliveries: Sequence[Delivered[GlassBroken]]) -> None:
    """Handler of the outbox: whoever holds the case's post is told at once, and whoever reviews."""
    held = organisation()
    told = []
    for delivery in deliveries:
        try:
            told.append((held.holder(delivery.event.post, delivery.handled_at).person_id, delivery.event))
        except NobodyPresent:
            continue  # the review waits on the desk all the same
    reach = reach_of(holder for holder, _ in told)
    notify_many([
        NoticeRequest(event.at, reach[holder].recipient(holder), READ_IN_NEED.key, f"glass:{event.glass}", {"label": event.label}, urgency=Urgency.URGENT)
        for holder, event in told
    ])  # fmt: skip
    for brief in glasses_to_tell(glass_ids=[delivery.event.glass for delivery in deliveries]):
        _ask(brief, at=deliveries[0].handled_at, occasion=f"review:{brief.id}")


def remind_reviewers(*, at: datetime) -> None:
    """From the day after on, once a day, until it is reviewed. Safe to repeat."""
    today = today_of(at)
    for brief in glasses_to_tell():
        if today_of(brief.at) < today:
            _ask(brief, at=at, occasion=f"review:{brief.id}:{today}")


def _ask(brief: GlassBrief, *, at: datetime, occasion: str) -> None:
    words = {"label": brief.label, "day": today_of(brief.at).isoformat(), "number": brief.waiting + 1, "unjustified": brief.unjustified}
    notify_many([NoticeRequest(at, recipient, TO_REVIEW.key, occasion, words) for recipient in _reviewers(brief, at)])


def _person_of(reader: str) -> UUID | None:
    """The person whose account read; None for a program, or an actor of a story, who has none."""
    kind, _, key = reader.partition(":")
    try:
        return organisation().person_of_user(UUID(key)) if kind == ActorKind.USER else None
    except ValueError:
        return None


def _reviewers(brief: GlassBrief, at: datetime) -> list[Recipient]:
    """Who may review it: by a post, or by a role given to their account. Nobody reviews their own reading."""
    people = holders_who_may(permission=REVIEW, area_path=brief.area_path, confidentiality=Confidentiality.PRIVATE, at=at)
    accounts = []
    for user in users(SYSTEM).filter(is_active=True, roles__ended_at=None, roles__isnull=False).distinct():
        actor = actor_of(user, at)
        if actor.may(REVIEW, area_path=brief.area_path, confidentiality=Confidentiality.PRIVATE):
            if actor.person_id is not None:
                people.add(actor.person_id)
            elif actor.id != brief.reader:
                accounts.append(Recipient(own_ref(actor), {Channel.EMAIL: user.email} if user.email else {}, user.language or "zh-hans"))
    reach = reach_of(people)
    return [*(reach[person].recipient(person) for person in sorted(people - {_person_of(brief.reader)})), *accounts]
