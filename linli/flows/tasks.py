"""What the stories do by themselves, by the clock."""

from __future__ import annotations

from linli.flows.people_are_told import warn_holders
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write


def warn() -> None:
    """Warn the holders whose clocks are about to end; in an empty installation no clock runs."""
    try:
        active_playbook()
    except NoPlaybook:
        return
    with write():
        warn_holders(at=now())


def register_sweeps() -> None:
    register_sweep("people_are_told.warnings", 60.0, warn)
