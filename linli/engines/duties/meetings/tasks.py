"""What meetings do by themselves: they are convened when their duty begins, and agendas follow what is open."""

from __future__ import annotations

from datetime import datetime, timedelta

from linli.engines.duties.meetings.playbook import meeting_kinds
from linli.engines.duties.meetings.services.agenda import convene_due, gather_coming
from linli.kernel.clock.services import now
from linli.kernel.playbooks.rules import UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

SOON = timedelta(days=7)


def convene_ahead(at: datetime | None = None) -> int:
    """Convene the meetings whose duties have begun; return how many."""
    if not _has_meetings():
        return 0
    with write():
        return convene_due(at=at or now())


def follow_agendas(at: datetime | None = None) -> int:
    """Bring the agendas of the coming week up to date; return how many meetings were looked at."""
    if not _has_meetings():
        return 0
    with write():
        return gather_coming(at=at or now(), within=SOON)


def _has_meetings() -> bool:
    try:
        return bool(meeting_kinds())
    except (NoPlaybook, UnknownSection):
        return False


def _convene() -> None:
    convene_ahead()


def _follow() -> None:
    follow_agendas()


def register_sweeps() -> None:
    """Begun duties are looked for every ten seconds, agendas are followed every ten minutes."""
    register_sweep("meetings.convene", 10.0, _convene)
    register_sweep("meetings.agendas", 600.0, _follow)
