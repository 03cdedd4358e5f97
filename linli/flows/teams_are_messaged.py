"""A message to volunteers: what is written down when a duty is done goes to the members of the teams that the playbook names.

A fishing net's volunteers are told something twice a month (SYSTEMS.md §9): the duty is to write it, the program sends it. It
is sent however late the duty's news comes in, for it was meant for them; and each member hears it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from linli.directory.people.selectors import reach_of
from linli.directory.teams.playbook import teams_section
from linli.directory.teams.selectors import members_around
from linli.engines.duties.events import DutyDone
from linli.engines.duties.selectors.news import briefs, written_down
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Words, declare_template
from linli.kernel.notices.selectors import how_many_told
from linli.kernel.notices.services.queue import NoticeRequest, notify_many

MESSAGE = declare_template(
    "teams.message",
    places={"area": "whose volunteers are told", "message": "what they are told"},
    zh=Words("致{area}的志愿者", "{message}"),
    en=Words("To the volunteers of {area}", "{message}"),
)


@subscribe("teams_are_messaged.done", DutyDone)
def message_members(deliveries: Sequence[Delivered[DutyDone]]) -> None:
    """Handler of the outbox: one notice a member and duty, in the words of whoever carried the duty out. Safe to repeat."""
    messages = {message.duty: message for message in teams_section().messages}
    wanted = [delivery for delivery in deliveries if delivery.event.rule in messages]
    if not wanted:
        return
    duties = {delivery.event.key for delivery in wanted}
    said, about = written_down(duties), briefs(duties)
    kinds = {kind for delivery in wanted for kind in messages[delivery.event.rule].kinds}
    members = members_around(kinds, {delivery.event.area_path for delivery in wanted})
    reach = reach_of({person for person, _, _ in members})
    requests = []
    for delivery in wanted:
        duty, message = delivery.event.key, messages[delivery.event.rule]
        text = str(said.get(duty, {}).get(message.says, "")).strip()
        told = {person for person, kind, path in members if kind in message.kinds and path.startswith(delivery.event.area_path)}
        for person in sorted(told) if text else ():
            to = reach[person]
            words = {"area": about[duty].area_names.get(to.tongue, ""), "message": text}
            requests.append(NoticeRequest(delivery.handled_at, to.recipient(person), MESSAGE.key, _occasion(duty), words))
    notify_many(requests)


def messaged(rule: str, duty: UUID) -> int | None:
    """How many members have had the message of a duty; None for a duty that sends none."""
    if all(message.duty != rule for message in teams_section().messages):
        return None
    return how_many_told(MESSAGE.key, _occasion(duty))


def _occasion(duty: UUID) -> str:
    return f"message:{duty}"
