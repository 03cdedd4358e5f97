"""The invariants of duties, stated over the whole database: ``linli duties check``."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from linli.engines.duties.playbook import READ
from linli.engines.duties.services.frame import frame
from linli.kernel.access.rules import Actor
from linli.kernel.invariants import Finding, broken, found
from linli.kernel.refusal import Refusal

_STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "every open duty has one post that exists and is in use, one person, and an end",
        "SELECT o.id FROM duties_occurrence o LEFT JOIN organisation_post p ON p.id = o.post_id"
        " WHERE o.state = 'open' AND (p.id IS NULL OR p.retired_at IS NOT NULL OR o.person_id IS NULL OR o.due_at IS NULL)",
    ),
    (
        "every clock has been acted on (the sweep keeps up: none is more than ten minutes behind)",
        "SELECT o.id FROM duties_occurrence o WHERE o.wake_at < %(at)s - interval '10 minutes'",
    ),
    (
        "every clock stands where its duty says, and none runs for what has ended",
        "SELECT o.id FROM duties_occurrence o WHERE o.wake_at IS DISTINCT FROM CASE o.state WHEN 'planned' THEN o.opens_at"
        " WHEN 'open' THEN least(o.hand_on_at, o.due_at) END",
    ),
    (
        "every duty that is said to be done or refused was said so by somebody, at that time",
        "SELECT o.id FROM duties_occurrence o WHERE o.state IN ('done', 'refused') AND NOT EXISTS (SELECT FROM duties_checkinrecord c"
        " WHERE c.occurrence_id = o.id AND c.verb IN ('finish', 'refuse') AND c.at = coalesce(o.done_at, o.refused_at))",
    ),
    (
        "no check-in lies before its duty, or after it was recorded (five minutes of a phone's clock aside)",
        "SELECT o.id FROM duties_occurrence o JOIN duties_checkinrecord c ON c.occurrence_id = o.id"
        " WHERE c.at < o.opens_at OR c.at > c.recorded_at + interval '5 minutes'",
    ),
    (
        "nothing is open for a subject that has ended",
        "SELECT o.id FROM duties_occurrence o JOIN duties_subjectrecord s ON s.id = o.subject_id"
        " WHERE o.state = 'open' AND s.ended_at < %(at)s - interval '10 minutes' AND NOT s.stale",
    ),
)


def broken_invariants(*, actor: Actor, at: datetime) -> list[Finding]:
    """Return the statements that do not hold, each with its count and the first offending ids. Reads everything."""
    actor.require(READ)
    findings = broken(_STATEMENTS, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT post_id, person_id, array_agg(id ORDER BY id) FROM duties_occurrence WHERE state = 'open' GROUP BY post_id, person_id")
        held = cursor.fetchall()
    wrong = [one for post, person, ids in held if _holder(post, at) != person for one in ids]
    return findings + found("every open duty is with the person who holds its post now, and that person is present", wrong)


def _holder(post: UUID, at: datetime) -> UUID | None:
    try:
        return frame().holder(post, at)
    except Refusal:  # nobody is present, or there is no such post
        return None


def how_many() -> tuple[int, int, int]:
    """Return how many duties have begun, how many of them are open, and how many are planned."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state <> 'planned'), count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'planned')"
            " FROM duties_occurrence"
        )
        row = cursor.fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)
