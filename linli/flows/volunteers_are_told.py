"""Volunteers hear what others decided for them: that a team took them in, and which of their shifts changed.

What one did oneself is not told; a roster of many shifts is one notice a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from linli.directory.people.selectors import reach_of
from linli.directory.teams.events import MemberJoined
from linli.directory.teams.selectors import names_of_teams
from linli.engines.duties.shifts.events import PartChanged
from linli.engines.duties.shifts.rules.signing import Part
from linli.engines.duties.shifts.selectors.rosters import FeedShift, shift_briefs
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Words, declare_template
from linli.kernel.notices.services.queue import NoticeRequest, notify_many

OLD_NEWS = timedelta(days=1)
LINES = 8

TAKEN_IN = declare_template(
    "teams.taken_in",
    places={"team": "the team"},
    zh=Words("您已加入{team}", "{team}已接纳您为队员。班次在“我的班次”里报名，随时可以退出。"),
    en=Words("You are a member of {team}", "{team} has taken you in. Sign up under My shifts; you can leave at any time."),
)
SHIFTS_CHANGED = declare_template(
    "shifts.changed",
    places={"shifts": "which shifts, and what became of them"},
    zh=Words("您的班次有变动", "{shifts}"),
    en=Words("Your shifts have changed", "{shifts}"),
)
_SAID = {Part.SIGNED.value: {"zh": "已排入", "en": "you are in"}, Part.WAITING.value: {"zh": "候补", "en": "you wait"}}
_OUT = {"zh": "已不在内", "en": "you are free"}


@subscribe("volunteers_are_told.joined", MemberJoined)
def tell_who_joined(deliveries: Sequence[Delivered[MemberJoined]]) -> None:
    """Handler of the outbox: whoever applied hears that they are in."""
    fresh = [delivery for delivery in deliveries if delivery.handled_at - delivery.event.at < OLD_NEWS]
    reach, teams = reach_of(delivery.event.person for delivery in fresh), names_of_teams([delivery.event.key for delivery in fresh])
    requests = []
    for delivery in fresh:
        event = delivery.event
        told = reach[event.person]
        words = {"team": teams.get(event.key, {}).get(told.tongue, "")}
        requests.append(NoticeRequest(delivery.handled_at, told.recipient(event.person), TAKEN_IN.key, f"joined:{delivery.seq}", words))
    notify_many(requests)


@subscribe("volunteers_are_told.shifts", PartChanged)
def tell_of_shifts(deliveries: Sequence[Delivered[PartChanged]]) -> None:
    """Handler of the outbox: coming shifts that a roster, a captain or a free place changed for somebody, one notice a person."""
    at = deliveries[0].handled_at
    briefs = shift_briefs({delivery.event.shift for delivery in deliveries})
    changed: dict[UUID, list[Delivered[PartChanged]]] = defaultdict(list)
    for delivery in deliveries:
        shift = briefs.get(delivery.event.shift)
        if not delivery.event.own and at - delivery.event.at < OLD_NEWS and shift is not None and shift.starts_at > at:
            changed[delivery.event.key].append(delivery)
    reach = reach_of(changed)
    requests = []
    for person, news in changed.items():
        latest = {delivery.event.shift: delivery.event for delivery in news}
        shown = sorted(latest.values(), key=lambda event: briefs[event.shift].starts_at)
        lines = [_line(briefs[event.shift], event, reach[person].tongue, at) for event in shown[:LINES]]
        more = "" if len(shown) <= LINES else "\n…"
        requests.append(NoticeRequest(at, reach[person].recipient(person), SHIFTS_CHANGED.key, f"shifts:{news[-1].seq}", {"shifts": "\n".join(lines) + more}))
    notify_many(requests)


def _line(shift: FeedShift, event: PartChanged, tongue: str, at: datetime) -> str:
    zone = working_calendar().zone
    begins = shift.starts_at.astimezone(zone)
    day = f"{begins:%m-%d %H:%M}" if begins.year == at.astimezone(zone).year else f"{begins:%Y-%m-%d %H:%M}"
    return f"{day} {shift.names.get(tongue, '')} · {shift.team.get(tongue, '')}: {_SAID.get(event.part, _OUT)[tongue]}"
