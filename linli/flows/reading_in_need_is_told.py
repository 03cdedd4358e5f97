"""Somebody outside its circle reads a care case in need: whoever answers for the case is told at once."""

from __future__ import annotations

from collections.abc import Sequence

from linli.directory.organisation.rules import NobodyPresent
from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import reach_of
from linli.domains.care.events import GlassBroken
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Urgency, Words, declare_template
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


@subscribe("reading_in_need_is_told.glass", GlassBroken)
def tell_who_answers(deliveries: Sequence[Delivered[GlassBroken]]) -> None:
    """Handler of the outbox: whoever holds the case's post is told at once."""
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
