"""What a meeting decided is done: an action becomes a matter with its owner and its day, and is open until that ends.

The matter's key names the action, the action names the matter. Actions that become duties are laid in the engine itself; both
are followed here: what is not done stands on the next agenda by itself. What a closely kept matter was about stays in the minutes:
where more people may read the action's matter, that says only which meeting decided it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from linli.directory.territory.selectors import ground
from linli.engines.duties.events import DutyDone, DutyRefused
from linli.engines.duties.meetings.events import MinutesPublished
from linli.engines.duties.meetings.services.actions import Wish, end_by_duties, end_by_matters, note_matter, open_by_matters, wishes
from linli.engines.matters.events import MatterEnded, MatterMoved
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act
from linli.engines.matters.services.frame import frame
from linli.engines.matters.services.report import report_matters
from linli.kernel.access.rules import Actor
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.refusal import Refusal

MEETINGS = Actor.system("meetings")  # whose keys name the action: the lineage on the matter's side
SOURCE = "meeting"


@subscribe("meeting_actions.become_matters", MinutesPublished)
def open_matters(deliveries: Sequence[Delivered[MinutesPublished]]) -> None:
    """Handler of the outbox: one matter an action, filed, with its owner. One that cannot be opened stays a dead letter that is seen.

    Raises:
        Refusal: what keeps a matter from being opened or given to its owner.
    """
    at = max(delivery.handled_at for delivery in deliveries)
    asked = wishes({delivery.event.key for delivery in deliveries})
    given: list[Command] = []
    for wish, receipt in zip(asked, report_matters([_request(wish, at) for wish in asked], actor=MEETINGS, at=at), strict=True):
        if isinstance(receipt, Refusal):
            raise receipt
        note_matter(action_id=wish.action_id, matter_id=receipt.matter_id, matter_code=receipt.code, at=at)
        given.append(Command(receipt.matter_id, Verb.FILE, at, key=f"file:{wish.action_id}"))
        if receipt.post_id != wish.owner_id:
            given.append(Command(receipt.matter_id, Verb.DISPATCH, at, key=f"give:{wish.action_id}", post_id=wish.owner_id))
    for result in act(given, actor=MEETINGS):
        if isinstance(result, Refusal):
            raise result


def _request(wish: Wish, at: datetime) -> ReportRequest:
    """The owner's own ground and no spot: what a meeting decided lies nowhere on the map. The day it is due ends at midnight."""
    known = frame().policy.classes.get(wish.class_code)
    told = wish.what if known is None or wish.confidentiality <= known.confidentiality else wish.instead
    promised = max(datetime.combine(wish.due_on + timedelta(days=1), time(), working_calendar().zone), at + timedelta(hours=1))
    return ReportRequest(
        at=at, class_code=wish.class_code, condition=wish.condition, text=told, area_code=ground().area(wish.area_id).code, source=SOURCE,
        key=f"action:{wish.action_id}", promised=promised,
    )  # fmt: skip


@subscribe("meeting_actions.matters", MatterEnded, MatterMoved)
def follow_matters(deliveries: Sequence[Delivered[MatterEnded | MatterMoved]]) -> None:
    """Handler of the outbox: an action ends with its matter, and is open again when that is reopened."""
    ended: dict[UUID, str] = {}
    opened: set[UUID] = set()
    for delivery in deliveries:  # in their order: the last word of a matter holds
        event = delivery.event
        if isinstance(event, MatterEnded):
            ended[event.key] = event.to_state
            opened.discard(event.key)
        elif event.verb == "reopen":
            opened.add(event.key)
            ended.pop(event.key, None)
    at = max(delivery.handled_at for delivery in deliveries)
    if ended:
        end_by_matters(ended, at=at)
    if opened:
        open_by_matters(opened)


@subscribe("meeting_actions.duties", DutyDone, DutyRefused)
def follow_duties(deliveries: Sequence[Delivered[DutyDone | DutyRefused]]) -> None:
    """Handler of the outbox: an action ends with its duty."""
    outcomes = {delivery.event.key: "done" if isinstance(delivery.event, DutyDone) else "refused" for delivery in deliveries}
    end_by_duties(outcomes, at=max(delivery.handled_at for delivery in deliveries))
