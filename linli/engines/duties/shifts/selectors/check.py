"""The invariants of who was there, stated over the whole database: part of ``linli duties check``."""

from __future__ import annotations

from datetime import datetime

from linli.engines.duties.shifts.playbook import READ
from linli.kernel.access.rules import Actor
from linli.kernel.invariants import Finding, broken

_STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "who has not come to a shift was noted (the sweep keeps up: none is more than ten minutes behind the longest grace)",
        "SELECT s.id FROM shifts_shift s WHERE NOT s.looked AND s.called_off_at IS NULL AND s.starts_at < %(at)s - interval '250 minutes'",
    ),
    (
        "nobody who came in time stands as missing",
        "SELECT m.id FROM shifts_shiftmiss m JOIN shifts_shiftpart p ON p.id = m.part_id"
        " WHERE p.arrived_at < m.at AND m.cleared_at IS NULL AND m.state <> 'came'",
    ),
    (
        "whoever signed up for a shift that was looked at, and is not there, is noted as missing",
        "SELECT p.id FROM shifts_shiftpart p JOIN shifts_shift s ON s.id = p.shift_id WHERE s.looked AND p.state = 'signed' AND p.arrived_at IS NULL"
        " AND p.minutes IS NULL AND s.called_off_at IS NULL AND NOT EXISTS (SELECT FROM shifts_shiftmiss m WHERE m.part_id = p.id)",
    ),
)


def broken_invariants(*, actor: Actor, at: datetime) -> list[Finding]:
    """Return the statements that do not hold, each with its count and the first offending ids. Reads everything."""
    actor.require(READ)
    return broken(_STATEMENTS, at=at)
