"""Whoever was invited to a meeting is told that it is called off, and why. Bodies without a post are told by whoever called it off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from linli.directory.organisation.rules import NobodyPresent
from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import reach_of
from linli.engines.duties.meetings.events import MeetingCalledOff
from linli.engines.duties.meetings.selectors.news import called_off
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Words, declare_template
from linli.kernel.notices.services.queue import NoticeRequest, notify_many

OLD_NEWS = timedelta(days=1)

CALLED_OFF = declare_template(
    "meetings.called_off",
    places={"meeting": "which meeting", "area": "of which area", "when": "when it would have begun", "why": "why it is called off"},
    zh=Words("会议取消：{meeting}", "“{meeting}”（{area}，原定 {when}）已取消：{why}"),
    en=Words("Called off: {meeting}", "“{meeting}” ({area}, {when}) is called off: {why}"),
    mandatory=True,
)


@subscribe("meetings_are_told.called_off", MeetingCalledOff)
def tell_the_invited(deliveries: Sequence[Delivered[MeetingCalledOff]]) -> None:
    """Handler of the outbox: whoever holds an invited post, once a meeting."""
    at = deliveries[0].handled_at
    found = called_off({delivery.event.key for delivery in deliveries if at - delivery.event.at < OLD_NEWS})
    posts, wanted = organisation(), {}
    for meeting_id, one in found.items():
        for post in one.posts:
            try:
                wanted[meeting_id, posts.holder(post, at).person_id] = one
            except NobodyPresent:
                continue
    reach = reach_of({person for _, person in wanted})
    requests = []
    for (meeting_id, person), one in wanted.items():
        language = reach[person].tongue
        words = {"meeting": one.names.get(language, ""), "area": one.area_names.get(language, ""), "when": one.starts_at, "why": one.why}
        requests.append(NoticeRequest(at, reach[person].recipient(person), CALLED_OFF.key, f"{meeting_id}:{person}", words))
    notify_many(requests)
