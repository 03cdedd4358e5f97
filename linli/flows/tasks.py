"""What the stories do by themselves, by the clock."""

from __future__ import annotations

from linli.flows.people_are_told import warn_holders
from linli.flows.reading_in_need_is_told import remind_reviewers
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


def remind() -> None:
    """Remind of readings in need that nobody has reviewed; in an empty installation there are none."""
    try:
        active_playbook()
    except NoPlaybook:
        return
    with write():
        remind_reviewers(at=now())


def register_sweeps() -> None:
    register_sweep("reading_in_need_is_told.reminders", 600.0, remind)
    register_sweep("people_are_told.warnings", 60.0, warn)
