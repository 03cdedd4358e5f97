"""The invariants of patrols, stated over the whole database: part of ``linli duties check``."""

from __future__ import annotations

from datetime import datetime

from linli.engines.duties.patrols.playbook import READ
from linli.kernel.access.rules import Actor
from linli.kernel.invariants import Finding, broken

_STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "every shift that began was seen to begin (the sweep keeps up: none is more than ten minutes behind)",
        "SELECT s.id FROM shifts_shift s WHERE NOT s.begun AND s.called_off_at IS NULL AND s.starts_at < %(at)s - interval '10 minutes'",
    ),
    (
        "every slot that is over has been judged (the sweep keeps up: none is more than ten minutes behind)",
        "SELECT b.id FROM patrols_beat b WHERE b.wake_at < %(at)s - interval '10 minutes'",
    ),
    (
        "every check-in lies in its round's beat, at a checkpoint of its route, in its slot or the grace after it",
        "SELECT c.id FROM patrols_checkin c JOIN patrols_round r ON r.id = c.round_id JOIN patrols_beat b ON b.id = c.beat_id"
        " JOIN patrols_checkpoint p ON p.id = c.checkpoint_id WHERE r.beat_id <> c.beat_id OR p.route_id <> b.route_id OR c.slot >= b.slots"
        " OR c.at < b.starts_at + c.slot * b.minutes * interval '1 minute'"
        " OR c.at >= CASE WHEN c.slot = b.slots - 1 THEN b.ends_at ELSE b.starts_at + (c.slot + 1) * b.minutes * interval '1 minute' END"
        " + b.grace_minutes * interval '1 minute'",
    ),
    (
        "no check-in lies outside its round",
        "SELECT c.id FROM patrols_checkin c JOIN patrols_round r ON r.id = c.round_id WHERE c.at < r.started_at OR c.at > r.finished_at",
    ),
    (
        "every missed slot was judged, and none that was walked stands as missed",
        "SELECT m.id FROM patrols_miss m JOIN patrols_beat b ON b.id = m.beat_id WHERE m.slot >= b.judged OR b.shift_id IS NULL",
    ),
    (
        "everybody whose sign is overdue is told of (none is more than ten minutes behind)",
        "SELECT w.id FROM patrols_lonewatch w WHERE w.well_by < %(at)s - interval '10 minutes'"
        " AND NOT EXISTS (SELECT FROM patrols_lonealarm a WHERE a.watch_id = w.id AND a.closed_at IS NULL)",
    ),
)


def broken_invariants(*, actor: Actor, at: datetime) -> list[Finding]:
    """Return the statements that do not hold, each with its count and the first offending ids. Reads everything."""
    actor.require(READ)
    return broken(_STATEMENTS, at=at)
