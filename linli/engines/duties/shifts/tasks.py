"""What shifts do by themselves: weekly templates are laid out ahead, who is missing is noted, times are forgotten."""

from __future__ import annotations

from datetime import datetime

from linli.engines.duties.shifts.services.presence import FORGET_AT_ONCE, due_looks, forget_times, look
from linli.engines.duties.shifts.services.rosters import lay_out
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.sweeps import register_sweep, work_off
from linli.kernel.writing import write

SECONDS = 1800
BATCH = 500


def _set_up() -> bool:
    """Whether there is a playbook; in an empty installation there is nothing to do."""
    try:
        active_playbook()
    except NoPlaybook:
        return False
    return True


def lay_out_ahead() -> None:
    """Lay shifts out for the playbook's days ahead."""
    if _set_up():
        with write():
            lay_out(at=now())


def sweep_missing(at: datetime | None = None) -> int:
    """Note who has not come to every shift whose grace is over by ``at`` (else by the program's clock); return how many shifts. Idempotent."""
    when = at or now()
    if not _set_up():
        return 0
    return work_off(due=lambda failed: due_looks(at=when, limit=BATCH, without=failed), settle=lambda batch: look(batch, at=when), what="shift")


def forget(at: datetime | None = None) -> int:
    """Forget when people came and went, after the playbook's days."""
    if not _set_up():
        return 0
    with write():
        return forget_times(at=at or now())


def _missing() -> int:
    sweep_missing()
    return 0


def _forget() -> bool:
    return forget() == FORGET_AT_ONCE


def register_sweeps() -> None:
    """Who is missing is looked for every half minute; times are forgotten by the hour."""
    register_sweep("shifts.ahead", SECONDS, lay_out_ahead)
    register_sweep("shifts.missing", 30.0, _missing)
    register_sweep("shifts.times", 3600.0, _forget)
