"""What shifts do by themselves: weekly templates are laid out ahead."""

from __future__ import annotations

from linli.engines.duties.shifts.services import lay_out
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

SECONDS = 1800


def lay_out_ahead() -> None:
    """Lay shifts out for the playbook's days ahead; in an empty installation there is nothing to lay out."""
    try:
        active_playbook()
    except NoPlaybook:
        return
    with write():
        lay_out(at=now())


def register_sweeps() -> None:
    register_sweep("shifts.ahead", SECONDS, lay_out_ahead)
