"""The invariants, stated over the whole database: ``linli matters check``."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from linli.engines.matters.services.frame import Frame, frame
from linli.kernel.access.rules import Actor
from linli.kernel.invariants import Finding, broken, found
from linli.kernel.refusal import Refusal

_STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "every open matter has one accountable post that exists and is in use, and a deadline",
        "SELECT m.id FROM matters_matter m LEFT JOIN organisation_post p ON p.id = m.accountable_post_id"
        " WHERE m.closed_at IS NULL AND (p.id IS NULL OR p.retired_at IS NOT NULL OR m.level_due_at IS NULL OR m.due_at IS NULL)",
    ),
    (
        "every deadline below the top has been acted on (the sweep keeps up: none is more than ten minutes behind)",
        "SELECT m.id FROM matters_matter m WHERE m.wake_at < %(at)s - interval '10 minutes'",
    ),
    (
        "every timer stands at its matter's deadline, and none runs for what has ended",
        "SELECT m.id FROM matters_matter m WHERE m.wake_at <> m.level_due_at OR (m.closed_at IS NOT NULL AND m.wake_at IS NOT NULL)",
    ),
    (
        "every reporter of an ended matter has been told its outcome, merged ones included",
        "SELECT m.id FROM matters_matter m JOIN matters_report r ON r.matter_id = m.id"
        " WHERE m.closed_at IS NOT NULL AND (r.answered_at IS NULL OR r.answered_at < m.closed_at)",
    ),
    (
        "no reporter of an open matter was told an outcome that is none",
        "SELECT m.id FROM matters_matter m JOIN matters_report r ON r.matter_id = m.id WHERE m.closed_at IS NULL AND r.answered_at IS NOT NULL",
    ),
    (
        "every merged matter leads to one that is not merged, in no ring",
        "WITH RECURSIVE walk (start, here, path) AS ("
        " SELECT id, merged_into_id, ARRAY[id] FROM matters_matter WHERE state = 'merged'"
        " UNION ALL SELECT w.start, m.merged_into_id, w.path || m.id FROM walk w JOIN matters_matter m ON m.id = w.here"
        " WHERE m.state = 'merged' AND m.id <> ALL(w.path))"
        " SELECT DISTINCT w.start FROM walk w LEFT JOIN matters_matter m ON m.id = w.here WHERE m.id IS NULL OR m.id = ANY(w.path)",
    ),
    (
        "every reporter is where the first matter was merged into, if it was",
        "WITH RECURSIVE walk (report, first, at, here, steps) AS ("
        " SELECT r.id, r.first_matter, r.matter_id, r.first_matter, 0 FROM matters_report r JOIN matters_matter m ON m.id = r.first_matter"
        " WHERE m.state = 'merged' OR r.matter_id <> r.first_matter"
        " UNION ALL SELECT w.report, w.first, w.at, m.merged_into_id, w.steps + 1 FROM walk w JOIN matters_matter m ON m.id = w.here"
        " WHERE m.merged_into_id IS NOT NULL AND w.steps < 1000)"
        " SELECT w.first FROM walk w JOIN matters_matter m ON m.id = w.here WHERE m.merged_into_id IS NULL AND w.here <> w.at"
        " UNION SELECT r.first_matter FROM matters_report r WHERE NOT EXISTS (SELECT FROM matters_matter m WHERE m.id = r.first_matter)"
        " UNION SELECT m.id FROM matters_matter m JOIN matters_report r ON r.matter_id = m.id WHERE m.state = 'merged'",
    ),
    (
        "every matter has a reporter, or handed them over",
        "SELECT m.id FROM matters_matter m WHERE m.state <> 'merged' AND NOT EXISTS (SELECT 1 FROM matters_report r WHERE r.matter_id = m.id)",
    ),
    (
        "every matter's last step is its present version and state",
        "SELECT m.id FROM matters_matter m LEFT JOIN matters_step s ON s.matter_id = m.id AND s.version = m.version"
        " WHERE s.id IS NULL OR s.to_state <> m.state OR s.level <> m.level OR s.post_id <> m.accountable_post_id",
    ),
    (
        "every matter's steps are complete: none is missing between the first and the last",
        "SELECT matter_id FROM matters_step GROUP BY matter_id HAVING count(*) <> max(version) OR min(version) <> 1",
    ),
    (
        "no department is waited for at what has ended",
        "SELECT m.id FROM matters_matter m JOIN matters_whistle w ON w.matter_id = m.id"
        " WHERE m.closed_at IS NOT NULL AND w.reported_in_at IS NULL AND w.released_at IS NULL",
    ),
    (
        "every ended matter can be found in the audit chain as often as it has steps",
        "SELECT m.id FROM matters_matter m WHERE m.recorded_at > %(at)s - interval '1 day' AND m.closed_at IS NOT NULL"
        " AND (SELECT count(*) FROM audit_auditentry e WHERE e.subject = m.audit_ref AND e.action LIKE 'matters.%%') < m.version",
    ),
)


def broken_invariants(*, actor: Actor, at: datetime) -> list[Finding]:
    """Return the statements that do not hold, each with its count and the first offending ids. Reads everything."""
    actor.require("matters.read")
    findings = broken(_STATEMENTS, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT policy, level, array_agg(id ORDER BY id) FROM matters_matter WHERE closed_at IS NULL AND wake_at IS NULL GROUP BY policy, level")
        unwatched = [(policy, level, ids) for policy, level, ids in cursor.fetchall()]
        cursor.execute("SELECT DISTINCT accountable_post_id FROM matters_matter WHERE closed_at IS NULL")
        posts = [row[0] for row in cursor.fetchall()]
    land = frame()
    lost = [matter for policy, level, ids in unwatched if level < land.policy_of(policy).top for matter in ids]
    findings += found("every open matter below the top has its timer set", lost)
    unheld = [post for post in posts if not _is_held(land, post, at)]
    return findings + found("every accountable post is held by a person who is present (the posts' ids)", unheld)


def _is_held(land: Frame, post: UUID, at: datetime) -> bool:
    try:
        return bool(land.organisation.holder(post, at).person_id)
    except Refusal:  # nobody is present, or there is no such post
        return False


def how_many() -> tuple[int, int]:
    """Return how many matters there are, and how many of them are open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE closed_at IS NULL) FROM matters_matter")
        row = cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
