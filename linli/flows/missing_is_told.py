"""Who has not come to a shift by its grace is told to the captains at once, once a shift: so that somebody calls, and nobody stands alone.

Who came before this is told is left out. Old news is not told: what was missed more than a day ago is on the board.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from linli.directory.people.selectors import reach_of
from linli.engines.duties.shifts.events import ShiftMissed
from linli.engines.duties.shifts.selectors.presence import missing_briefs
from linli.flows.patrols_are_told import led_by
from linli.flows.people_are_told import local_time
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Words, declare_template
from linli.kernel.notices.services.queue import NoticeRequest, notify_many

OLD_NEWS = timedelta(days=1)

MISSING = declare_template(
    "shifts.missing",
    places={"names": "who has not come", "shift": "the shift", "team": "the team", "starts": "when it began"},
    zh=Words("未到岗：{names}", "{team}“{shift}”{starts} 开始，{names} 至今未到岗。请联系，并在排班页写明情况。"),
    en=Words("Not there: {names}", "“{shift}” of {team} began at {starts}, and {names} did not come yet. Call them, and say on the roster how it was."),
    mandatory=True,
)


@subscribe("missing_is_told.shifts", ShiftMissed)
def tell_who_is_missing(deliveries: Sequence[Delivered[ShiftMissed]]) -> None:
    """Handler of the outbox: the team's captains, or the post above it, one notice a shift."""
    at = deliveries[0].handled_at
    fresh = {delivery.event.key: delivery.event for delivery in deliveries}
    briefs = {key: line for key, line in missing_briefs(fresh).items() if line.open and at - line.starts_at < OLD_NEWS}
    leaders = {team: led_by(team, at) for team in {fresh[key].team for key in briefs}}
    reach = reach_of(person for people in leaders.values() for person in people)
    requests = []
    for key, line in briefs.items():
        for person in leaders[fresh[key].team]:
            tongue = reach[person].tongue
            words: dict[str, object] = {
                "names": ("、" if tongue == "zh" else ", ").join(line.open), "shift": line.names.get(tongue, ""), "team": line.team.get(tongue, ""),
                "starts": local_time(line.starts_at),
            }  # fmt: skip
            requests.append(NoticeRequest(at, reach[person].recipient(person), MISSING.key, f"missing:{key}:{person}", words))
    notify_many(requests)
