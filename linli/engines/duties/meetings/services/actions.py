"""What actions became, and when they ended: an action is open until its matter or its duty is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from linli.directory.organisation.rules import DEPARTMENT
from linli.directory.organisation.selectors import organisation
from linli.engines.duties.meetings.models import Action
from linli.engines.duties.meetings.playbook import meeting_kinds
from linli.engines.duties.meetings.rules import Becomes
from linli.engines.duties.meetings.services.minutes import ACTION, CLOCK
from linli.engines.duties.models import Occurrence
from linli.engines.duties.services.frame import frame
from linli.engines.duties.services.subjects import end_subjects
from linli.kernel.access.rules import Confidentiality


@dataclass(frozen=True, slots=True)
class Wish:
    """An action that has to become a matter: of which class, on whose ground, for whom, until when.

    ``confidentiality`` is that of the item that it is about: who may not read that is told ``instead`` of ``what``.
    """

    action_id: UUID
    what: str
    instead: str
    confidentiality: Confidentiality
    class_code: str
    condition: str
    area_id: UUID
    owner_id: UUID
    due_on: date


def wishes(meeting_ids: Collection[UUID]) -> list[Wish]:
    """The actions of published minutes that have to become matters and have not yet. One query."""
    kinds, posts = meeting_kinds(), organisation()
    rows = Action.objects.filter(meeting_id__in=meeting_ids, meeting__closed_at__isnull=False, becomes=Becomes.MATTER.value, matter=None)
    found = []
    for row in rows.select_related("meeting", "item").order_by("at", "id"):
        owner, part = posts.post(row.owner_id), kinds.get(row.meeting.kind)
        area = row.meeting.area_id if owner.level == DEPARTMENT else owner.area_id
        instead = f"{row.meeting.names['zh']} {frame().day_of(row.meeting.held_at or row.meeting.starts_at)}"
        found.append(
            Wish(
                row.id, row.what, instead, Confidentiality(row.item.confidentiality), part.action_class if part else "",
                part.action_condition if part else "", area, owner.id, row.due_on,
            )
        )  # fmt: skip
    return found


def note_matter(*, action_id: UUID, matter_id: UUID, matter_code: str, at: datetime) -> None:
    """Write down which matter an action became; said again, nothing happens."""
    Action.objects.filter(id=action_id, matter=None).update(matter=matter_id, matter_code=matter_code, started_at=at)


def end_by_matters(outcomes: Mapping[UUID, str], *, at: datetime) -> int:
    """End the actions of matters that have ended (outcome by matter); return how many. Safe to repeat."""
    return sum(Action.objects.filter(matter=matter, ended_at=None).update(ended_at=at, outcome=outcome) for matter, outcome in sorted(outcomes.items()))


def open_by_matters(matter_ids: Collection[UUID]) -> int:
    """Open the actions of matters that were reopened; return how many. Safe to repeat."""
    return Action.objects.filter(matter__in=matter_ids, ended_at__isnull=False).update(ended_at=None, outcome="")


def end_by_duties(outcomes: Mapping[UUID, str], *, at: datetime) -> int:
    """End the actions whose duties were carried out or refused (outcome by occurrence); return how many. Safe to repeat."""
    rows = Occurrence.objects.filter(id__in=outcomes, subject__kind=ACTION).values_list("id", "subject__ref")
    ended = 0
    refs = []
    for occurrence, ref in rows:
        ended += Action.objects.filter(id=ref, ended_at=None).update(ended_at=at, outcome=outcomes[occurrence])
        refs.append((ACTION, ref))
    end_subjects(refs, actor=CLOCK, at=at)  # nothing more is due for what was carried out
    return ended
