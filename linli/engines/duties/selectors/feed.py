"""A person's duties as another program's calendar shows them: what, how many, until when; of whom and where it says nothing.

The address that opens it may leak: what is private is not called by its name, which would say what somebody goes through, but by its kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count

from linli.directory.organisation.selectors import organisation
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import State
from linli.engines.duties.selectors.calendar import last_day
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Confidentiality

FEED_AHEAD = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class FeedDuty:
    """So many duties of one rule that are to be done by the end of a day; of private ones only their kind, ``rule`` and ``names`` empty."""

    kind: str
    rule: str
    names: Mapping[str, str]
    day: date
    count: int


def feed_duties(*, person_id: UUID, at: datetime) -> list[FeedDuty]:
    """What the person's posts have to do from today on, own and by succession, by rule (private ones by kind) and last day; one query."""
    land = frame()
    posts = [holding.post_id for holding in organisation().held_by(person_id, at)]
    rows = Occurrence.objects.filter(post_id__in=posts, state__in=[State.OPEN, State.PLANNED], due_at__gte=at, due_at__lt=at + FEED_AHEAD)
    counted = rows.annotate(day=last_day(land)).order_by().values("rule", "day", "confidentiality").annotate(count=Count("id"))
    sums: Counter[tuple[date, str, str]] = Counter()
    for row in counted:
        rule = land.policy.rules.get(row["rule"])
        private = max(row["confidentiality"], rule.confidentiality if rule else 0) >= Confidentiality.PRIVATE
        sums[row["day"], "" if private else row["rule"], rule.kind if rule else "task"] += row["count"]
    known = land.policy.rules
    return [FeedDuty(kind, code, known[code].names if code in known else {}, day, count) for (day, code, kind), count in sorted(sums.items())]
