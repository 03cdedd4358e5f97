"""A person's duties as another program's calendar shows them: what, how many, until when; of whom and where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import TruncDate

from linli.directory.organisation.selectors import organisation
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import State
from linli.engines.duties.services.frame import frame

FEED_AHEAD = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class FeedDuty:
    """So many duties of one rule that are to be done by the end of a day."""

    rule: str
    names: Mapping[str, str]
    day: date
    count: int


def feed_duties(*, person_id: UUID, at: datetime) -> list[FeedDuty]:
    """What the person's posts have to do from today on, own and by succession, by rule and last day; one query."""
    land = frame()
    posts = [holding.post_id for holding in organisation().held_by(person_id, at)]
    rows = Occurrence.objects.filter(post_id__in=posts, state__in=[State.OPEN, State.PLANNED], due_at__gte=at, due_at__lt=at + FEED_AHEAD)
    counted = rows.annotate(day=TruncDate("due_at", tzinfo=land.zone)).order_by().values("rule", "day").annotate(count=Count("id"))
    known = land.policy.rules
    found = [FeedDuty(row["rule"], known[row["rule"]].names if row["rule"] in known else {}, row["day"], row["count"]) for row in counted]
    return sorted(found, key=lambda one: (one.day, one.rule))
