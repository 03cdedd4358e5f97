"""What patrols do by themselves: slots are judged, silent volunteers told of, forgotten rounds ended, walkers forgotten."""

from __future__ import annotations

from datetime import datetime

from linli.directory.territory.selectors import is_set_up
from linli.engines.duties.patrols.services.lone import due_signs, settle_signs
from linli.engines.duties.patrols.services.misses import due_beats, forget_walkers, judge, lay_beats_of_shifts
from linli.engines.duties.patrols.services.rounds import finish_forgotten
from linli.engines.duties.shifts.selectors.rosters import due_shifts
from linli.kernel.clock.services import now
from linli.kernel.sweeps import register_sweep, work_off
from linli.kernel.writing import write

BATCH = 500


def sweep_slots(at: datetime | None = None) -> int:
    """Judge every slot that is over by ``at`` (else by the program's clock), however long nothing ran; return how many beats moved. Idempotent."""
    when = at or now()
    if not is_set_up():
        return 0
    unseen = lambda failed: due_shifts(at=when, limit=BATCH, without=failed)  # noqa: E731
    work_off(due=unseen, settle=lambda batch: lay_beats_of_shifts(batch, at=when), what="shift")
    moved = work_off(due=lambda failed: due_beats(at=when, limit=BATCH, without=failed), settle=lambda batch: judge(batch, at=when), what="patrol")
    with write():
        finish_forgotten(at=when)
    return moved


def sweep_signs(at: datetime | None = None) -> int:
    """Tell of every lone volunteer whose sign is overdue by ``at``, level by level; return how many. Idempotent."""
    when = at or now()
    if not is_set_up():
        return 0
    return work_off(due=lambda failed: due_signs(at=when, limit=BATCH, without=failed), settle=lambda batch: settle_signs(batch, at=when), what="sign")


def forget(at: datetime | None = None) -> int:
    """Forget who walked, after the playbook's days."""
    if not is_set_up():
        return 0
    with write():
        return forget_walkers(at=at or now())


def _slots() -> int:
    sweep_slots()
    return 0


def _signs() -> int:
    sweep_signs()
    return 0


def _forget() -> int:
    forget()
    return 0


def register_sweeps() -> None:
    """Signs are looked at every five seconds, slots every half minute; walkers are forgotten by the hour."""
    register_sweep("patrols.signs", 5.0, _signs)
    register_sweep("patrols.slots", 30.0, _slots)
    register_sweep("patrols.walkers", 3600.0, _forget)
