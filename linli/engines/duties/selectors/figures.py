"""How duties went: counts by rule. An attempt is no visit, and one that was not wanted is counted as that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, Sum

from linli.engines.duties.playbook import READ
from linli.engines.duties.selectors.desk import visible
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Actor


@dataclass(frozen=True, slots=True)
class Went:
    """The duties of one rule that ended in a span: done in time, done late, refused, missed and not done, and attempts at a closed door.

    ``late`` were missed first and done afterwards; ``excused``: misses, done later or not, whose reason was accepted.
    """

    names: Mapping[str, str]
    done: int
    late: int
    refused: int
    missed: int
    excused: int
    attempts: int

    @property
    def asked(self) -> int:
        return self.done + self.late + self.refused + self.missed

    @property
    def share(self) -> int | None:
        """Done in time of all that were asked for and not refused, in whole per cent, rounded down; None where there was none."""
        counted = self.asked - self.refused
        return self.done * 100 // counted if counted else None


def how_duties_went(*, actor: Actor, at: datetime, days: int = 7) -> tuple[Went, ...]:
    """By rule, what became of the duties that ended in the last ``days`` days where the actor may look; most asked for first. One query.

    Raises:
        Forbidden: the actor may look nowhere.
    """
    actor.require_somewhere(READ)
    since = at - timedelta(days=days)
    ended = Q(state="missed", due_at__gt=since, due_at__lte=at) | Q(done_at__gt=since, done_at__lte=at) | Q(refused_at__gt=since, refused_at__lte=at)
    rows = visible(actor).filter(ended).order_by().values("rule").annotate(
        done=Count("id", filter=Q(state="done", done_at__lte=F("due_at"))), late=Count("id", filter=Q(state="done", done_at__gt=F("due_at"))),
        refused=Count("id", filter=Q(state="refused")), missed=Count("id", filter=Q(state="missed")),
        excused=Count("id", filter=Q(excused_at__isnull=False)), tried=Sum("attempts"),
    )  # fmt: skip
    known = frame().policy.rules
    found = [
        Went(
            known[row["rule"]].names if row["rule"] in known else {"zh": row["rule"], "en": row["rule"]},
            row["done"], row["late"], row["refused"], row["missed"], row["excused"], row["tried"] or 0,
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda went: (-went.asked, went.names.get("en", ""))))
