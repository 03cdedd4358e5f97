"""What care does by itself: cases end with their consent or term, and are erased on time."""

from __future__ import annotations

from linli.domains.care.services.cases import end_due_cases
from linli.domains.care.services.erasing import erase_due_cases
from linli.kernel.clock.services import now
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

BATCH = 200
SECONDS = 600


def end_and_erase() -> bool:
    """End what is over, erase what is due; say whether more may wait. In an empty installation there is nothing."""
    try:
        active_playbook()
    except NoPlaybook:
        return False
    with write():
        ended = end_due_cases(at=now(), most=BATCH)
    with write():
        erased = erase_due_cases(at=now(), most=BATCH)
    return BATCH in (ended, erased)


def register_sweeps() -> None:
    register_sweep("care.clock", SECONDS, end_and_erase)
