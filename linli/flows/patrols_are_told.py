"""A lone volunteer who gives no sign is told of at once, level by level; a missed slot is known to the team's captains on its day.

Old news is not told: what was missed more than a day ago is on the board. A silent volunteer is always told of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from linli.directory.organisation.rules import NobodyPresent
from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import reach_of
from linli.directory.teams.selectors import captains_of, names_of_teams
from linli.engines.duties.patrols.events import SlotMissed, VolunteerHeard, VolunteerSilent
from linli.engines.duties.patrols.selectors.news import post_above, route_names, silent_briefs
from linli.flows.people_are_told import local_time
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Urgency, Words, declare_template
from linli.kernel.notices.services.queue import NoticeRequest, notify_many

OLD_NEWS = timedelta(days=1)

SILENT = declare_template(
    "patrols.silent",
    places={"name": "who gives no sign", "team": "the team", "since": "since when a sign is missing", "level": "which level is told, from 1"},
    zh=Words(
        "请立即联系：{name} 未报平安", "{team} 的 {name} 独自值守，应于 {since} 前报平安，至今没有音讯。请立即联系，并在巡逻页写明结果（第 {level} 级通知）。"
    ),
    en=Words(
        "Reach them now: no sign of {name}",
        "{name} of {team} is out alone and should have given a sign by {since}. Reach them now, and say on the patrol page what you found (level {level}).",
    ),
    mandatory=True,
)
HEARD = declare_template(
    "patrols.heard",
    places={"name": "who gave a sign", "team": "the team"},
    zh=Words("{name} 平安", "{team} 的 {name} 已有音讯，通知结束。"),
    en=Words("{name} is well", "{name} of {team} was heard of; this is over."),
    mandatory=True,
)
MISSED = declare_template(
    "patrols.missed",
    places={"route": "the route", "team": "the team", "starts": "beginning of the slot", "ends": "its end", "reached": "checkpoints met", "of": "of how many"},
    zh=Words("巡逻时段漏巡：{route}", "{team}“{route}”{starts} 至 {ends} 的时段只到了 {reached}/{of} 个点位。请在巡逻页说明。"),
    en=Words("Missed slot: {route}", "In the slot from {starts} to {ends}, “{route}” of {team} met {reached} of {of} checkpoints. Say why on the patrol page."),
    mandatory=True,
)


@subscribe("patrols_are_told.signs", VolunteerSilent, VolunteerHeard)
def tell_of_signs(deliveries: Sequence[Delivered[VolunteerSilent | VolunteerHeard]]) -> None:
    """Handler of the outbox: the captains and the post whose level it is; all who were told hear that it is over."""
    at = deliveries[0].handled_at
    known = silent_briefs({delivery.event.key for delivery in deliveries}, at=at)
    wanted = []
    for delivery in deliveries:
        event, brief = delivery.event, known[delivery.event.key]
        if isinstance(event, VolunteerHeard):
            posts = brief.posts
        elif brief.open:
            posts = (event.post,) if event.post else ()
        else:
            continue  # a sign came before this was told
        told = {*brief.captains, *(holder for post in posts if (holder := _holder(post, at)))}
        wanted += [(delivery.seq, event, brief, person) for person in sorted(told - {brief.person_id})]
    reach = reach_of(person for *_, person in wanted)
    requests = []
    for seq, event, brief, person in wanted:
        tongue = reach[person].tongue
        words: dict[str, object] = {"name": brief.name, "team": brief.team.get(tongue, "")}
        if isinstance(event, VolunteerSilent):
            words |= {"since": local_time(brief.since), "level": event.level}
        template = SILENT if isinstance(event, VolunteerSilent) else HEARD
        requests.append(NoticeRequest(at, reach[person].recipient(person), template.key, f"{seq}:{person}", words, urgency=Urgency.URGENT))
    notify_many(requests)


def _holder(post: UUID, at: datetime) -> UUID | None:
    try:
        return organisation().holder(post, at).person_id
    except NobodyPresent:
        return None


def led_by(team: UUID, at: datetime) -> list[UUID]:
    """Who leads a team now: its captains; where it has none, who holds the lowest post above it."""
    if captains := captains_of(team, at):
        return list(captains)
    post = post_above(team)
    holder = _holder(post, at) if post else None
    return [holder] if holder else []


@subscribe("patrols_are_told.slots", SlotMissed)
def tell_of_slots(deliveries: Sequence[Delivered[SlotMissed]]) -> None:
    """Handler of the outbox: the captains of the team whose slot went by; of a team without one, the post above it."""
    at = deliveries[0].handled_at
    fresh = [delivery.event for delivery in deliveries if at - delivery.event.ends_at < OLD_NEWS]
    teams = names_of_teams({event.team for event in fresh})
    captains = {team: led_by(team, at) for team in teams}
    routes = route_names({event.route for event in fresh})
    reach = reach_of(person for people in captains.values() for person in people)
    requests = []
    for event in fresh:
        for person in captains.get(event.team, ()):
            tongue = reach[person].tongue
            words = {
                "route": routes[event.route].get(tongue, ""), "team": teams[event.team].get(tongue, ""), "starts": local_time(event.starts_at),
                "ends": local_time(event.ends_at), "reached": event.reached, "of": event.of,
            }  # fmt: skip
            requests.append(NoticeRequest(at, reach[person].recipient(person), MISSED.key, f"{event.key}:{person}", words))
    notify_many(requests)
