"""Whoever a duty passes from or to is told, and a miss is known on its day to the one who had it and to the level above.

Old news is not told: what happened more than a day ago is on the board.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from linli.directory.organisation.rules import NobodyPresent
from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import reach_of
from linli.engines.duties.events import DutiesPassed, DutyCameBack, DutyHandedOn, DutyMissed
from linli.engines.duties.selectors.news import Brief, briefs
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Words, declare_template
from linli.kernel.notices.services.queue import NoticeRequest, notify_many

OLD_NEWS = timedelta(days=1)
_WHAT = {"duty": "what is to be done", "for": "for whom or what, by a pseudonym", "area": "where", "post": "the post that answers for it", "due": "until when"}

HANDED_ON = declare_template(
    "duties.handed_on",
    places=_WHAT,
    zh=Words("工作递补：{duty}", "“{duty}”（{for}，{area}）未按时应答，已递补给 {post}，期限 {due}。"),
    en=Words("Handed on: {duty}", "Nobody answered for “{duty}” ({for}, {area}) in time; it is with {post} now, until {due}."),
    mandatory=True,
)
CAME_BACK = declare_template(
    "duties.came_back",
    places=_WHAT,
    zh=Words("工作交回：{duty}", "“{duty}”（{for}，{area}）已由原岗位应答，交回 {post}，期限 {due}。"),
    en=Words("Back again: {duty}", "“{duty}” ({for}, {area}) was answered by the post that had it first; it is with {post} again, until {due}."),
    mandatory=True,
)
MISSED = declare_template(
    "duties.missed",
    places=_WHAT,
    zh=Words("今日漏办：{duty}", "“{duty}”（{for}，{area}）到期 {due} 未完成，责任岗位：{post}。"),
    en=Words("Missed today: {duty}", "“{duty}” ({for}, {area}) was due {due} and was not done; {post} answered for it."),
    mandatory=True,
)
PASSED = declare_template(
    "duties.passed",
    places={"post": "the post", "count": "how many duties", "person": "who answers now"},
    zh=Words("{post} 的工作已交接", "{post} 的 {count} 项工作现由 {person} 负责。"),
    en=Words("The duties of {post} have passed", "{count} duties of {post} are with {person} now."),
    mandatory=True,
)


@subscribe("duties_are_told.steps", DutyHandedOn, DutyCameBack, DutyMissed)
def tell_of_duties(deliveries: Sequence[Delivered[DutyHandedOn | DutyCameBack | DutyMissed]]) -> None:
    """Handler of the outbox: both posts of a hand-over, and of a miss the post and the one above it."""
    at = deliveries[0].handled_at
    fresh = [delivery.event for delivery in deliveries if at - delivery.event.at < OLD_NEWS]
    known = briefs({event.key for event in fresh})
    wanted: list[tuple[str, str, UUID, Brief]] = []
    for event in fresh:
        brief = known.get(event.key)
        if brief is None:
            continue
        if isinstance(event, DutyMissed):
            template, posts = MISSED.key, {event.post, brief.above}
        else:
            template, posts = (HANDED_ON if isinstance(event, DutyHandedOn) else CAME_BACK).key, {event.from_post, event.post}
        wanted += [(f"{event.key}:{event.version}", template, post, brief) for post in sorted(filter(None, posts))]
    holders = [_holder(post, at) for _, _, post, _ in wanted]
    reach = reach_of(holder for holder in holders if holder)
    requests = []
    for (key, template, post, brief), holder in zip(wanted, holders, strict=True):
        if holder is not None:
            requests.append(NoticeRequest(at, reach[holder].recipient(holder), template, f"{key}:{post}", _words(brief, reach[holder].tongue)))
    notify_many(requests)


@subscribe("duties_are_told.passed", DutiesPassed)
def tell_both(deliveries: Sequence[Delivered[DutiesPassed]]) -> None:
    """Handler of the outbox: who had a post's duties and who has them now, once for all of them."""
    at = deliveries[0].handled_at
    fresh = [delivery for delivery in deliveries if at - delivery.event.at < OLD_NEWS]
    people = {person for delivery in fresh for person in (delivery.event.from_person, delivery.event.to_person)}
    reach, held = reach_of(people), organisation()
    requests = []
    for delivery in fresh:
        event = delivery.event
        acting = next((holding for holding in held.held_by(event.to_person, at) if holding.post_id == event.key), None)
        for person in (event.from_person, event.to_person):
            language = reach[person].tongue
            who = held.post(acting.acting_post_id if acting else event.key).names.get(language, "")
            words: dict[str, Any] = {"post": held.post(event.key).names.get(language, ""), "count": event.count, "person": who}
            requests.append(NoticeRequest(at, reach[person].recipient(person), PASSED.key, f"{delivery.seq}:{person}", words))
    notify_many(requests)


def _holder(post: UUID, at: datetime) -> UUID | None:
    try:
        return organisation().holder(post, at).person_id
    except NobodyPresent:
        return None


def _words(brief: Brief, language: str) -> Mapping[str, Any]:
    return {
        "duty": brief.names.get(language, ""), "for": brief.label, "area": brief.area_names.get(language, ""),
        "post": brief.post_names.get(language, ""), "due": brief.due_at,
    }  # fmt: skip
